import { call, Problem, pause } from '../lib/api.js';
import { html, nothing, PageElement } from '../lib/element.js';
import { nodesOf } from '../lib/html.js';
import { Latest } from '../lib/latest.js';
import { session } from '../lib/session.js';
import { live } from '../vendor/lit/directives/live.js';

/**
 * @typedef {import('../lib/types.js').Render} Render
 */

/** Largest text, in bytes of UTF-8, and how many are left when the count stands out. */
const MAX_TEXT = 65_536;
const FEW_LEFT = 2000;

/** Milliseconds without a key until the preview is asked for. */
const DELAY = 350;

const DRAFTS = 'splitflap.draft';

/**
 * Writes a text: for a new post, or for the edit of one. It keeps a draft in the browser, shows a
 * preview, and dispatches `send` with `{text, flavour, channel, done}` and `cancel`.
 */
export class PostEditor extends PageElement {
  static properties = {
    draftKey: { attribute: false },
    text: { attribute: false },
    flavour: { attribute: false },
    channel: { attribute: false },
    channels: { attribute: false },
    busy: { attribute: false },
    isNew: { attribute: false },
    label: {},
    verb: {},
    errors: { state: true },
    rendered: { state: true },
    note: { state: true },
  };

  constructor() {
    super();
    this.draftKey = 'new';
    this.text = '';
    /** Always sent, so the page shows what it asks for. */
    this.flavour = 'markdown';
    this.channel = 'general';
    /** @type {string[]} */
    this.channels = [];
    this.busy = false;
    this.isNew = false;
    this.label = 'Write a post';
    this.verb = 'Post';
    /** @type {Record<string, string>} messages by field; '' is the rest */
    this.errors = {};
    /** @type {Render | null} */
    this.rendered = null;
    /** Why there is no preview. */
    this.note = '';
    /** @type {Latest<string>} */
    this.preview = new Latest(DELAY, (text, signal) => this.#render(text, signal));
  }

  connectedCallback() {
    super.connectedCallback();
    const draft = this.#stored();
    if (draft === null) return;
    this.text = draft.text;
    if (draft.channel && draft.text.trim() && this.isNew) this.channel = draft.channel;
    if (draft.flavour) this.flavour = draft.flavour;
    if (this.text.trim()) this.preview.ask(this.text);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.preview.cancel();
  }

  /** @param {Map<PropertyKey, unknown>} changed */
  updated(changed) {
    if (!changed.has('rendered') || !this.rendered) return;
    this.querySelector('.preview > .post')?.replaceChildren(
      nodesOf(this.rendered.html, this.rendered, session.current?.account ?? ''),
    );
  }

  get left() {
    return MAX_TEXT - new TextEncoder().encode(this.text).length;
  }

  template() {
    const id = this.draftKey.replace(/\W/g, '-');
    const { left } = this;
    return html`
      <form class="editor" aria-label=${this.label} @submit=${this.onSubmit}>
        <label class="visually-hidden" for="text-${id}">${this.label}</label>
        <textarea
          id="text-${id}"
          name="text"
          rows="3"
          dir="auto"
          placeholder=${this.isNew ? 'Write in Markdown. Links get cards.' : ''}
          .value=${live(this.text)}
          aria-invalid=${this.errors.text ? 'true' : nothing}
          aria-describedby="left-${id} error-${id}"
          @input=${this.onInput}
          @keydown=${this.onKey}
        ></textarea>
        <div class="preview ${this.note ? 'has-note' : ''}" ?hidden=${!this.text.trim() || (!this.rendered && !this.note)}>
          <p class="preview-label">${this.note || 'Preview'}</p>
          <div class="post" role="group" aria-label="Preview"></div>
        </div>
        <div id="error-${id}" role="alert">
          ${Object.values(this.errors).map((message) => html`<p class="error">${message}</p>`)}
        </div>
        <div class="editor-foot">
          ${
            this.isNew
              ? html`<span class="field"><label for="channel-${id}">Channel</label>
                  <input
                    id="channel-${id}"
                    class="channel-name"
                    name="channel"
                    list="channels-${id}"
                    maxlength="100"
                    autocomplete="off"
                    autocapitalize="none"
                    spellcheck="false"
                    required
                    pattern="[A-Za-z0-9][A-Za-z0-9._\\-]*"
                    title="Letters, digits, . _ and -"
                    .value=${live(this.channel)}
                    aria-invalid=${this.errors.channel ? 'true' : nothing}
                    @input=${this.onChannel}
                  /></span>
                  <datalist id="channels-${id}">
                    ${this.channels.map((name) => html`<option value=${name}></option>`)}
                  </datalist>`
              : nothing
          }
          <span class="field"><label for="flavour-${id}">Flavour</label>
          <select id="flavour-${id}" name="flavour" @change=${this.onFlavour}>
            <option value="markdown" ?selected=${this.flavour === 'markdown'}>Markdown</option>
            <option value="gfm" ?selected=${this.flavour === 'gfm'}>GitHub Markdown</option>
          </select></span>
          <span id="left-${id}" ?hidden=${!this.text} class="left ${left < FEW_LEFT ? 'is-few' : ''} ${left < 0 ? 'error' : ''}"
            >${left < 0 ? `${(-left).toLocaleString()} bytes too long` : `${left.toLocaleString()} bytes left`}</span
          >
          <span class="editor-buttons">
            ${
              this.isNew
                ? !this.text
                  ? html`<button type="button" class="quiet" @click=${this.onExample}>Insert an example</button>`
                  : nothing
                : html`<button type="button" class="quiet" @click=${this.onCancel}>Cancel</button>`
            }
            <button class="primary" ?disabled=${this.busy || left < 0 || !this.text.trim()}>
              ${this.verb}
            </button>
          </span>
        </div>
      </form>
    `;
  }

  /** @param {InputEvent} event */
  onInput(event) {
    this.text = /** @type {HTMLTextAreaElement} */ (event.target).value;
    this.errors = {};
    this.#changed();
  }

  /** @param {InputEvent} event */
  onChannel(event) {
    this.channel = /** @type {HTMLInputElement} */ (event.target).value;
    this.#store();
  }

  /** @param {Event} event */
  onFlavour(event) {
    this.flavour = /** @type {HTMLSelectElement} */ (event.target).value;
    this.#changed();
  }

  /** @param {KeyboardEvent} event */
  onKey(event) {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      /** @type {HTMLFormElement} */ (this.querySelector('form')).requestSubmit();
    } else if (event.key === 'Escape' && !event.isComposing) {
      event.stopPropagation();
      if (this.isNew) /** @type {HTMLElement} */ (event.target).blur();
      else this.onCancel();
    }
  }

  onExample() {
    this.replace(
      `Hello **world** :tada:\n\nA link gets a card: ${location.origin}/about\n\n\`\`\`python\nprint("and code its colours")\n\`\`\``,
    );
    this.querySelector('textarea')?.focus();
  }

  onCancel() {
    this.forget();
    this.emit('cancel');
  }

  /** @param {SubmitEvent} event */
  onSubmit(event) {
    event.preventDefault();
    if (this.busy || this.left < 0 || !this.text.trim()) return;
    this.errors = {};
    this.emit('send', {
      text: this.text,
      channel: this.channel,
      flavour: this.flavour,
      done: (/** @type {unknown} */ problem) => (problem ? this.fail(problem) : this.forget()),
    });
  }

  /**
   * Shows a problem where it belongs.
   * @param {unknown} problem
   */
  fail(problem) {
    if (problem instanceof Problem && problem.errors.length)
      this.errors = Object.fromEntries(
        problem.errors.map(({ field, message }) => [field, `${field}: ${message}`]),
      );
    else this.errors = { '': problem instanceof Error ? problem.message : String(problem) };
    this.querySelector('textarea')?.focus();
  }

  /** @param {string} text */
  replace(text) {
    this.text = text;
    this.#changed();
  }

  /** Ends the draft. */
  forget() {
    this.text = '';
    this.errors = {};
    this.rendered = null;
    this.note = '';
    this.preview.cancel();
    try {
      localStorage.removeItem(this.#draftItem);
    } catch {
      // Nothing was stored.
    }
  }

  /** The draft's name in the browser. Another account in the same browser has drafts of its own. */
  get #draftItem() {
    return `${DRAFTS}.${session.current?.account}.${this.draftKey}`;
  }

  #changed() {
    this.#store();
    if (this.text.trim() && this.left >= 0) this.preview.ask(this.text);
    else {
      this.preview.cancel();
      this.rendered = null;
      this.note = '';
    }
  }

  #store() {
    const { text, channel, flavour } = this;
    try {
      localStorage.setItem(this.#draftItem, JSON.stringify({ text, channel, flavour }));
    } catch {
      // Without storage, the draft lives as long as the page.
    }
  }

  /** @returns {{text: string, channel?: string, flavour?: string} | null} */
  #stored() {
    try {
      const draft = JSON.parse(localStorage.getItem(this.#draftItem) ?? 'null');
      return typeof draft?.text === 'string' ? draft : null;
    } catch {
      return null;
    }
  }

  /**
   * @param {string} text
   * @param {AbortSignal} signal
   */
  async #render(text, signal) {
    try {
      // A preview yields to posts.
      const options = { body: { text, flavour: this.flavour }, wait: 10, priority: 'u=5', signal };
      /** @type {import('../lib/api.js').Reply<Render>} */
      const { status, body, location } = await call('POST', '/renders', options);
      if (status === 202 && location) {
        void call('DELETE', location.replace(/^\/v1/, '')).catch(() => {});
        this.note = 'The preview takes too long; the post itself will not wait for it.';
        return;
      }
      this.rendered = body;
      this.note = '';
    } catch (error) {
      if (signal.aborted) throw error;
      await this.#noPreview(text, error, signal);
    }
  }

  /**
   * @param {string} text
   * @param {unknown} error
   * @param {AbortSignal} signal
   */
  async #noPreview(text, error, signal) {
    this.rendered = null;
    if (error instanceof Problem && error.retryAfter) {
      this.note = `The server is busy: the preview comes in ${error.retryAfter} s.`;
      await pause(error.retryAfter * 1000, signal);
      this.preview.ask(text);
    } else if (error instanceof Problem) this.note = error.of('text') ?? error.message;
    else this.note = 'No preview while the server cannot be reached.';
  }
}

customElements.define('post-editor', PostEditor);
