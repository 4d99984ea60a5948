/** The stream of the board: it follows `/v1/events` as long as somebody is signed in. */
import { pause } from '../lib/api.js';
import { session } from '../lib/session.js';
import { shared } from '../lib/stream.js';

/**
 * @typedef {import('../lib/stream.js').StreamState} StreamState
 * @typedef {{post: string, channel?: string, task?: string, reason?: string}} Change
 * @typedef {object} Listener
 * @property {(type: string, change: Change) => void} changed a post has changed
 * @property {() => void} missed events may be lost: what the page shows may be old
 * @property {(isFirst: boolean) => void} opened
 * @property {() => void} state
 */

/** Milliseconds to wait after a refusal: a replica may know an ended session for a few seconds more. */
const PAUSE = 1500;

export class Live {
  /** @type {StreamState} */
  state = 'connecting';
  #listener;
  /** @type {ReturnType<typeof shared> | null} */
  #stream = null;
  /** How often the stream has opened. */
  #opened = 0;

  /** @param {Listener} listener */
  constructor(listener) {
    this.#listener = listener;
  }

  begin() {
    this.#opened = 0;
    this.#follow();
  }

  end() {
    this.#stream?.close();
    this.#stream = null;
  }

  get isOn() {
    return this.#stream !== null;
  }

  /** The network is back. */
  hurry() {
    this.#stream?.hurry();
  }

  #follow() {
    this.#stream = shared('/v1/events', () => session.headers(), {
      event: (event) => this.#event(event),
      state: (state) => this.#changed(state),
    });
  }

  /** @param {import('../lib/stream.js').ServerEvent} event */
  #event({ type, data }) {
    // A second start: the first stream ended before any event, so this one does not resume it.
    if (type === 'gap' || (type === 'start' && this.#opened > 1)) this.#listener.missed();
    else if (type !== 'start') this.#listener.changed(type, JSON.parse(data));
  }

  /** @param {StreamState} state */
  #changed(state) {
    const before = this.#opened ? this.state : 'connecting';
    this.state = state === 'unauthorized' ? 'waiting' : state;
    this.#listener.state();
    if (state === 'unauthorized') void this.#refused();
    if (state !== 'open' || before === 'open') return;
    this.#opened += 1;
    this.#listener.opened(this.#opened === 1);
  }

  /** The stream's session has ended, or its key may not read. A newer session has a new stream. */
  async #refused() {
    const refused = this.#stream;
    if (!(await session.refused())) return;
    if (!session.may('read')) {
      session.expired();
      return;
    }
    await pause(PAUSE);
    if (refused !== this.#stream) return;
    refused?.close();
    this.#follow();
  }
}
