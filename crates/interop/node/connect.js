// Connect for Node, which speaks gRPC over HTTP/2, and gRPC-Web. It reads what the server has exported, or proto/ as
// scripts/generate has compiled it.
"use strict";
const fs = require("node:fs");
const path = require("node:path");
const { Cannot, Failed, answerEach, skip } = require("./answers");
const { plain, told } = require("./tagged");

let protobuf, connect, node;
try {
  protobuf = { ...require("@bufbuild/protobuf"), ...require("@bufbuild/protobuf/wkt") };
  connect = require("@connectrpc/connect");
  node = require("@connectrpc/connect-node");
} catch {
  skip("no packages for Node (npm ci in crates/interop/node)");
}

const [wire, address] = process.argv.slice(2);
const folder = process.env.MANYWIRE_EXPORT ?? path.join(__dirname, "../../notes/src");
const compiled = fs.readFileSync(path.join(folder, "protos.bin"));
const registry = protobuf.createFileRegistry(protobuf.fromBinary(protobuf.FileDescriptorSetSchema, compiled));
const baseUrl = `http://${address}`;
const transport =
  wire === "grpc"
    ? node.createGrpcTransport({ baseUrl })
    : node.createGrpcWebTransport({ baseUrl, httpVersion: "1.1" });

const read = (schema, message) => protobuf.fromJson(schema, plain(message), { registry });
const tell = (schema, message) => told(protobuf.toJson(schema, message, { registry, useProtoFieldName: true }));

async function* requests(method, call, over) {
  for (const message of call.requests ?? call.arguments) yield read(method.input, message);
  // A stream that will be broken off is not ended before.
  if (call.requests && call.take !== undefined) await over;
}

async function make(call) {
  const [service, name] = call.method.split("/");
  const known = registry.getService(service)?.methods.find((method) => method.name === name);
  // A method that is not there is called as if it were one that is.
  const hello = registry.getService("Greeter").methods[0];
  const method = known ?? { ...hello, name, parent: { ...hello.parent, typeName: service } };
  if (wire === "grpc-web" && method.methodKind.includes("bidi")) throw new Cannot("gRPC-Web has no streams both ways");
  const enough = new AbortController();
  const over = new Promise((resolve) => enough.signal.addEventListener("abort", resolve));
  const context = [method, enough.signal, call.deadline_ms, call.metadata];
  if (method.methodKind === "unary") {
    const { message } = await transport.unary(...context, read(method.input, call.arguments[0]));
    return ["value", tell(method.output, message)];
  }
  const items = [];
  try {
    const { message: answers } = await transport.stream(...context, requests(method, call, over));
    for await (const answer of answers) {
      items.push(tell(method.output, answer));
      if (items.length === call.take) break;
    }
  } finally {
    enough.abort();
  }
  return method.methodKind === "client_streaming" ? ["value", items[0]] : ["items", items];
}

answerEach(async (call) => {
  try {
    return await make(call);
  } catch (error) {
    if (!(error instanceof connect.ConnectError)) throw error;
    throw new Failed(error.rawMessage, error.code, connect.Code[error.code]);
  }
}).then(() => process.exit(0));
