// The services that the server has exported, or those of proto/, by name: { Greeter: { SayHello: { type, ... } } }, as
// protobufjs reads them.
"use strict";
const fs = require("node:fs");
const path = require("node:path");

const exported = process.env.MANYWIRE_EXPORT;
const folder = exported ?? process.env.MANYWIRE_PROTO ?? path.join(__dirname, "../../../proto");
const notes = ["greeter", "user", "file", "upfile", "chat", "types"].map((name) => path.join(folder, `${name}.proto`));
const files = exported ? protosIn(exported) : notes;

// Every .proto in a folder and in those within.
function protosIn(place) {
  const entries = fs.readdirSync(place, { withFileTypes: true });
  const found = (entry) => {
    const inner = path.join(place, entry.name);
    return entry.isDirectory() ? protosIn(inner) : inner.endsWith(".proto") ? [inner] : [];
  };
  return entries.flatMap(found);
}

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
