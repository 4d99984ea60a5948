import './editor.js';
import './feed.js';
import './help.js';
import '../lib/flap.js';
import { pace } from '../lib/api.js';
import { html, nothing, PageElement } from '../lib/element.js';
import { channelPath, personPath } from '../lib/html.js';
import { session } from '../lib/session.js';
import { shortcutsAreOn } from './help.js';
import { Store } from './store.js';

/**
 * @typedef {import('./outbox.js').Item} Item
 * @typedef {import('./feed.js').PostFeed} PostFeed
 * @typedef {import('./editor.js').PostEditor} PostEditor
 */

/** Milliseconds between two announcements, so that a busy board does not talk without end. */
const NEWS = 3000;

/** Posts of a person that fill the page, and most pages to search for them. */
const ENOUGH = 10;
const MAX_SEARCHED = 5;

/** Cells of the board's title. */
const CELLS = 33;

/** The board: channels, the editor and the feed. It knows the address bar and the keyboard. */
class SplitflapBoard extends PageElement {
  static properties = { busy: { state: true }, fresh: { state: true } };

  constructor() {
    super();
    this.store = new Store();
    /** Seconds that the server asks to wait. */
    this.busy = 0;
    /** Posts that came while the person read further down. */
    this.fresh = 0;
    /** @type {string[]} */
    this.news = [];
    this.account = '';
  }

  connectedCallback() {
    super.connectedCallback();
    const { store } = this;
    for (const name of ['list', 'channels'])
      store.addEventListener(name, () => this.requestUpdate());
    store.addEventListener('state', () => this.#state());
    store.addEventListener('news', (event) => this.#hear(event));
    store.outbox.addEventListener('refused', (event) => this.#refused(event));
    session.addEventListener('change', () => this.#session());
    pace.addEventListener('busy', (event) => {
      this.busy = /** @type {CustomEvent} */ (event).detail.seconds;
      this.#state();
    });
    addEventListener('online', () => {
      store.hurry();
      this.#state();
    });
    addEventListener('offline', () => this.#state());
    addEventListener('popstate', () => this.#route());
    document.addEventListener('click', (event) => this.#onLink(event));
    document.addEventListener('keydown', (event) => this.#onKey(event));
    this.addEventListener('changed', (event) =>
      store.refresh(/** @type {CustomEvent} */ (event).detail),
    );
    this.addEventListener('deleted', (event) =>
      store.apply(/** @type {CustomEvent} */ (event).detail, null),
    );
    this.addEventListener('take-back', (event) =>
      this.#takeBack(/** @type {CustomEvent<Item>} */ (event).detail),
    );
    this.addEventListener('discard', (event) =>
      store.outbox.drop(/** @type {CustomEvent<Item>} */ (event).detail.key),
    );
    this.#route();
    this.#session();
  }

  firstUpdated() {
    this.feed.follow(this.store);
    const more = /** @type {Element} */ (this.querySelector('.more'));
    new IntersectionObserver(([entry]) => entry?.isIntersecting && void this.store.older(), {
      rootMargin: '600px',
    }).observe(more);
  }

  get feed() {
    return /** @type {PostFeed} */ (this.querySelector('post-feed'));
  }

  get editor() {
    return /** @type {PostEditor | null} */ (this.querySelector('main > post-editor'));
  }

  template() {
    const { store } = this;
    const { channel, person } = store.filter;
    const account = session.current?.account ?? '';
    const title = person ? `@${person}` : channel ? `#${channel}` : 'All channels';
    return html`
      <div class="board" ?hidden=${!session.current}>
        <nav class="rail" aria-label="Channels">
          <h2>Channels</h2>
          <ul>
            <li><a href="/" aria-current=${!channel && !person ? 'page' : nothing}>All channels</a></li>
            ${[...store.channels].sort().map(
              (name) => html`<li>
                <a href=${channelPath(name)} aria-current=${name === channel ? 'page' : nothing}>#${name}</a>
              </li>`,
            )}
          </ul>
          <h2>You</h2>
          <ul>
            <li>
              <a href=${personPath(account)} aria-current=${person === account ? 'page' : nothing}>@${account}</a>
            </li>
          </ul>
          <button class="quiet small" @click=${this.onHelp}>Shortcuts <kbd>?</kbd></button>
        </nav>
        <main>
          <h1 class="board-title">
            <span class="visually-hidden">${title}</span>
            <split-flap aria-hidden="true" text=${title.slice(0, CELLS)} cells=${CELLS}></split-flap>
          </h1>
          ${
            session.may('write')
              ? html`<post-editor
                  class="card"
                  .isNew=${true}
                  .draftKey=${'new'}
                  .channel=${channel ?? 'general'}
                  .channels=${[...store.channels]}
                  @send=${this.onSend}
                ></post-editor>`
              : html`<p class="notice">This key may not write.</p>`
          }
          ${this.#notice()}
          <button class="fresh primary" ?hidden=${!this.fresh} @click=${() => this.#toTop()}>
            ↑ ${this.fresh} new ${this.fresh === 1 ? 'post' : 'posts'}
          </button>
          <post-feed @synced=${this.onSynced}></post-feed>
          ${this.#empty()}
          <div class="more">
            ${
              store.loading === 'older'
                ? html`<p class="muted">Reading older posts…</p>`
                : store.next
                  ? html`<button @click=${() => store.older()}>Older posts</button>`
                  : nothing
            }
          </div>
        </main>
        <p class="visually-hidden" aria-live="polite"></p>
        <shortcut-help></shortcut-help>
      </div>
    `;
  }

  #notice() {
    const { store } = this;
    if (!navigator.onLine)
      return html`<p class="notice" role="status">
        You are offline. What you send is kept here, and goes out when the network is back.
      </p>`;
    if (this.busy)
      return html`<p class="notice" role="status">
        The server is busy and asks to wait ${this.busy} s. The page goes on by itself.
      </p>`;
    if (store.loading === 'failed')
      return html`<p class="notice row" role="status">
        The posts could not be read. <button @click=${() => store.load()}>Try again</button>
      </p>`;
    return nothing;
  }

  #empty() {
    const { store } = this;
    if (store.loading === 'first' && !store.posts.size)
      return html`<p class="muted empty">Reading posts…</p>`;
    if (store.loading !== 'idle' || store.shown.length || store.pending.length) return nothing;
    const where = store.filter.person
      ? `Nothing here by or about @${store.filter.person}${store.next ? ', as far as it was read' : ''}.`
      : store.filter.channel
        ? `Nothing in #${store.filter.channel} yet.`
        : 'Nothing here yet. Write the first post, or insert the example.';
    return html`<p class="muted empty">${where}</p>`;
  }

  /** @param {CustomEvent} event */
  onSend({ detail: { text, channel, flavour, done } }) {
    this.store.outbox.add({ text, channel, flavour });
    done();
    // The post appears at the top, unless the board shows another channel.
    if (this.store.filter.channel && this.store.filter.channel !== channel)
      this.#go(channelPath(channel));
    scrollTo({ top: 0 });
  }

  onHelp() {
    /** @type {any} */ (this.querySelector('shortcut-help')).show();
  }

  onSynced() {
    const { length } = this.store.shown;
    const newest = this.store.shown[0]?.id ?? '';
    const isNew = this.newest !== undefined && newest > this.newest;
    if (isNew && scrollY > 400)
      this.fresh += this.store.shown.filter(({ id }) => id > (this.newest ?? '')).length;
    if (scrollY <= 400) {
      this.fresh = 0;
      if (!this.feed.querySelector('post-editor')) this.store.trim();
    }
    if (length) this.newest = newest;
    this.#fillPerson();
  }

  /** The API has no list of a person's posts: a few pages of all posts are searched unasked. */
  #fillPerson() {
    const { store } = this;
    if (!store.filter.person || store.loading !== 'idle' || !store.next) return;
    if (store.shown.length >= ENOUGH || this.searched >= MAX_SEARCHED) return;
    this.searched += 1;
    void store.older();
  }

  /** Pages that were searched for a person's posts. */
  searched = 0;

  /** @type {string | undefined} the newest post of the last time */
  newest = undefined;

  #toTop() {
    this.fresh = 0;
    scrollTo({ top: 0 });
    this.feed.first?.focus({ preventScroll: true });
  }

  #session() {
    const account = session.current?.account ?? '';
    if (account !== this.account) {
      this.account = account;
      if (account) this.store.begin();
      else this.store.end();
    }
    this.#state();
    this.requestUpdate();
  }

  #state() {
    const header = /** @type {any} */ (document.querySelector('page-header'));
    header.state = !navigator.onLine ? 'offline' : this.busy ? 'busy' : this.store.streamState;
    this.requestUpdate();
  }

  /** @param {Event} event */
  #hear(event) {
    this.news.push(/** @type {CustomEvent<{text: string}>} */ (event).detail.text);
    if (this.news.length > 1) return;
    setTimeout(() => {
      const [text] = this.news;
      const words = this.news.length > 1 ? `${this.news.length} changes on the board` : text;
      this.news = [];
      const region = this.querySelector('[aria-live]');
      if (region) region.textContent = words ?? '';
    }, NEWS);
  }

  /** @param {Event} event */
  #refused(event) {
    const { item, problem } = /** @type {CustomEvent} */ (event).detail;
    // A text that was refused goes back to where it was written, unless the next one is there.
    if (!this.editor || this.editor.text.trim()) return;
    this.#takeBack(item);
    this.editor.fail(problem);
  }

  /** @param {Item} item */
  #takeBack(item) {
    const { editor } = this;
    if (!editor) return;
    this.store.outbox.drop(item.key);
    editor.channel = item.input.channel;
    editor.flavour = item.input.flavour;
    editor.replace(editor.text.trim() ? `${editor.text}\n\n${item.input.text}` : item.input.text);
    editor.querySelector('textarea')?.focus();
  }

  // -- addresses -----------------------------------------------------------------------------

  #route() {
    const query = new URLSearchParams(location.search);
    const filter = { channel: query.get('channel'), person: query.get('person') };
    this.store.show(filter);
    this.newest = undefined;
    this.fresh = 0;
    document.title = filter.channel ? `#${filter.channel} · Splitflap` : 'Splitflap';
  }

  /** @param {string} path */
  #go(path) {
    history.pushState(null, '', path);
    this.#route();
  }

  /** @param {MouseEvent} event */
  #onLink(event) {
    const link = /** @type {Element} */ (event.target).closest?.('a');
    if (
      !link ||
      event.defaultPrevented ||
      event.button ||
      event.ctrlKey ||
      event.metaKey ||
      event.shiftKey
    )
      return;
    const href = link.getAttribute('href') ?? '';
    if (href.startsWith('#') && link.closest('.post')) {
      // A footnote or a heading of the post: no entry in the history, and no other post's.
      event.preventDefault();
      const target = [...(link.closest('.post')?.querySelectorAll('[id]') ?? [])].find(
        ({ id }) => id === decodeURIComponent(href.slice(1)),
      );
      target?.scrollIntoView({ block: 'center' });
      return;
    }
    if (link.origin !== location.origin || link.pathname !== '/' || link.target) return;
    event.preventDefault();
    this.#go(link.pathname + link.search);
    scrollTo({ top: 0 });
  }

  // -- the keyboard --------------------------------------------------------------------------

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const target = /** @type {HTMLElement} */ (event.target);
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (target.closest('input, textarea, select, dialog[open]') || !session.current) return;
    if (!shortcutsAreOn() && event.key !== '?') return;
    /** @type {Record<string, () => void>} */
    const keys = {
      n: () => this.editor?.querySelector('textarea')?.focus(),
      j: () => this.feed.step(1),
      k: () => this.feed.step(-1),
      e: () => void this.feed.focused?.edit(),
      d: () => void this.feed.focused?.askDelete(),
      g: () => this.#toTop(),
      '?': () => this.onHelp(),
    };
    const work = keys[event.key];
    if (!work) return;
    event.preventDefault();
    work();
  }
}

customElements.define('splitflap-board', SplitflapBoard);
