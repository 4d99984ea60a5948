/**
 * The status as it changes: by the stream, and by polling while the stream is silent. A hidden page
 * polls seldom and holds no connection, because a browser has six for all of its tabs.
 */

/**
 * @typedef {import('./flow.js').Status} Status
 * @typedef {{
 *   open: (url: string) => EventSource, poll: () => Promise<Status>, isHidden: () => boolean,
 *   now: () => number,
 * }} Means `now` in seconds.
 */

/** Seconds between two checks. */
const TICK = 1;

/** Seconds without news, after which the page asks by itself. The stream has some every 2 s. */
const SILENT = 5;

/** The same while the page is hidden: the title and the icon still show trouble. */
const SILENT_HIDDEN = 15;

/** Seconds until a closed stream is opened again. An EventSource tries by itself before. */
const REOPEN = 20;

/** Dispatches `change` after each status, and when the news stop or come again. */
export class StatusFeed extends EventTarget {
  /** @type {Status | null} */
  status = null;
  /** @type {string | null} Why the last poll failed. */
  error = null;
  /** When the last news came, in milliseconds since 1970. */
  newsTime = Date.now();
  #means;
  /** @type {EventSource | null} */
  #source = null;
  #openedAt = Number.NEGATIVE_INFINITY;
  #hiddenAt = Number.NEGATIVE_INFINITY;
  #wasHidden = false;
  #streamedAt = Number.NEGATIVE_INFINITY;
  #polledAt = Number.NEGATIVE_INFINITY;
  #newsAt;
  #polling = false;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #timer;

  /** @param {Means} means */
  constructor(means) {
    super();
    this.#means = means;
    this.#newsAt = means.now();
  }

  start() {
    this.stop();
    this.#newsAt = this.#means.now();
    this.#timer = setInterval(() => this.tick(), TICK * 1000);
    this.tick();
  }

  stop() {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#close();
    this.#polledAt = Number.NEGATIVE_INFINITY;
  }

  /** Seconds since the last news. */
  get age() {
    return this.#means.now() - this.#newsAt;
  }

  /** How the news come. A hidden page has no news for a minute, since browsers slow its timers. */
  get way() {
    if (this.status === null) return 'none';
    const now = this.#means.now();
    const silence = this.#means.isHidden() ? 0 : Math.min(this.age, now - this.#hiddenAt);
    if (silence > 2 * SILENT || (this.age > 2 * SILENT && this.error !== null)) return 'none';
    return now - this.#streamedAt <= SILENT ? 'stream' : 'poll';
  }

  /** Opens or closes the stream, and polls if it is silent. */
  tick() {
    const before = this.way;
    const now = this.#means.now();
    const isHidden = this.#means.isHidden();
    // The first time after it was shown counts, too.
    if (isHidden || this.#wasHidden) this.#hiddenAt = now;
    this.#wasHidden = isHidden;
    if (isHidden) {
      this.#close();
    } else if (!this.#source || (this.#source.readyState === 2 && now - this.#openedAt > REOPEN)) {
      this.#open();
    }
    const silent = isHidden ? SILENT_HIDDEN : SILENT;
    const isFirst = this.status === null && now - this.#polledAt > SILENT;
    if (isFirst || (this.age > silent && now - this.#polledAt > SILENT)) void this.#poll();
    if (before !== this.way || this.way === 'none') this.#changed();
  }

  #open() {
    this.#close();
    this.#openedAt = this.#means.now();
    const source = this.#means.open('/v1/status/events');
    this.#source = source;
    source.addEventListener('status', (event) => {
      if (source !== this.#source) return;
      this.#streamedAt = this.#means.now();
      this.#took(JSON.parse(/** @type {MessageEvent} */ (event).data));
    });
  }

  #close() {
    this.#source?.close();
    this.#source = null;
  }

  async #poll() {
    if (this.#polling) return;
    this.#polling = true;
    this.#polledAt = this.#means.now();
    try {
      this.#took(await this.#means.poll());
    } catch (error) {
      this.error = error instanceof Error ? error.message : String(error);
      this.#changed();
    } finally {
      this.#polling = false;
    }
  }

  /** @param {Status} status */
  #took(status) {
    this.status = status;
    this.error = null;
    this.#newsAt = this.#means.now();
    this.newsTime = Date.now();
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event('change'));
  }
}
