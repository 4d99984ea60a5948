import './post.js';
import { Blocks } from './blocks.js';
import { ago } from './words.js';

/**
 * @typedef {import('./post.js').BoardPost} BoardPost
 * @typedef {import('./store.js').Store} Store
 */

/**
 * The list of posts. It keeps one element per post and moves none that is in its place, so an event
 * about one post costs the same with a thousand of them.
 */
class PostFeed extends HTMLElement {
  /** @type {Store | null} */
  store = null;
  /** @type {Map<string, BoardPost>} by id of the post, or key of the item */
  #elements = new Map();
  #blocks = new Blocks(this);
  #scheduled = false;

  connectedCallback() {
    this.setAttribute('role', 'feed');
    this.setAttribute('aria-label', 'Posts');
    this.clock = setInterval(() => this.#tick(), 30_000);
  }

  disconnectedCallback() {
    clearInterval(this.clock);
  }

  /** @param {Store} store */
  follow(store) {
    this.store = store;
    store.addEventListener('list', () => this.#schedule());
    store.addEventListener('post', (event) => {
      const { id } = /** @type {CustomEvent<{id: string}>} */ (event).detail;
      this.#fill(id);
    });
    store.outbox.addEventListener('settled', (event) => {
      const { key, post } = /** @type {CustomEvent<{key: string, post: string | null}>} */ (event)
        .detail;
      this.#adopt(key, post);
    });
    this.#schedule();
  }

  /**
   * The item's element becomes the post's.
   * @param {string} key
   * @param {string | null} post
   */
  #adopt(key, post) {
    const element = this.#elements.get(key);
    if (!element || !post || this.#elements.has(post)) return;
    this.#elements.delete(key);
    this.#elements.set(post, element);
    this.#fill(post);
  }

  /** @param {string} id */
  #fill(id) {
    const element = this.#elements.get(id);
    const post = this.store?.posts.get(id);
    if (!element || !post) return;
    element.post = post;
    element.reason = this.store?.reasons.get(id);
  }

  #schedule() {
    if (this.#scheduled) return;
    this.#scheduled = true;
    // A hidden page paints no frames, and its list stays right without them.
    if (document.hidden) setTimeout(() => this.#sync(), 200);
    else requestAnimationFrame(() => this.#sync());
  }

  #sync() {
    this.#scheduled = false;
    const { store } = this;
    if (!store) return;
    for (const [item, post] of store.twins) this.#adopt(item.key, post.id);
    const { pending, shown } = store;
    const wanted = new Set([...pending.map(({ key }) => key), ...shown.map(({ id }) => id)]);
    for (const [key, element] of this.#elements)
      if (!wanted.has(key)) {
        this.#elements.delete(key);
        this.#remove(element);
      }
    for (const item of pending) this.#element(item.key).item = item;
    for (const post of shown) {
      const element = this.#element(post.id);
      element.post = post;
      element.reason = store.reasons.get(post.id);
    }
    this.#blocks.arrange([...wanted].map((key) => this.#element(key)));
    this.emit();
  }

  /** @param {string} key */
  #element(key) {
    const known = this.#elements.get(key);
    if (known) return known;
    const element = /** @type {BoardPost} */ (document.createElement('board-post'));
    this.#elements.set(key, element);
    return element;
  }

  /** @param {BoardPost} element */
  #remove(element) {
    const hadFocus = element.contains(document.activeElement);
    const posts = hadFocus ? this.#blocks.all : [];
    const at = posts.indexOf(element);
    this.#blocks.remove(element);
    if (hadFocus) /** @type {HTMLElement | undefined} */ (posts[at + 1] ?? posts[at - 1])?.focus();
  }

  emit() {
    this.dispatchEvent(new CustomEvent('synced', { bubbles: true }));
  }

  #tick() {
    for (const time of this.querySelectorAll('time[data-at]')) {
      const words = ago(/** @type {HTMLElement} */ (time).dataset.at ?? '');
      if (time.textContent !== words) time.textContent = words;
    }
  }

  /**
   * Moves the focus to the post after the focused one, or before it.
   * @param {1 | -1} step
   */
  step(step) {
    const posts = this.#blocks.all;
    const at = posts.findIndex((post) => post.contains(document.activeElement));
    const next = at < 0 ? 0 : Math.min(Math.max(at + step, 0), posts.length - 1);
    const post = /** @type {HTMLElement | undefined} */ (posts[next]);
    post?.focus({ preventScroll: true });
    post?.scrollIntoView({ block: 'nearest' });
  }

  /** The newest post. */
  get first() {
    return /** @type {BoardPost | null} */ (this.#blocks.first);
  }

  /** The post with the focus. */
  get focused() {
    return /** @type {BoardPost | undefined} */ (
      this.#blocks.all.find((post) => post.contains(document.activeElement))
    );
  }
}

customElements.define('post-feed', PostFeed);

export { PostFeed };
