/**
 * Work on the latest of many values: it begins when no value has come for a while, at most one runs
 * at a time, and a newer value aborts it.
 * @template T
 */
export class Latest {
  #work;
  #delay;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {AbortController | null} */
  #running = null;
  /** @type {{value: T} | null} the value to work on next */
  #next = null;

  /**
   * @param {number} delay milliseconds
   * @param {(value: T, signal: AbortSignal) => Promise<void>} work
   */
  constructor(delay, work) {
    this.#delay = delay;
    this.#work = work;
  }

  /** @param {T} value */
  ask(value) {
    this.cancel();
    this.#next = { value };
    this.#timer = setTimeout(() => this.#begin(), this.#delay);
  }

  /** Drops what waits, and aborts what runs. */
  cancel() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#next = null;
    this.#running?.abort();
  }

  async #begin() {
    this.#timer = undefined;
    // The end of the aborted work begins the next.
    if (this.#running || !this.#next) return;
    const { value } = this.#next;
    this.#next = null;
    const running = new AbortController();
    this.#running = running;
    try {
      await this.#work(value, running.signal);
    } catch (error) {
      if (!running.signal.aborted) throw error;
    } finally {
      this.#running = null;
      if (this.#next && this.#timer === undefined) void this.#begin();
    }
  }
}
