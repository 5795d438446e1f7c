// @grpc/grpc-js with @grpc/proto-loader.
"use strict";
const { Failed, answerEach, skip } = require("./answers");
const { plain, told } = require("./tagged");
const { conversion, files, folder } = require("./protos");

let grpc, loader;
try {
  grpc = require("@grpc/grpc-js");
  loader = require("@grpc/proto-loader");
} catch {
  skip("no packages for Node (npm ci in crates/interop/node)");
}

const address = process.argv[3];
const services = grpc.loadPackageDefinition(loader.loadSync(files, { ...conversion, includeDirs: [folder] }));
const limits = { "grpc.max_receive_message_length": 16 << 20, "grpc.max_send_message_length": 16 << 20 };
const clients = {};

function clientOf(service) {
  const Client = services[service] ?? grpc.Client;
  return (clients[service] ??= new Client(address, grpc.credentials.createInsecure(), limits));
}

const failed = (error) => new Failed(error.details, error.code, grpc.status[error.code]?.toLowerCase());

// Sends the requests, and ends unless the call is going to be broken off.
function sendAll(stream, call) {
  for (const request of call.requests) stream.write(plain(request));
  if (call.take === undefined) stream.end();
}

function unary(client, name, call, metadata, options) {
  return new Promise((resolve, reject) => {
    const done = (error, value) => (error ? reject(failed(error)) : resolve(["value", told(value)]));
    const method = client[name]?.bind(client);
    if (method === undefined) {
      // Not in the proto, so there is no function for it.
      const bytes = (message) => message;
      client.makeUnaryRequest(`/${call.method}`, bytes, bytes, Buffer.alloc(0), metadata, options, done);
    } else if (call.requests) sendAll(method(metadata, options, done), call);
    else method(plain(call.arguments[0]), metadata, options, done);
  });
}

function streaming(client, name, call, metadata, options) {
  return new Promise((resolve, reject) => {
    const items = [];
    const method = client[name].bind(client);
    const stream = call.requests
      ? method(metadata, options)
      : method(plain(call.arguments[0]), metadata, options);
    stream.on("data", (item) => {
      items.push(told(item));
      if (items.length === call.take) stream.cancel();
    });
    stream.on("error", (error) => (items.length === call.take ? resolve(["items", items]) : reject(failed(error))));
    stream.on("end", () => resolve(["items", items]));
    if (call.requests) sendAll(stream, call);
  });
}

answerEach(async (call) => {
  const [service, name] = call.method.split("/");
  const client = clientOf(service);
  const metadata = new grpc.Metadata();
  for (const [key, value] of Object.entries(call.metadata ?? {})) metadata.set(key, value);
  const options = call.deadline_ms === undefined ? {} : { deadline: Date.now() + call.deadline_ms };
  const make = services[service]?.service[name]?.responseStream ? streaming : unary;
  return make(client, name, call, metadata, options);
}).then(() => Object.values(clients).forEach((client) => client.close()));
