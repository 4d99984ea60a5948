// Joins a channel of the bridge with the JavaScript client, and prints what it gets: one line of
// JSON for each event. It runs from the folder that has socket.io-client:
//   node client.mjs URL CHANNEL
import { createRequire } from "node:module";

const { io } = createRequire(`${process.cwd()}/`)("socket.io-client");
const [url, channel] = process.argv.slice(2);
const socket = io(url);
let last;
const print = (name, data) => console.log(JSON.stringify({ name, ...data }));

socket.on("connect", () => socket.emit("join", channel, ...(last === undefined ? [] : [last])));
socket.on("disconnect", (reason) => print("disconnect", { reason }));
socket.onAny((name, data) => {
    last = data.id;
    print(name, data);
});
