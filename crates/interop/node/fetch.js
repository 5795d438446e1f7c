// Node's fetch: POST /jsonrpc, JSON-RPC 2.0, the adder, and gRPC-Web.
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

async function adder({ named }) {
  const response = await fetch(`http://${address}/?${new URLSearchParams(fromTagged(named))}`);
  const answer = await response.json();
  if (!response.ok) throw new Failed(answer.error, response.status);
  return ["value", toTagged(answer.result)];
}

const wires = { "jsonrpc1-http": netRpc, jsonrpc: jsonRpc, http: adder };
answerEach(wires[wire] ?? require("./grpc-web")(address));
