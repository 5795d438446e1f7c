// A client's side of scripts/interop: a wire and an address as arguments, then a call and an answer a line; see
// src/bin/interop/ask.rs.
"use strict";
const readline = require("node:readline");

// The library has no way to make this call.
class Cannot extends Error {}

// The server answered with an error.
class Failed extends Error {
  constructor(text, code, name) {
    super(text);
    this.error = { text, code, name };
  }
}

function skip(why) {
  console.log(`SKIPPED ${why}`);
  process.exit(0);
}

// Makes each call with `make(call)`, which resolves to ["value", value] or ["items", items].
async function answerEach(make) {
  console.log("READY");
  for await (const line of readline.createInterface({ input: process.stdin, crlfDelay: Infinity })) {
    const call = JSON.parse(line);
    let kind, content;
    try {
      [kind, content] = await make(call);
    } catch (error) {
      if (error instanceof Cannot) [kind, content] = ["cannot", error.message];
      else if (error instanceof Failed) [kind, content] = ["error", error.error];
      else throw error;
    }
    console.log(JSON.stringify({ id: call.id, [kind]: content }));
  }
}

module.exports = { Cannot, Failed, answerEach, skip };
