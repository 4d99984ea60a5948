/**
 * Event streams of the API: `/v1/events` and `/v1/status/events`.
 *
 * `EventStream` keeps one connection and resumes it. `shared(path)` gives the same stream to all
 * tabs, through a SharedWorker; where there is none, each tab has its own.
 */
import { EventParser } from './sse.js';
import { trusted } from './trusted.js';

/**
 * @typedef {import('./sse.js').ServerEvent} ServerEvent
 * @typedef {'connecting' | 'open' | 'waiting' | 'unauthorized'} StreamState
 * @typedef {object} Listener
 * @property {(event: ServerEvent) => void} event
 * @property {(state: StreamState) => void} state
 */

/** Milliseconds without a byte after which a connection counts as lost. The API sends one in 15 s. */
const SILENCE = 40_000;

/** Milliseconds until the next connection, doubled after each failure up to the last. */
const RETRY = 1000;
const MAX_RETRY = 30_000;

/** One connection, opened again whenever it ends. */
export class EventStream {
  #parser = new EventParser();
  #listener;
  #fetch;
  /** @type {AbortController | null} */
  #connection = null;
  #failures = 0;
  /** @type {(() => void) | null} */
  #wake = null;
  #closed = false;
  /** @type {StreamState} */
  state = 'connecting';

  /**
   * @param {string} path such as `/v1/events`
   * @param {() => Record<string, string>} headers
   * @param {Listener} listener
   * @param {{fetch?: typeof fetch, sleep?: (ms: number) => Promise<void>}} [tools] for tests
   */
  constructor(path, headers, listener, tools = {}) {
    this.path = path;
    this.headers = headers;
    this.#listener = listener;
    this.#fetch = tools.fetch ?? ((input, init) => fetch(input, init));
    this.sleep = tools.sleep ?? ((ms) => this.#nap(ms));
  }

  /** Runs until `close`, or until the API refuses the session. */
  async run() {
    while (!this.#closed) {
      const status = await this.#connect();
      if (this.#closed) break;
      if (status === 401 || status === 403) {
        this.#set('unauthorized');
        return;
      }
      this.#set('waiting');
      await this.sleep(this.#delay());
    }
  }

  close() {
    this.#closed = true;
    this.#connection?.abort();
    this.#wake?.();
  }

  /** Connects at once if the stream waits, for example when the network is back. */
  hurry() {
    this.#failures = 0;
    this.#wake?.();
  }

  /** @returns {Promise<number>} the status, 0 for a failure */
  async #connect() {
    this.#parser.reset();
    const connection = new AbortController();
    this.#connection = connection;
    const watch = watchdog(() => connection.abort());
    try {
      const headers = new Headers({ Accept: 'text/event-stream', ...this.headers() });
      if (this.#parser.id) headers.set('Last-Event-ID', this.#parser.id);
      const response = await this.#fetch(this.path, {
        headers,
        cache: 'no-store',
        signal: connection.signal,
      });
      if (!response.ok || !response.body) {
        this.#failures += 1;
        const after = Number(response.headers.get('Retry-After'));
        this.#parser.retry = after > 0 ? after * 1000 : this.#parser.retry;
        return response.status;
      }
      this.#set('open');
      await this.#read(response.body, watch);
      return response.status;
    } catch {
      this.#failures += 1;
      return 0;
    } finally {
      watch.stop();
    }
  }

  /**
   * @param {ReadableStream<Uint8Array>} body
   * @param {{feed: () => void}} watch
   */
  async #read(body, watch) {
    const decoder = new TextDecoder();
    const reader = body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      watch.feed();
      this.#failures = 0;
      for (const event of this.#parser.push(decoder.decode(value, { stream: true })))
        this.#listener.event(event);
    }
  }

  /** The server's time, doubled for each failure, and up to half of it more. */
  #delay() {
    const base = (this.#parser.retry ?? RETRY) * 2 ** Math.min(this.#failures, 6);
    return Math.min(base, MAX_RETRY) * (1 + Math.random() / 2);
  }

  /** @param {number} ms */
  #nap(ms) {
    return new Promise((/** @type {(value?: void) => void} */ resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** @param {StreamState} state */
  #set(state) {
    if (state === this.state) return;
    this.state = state;
    this.#listener.state(state);
  }
}

/** @param {() => void} expired */
function watchdog(expired) {
  let timer = setTimeout(expired, SILENCE);
  return {
    feed() {
      clearTimeout(timer);
      timer = setTimeout(expired, SILENCE);
    },
    stop() {
      clearTimeout(timer);
    },
  };
}

/**
 * Follows a stream together with the other tabs.
 * @param {string} path
 * @param {() => Record<string, string>} headers
 * @param {Listener} listener
 * @returns {{close: () => void, hurry: () => void}}
 */
export function shared(path, headers, listener) {
  if (typeof SharedWorker !== 'undefined') {
    try {
      return throughWorker(path, headers, listener);
    } catch {
      // Without workers, for example in a private window, the tab has its own stream.
    }
  }
  return own(path, headers, listener);
}

/**
 * @param {string} path
 * @param {() => Record<string, string>} headers
 * @param {Listener} listener
 */
function own(path, headers, listener) {
  const stream = new EventStream(path, headers, listener);
  void stream.run();
  return stream;
}

/**
 * @param {string} path
 * @param {() => Record<string, string>} headers
 * @param {Listener} listener
 */
function throughWorker(path, headers, listener) {
  const url = trusted.createScriptURL(new URL('./stream-worker.js', import.meta.url).href);
  const worker = new SharedWorker(url, { type: 'module', name: 'splitflap-stream' });
  /** @type {{close: () => void, hurry: () => void} | null} */
  let fallback = null;
  const { port } = worker;
  const follow = () => port.postMessage({ follow: path, headers: headers() });
  const leave = () => port.postMessage({ leave: true });
  worker.onerror = () => {
    fallback ??= own(path, headers, listener);
  };
  let missed = false;
  port.onmessage = ({ data }) => {
    if (data.event) listener.event(data.event);
    else listener.state(data.state);
    if (!missed || data.state !== 'open') return;
    missed = false;
    listener.event({ id: '', type: 'gap', data: '{}' });
  };
  addEventListener('pagehide', leave);
  // A page from the back-forward cache missed events, and other tabs may have kept the stream.
  const back = (/** @type {PageTransitionEvent} */ event) => {
    if (!event.persisted) return;
    missed = true;
    follow();
  };
  addEventListener('pageshow', back);
  follow();
  return {
    close() {
      removeEventListener('pagehide', leave);
      removeEventListener('pageshow', back);
      leave();
      fallback?.close();
    },
    hurry() {
      port.postMessage({ hurry: true });
      fallback?.hurry();
    },
  };
}
