// The services of proto/, by name: { Greeter: { SayHello: { type, ... } } }, as protobufjs reads them.
"use strict";
const path = require("node:path");

const folder = process.env.MANYWIRE_PROTO ?? path.join(__dirname, "../../../proto");
const files = ["greeter", "user", "file", "upfile", "chat", "types"].map((name) => path.join(folder, `${name}.proto`));

// Names as in the proto, and the rest as protobuf's JSON has it.
const conversion = { keepCase: true, longs: String, enums: String, bytes: String, json: true };

// A root of protobufjs with all of them.
function services() {
  const protobuf = require("protobufjs");
  const root = new protobuf.Root();
  const resolve = root.resolvePath.bind(root);
  root.resolvePath = (origin, target) =>
    /^(google|\/)/.test(target) ? resolve(origin, target) : path.join(folder, target);
  return root.loadSync(files, { keepCase: true }).resolveAll();
}

module.exports = { conversion, files, folder, services };
