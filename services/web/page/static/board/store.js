/**
 * The posts of the board: the pages that were read, what the stream tells of them, and the posts on
 * their way. Elements listen and render; nothing here touches the document.
 */
import { get, Problem } from '../lib/api.js';
import { session } from '../lib/session.js';
import { Live } from './live.js';
import { Outbox } from './outbox.js';
import { Refresher } from './refresher.js';
import { send, Tasks } from './tasks.js';

/**
 * @typedef {import('../lib/types.js').Post} Post
 * @typedef {import('../lib/types.js').PostList} PostList
 * @typedef {import('./outbox.js').Item} Item
 * @typedef {{channel: string | null, person: string | null}} Filter
 */

/** Posts of a page of the list. */
const PAGE = 30;

/** Milliseconds to wait for the stream before the list is read without it. */
const PATIENCE = 1500;

/** Posts at the top, so that days of news fill no memory, and channels beside the board. */
const MAX_POSTS = 1000;
const MAX_CHANNELS = 200;

/**
 * Dispatches `list` when posts come or go, `post` with `{id}` when one has changed, `state`, and
 * `news` with `{text}` for people who hear the page.
 */
export class Store extends EventTarget {
  /** @type {Map<string, Post>} */
  posts = new Map();
  /** @type {Map<string, string>} why posts failed, as far as the stream has said it */
  reasons = new Map();
  /** @type {Set<string>} */
  channels = new Set(['general']);
  /** @type {Filter} */
  filter = { channel: null, person: null };
  /** @type {string | null} */
  next = null;
  /** @type {'idle' | 'first' | 'older' | 'failed'} */
  loading = 'first';
  /** The id of the newest post that was seen, also before the present filter. */
  #newest = '';
  #tasks = new Tasks();
  #live = new Live({
    changed: (type, change) => this.#changed(type, change),
    missed: () => void this.load(),
    opened: (isFirst) => {
      if (isFirst || this.loading === 'failed') void this.load();
      void this.outbox.flush();
    },
    state: () => this.#tell('state'),
  });
  /** Raised by each reading of the first page: what an older one returns is dropped. */
  #generation = 0;

  constructor() {
    super();
    this.#refresher = new Refresher(
      {
        one: (id) => this.#readOne(id),
        newest: async () => {
          const { items, next } = await this.#page(100, null);
          return { items, complete: next === null };
        },
      },
      (id, post) => this.apply(id, post),
    );
    this.outbox = new Outbox({
      // Where storage is forbidden, even to name it fails: the outbox expects that.
      get storage() {
        return localStorage;
      },
      account: () => session.current?.account ?? null,
      newest: () => this.#newest,
      send,
      settle: (task) => this.#settle(task),
      alone: (work) =>
        navigator.locks ? navigator.locks.request('splitflap-outbox', work) : work(),
    });
    this.outbox.addEventListener('change', () => this.#tell('list'));
    addEventListener('storage', () => this.outbox.reread());
  }

  #refresher;

  get streamState() {
    return this.#live.state;
  }

  /** Begins when somebody has signed in. */
  begin() {
    this.end();
    this.#live.begin();
    // The list is read when the stream is open, so that no change falls between the two.
    const generation = this.#generation;
    setTimeout(() => generation === this.#generation && void this.load(), PATIENCE);
    this.outbox.resume();
  }

  end() {
    this.#live.end();
    this.#generation += 1;
    this.#refresher.clear();
    this.posts.clear();
    this.next = null;
    this.#tell('list');
  }

  /** The network is back. */
  hurry() {
    this.#live.hurry();
    void this.outbox.flush();
    if (this.loading === 'failed') void this.load();
  }

  /** @param {Filter} filter */
  show(filter) {
    this.filter = filter;
    if (this.#live.isOn) void this.load();
    this.#tell('list');
  }

  /** Reads the newest page anew. */
  async load() {
    const generation = ++this.#generation;
    this.loading = 'first';
    this.#tell('list');
    try {
      const { items, next } = await this.#page(PAGE, null);
      if (generation !== this.#generation) return;
      const listed = new Map(items.map((post) => [post.id, post]));
      // Posts that came while the page was read are newer than its first.
      const newest = items[0]?.id ?? '';
      for (const [id, post] of this.posts)
        if (id > newest && this.#fits(post)) listed.set(id, post);
      this.posts = listed;
      for (const id of this.reasons.keys()) if (!listed.has(id)) this.reasons.delete(id);
      for (const post of items) this.#sees(post);
      this.next = next;
      this.loading = 'idle';
    } catch {
      if (generation === this.#generation) this.loading = 'failed';
    }
    this.#tell('list');
    for (const id of this.posts.keys()) this.#tell('post', { id });
  }

  /** Reads the page after the last. */
  async older() {
    if (this.loading !== 'idle' || !this.next) return;
    const generation = this.#generation;
    this.loading = 'older';
    this.#tell('list');
    try {
      const { items, next } = await this.#page(PAGE, this.next);
      if (generation !== this.#generation) return;
      for (const post of items) {
        this.posts.set(post.id, post);
        this.#sees(post);
      }
      this.next = next;
      this.loading = 'idle';
    } catch {
      if (generation === this.#generation) this.loading = 'failed';
    }
    this.#tell('list');
  }

  /**
   * The posts to show, newest first. Ids are UUIDs of version 7, so they sort by time.
   * @returns {Post[]}
   */
  get shown() {
    const posts = [...this.posts.values()].filter((post) => this.#fits(post));
    return posts.sort((one, other) => (one.id < other.id ? 1 : -1));
  }

  /**
   * The posts on their way that have no post on the board yet, newest first.
   * @returns {Item[]}
   */
  get pending() {
    const account = session.current?.account;
    return this.outbox.items
      .filter((item) => item.account === account && !this.#twinOf(item))
      .filter(({ input }) => !this.filter.channel || input.channel === this.filter.channel)
      .reverse();
  }

  /** Items on their way with their posts, which the stream named before the API's response. */
  get twins() {
    const account = session.current?.account;
    return this.outbox.items
      .filter((item) => item.account === account)
      .flatMap((item) => {
        const post = this.#twinOf(item);
        return post ? [/** @type {[Item, Post]} */ ([item, post])] : [];
      });
  }

  /**
   * The post of an item whose task is not known yet: the stream may be faster than the response. Only
   * the API's ids tell whether a post is newer than its item, because clocks of browsers may be wrong.
   * @param {Item} item
   */
  #twinOf(item) {
    for (const post of this.posts.values())
      if (
        post.author === item.account &&
        post.text === item.input.text &&
        post.channel === item.input.channel &&
        post.id > (item.after ?? '')
      )
        return post;
    return null;
  }

  /**
   * @param {string} id
   * @param {Post | null} post null if it is gone
   */
  apply(id, post) {
    const known = this.posts.get(id);
    if (!post) {
      if (this.posts.delete(id)) this.#tell('list');
      return;
    }
    this.#sees(post);
    if (known && known.revision > post.revision) return;
    if (!known && !this.#fits(post)) return;
    this.posts.set(id, post);
    this.#tell(known ? 'post' : 'list', { id });
    if (known) this.#say(known, post);
    else if (post.author !== session.current?.account)
      this.#tell('news', { text: `${post.author} wrote in ${post.channel}` });
  }

  /** Of very many posts, keeps the newest. The others are read again when somebody scrolls to them. */
  trim() {
    if (this.posts.size > MAX_POSTS && this.loading === 'idle') void this.load();
  }

  /**
   * Reads a post again after a change of the person's own.
   * @param {string} id
   */
  refresh(id) {
    this.#refresher.mark(id);
  }

  /** @param {Post} post */
  #fits(post) {
    const { channel, person } = this.filter;
    if (channel && post.channel !== channel) return false;
    return !person || post.author === person || post.mentions.includes(person);
  }

  /**
   * @param {Post} before
   * @param {Post} after
   */
  #say(before, after) {
    if (before.state === after.state || after.author !== session.current?.account) return;
    if (after.state === 'complete') this.#tell('news', { text: 'Your post is complete' });
    if (after.state === 'failed') this.#tell('news', { text: 'Your post was not rendered' });
  }

  /** @param {Post} post */
  #sees(post) {
    if (post.id > this.#newest) this.#newest = post.id;
    this.#seesChannel(post.channel);
    for (const channel of post.channels ?? []) this.#seesChannel(channel);
  }

  /** @param {string} channel */
  #seesChannel(channel) {
    if (this.channels.has(channel) || this.channels.size >= MAX_CHANNELS) return;
    if (!/^[A-Za-z0-9][\w.-]{0,99}$/.test(channel)) return;
    this.channels.add(channel);
    this.#tell('channels');
  }

  /**
   * @param {string} type of the event
   * @param {import('./live.js').Change} change
   */
  #changed(type, { post, channel, task, reason }) {
    if (channel) this.#seesChannel(channel);
    if (task) this.#tasks.learn(task, post);
    if (reason) this.reasons.set(post, reason);
    if (type === 'deleted') this.apply(post, null);
    else if (this.#isWanted(post, channel)) this.#refresher.mark(post);
  }

  /**
   * Whether the board shows the post, or would if it were new. Older pages are read when asked for.
   * @param {string} id
   * @param {string} [channel]
   */
  #isWanted(id, channel) {
    if (this.posts.has(id)) return true;
    if (this.filter.channel && this.filter.channel !== channel) return false;
    if (this.next === null) return true;
    let oldest = id;
    for (const known of this.posts.keys()) if (known < oldest) oldest = known;
    return oldest < id;
  }

  /**
   * Puts the post of a task on the board.
   * @param {string} task
   */
  async #settle(task) {
    const id = await this.#tasks.post(task);
    if (id && !this.posts.has(id)) {
      const post = await this.#readOne(id).catch(() => null);
      if (post) this.apply(id, post);
    }
    return id;
  }

  /**
   * @param {string} id
   * @returns {Promise<Post | null>}
   */
  async #readOne(id) {
    try {
      return (await get(`/posts/${id}`)).body;
    } catch (error) {
      if (error instanceof Problem && error.status === 404) return null;
      throw error;
    }
  }

  /**
   * @param {number} limit
   * @param {string | null} after
   * @returns {Promise<PostList>}
   */
  async #page(limit, after) {
    const query = new URLSearchParams({ limit: String(limit) });
    if (this.filter.channel) query.set('channel', this.filter.channel);
    if (after) query.set('after', after);
    return (await get(`/posts?${query}`)).body;
  }

  /**
   * @param {string} name
   * @param {object} [detail]
   */
  #tell(name, detail = {}) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
