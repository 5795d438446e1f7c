// jayson: JSON-RPC 2.0 over HTTP and over a WebSocket.
"use strict";
const { Failed, answerEach, skip } = require("./answers");
const { fromTagged, toTagged } = require("./tagged");

let jayson;
try {
  jayson = require("jayson/promise");
} catch {
  skip("no jayson for Node");
}

const [wire, address] = process.argv.slice(2);

async function connected() {
  if (wire === "jsonrpc") return jayson.Client.http(`http://${address}/`);
  const client = jayson.Client.websocket({ url: `ws://${address}/` });
  await new Promise((resolve, reject) => client.ws.once("open", resolve).once("error", reject));
  return client;
}

connected().then(async (client) => {
  await answerEach(async ({ method, arguments: given, named }) => {
    const answer = await client.request(method, fromTagged(named ?? given));
    if (answer.error) throw new Failed(answer.error.message, answer.error.code);
    return ["value", toTagged(answer.result)];
  });
  client.ws?.close();
});
