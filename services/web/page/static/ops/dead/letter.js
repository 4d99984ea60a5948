import { get } from '../../lib/api.js';
import { html, nothing } from '../../lib/element.js';
import { copy, DialogElement } from '../dialog.js';
import { ago, clock, count, messageOf } from '../words.js';
import { pretty, visible } from './pretty.js';

/**
 * @typedef {{
 *   id: string, queue: string, reason: string, job: string | null, account: string | null,
 *   created_at: string, replayed_at: string | null, body: string | null,
 * }} Letter
 */

/** One dead letter, whole, in a drawer. Emits `act` and `step`. */
class DeadLetter extends DialogElement {
  static properties = {
    letter: { state: true },
    error: { state: true },
    may: { type: Boolean },
  };

  constructor() {
    super();
    /** @type {Letter | null} */
    this.letter = null;
    /** @type {string | null} */
    this.error = null;
    this.may = false;
  }

  /** @param {Letter} head What the list knows of it; the body comes by a request. */
  async show(head) {
    this.letter = { ...head, body: null };
    this.error = null;
    await this.open();
    try {
      const reply = await get(`/dead/${encodeURIComponent(head.id)}`);
      if (this.letter?.id === head.id) this.letter = /** @type {Letter} */ (reply.body);
    } catch (error) {
      this.error = messageOf(error);
    }
  }

  /** @param {KeyboardEvent} event */
  onKey(event) {
    if (event.target instanceof HTMLElement && event.target.closest('pre')) return;
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!step || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    this.emit('step', step);
  }

  template() {
    return html`
      <dialog class="drawer" aria-labelledby="letter-title" @keydown=${this.onKey}>
        ${this.letter ? this.content(this.letter) : nothing}
      </dialog>
    `;
  }

  /** @param {Letter} letter */
  content(letter) {
    const { text, cut } = pretty(letter.body);
    const act = (/** @type {string} */ verb) => () => this.emit('act', { verb, ids: [letter.id] });
    return html`
      <header class="drawer-head">
        <h2 id="letter-title">Dead letter</h2>
        <button class="quiet" @click=${() => this.emit('step', -1)}>Previous</button>
        <button class="quiet" @click=${() => this.emit('step', 1)}>Next</button>
        <button @click=${this.close} autofocus>Close</button>
      </header>
      <dl class="facts">
        <dt>Reason</dt>
        <dd class="text">${visible(letter.reason)}</dd>
        <dt>Queue</dt>
        <dd class="text">${visible(letter.queue)}</dd>
        <dt>Account</dt>
        <dd class="text">${visible(letter.account ?? '–')}</dd>
        <dt>Created</dt>
        <dd>${clock(letter.created_at)}, ${ago(letter.created_at)}</dd>
        <dt>Replayed</dt>
        <dd>${letter.replayed_at ? `${clock(letter.replayed_at)}, ${ago(letter.replayed_at)}` : 'no'}</dd>
        <dt>Job</dt>
        <dd class="id">${letter.job ?? '–'}</dd>
        <dt>Letter</dt>
        <dd class="id">${letter.id}</dd>
      </dl>
      <div class="row">
        ${
          this.may
            ? html`
                <button class="primary" ?disabled=${letter.replayed_at !== null} @click=${act('replay')}>
                  Replay it
                </button>
                <button class="danger" @click=${act('drop')}>Drop it</button>
              `
            : html`<p class="muted">Replay and drop need a key with the scope admin.</p>`
        }
        <button
          class="quiet"
          ?disabled=${letter.body === null}
          @click=${(/** @type {MouseEvent} */ event) => copy(event, letter.body ?? '')}
        >
          Copy the body
        </button>
      </div>
      ${this.error ? html`<p class="error" role="alert">${this.error}</p>` : nothing}
      <h3>Body</h3>
      ${
        letter.body === null && !this.error
          ? html`<p class="muted">Loading…</p>`
          : html`<pre class="body" tabindex="0" aria-label="Body of the letter">${text}</pre>`
      }
      ${cut ? html`<p class="muted">${count(cut)} more characters. Copy the body to have all.</p>` : nothing}
    `;
  }
}

customElements.define('dead-letter', DeadLetter);
