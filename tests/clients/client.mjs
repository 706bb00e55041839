// Does what each line of standard input says, and prints what comes of it, a JSON object a line.
//
//     node client.mjs "web socket"|"event streams" URL TOKEN
import { createInterface } from "node:readline";

import WebSocket from "ws";

import { overEventStreams, overWebSocket } from "./connect.mjs";
import { ask, resumable } from "./resume.mjs";
import { Session } from "./session.mjs";

const [way, url, token] = process.argv.slice(2);
const print = (what) => console.log(JSON.stringify(what));
const session = new Session(() => print({ signedOut: true }));
session.begin(token);

let socket;
let client;
if (way === "web socket") {
  client = overWebSocket(url.replace("http", "ws"), session, WebSocket);
  client.on("opened", (opened) => { socket = opened; });
  client.on("closed", ({ code }) => print({ closed: code }));
} else {
  client = overEventStreams(url, session);
}

const acts = {
  ask: (payload) => ask(client, payload).then(
    (answer) => print({ answer }),
    (refused) => print({ refused }),
  ),
  follow: (payload) => resumable(client, payload, {
    next: (result) => print({ next: result }),
    error: (cause) => print({ error: cause }),
    complete: () => print({ complete: true }),
  }),
  signIn: (newToken) => session.begin(newToken),
  stopReading: () => socket.pause(),
  readOn: () => socket.resume(),
};
for await (const line of createInterface({ input: process.stdin })) {
  const [[act, argument]] = Object.entries(JSON.parse(line));
  acts[act](argument);
}
process.exit();
