// zerorpc for Node, on zeromq 6: it asks for zeromq 4, which no longer builds, and gets the form that 6 has for it.
"use strict";
const Module = require("node:module");
const { Cannot, Failed, answerEach, skip } = require("./answers");
const { walk } = require("./tagged");

const load = Module._load;
Module._load = (name, ...rest) => load(name === "zeromq" ? "zeromq/v5-compat" : name, ...rest);

let zerorpc;
try {
  zerorpc = require("zerorpc");
} catch (error) {
  skip(`no zerorpc for Node: ${error.message.split("\n")[0]}`);
}

const address = process.argv[3];

function connected() {
  const client = new zerorpc.Client({ timeout: 60 });
  client.on("error", (error) => {
    throw error;
  });
  client.connect(`tcp://${address}`);
  return client;
}

const fromTagged = (value) =>
  walk(value, (tag, content) => {
    if (tag === "$bytes") return Buffer.from(content, "hex");
    if (tag !== "$int" && tag !== "$float") throw new Cannot(`msgpack-lite: no ${tag.slice(1)}`);
    const number = { inf: Infinity, "-inf": -Infinity }[content] ?? Number(content);
    if (tag === "$int" && !Number.isSafeInteger(number)) throw new Cannot("integers of JavaScript have 53 bits");
    return number;
  });

function toTagged(value) {
  if (typeof value === "number") {
    const special = { Infinity: "inf", "-Infinity": "-inf" }[String(value)];
    return { $float: special ?? (Object.is(value, -0) ? "-0" : String(value)) };
  }
  if (Buffer.isBuffer(value)) return { $bytes: value.toString("hex") };
  if (Array.isArray(value)) return value.map(toTagged);
  if (value === null || value === undefined || typeof value !== "object") return value ?? null;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, toTagged(item)]));
}

// Each item, then the end; `take` of them and no more.
function invoke(client, method, given, take) {
  const items = [];
  return new Promise((resolve, reject) => {
    client.invoke(method, ...given, (error, item, more) => {
      if (error) return reject(new Failed(error.message, undefined, error.name));
      if (!more) return resolve(items.length > 0 || item === undefined ? ["items", items] : ["value", toTagged(item)]);
      items.push(toTagged(item));
      if (items.length === take) resolve(["items", items]);
    });
  });
}

const client = connected();
answerEach(async ({ method, arguments: given, take }) => {
  if (take === undefined) return invoke(client, method, fromTagged(given));
  // A client has no way to break a stream off but to go.
  const own = connected();
  const answer = await invoke(own, method, fromTagged(given), take);
  own.close();
  return answer;
}).then(() => client.close());
