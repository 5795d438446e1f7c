// Node's fetch: POST /jsonrpc, JSON-RPC 2.0, JSON over HTTP with the adder, and gRPC-Web.
"use strict";
const { Failed, answerEach } = require("./answers");
const { fromTagged, toTagged } = require("./tagged");

const [wire, address] = process.argv.slice(2);

async function post(path, request) {
  const headers = { "content-type": "application/json" };
  const response = await fetch(`http://${address}${path}`, { method: "POST", headers, body: JSON.stringify(request) });
  const answer = await response.json();
  if (answer.id !== request.id) throw new Error(`asked ${request.id}, got ${JSON.stringify(answer)}`);
  return answer;
}

async function netRpc({ id, method, arguments: given }) {
  const answer = await post("/jsonrpc", { id, method, params: fromTagged(given) });
  if (answer.error !== null) throw new Failed(answer.error);
  return ["value", toTagged(answer.result)];
}

async function jsonRpc({ id, method, arguments: given, named }) {
  const answer = await post("/", { jsonrpc: "2.0", id, method, params: fromTagged(named ?? given) });
  if (answer.error) throw new Failed(answer.error.message, answer.error.code);
  return ["value", toTagged(answer.result)];
}

// Verb, path, headers and body: POST /call/METHOD, or what the method says itself, as GET /call/add.
function request({ method, arguments: given, named, metadata }) {
  const [verb, path] = method.includes(" ") ? method.split(" ") : ["POST", `/call/${method}`];
  const content = fromTagged(named ?? given);
  if (verb === "GET") return [`${path}?${new URLSearchParams(content)}`, { headers: metadata }];
  const headers = { "content-type": "application/json", ...metadata };
  return [path, { method: verb, headers, body: JSON.stringify(content) }];
}

const failure = ({ error }, status) =>
  typeof error === "string" ? new Failed(error, status) : new Failed(error.message, status, error.kind);

async function* linesOf(body) {
  let text = "";
  for await (const piece of body.pipeThrough(new TextDecoderStream())) {
    const lines = (text + piece).split("\n");
    text = lines.pop();
    yield* lines;
  }
}

// The items of a stream: one a line, or one an event.
async function* itemsOf(response) {
  const isEvents = response.headers.get("content-type").startsWith("text/event-stream");
  let event;
  for await (const line of linesOf(response.body)) {
    const [, key, data] = isEvents ? (/^(event|data): (.*)$/.exec(line) ?? []) : [null, "data", line];
    if (key === "event") event = data;
    if (key !== "data" || event === "end") continue;
    const item = JSON.parse(data);
    if (isEvents ? event === "error" : item?.error) throw failure(item);
    yield item;
  }
}

async function byPath(call) {
  const [path, options] = request(call);
  const response = await fetch(`http://${address}${path}`, options);
  if (!response.ok) throw failure(await response.json(), response.status);
  if (!call.stream) return ["value", toTagged(await response.json())];
  const items = [];
  for await (const item of itemsOf(response)) {
    items.push(toTagged(item));
    // Leaving the loop ends the stream.
    if (items.length === call.take) break;
  }
  return ["items", items];
}

const wires = { "jsonrpc1-http": netRpc, jsonrpc: jsonRpc, http: byPath };
answerEach(wires[wire] ?? require("./grpc-web")(address));
