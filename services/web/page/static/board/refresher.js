/**
 * Reads changed posts again. Events come faster than posts can be read, so each pass reads every
 * changed post once: a few one by one, many by a page of the list. Only one pass runs at a time.
 */

/**
 * @typedef {import('../lib/types.js').Post} Post
 * @typedef {object} Source
 * @property {(id: string) => Promise<Post | null>} one null if there is no such post
 * @property {() => Promise<{items: Post[], complete: boolean}>} newest a page, newest first;
 *   `complete` if no older posts follow
 */

/** More changed posts than this are read by the list. */
const FEW = 4;

/** Milliseconds until posts that could not be read are tried again, doubled up to the last. */
const FIRST_PAUSE = 1000;
const LAST_PAUSE = 15_000;

export class Refresher {
  /** @type {Set<string>} */
  #changed = new Set();
  /** @type {Set<string>} those that could not be read */
  #failed = new Set();
  #failures = 0;
  #running = false;
  #source;
  #apply;
  #sleep;

  /**
   * @param {Source} source
   * @param {(id: string, post: Post | null) => void} apply
   * @param {(ms: number) => Promise<unknown>} [sleep] for tests
   */
  constructor(source, apply, sleep) {
    this.#source = source;
    this.#apply = apply;
    this.#sleep = sleep ?? ((ms) => new Promise((resolve) => setTimeout(resolve, ms)));
  }

  /** Forgets what is to be read. */
  clear() {
    this.#changed.clear();
    this.#failed.clear();
  }

  /** @param {string} id */
  mark(id) {
    this.#changed.add(id);
    if (!this.#running) void this.#run();
  }

  async #run() {
    this.#running = true;
    try {
      // What happens in one turn of the event loop is one pass.
      await Promise.resolve();
      while (this.#changed.size) {
        const ids = new Set(this.#changed);
        this.#changed.clear();
        await this.#pass(ids);
        if (this.#failed.size) await this.#later();
        else this.#failures = 0;
      }
    } finally {
      this.#running = false;
    }
  }

  /** All events of a post may have come before its server was away, so none may come after. */
  async #later() {
    await this.#sleep(Math.min(FIRST_PAUSE * 2 ** this.#failures, LAST_PAUSE));
    this.#failures = Math.min(this.#failures + 1, 6);
    for (const id of this.#failed) this.#changed.add(id);
    this.#failed.clear();
  }

  /** @param {Set<string>} ids */
  async #pass(ids) {
    const singly = ids.size <= FEW ? ids : await this.#byList(ids);
    for (const group of groups([...singly], FEW))
      await Promise.all(group.map((id) => this.#read(id)));
  }

  /**
   * @param {Set<string>} ids
   * @returns {Promise<Set<string>>} those that the page did not reach
   */
  async #byList(ids) {
    try {
      const { items, complete } = await this.#source.newest();
      for (const post of items) if (ids.delete(post.id)) this.#apply(post.id, post);
      const oldest = items.at(-1)?.id ?? '';
      // A post within the page's range that is not on it has been deleted.
      for (const id of ids)
        if (complete || id > oldest) {
          ids.delete(id);
          this.#apply(id, null);
        }
    } catch {
      // Singly then.
    }
    return ids;
  }

  /** @param {string} id */
  async #read(id) {
    try {
      this.#apply(id, await this.#source.one(id));
    } catch {
      this.#failed.add(id);
    }
  }
}

/**
 * @template T
 * @param {T[]} items
 * @param {number} size
 */
function groups(items, size) {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, at) =>
    items.slice(at * size, (at + 1) * size),
  );
}
