// The official grpc-web, which is made for browsers: it sends and reads base64 by XMLHttpRequest, here xhr2's.
"use strict";
const { Cannot, Failed, answerEach, skip } = require("./answers");
const { plain, told } = require("./tagged");
const { conversion, services } = require("./protos");

let web;
try {
  globalThis.XMLHttpRequest = require("xhr2");
  web = require("grpc-web");
} catch {
  skip("no packages for Node (npm ci in crates/interop/node)");
}

const address = process.argv[3];
const client = new web.GrpcWebClientBase({ format: "text" });
const known = services();

const failed = (error) => new Failed(error.message, error.code, web.StatusCode[error.code]?.toLowerCase());

function descriptor(call, method) {
  const kind = method?.responseStream ? web.MethodType.SERVER_STREAMING : web.MethodType.UNARY;
  const write = (message) => (method ? method.resolvedRequestType.encode(message).finish() : new Uint8Array());
  const type = method?.resolvedResponseType;
  const read = (bytes) => told(type.toObject(type.decode(bytes), conversion));
  return new web.MethodDescriptor(`/${call.method}`, kind, Object, Object, write, read);
}

answerEach((call) => {
  if (call.requests) throw new Cannot("gRPC-Web has no streams of requests");
  const [service, name] = call.method.split("/");
  const method = known.get(service)?.methods?.[name];
  const message = method?.resolvedRequestType.fromObject(plain(call.arguments[0]));
  const metadata = { ...call.metadata };
  if (call.deadline_ms !== undefined) metadata.deadline = String(Date.now() + call.deadline_ms);
  const context = [`http://${address}/${call.method}`, message, metadata, descriptor(call, method)];
  return new Promise((resolve, reject) => {
    if (!method?.responseStream) {
      client.rpcCall(...context, (error, value) => (error ? reject(failed(error)) : resolve(["value", value])));
      return;
    }
    const items = [];
    const stream = client.serverStreaming(...context);
    stream.on("data", (item) => {
      // What came in the same piece is still told after it was broken off.
      if (items.length === call.take || items.push(item) !== call.take) return;
      stream.cancel();
      resolve(["items", items]);
    });
    stream.on("error", (error) => reject(failed(error)));
    stream.on("end", () => resolve(["items", items]));
  });
}).then(() => process.exit(0));
