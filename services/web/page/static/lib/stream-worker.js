/** A SharedWorker: one connection for each stream, whatever the number of tabs. */
import { EventStream } from './stream.js';

/**
 * @typedef {object} Shared
 * @property {EventStream} stream
 * @property {Set<MessagePort>} ports
 */

/** @type {Map<string, Shared>} */
const streams = new Map();

/**
 * @param {string} path
 * @param {Record<string, string>} headers
 * @returns {Shared}
 */
function begin(path, headers) {
  /** @type {Set<MessagePort>} */
  const ports = new Set();
  /** @param {object} message */
  const tell = (message) => {
    for (const port of ports) port.postMessage(message);
  };
  const stream = new EventStream(path, () => headers, {
    event: (event) => tell({ event }),
    state: (state) => tell({ state }),
  });
  const shared = { stream, ports };
  streams.set(path, shared);
  // A stream that the API refused is over; the next tab to follow begins another.
  void stream.run().finally(() => streams.get(path) === shared && streams.delete(path));
  return shared;
}

/** @param {MessagePort} port */
function leave(port) {
  for (const [path, { stream, ports }] of streams) {
    ports.delete(port);
    if (ports.size) continue;
    stream.close();
    streams.delete(path);
  }
}

/** @param {MessageEvent} event */
function connect({ ports: [port] }) {
  if (!port) return;
  port.onmessage = ({ data }) => {
    if (data.leave) leave(port);
    if (data.hurry) for (const { stream } of streams.values()) stream.hurry();
    if (!data.follow) return;
    const shared = streams.get(data.follow) ?? begin(data.follow, data.headers);
    shared.ports.add(port);
    port.postMessage({ state: shared.stream.state });
  };
}

addEventListener('connect', (event) => connect(/** @type {MessageEvent} */ (event)));
