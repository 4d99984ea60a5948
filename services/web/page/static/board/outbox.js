/**
 * Posts on their way. Each has an idempotency key, and stays in the browser's storage until the API
 * has given a definite answer: so a lost connection, a killed server or a closed tab loses none and
 * doubles none.
 */
import { newKey, Problem, Unreachable } from '../lib/api.js';

/**
 * @typedef {object} Input
 * @property {string} text
 * @property {string} channel
 * @property {string} flavour
 *
 * @typedef {object} Item
 * @property {string} key
 * @property {Input} input
 * @property {string} account
 * @property {string} at when it was written, by the browser's clock
 * @property {string} [after] the newest post of the board when it was written
 * @property {'queued' | 'sending' | 'accepted' | 'refused'} state
 * @property {string} [task]
 * @property {string} [why] why it waits or was refused
 *
 * @typedef {object} Tools
 * @property {Pick<Storage, 'getItem' | 'setItem'>} storage
 * @property {(item: Item) => Promise<string>} send resolves to the id of the task
 * @property {(task: string) => Promise<string | null>} settle resolves to the id of the task's post
 * @property {() => string | null} account of the session
 * @property {() => string} [newest] the newest post of the board
 * @property {(ms: number) => Promise<void>} [sleep]
 * @property {<T>(work: () => Promise<T>) => Promise<T>} [alone] keeps other tabs from sending
 */

const STORED = 'splitflap.outbox';

/** Milliseconds between tries without an answer, doubled up to the last. */
const FIRST_PAUSE = 1000;
const LAST_PAUSE = 15_000;

/**
 * Dispatches `change` when the items change, `settled` with `{key, post}`, and `refused` with
 * `{item, problem}`.
 */
export class Outbox extends EventTarget {
  /** @type {Item[]} oldest first */
  items = [];
  #tools;
  #flushing = false;
  #failures = 0;
  /** @type {Set<string>} keys of all items that this tab has had */
  #known = new Set();
  #isStored = true;
  /** @type {() => void} */
  #wake = () => {};

  /** @param {Tools} tools */
  constructor(tools) {
    super();
    this.#tools = tools;
    this.items = this.#stored();
  }

  /**
   * @param {Input} input
   * @returns {Item}
   */
  add(input) {
    /** @type {Item} */
    const item = {
      key: newKey(),
      input,
      account: this.#tools.account() ?? '',
      at: new Date().toISOString(),
      after: this.#tools.newest?.() ?? '',
      state: 'queued',
    };
    this.items = [...this.items, item];
    this.#save();
    void this.flush();
    return item;
  }

  /** @param {string} key */
  drop(key) {
    this.items = this.items.filter((item) => item.key !== key);
    this.#save();
  }

  /** Sends what waits, oldest first, until all of it has an answer. */
  async flush() {
    this.#wake();
    if (this.#flushing) return;
    this.#flushing = true;
    try {
      for (;;) {
        const item = this.#next();
        if (!item) return;
        const pause = await this.#alone(() => this.#try(item));
        if (pause === null) return;
        if (pause) await this.#sleep(pause);
      }
    } finally {
      this.#flushing = false;
    }
  }

  #next() {
    const account = this.#tools.account();
    if (account === null) return undefined;
    return this.items.find(
      (item) => item.account === account && (item.state === 'queued' || item.state === 'sending'),
    );
  }

  /**
   * @param {Item} item
   * @returns {Promise<number | null>} milliseconds to wait before the next try; null to stop
   */
  async #try(item) {
    // Another tab may have sent it while this one waited for its turn.
    if (this.#isStored && !this.#stored().some(({ key }) => key === item.key)) {
      this.drop(item.key);
      return 0;
    }
    this.#change(item.key, { state: 'sending', why: '' });
    try {
      const task = await this.#tools.send(item);
      this.#failures = 0;
      this.#change(item.key, { state: 'accepted', task });
      void this.#settle(item.key, task);
      return 0;
    } catch (error) {
      return this.#failed(item, error);
    }
  }

  /**
   * @param {Item} item
   * @param {unknown} error
   */
  #failed(item, error) {
    if (error instanceof Problem && error.status === 401) {
      this.#change(item.key, { state: 'queued', why: 'Sign in to send it.' });
      return null;
    }
    if (error instanceof Problem && ['gone', 'not-rendered'].includes(error.kind)) {
      // The API had it before, and its task has ended since; the post shows how.
      this.drop(item.key);
      return 0;
    }
    if (error instanceof Problem && !error.isTemporary) {
      this.#change(item.key, { state: 'refused', why: error.of('text') ?? error.message });
      this.dispatchEvent(
        new CustomEvent('refused', { detail: { item: this.#find(item.key), problem: error } }),
      );
      return 0;
    }
    if (!(error instanceof Problem) && !(error instanceof Unreachable)) throw error;
    const after = error instanceof Problem ? error.retryAfter : null;
    const pause = after ? after * 1000 : Math.min(FIRST_PAUSE * 2 ** this.#failures, LAST_PAUSE);
    this.#failures = Math.min(this.#failures + 1, 6);
    const why = after ? `The server is busy: next try in ${after} s.` : 'Waits for the server.';
    this.#change(item.key, { state: 'queued', why });
    return pause;
  }

  /**
   * @param {string} key
   * @param {string} task
   */
  async #settle(key, task) {
    const post = await this.#tools.settle(task);
    if (!this.#find(key)) return;
    this.items = this.items.filter((item) => item.key !== key);
    this.dispatchEvent(new CustomEvent('settled', { detail: { key, post } }));
    this.#save();
  }

  /** Settles what an earlier page sent, and sends the rest. */
  resume() {
    for (const { key, state, task } of this.items)
      if (state === 'accepted' && task) void this.#settle(key, task);
    void this.flush();
  }

  /** Another tab has changed the storage: what it settled is gone here too. */
  reread() {
    const stored = new Set(this.#stored().map((item) => item.key));
    const kept = this.items.filter((item) => stored.has(item.key));
    if (kept.length === this.items.length) return;
    this.items = kept;
    this.#tell();
  }

  /** @param {string} key */
  #find(key) {
    return this.items.find((item) => item.key === key);
  }

  /**
   * @param {string} key
   * @param {Partial<Item>} change
   */
  #change(key, change) {
    this.items = this.items.map((item) => (item.key === key ? { ...item, ...change } : item));
    this.#save();
  }

  /** @returns {Item[]} */
  #stored() {
    try {
      const stored = JSON.parse(this.#tools.storage.getItem(STORED) ?? '[]');
      return Array.isArray(stored) ? stored.filter(isItem) : [];
    } catch {
      return [];
    }
  }

  /** Writes this tab's items, and keeps those of other tabs. */
  #save() {
    const own = new Set([...this.#known, ...this.items.map((item) => item.key)]);
    this.#known = own;
    const others = this.#stored().filter((item) => !own.has(item.key));
    try {
      this.#tools.storage.setItem(STORED, JSON.stringify([...others, ...this.items]));
      this.#isStored = true;
    } catch {
      // The storage is full or forbidden: the items live as long as this page.
      this.#isStored = false;
    }
    this.#tell();
  }

  #tell() {
    this.dispatchEvent(new Event('change'));
  }

  /**
   * @template T
   * @param {() => Promise<T>} work
   */
  #alone(work) {
    return this.#tools.alone ? this.#tools.alone(work) : work();
  }

  /** @param {number} ms */
  #sleep(ms) {
    if (this.#tools.sleep) return this.#tools.sleep(ms);
    return new Promise((/** @type {(value?: void) => void} */ resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/**
 * Whether a value of the storage is an item. Other pages of this origin may write there too.
 * @param {any} value
 * @returns {value is Item}
 */
function isItem(value) {
  return (
    /^[0-9a-f]{32}$/.test(value?.key) &&
    typeof value.input?.text === 'string' &&
    typeof value.input.channel === 'string' &&
    typeof value.input.flavour === 'string' &&
    typeof value.account === 'string' &&
    ['queued', 'sending', 'accepted', 'refused'].includes(value.state)
  );
}
