import { call, get, pause } from '../../lib/api.js';
import { html, nothing } from '../../lib/element.js';
import { DialogElement } from '../dialog.js';
import { clock, messageOf, several } from '../words.js';
import { byReason, chosen, matching, work } from './bulk.js';
import { forAudit, query, words } from './filter.js';
import { visible } from './pretty.js';

/**
 * @typedef {import('./bulk.js').Verb} Verb
 * @typedef {import('./bulk.js').Means} Means
 * @typedef {import('./bulk.js').Progress} Progress
 * @typedef {import('./filter.js').Filter} Filter
 * @typedef {{verb: Verb, ids?: string[], filter?: Filter}} Wish `ids`, or all that match.
 * @typedef {{id: string, at: string, account: string, action: string, detail: string}} Entry
 */

/** Refused letters of one reason that are named. */
const NAMED = 5;

/** Lines of the audit that are shown: there is one for each batch. */
const LINES = 3;

const VERBS = {
  replay: {
    title: 'Replay',
    running: 'Replaying',
    done: 'Replayed',
    action: 'dead.replayed',
    effect: 'Their jobs go back to the workers. A job that fails again becomes a new letter.',
  },
  drop: {
    title: 'Drop',
    running: 'Dropping',
    done: 'Dropped',
    action: 'dead.dropped',
    effect: 'The letters are deleted for good. Their posts and responses stay as they are.',
  },
};

const now = () => performance.now() / 1000;

/**
 * @param {Wish} wish
 * @returns {Means}
 */
function meansOf(wish) {
  const filter = wish.filter ? { filter: forAudit(wish.filter) } : {};
  return {
    page: async (asked) => (await get(`/dead?${new URLSearchParams(asked)}`)).body,
    act: async (verb, ids) =>
      (await call('POST', `/dead:${verb}`, { body: { ids, ...filter } })).body,
    wait: (seconds, signal) => pause(seconds * 1000, signal).catch(() => undefined),
    now,
  };
}

/** Asks, works and reports. Emits `done` when letters may have changed. */
class DeadAction extends DialogElement {
  static properties = {
    wish: { state: true },
    total: { state: true },
    isComplete: { state: true },
    typed: { state: true },
    isArmed: { state: true },
    progress: { state: true },
    error: { state: true },
    audit: { state: true },
  };

  constructor() {
    super();
    /** @type {Wish | null} */
    this.wish = null;
    /** @type {number | null} */
    this.total = null;
    this.isComplete = true;
    this.typed = '';
    this.isArmed = false;
    /** @type {Progress | null} */
    this.progress = null;
    /** @type {string | null} */
    this.error = null;
    /** @type {Entry[]} */
    this.audit = [];
    this.countedAt = 0;
    this.startedAt = 0;
    this.stopping = new AbortController();
    this.onLeave = (/** @type {BeforeUnloadEvent} */ event) => {
      if (this.isRunning) event.preventDefault();
    };
  }

  connectedCallback() {
    super.connectedCallback();
    addEventListener('beforeunload', this.onLeave);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    removeEventListener('beforeunload', this.onLeave);
  }

  get isRunning() {
    return this.progress?.state === 'running';
  }

  /** @param {Wish} wish */
  async ask(wish) {
    this.wish = wish;
    this.total = wish.ids?.length ?? null;
    this.isComplete = true;
    this.typed = '';
    this.isArmed = false;
    this.progress = null;
    this.error = null;
    this.audit = [];
    await this.open();
    if (wish.filter) await this.count(wish.filter);
    this.querySelector('input')?.focus();
  }

  /** @param {Filter} filter */
  async count(filter) {
    this.countedAt = now();
    try {
      const reply = await get(`/dead/count?${new URLSearchParams(query(filter))}`);
      const found = /** @type {{count: number, complete?: boolean}} */ (reply.body);
      this.total = found.count;
      this.isComplete = found.complete ?? true;
      await this.updateComplete;
    } catch (error) {
      this.error = messageOf(error);
    }
  }

  /** @param {SubmitEvent} event */
  onConfirm(event) {
    event.preventDefault();
    if (!this.mayStart) return;
    if (this.needsSecondPress && !this.isArmed) this.isArmed = true;
    else void this.start();
  }

  /** A drop of all that match is confirmed by its number, another drop by a second press. */
  get needsNumber() {
    return this.wish?.verb === 'drop' && this.wish.filter !== undefined;
  }

  get needsSecondPress() {
    return this.wish?.verb === 'drop' && !this.needsNumber;
  }

  get mayStart() {
    if (!this.total || this.progress) return false;
    return !this.needsNumber || this.typed.replace(/[\s,.]/g, '') === String(this.total);
  }

  async start() {
    const { wish, total } = this;
    if (!wish || !total) return;
    this.stopping = new AbortController();
    this.startedAt = Date.now();
    const means = meansOf(wish);
    const batches = wish.filter
      ? matching(means, wish.filter, this.countedAt)
      : chosen(wish.ids ?? []);
    const { signal } = this.stopping;
    const show = (/** @type {Progress} */ progress) => {
      this.progress = progress;
    };
    await work(means, wish.verb, batches, total, signal, show);
    this.emit('done');
    await this.readAudit(VERBS[wish.verb].action);
    /** @type {HTMLElement | null} */ (this.querySelector('.end'))?.focus();
  }

  /** @param {string} action */
  async readAudit(action) {
    try {
      const reply = await get('/audit?limit=100', { patient: false });
      const { items } = /** @type {{items: Entry[]}} */ (reply.body);
      // The clocks of this machine and of the server may differ a little.
      const since = this.startedAt - 5000;
      this.audit = items.filter((each) => each.action === action && Date.parse(each.at) >= since);
    } catch {
      this.audit = [];
    }
  }

  stop() {
    this.stopping.abort();
  }

  /** @param {Event} event */
  onCancel(event) {
    if (this.isRunning) event.preventDefault();
  }

  template() {
    return html`
      <dialog class="ask" aria-labelledby="action-title" @cancel=${this.onCancel} @close=${() => this.emit('closed')}>
        ${this.wish ? (this.progress ? this.report(this.wish.verb, this.progress) : this.question(this.wish)) : nothing}
      </dialog>
    `;
  }

  /** @param {Wish} wish */
  question(wish) {
    const { title, effect } = VERBS[wish.verb];
    const number = this.total === null ? '…' : several(this.total, 'dead letter');
    const isDrop = wish.verb === 'drop';
    const button = this.isArmed ? `Press again to drop ${number} for good` : `${title} ${number}`;
    return html`
      <form @submit=${this.onConfirm}>
        <h2 id="action-title">${title} ${number}?</h2>
        ${wish.filter ? html`<p class="text">Dead letters ${visible(words(wish.filter))}.</p>` : nothing}
        ${this.total === null && !this.error ? html`<p role="status">Counting…</p>` : nothing}
        ${this.isComplete ? nothing : html`<p class="notice">The API could not count all of them in time. All that match are included.</p>`}
        ${this.total === 0 ? html`<p>No dead letter matches, so there is nothing to do.</p>` : html`<p>${effect}</p>`}
        ${
          this.needsNumber && this.total
            ? html`
                <label for="action-number">Type ${this.total} to drop them</label>
                <input
                  id="action-number"
                  inputmode="numeric"
                  autocomplete="off"
                  .value=${this.typed}
                  @input=${(/** @type {InputEvent} */ event) => {
                    this.typed = /** @type {HTMLInputElement} */ (event.target).value;
                  }}
                />
              `
            : nothing
        }
        ${this.error ? html`<p class="error" role="alert">${this.error}</p>` : nothing}
        <div class="row end-row">
          <button type="button" @click=${this.close}>Cancel</button>
          <button class=${isDrop ? 'danger' : 'primary'} ?disabled=${!this.mayStart}>${button}</button>
        </div>
        <p class="visually-hidden" role="status">${this.isArmed ? 'Press again to confirm.' : ''}</p>
      </form>
    `;
  }

  /**
   * @param {Verb} verb
   * @param {Progress} progress
   */
  report(verb, progress) {
    const { running, done } = VERBS[verb];
    const seen = progress.done + progress.refused.length;
    const of = `${progress.done.toLocaleString('en')} of ${several(progress.total, 'dead letter')}`;
    const head = this.isRunning
      ? `${running} ${progress.total.toLocaleString('en')}…`
      : `${done} ${of}`;
    return html`
      <h2 id="action-title" role="status">${head}</h2>
      <progress max=${Math.max(progress.total, seen)} value=${seen} aria-label="Letters seen to"></progress>
      <p>
        ${several(progress.done, 'letter')} ${done.toLowerCase()},
        ${progress.refused.length.toLocaleString('en')} refused.
      </p>
      ${progress.paused ? html`<p class="notice" role="status">It waits: ${progress.paused}</p>` : nothing}
      ${progress.state === 'stopped' ? html`<p class="notice">Stopped. The other letters are unchanged.</p>` : nothing}
      ${progress.error ? html`<p class="error" role="alert">It ended early: ${progress.error} The rest is as it was.</p>` : nothing}
      ${byReason(progress.refused).map(
        ({ detail, ids }) => html`
          <details class="refused" ?open=${ids.length <= NAMED}>
            <summary class="text">${several(ids.length, 'letter')} refused: ${visible(detail)}</summary>
            <ul>
              ${ids.slice(0, NAMED).map((id) => html`<li class="id">${id}</li>`)}
              ${ids.length > NAMED ? html`<li>and ${several(ids.length - NAMED, 'other')}</li>` : nothing}
            </ul>
          </details>
        `,
      )}
      ${
        this.audit.length
          ? html`
              <h3>In the audit</h3>
              <ul class="audit-lines">
                ${this.audit
                  .slice(0, LINES)
                  .map(
                    (each) =>
                      html`<li class="text">${clock(each.at)} · ${each.account} · ${each.action} · ${each.detail}</li>`,
                  )}
                ${this.audit.length > LINES ? html`<li>and ${several(this.audit.length - LINES, 'earlier line')}</li>` : nothing}
              </ul>
            `
          : nothing
      }
      <div class="row end-row">
        ${
          this.isRunning
            ? html`<button ?disabled=${this.stopping.signal.aborted} @click=${this.stop}>Stop</button>`
            : html`<button class="primary end" @click=${this.close}>Close</button>`
        }
      </div>
    `;
  }
}

customElements.define('dead-action', DeadAction);
