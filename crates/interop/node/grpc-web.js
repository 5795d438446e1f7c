// gRPC-Web over fetch: frames of five bytes and a message, the last of them the trailers.
"use strict";
const { Cannot, Failed, skip } = require("./answers");
const { plain, told } = require("./tagged");
const { conversion, services } = require("./protos");

const TRAILERS = 0x80;

function frame(message) {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

// The frames of a body, each as soon as it is whole.
async function* frames(body) {
  let bytes = Buffer.alloc(0);
  for await (const chunk of body) {
    bytes = Buffer.concat([bytes, chunk]);
    while (bytes.length >= 5 && bytes.length >= 5 + bytes.readUInt32BE(1)) {
      const end = 5 + bytes.readUInt32BE(1);
      yield [bytes[0], bytes.subarray(5, end)];
      bytes = bytes.subarray(end);
    }
  }
  if (bytes.length > 0) throw new Error(`the body ends within a frame, after ${bytes.length} bytes of it`);
}

// Throws unless the status is OK. It comes in the headers where there is no message.
function check(get) {
  const code = Number(get("grpc-status") ?? NaN);
  if (code !== 0) throw new Failed(decodeURIComponent(get("grpc-message") ?? ""), code);
}

module.exports = (address) => {
  let root;
  try {
    root = services();
  } catch (error) {
    if (error.code !== "MODULE_NOT_FOUND") throw error;
    skip("no packages for Node (npm ci in crates/interop/node)");
  }

  return async (call) => {
    if (call.requests) throw new Cannot("gRPC-Web has no streams of requests");
    const [service, name] = call.method.split("/");
    const method = root.get(service)?.methods?.[name];
    const message = method ? method.resolvedRequestType.fromObject(plain(call.arguments[0])) : null;
    const body = frame(method ? method.resolvedRequestType.encode(message).finish() : Buffer.alloc(0));
    const headers = { "content-type": "application/grpc-web+proto", "x-grpc-web": "1", ...call.metadata };
    if (call.deadline_ms !== undefined) headers["grpc-timeout"] = `${call.deadline_ms}m`;
    const response = await fetch(`http://${address}/${call.method}`, { method: "POST", headers, body });
    if (response.headers.has("grpc-status")) check((key) => response.headers.get(key));
    const items = [];
    let trailers = null;
    for await (const [flags, bytes] of frames(response.body)) {
      if (flags & TRAILERS) trailers = new Map(bytes.toString().split("\r\n").map((line) => line.split(/: ?(.*)/)));
      else items.push(told(method.resolvedResponseType.toObject(method.resolvedResponseType.decode(bytes), conversion)));
      // Leaving the loop ends the stream.
      if (items.length === call.take) return ["items", items];
    }
    if (!response.headers.has("grpc-status")) check((key) => trailers?.get(key));
    return method.responseStream ? ["items", items] : ["value", items[0]];
  };
};
