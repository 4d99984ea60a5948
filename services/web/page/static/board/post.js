import './link-card.js';
import './editor.js';
import '../lib/flap.js';
import { call, get, newKey, Problem } from '../lib/api.js';
import { html, nothing, PageElement } from '../lib/element.js';
import { channelPath, nodesOf, personPath } from '../lib/html.js';
import { session } from '../lib/session.js';
import { live } from '../vendor/lit/directives/live.js';
import { ago, exactly, renderReason } from './words.js';

/**
 * @typedef {import('../lib/types.js').Post} Post
 * @typedef {import('./outbox.js').Item} Item
 * @typedef {{text: string, flavour: string}} Draft
 */

const STATES = {
  queued: 'QUEUED',
  sending: 'SENDING',
  refused: 'REFUSED',
  accepted: 'ACCEPTED',
  rendered: 'RENDERED',
  complete: 'COMPLETE',
  failed: 'FAILED',
};

/**
 * A post, or one on its way. The feed keeps one element for each, from the first letter of its text
 * to its last card, so that focus and flips survive every change.
 */
export class BoardPost extends PageElement {
  static properties = {
    post: { attribute: false },
    item: { attribute: false },
    reason: { attribute: false },
    mode: { state: true },
    base: { state: true },
    conflict: { state: true },
    problem: { state: true },
    busy: { state: true },
  };

  constructor() {
    super();
    /** @type {Post | null} */
    this.post = null;
    /** @type {Item | null} */
    this.item = null;
    /** @type {string | undefined} why the text was not rendered */
    this.reason = undefined;
    /** @type {'show' | 'edit' | 'delete'} */
    this.mode = 'show';
    /** @type {{post: Post, etag: string} | null} what an edit began with */
    this.base = null;
    /** @type {Draft | null} an edit that met another */
    this.conflict = null;
    /** @type {string | null} */
    this.problem = null;
    this.busy = false;
    /** The HTML on the page, so that an event about something else leaves it alone. */
    this.shownHtml = '';
    // content-visibility: the post comes near the window, or leaves it.
    this.addEventListener('contentvisibilityautostatechange', (event) => {
      this.isLaidOut = !(/** @type {any} */ (event).skipped);
      if (this.isLaidOut) reachScrollers(this);
    });
  }

  connectedCallback() {
    super.connectedCallback();
    this.tabIndex = -1;
    this.setAttribute('role', 'article');
  }

  /** Whether the post is near the window. A browser without content-visibility lays out all. */
  isLaidOut = !('ContentVisibilityAutoStateChangeEvent' in globalThis);

  get isMine() {
    return (
      session.may('write') &&
      (this.post?.author === session.current?.account || session.may('admin'))
    );
  }

  /** @param {Map<PropertyKey, unknown>} _changed */
  updated(_changed) {
    this.setAttribute('aria-label', `Post by ${this.post?.author ?? this.item?.account}`);
    const body = /** @type {HTMLElement | null} */ (this.querySelector(':scope > .post'));
    if (!body || !this.post?.html) {
      this.shownHtml = '';
      return;
    }
    if (this.shownHtml === this.post.html && body.hasChildNodes()) return;
    const isFlip = this.shownHtml === '' && this.hasText;
    this.shownHtml = this.post.html;
    body.replaceChildren(nodesOf(this.post.html, this.post, session.current?.account ?? ''));
    if (this.isLaidOut) reachScrollers(body);
    if (isFlip) flip(body);
    this.hasText = false;
  }

  /** Whether the text was on the page before its HTML. */
  hasText = false;

  template() {
    const { post, item } = this;
    const author = post?.author ?? item?.account ?? '';
    const channel = post?.channel ?? item?.input.channel ?? '';
    const at = post?.created_at ?? item?.at ?? '';
    const state = post?.state ?? item?.state ?? 'queued';
    return html`
      <split-flap class="avatar" aria-hidden="true" text=${author.slice(0, 1)}></split-flap>
      <header class="post-head">
        <a class="author" href=${personPath(author)}><bdi>${author}</bdi></a>
        <a class="channel" href=${channelPath(channel)}>#${channel}</a>
        <time datetime=${at} title=${exactly(at)} data-at=${at} .textContent=${live(ago(at))}></time>
        ${post && post.revision > 1 ? html`<span class="muted" title=${exactly(post.updated_at)}>edited</span>` : nothing}
        <split-flap
          class="post-state is-${state}"
          cells="8"
          text=${STATES[state]}
          role="img"
          aria-label=${`State: ${STATES[state].toLowerCase()}`}
        ></split-flap>
      </header>
      ${this.mode === 'edit' ? this.#editor() : this.#body()}
      ${this.problem ? html`<p class="error" role="alert">${this.problem}</p>` : nothing}
      ${this.mode === 'show' ? this.#links() : nothing} ${this.#actions()}
    `;
  }

  #body() {
    const { post, item } = this;
    if (post?.html) return html`<div class="post"></div>`;
    this.hasText = true;
    return html`
      <p class="post-text" dir="auto">${post?.text ?? item?.input.text}</p>
      ${post?.state === 'failed' ? html`<p class="error">${renderReason(this.reason)}</p>` : nothing}
      ${item?.why && !post ? html`<p class=${item.state === 'refused' ? 'error' : 'muted'}>${item.why}</p>` : nothing}
    `;
  }

  #links() {
    const links = this.post?.links ?? [];
    if (!links.length) return nothing;
    return html`<div class="links" @retry-preview=${this.onRetry}>
      ${links.map(
        ({ url, preview }) => html`<link-card
          .url=${url}
          .preview=${preview}
          .mayRetry=${session.may('write')}
        ></link-card>`,
      )}
    </div>`;
  }

  #actions() {
    if (this.item && !this.post) return this.#actionsOfItem(this.item);
    if (this.mode === 'edit' || !this.isMine) return nothing;
    if (this.mode === 'delete')
      return html`<p class="post-actions" role="group" aria-label="Delete this post?">
        <span>Delete this post?</span>
        <button class="danger small" ?disabled=${this.busy} @click=${this.onDelete}>Delete</button>
        <button class="small" @click=${() => this.#leave('.ask-delete')}>Keep</button>
      </p>`;
    return html`<p class="post-actions">
      <button class="quiet small edit" @click=${this.edit}>Edit</button>
      <button class="quiet small ask-delete" @click=${this.askDelete}>Delete</button>
    </p>`;
  }

  /** @param {Item} item */
  #actionsOfItem(item) {
    if (item.state !== 'refused' && item.state !== 'queued') return nothing;
    return html`<p class="post-actions">
      <button class="quiet small" @click=${() => this.emit('take-back', item)}>Edit</button>
      <button class="quiet small" @click=${() => this.emit('discard', item)}>Discard</button>
    </p>`;
  }

  #editor() {
    const { base, conflict } = this;
    if (!base) return html`<p class="muted">Reading the newest text…</p>`;
    return html`
      ${
        conflict
          ? html`<div class="conflict" role="alert">
              <p><strong>Somebody changed this post while you edited it.</strong> The text on the server:</p>
              <p class="post-text" dir="auto">${base.post.text}</p>
              <p class="row">
                <button class="small" @click=${this.onTakeTheirs}>Use the text on the server</button>
                <span class="muted">Or change yours below: saving it replaces the text on the server.</span>
              </p>
            </div>`
          : nothing
      }
      <post-editor
        .draftKey=${`edit.${base.post.id}`}
        .text=${conflict?.text ?? base.post.text}
        .flavour=${base.post.flavour}
        .busy=${this.busy}
        label="Edit the post"
        verb="Save"
        @send=${this.onSave}
        @cancel=${() => this.#leave('.edit')}
      ></post-editor>
    `;
  }

  /** Begins an edit, with the newest text. */
  async edit() {
    if (!this.post || !this.isMine || this.mode === 'edit') return;
    this.mode = 'edit';
    this.problem = null;
    try {
      await this.#readBase(this.post.id);
    } catch (error) {
      this.problem = words(error);
      this.mode = 'show';
      return;
    }
    await this.updateComplete;
    this.querySelector('textarea')?.focus();
  }

  /** @param {string} id */
  async #readBase(id) {
    const { body, etag } = await get(`/posts/${id}`);
    this.base = { post: body, etag: etag ?? '' };
  }

  /** @param {CustomEvent<Draft & {done: (problem?: unknown) => void}>} event */
  async onSave({ detail: { text, flavour, done } }) {
    if (!this.base || this.busy) return;
    this.busy = true;
    this.problem = null;
    try {
      if (await this.#save({ text, flavour })) {
        done();
        this.#leave('.edit');
      }
    } catch (error) {
      done(error);
    }
    this.busy = false;
  }

  /**
   * @param {Draft} draft
   * @returns {Promise<boolean>} whether it is saved; else there is a conflict
   */
  async #save(draft) {
    const key = newKey();
    for (;;) {
      const { post, etag } = /** @type {{post: Post, etag: string}} */ (this.base);
      try {
        await call('PUT', `/posts/${post.id}`, {
          body: draft,
          ifMatch: etag,
          idempotencyKey: key,
          patient: true,
        });
        this.conflict = null;
        this.emit('changed', post.id);
        return true;
      } catch (error) {
        if (!(error instanceof Problem) || error.status !== 412) throw error;
        await this.#readBase(post.id);
        // With the same revision only a preview has changed, which is no conflict.
        if (this.base?.post.revision === post.revision) continue;
        this.conflict = draft;
        return false;
      }
    }
  }

  onTakeTheirs() {
    const text = this.base?.post.text ?? '';
    this.conflict = null;
    /** @type {any} */ (this.querySelector('post-editor'))?.replace(text);
  }

  /** Asks before the post is deleted. */
  async askDelete() {
    if (!this.post || !this.isMine) return;
    this.mode = 'delete';
    await this.updateComplete;
    /** @type {HTMLElement | null} */ (this.querySelector('.danger'))?.focus();
  }

  async onDelete() {
    if (!this.post) return;
    this.busy = true;
    try {
      await call('DELETE', `/posts/${this.post.id}`, { patient: true });
      this.emit('deleted', this.post.id);
    } catch (error) {
      if (error instanceof Problem && error.status === 404) this.emit('deleted', this.post.id);
      else this.problem = words(error);
      this.mode = 'show';
    }
    this.busy = false;
  }

  /** @param {CustomEvent<{card: HTMLElement & {busy: boolean}, url: string}>} event */
  async onRetry({ detail: { card, url } }) {
    card.busy = true;
    this.problem = null;
    try {
      let reply = await call('POST', '/previews', {
        body: { url, refresh: true },
        wait: 25,
        patient: true,
      });
      for (let tries = 0; reply.status === 202 && reply.location && tries < 3; tries += 1)
        reply = await get(reply.location.replace(/^\/v1/, ''), { wait: 25 });
      this.emit('changed', this.post?.id);
    } catch (error) {
      this.problem = words(error);
    }
    card.busy = false;
  }

  /** @param {string} focus what to focus after */
  async #leave(focus) {
    this.mode = 'show';
    this.base = null;
    this.conflict = null;
    await this.updateComplete;
    /** @type {HTMLElement | null} */ (this.querySelector(focus))?.focus();
  }
}

/** @param {unknown} error */
function words(error) {
  return error instanceof Error ? error.message : 'Something went wrong.';
}

/**
 * Lets the keyboard scroll what is wider than the post. Only a post near the window has a layout.
 * @param {HTMLElement} body
 */
function reachScrollers(body) {
  for (const wide of body.querySelectorAll('.post :is(pre, table, .math-display)'))
    if (wide.scrollWidth > wide.clientWidth) wide.setAttribute('tabindex', '0');
}

/** @param {HTMLElement} body */
function flip(body) {
  if (matchMedia('(prefers-reduced-motion: reduce)').matches) return;
  body.animate(
    [
      { transform: 'perspective(60rem) rotateX(-50deg)', opacity: 0.3 },
      { transform: 'none', opacity: 1 },
    ],
    { duration: 220, easing: 'ease-out' },
  );
}

customElements.define('board-post', BoardPost);
