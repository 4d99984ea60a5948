import { call, newKey, pause } from '../../lib/api.js';
import { html, nothing, PageElement } from '../../lib/element.js';
import { several } from '../words.js';
import { bounded, COUNT, RATE, run } from './run.js';
import { KINDS, textOf } from './texts.js';

/**
 * @typedef {import('./run.js').LoadProgress} LoadProgress
 * @typedef {import('./texts.js').LoadKind} LoadKind
 */

const CHANNEL = 'demo';

/** Demonstration loads: a bounded number of posts at a bounded rate. */
class Load extends PageElement {
  static properties = {
    may: { type: Boolean },
    kind: { state: true },
    progress: { state: true },
  };

  constructor() {
    super();
    this.may = false;
    /** @type {LoadKind | null} */
    this.kind = null;
    /** @type {LoadProgress | null} */
    this.progress = null;
    this.stopping = new AbortController();
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.stopping.abort();
  }

  get isRunning() {
    return this.progress?.state === 'running';
  }

  /** @param {LoadKind} kind */
  async onStart(kind) {
    const form = /** @type {HTMLFormElement} */ (this.querySelector('form'));
    const data = new FormData(form);
    const count = bounded(String(data.get('count')), COUNT);
    const rate = bounded(String(data.get('rate')), RATE);
    /** @type {HTMLInputElement} */ (form.elements.namedItem('count')).value = String(count);
    /** @type {HTMLInputElement} */ (form.elements.namedItem('rate')).value = String(rate);
    this.kind = kind;
    this.stopping = new AbortController();
    const token = newKey().slice(0, 8);
    const means = {
      post: async (/** @type {number} */ number) => {
        const text = textOf(kind, token, number, location.origin);
        // The same key in each try of a post: a lost answer makes no second one.
        const idempotencyKey = `load-${token}-${number}`;
        await call('POST', '/posts', { body: { text, channel: CHANNEL }, idempotencyKey });
      },
      wait: (/** @type {number} */ seconds, /** @type {AbortSignal} */ signal) =>
        pause(seconds * 1000, signal).catch(() => undefined),
      now: () => performance.now() / 1000,
    };
    await run(means, count, rate, this.stopping.signal, (progress) => {
      this.progress = progress;
    });
  }

  stop() {
    this.stopping.abort();
    this.requestUpdate();
  }

  template() {
    if (!this.may) {
      return html`<p class="muted">A load makes posts: it needs a key with the scope <code>write</code>.</p>`;
    }
    return html`
      <p>
        The posts go to the channel <b>${CHANNEL}</b>, in your name. Watch them on
        <a href="/?channel=${CHANNEL}">the board</a>, and the work that they make in
        <a href="#overview">the overview</a>.
      </p>
      <form class="load" @submit=${(/** @type {SubmitEvent} */ event) => event.preventDefault()}>
        <div class="row">
          <div class="field">
            <label for="load-count">Posts, at most ${COUNT.most}</label>
            <input id="load-count" name="count" type="number" min="1" max=${COUNT.most} value=${COUNT.default} />
          </div>
          <div class="field">
            <label for="load-rate">Per second, at most ${RATE.most}</label>
            <input id="load-rate" name="rate" type="number" min="1" max=${RATE.most} value=${RATE.default} />
          </div>
        </div>
        <ul class="kinds">
          ${Object.entries(KINDS).map(
            ([kind, words]) => html`
              <li>
                <button
                  type="button"
                  class="primary"
                  ?disabled=${this.isRunning}
                  aria-describedby=${`load-${kind}`}
                  @click=${() => this.onStart(/** @type {LoadKind} */ (kind))}
                >
                  Post ${kind}
                </button>
                <span id=${`load-${kind}`}>${words}</span>
              </li>
            `,
          )}
        </ul>
      </form>
      ${this.progress ? this.report(this.progress) : nothing}
    `;
  }

  /** @param {LoadProgress} progress */
  report(progress) {
    const { total, accepted, refused } = progress;
    const heads = {
      running: `Posting ${this.kind}…`,
      stopped: 'Stopped.',
      finished: 'All posts were sent.',
      failed: 'The load ended early.',
    };
    return html`
      <section class="card run" aria-label="The load">
        <h2 role="status">${heads[progress.state]}</h2>
        <progress max=${total} value=${accepted} aria-label="Accepted posts"></progress>
        <p>
          ${accepted.toLocaleString('en')} of ${several(total, 'post')} accepted${
            refused ? html`, ${several(refused, 'refusal')} (${progress.lastRefusal})` : nothing
          }.
        </p>
        ${this.isRunning && refused ? html`<p class="muted">It waits as the API asks, and posts the rest by itself.</p>` : nothing}
        ${progress.error ? html`<p class="error" role="alert">${progress.error}</p>` : nothing}
        ${this.isRunning ? html`<button @click=${this.stop}>Stop</button>` : nothing}
      </section>
    `;
  }
}

customElements.define('ops-load', Load);
