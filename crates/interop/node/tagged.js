// The cases' values as JavaScript has them; the forms are described in src/bin/interop/tagged.rs.
"use strict";
const { Cannot } = require("./answers");

const map = (object, change) => Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value)]));

function walk(value, special) {
  if (Array.isArray(value)) return value.map((item) => walk(item, special));
  if (value === null || typeof value !== "object") return value;
  const [key, ...others] = Object.keys(value);
  if (key?.startsWith("$") && others.length === 0) return special(key, value[key]);
  return map(value, (item) => walk(item, special));
}

// A value as JSON.stringify takes it.
const fromTagged = (value) =>
  walk(value, (tag, content) => {
    if (tag !== "$int" && tag !== "$float") throw new Cannot(`JSON has no ${tag.slice(1)}`);
    const number = Number(content);
    if (!Number.isFinite(number)) throw new Cannot("JSON has no such float");
    if (tag === "$int" && !Number.isSafeInteger(number)) throw new Cannot("integers of JavaScript's JSON have 53 bits");
    return number;
  });

// A value that JSON.parse gave.
function toTagged(value) {
  if (typeof value === "number") return { $float: Object.is(value, -0) ? "-0" : String(value) };
  if (Array.isArray(value)) return value.map(toTagged);
  return value !== null && typeof value === "object" ? map(value, toTagged) : value;
}

// A value as protobuf's JSON has it.
const plain = (value) =>
  walk(value, (tag, content) => {
    if (tag === "$bytes") return Buffer.from(content, "hex").toString("base64");
    if (tag !== "$float") return content;
    return { inf: "Infinity", "-inf": "-Infinity", NaN: "NaN" }[content] ?? Number(content);
  });

// An object that protobufjs gave. JSON.stringify would lose a zero's sign.
function told(value) {
  if (Object.is(value, -0)) return { $float: "-0" };
  if (Array.isArray(value)) return value.map(told);
  return value !== null && typeof value === "object" ? map(value, told) : value;
}

module.exports = { walk, fromTagged, toTagged, plain, told };
