/**
 * The session of this page. The person gives a key once, or a link brings it in its fragment; the
 * API exchanges it for a cookie that no script can read.
 *
 * `session` dispatches `change` when somebody signs in or out, or when the session has ended.
 */

/**
 * @typedef {object} Session
 * @property {string} account
 * @property {string[]} scopes
 * @property {string} id
 * @property {string} expires_at
 */

class SessionHolder extends EventTarget {
  /** @type {Session | null} */
  current = null;
  /** Whether `start` has ended. */
  known = false;
  /** The key of a link, while the person has to choose between two accounts. */
  /** @type {string | null} */
  offered = null;
  /** Why the key of a link was refused. */
  /** @type {string | null} */
  problem = null;

  /** Headers for requests to the API: no form of another page can send this one. */
  headers() {
    return { 'Splitflap-Page': '1' };
  }

  /**
   * Whether the key has the scope. As in the API, `admin` includes `observe` and no other one.
   * @param {string} scope
   */
  may(scope) {
    const scopes = this.current?.scopes ?? [];
    return scopes.includes(scope) || (scope === 'observe' && scopes.includes('admin'));
  }

  /**
   * Finds the present session, or takes the key of the address bar. It removes the key from there
   * first, so that no history and no copied link has it. Without a server it tries until there is one.
   */
  async start() {
    const key = keyOfFragment();
    addEventListener('hashchange', () => {
      const another = keyOfFragment();
      if (another) void this.#take(another).catch(() => {});
    });
    addEventListener('storage', ({ key: name }) => name === hint.name && void this.#follow());
    for (let wait = 1000; ; wait = Math.min(wait * 2, 15_000)) {
      try {
        await this.#load();
        if (key) await this.#take(key);
        break;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, wait));
      }
    }
    this.known = true;
    this.#changed();
  }

  /** @returns {Promise<boolean>} whether there is a session */
  async #load() {
    // Nobody has signed in here: a question would only put an error into the console.
    if (!hint.get()) return false;
    const response = await fetch('/v1/session', { headers: this.headers() });
    if (response.status >= 500) throw new Error(`status ${response.status}`);
    if (response.ok) this.#begin(await response.json());
    else hint.set(null);
    return response.ok;
  }

  /**
   * Takes the key of a link. Any site may have such a link, and the browser's cookie is one for all
   * tabs: so a change of the account is the person's choice.
   * @param {string} key
   */
  async #take(key) {
    if (this.current && !(await this.#isOfAccount(key))) return;
    this.problem = await this.signIn(key);
    this.#changed();
  }

  /**
   * Whether a key is of the present account. For another account's key, the page asks the person.
   * @param {string} key
   */
  async #isOfAccount(key) {
    const headers = { Authorization: `Bearer ${key}` };
    const response = await fetch('/v1/sessions?limit=100', { headers });
    if (!response.ok) return false;
    const { items } = /** @type {{items: Session[]}} */ (await response.json());
    if (items.some(({ id }) => id === this.current?.id)) return true;
    this.offered = key;
    this.#changed();
    return false;
  }

  /**
   * The person's choice after a link with another account's key.
   * @param {boolean} isAccepted
   */
  async choose(isAccepted) {
    const key = this.offered;
    this.offered = null;
    this.#changed();
    if (!isAccepted || !key) return;
    this.problem = await this.signIn(key).catch(() => 'The server cannot be reached.');
    this.#changed();
  }

  /** Another tab has signed in or out. */
  async #follow() {
    if (!hint.get()) this.expired();
    else {
      await this.#load().catch(() => {});
      this.#changed();
    }
  }

  /**
   * What the page shows may be of the account before, so it begins anew.
   * @param {Session} session
   */
  #begin(session) {
    const before = this.current?.account ?? session.account;
    this.current = session;
    hint.set(session.id);
    if (before !== session.account) location.reload();
  }

  /**
   * @param {string} key
   * @returns {Promise<string | null>} why it failed, null if it did not
   */
  async signIn(key) {
    const response = await fetch('/v1/session', {
      method: 'POST',
      headers: { 'Splitflap-Page': '1', 'Content-Type': 'application/json' },
      body: JSON.stringify({ key }),
    });
    const body = await response.json().catch(() => ({}));
    if (!response.ok) return body.detail ?? `The server answered ${response.status}.`;
    this.#begin(body);
    this.#changed();
    return null;
  }

  /** @returns {Promise<boolean>} whether the session has ended */
  async signOut() {
    try {
      const response = await fetch('/v1/session', { method: 'DELETE', headers: this.headers() });
      if (!response.ok && response.status !== 401) return false;
    } catch {
      return false;
    }
    this.expired();
    return true;
  }

  /** @type {Promise<boolean> | null} */
  #asking = null;

  /**
   * The API refused a request: the session has ended, or its key was revoked. But a newer session may
   * have replaced it during the request.
   * @returns {Promise<boolean>} whether there is a session
   */
  refused() {
    this.#asking ??= this.#load()
      .catch(() => false)
      .then((isThere) => {
        this.#asking = null;
        if (isThere) this.#changed();
        else this.expired();
        return isThere;
      });
    return this.#asking;
  }

  /** The session has ended. */
  expired() {
    if (!this.current) return;
    // The storage may name a newer session, of another tab.
    if (hint.get() === this.current.id) hint.set(null);
    this.current = null;
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event('change'));
  }
}

/** The id of the session: the cookie is out of reach for scripts. Other tabs see it change. */
const hint = {
  name: 'splitflap.session',
  get() {
    try {
      return localStorage.getItem(this.name);
    } catch {
      return 'unknown';
    }
  },
  /** @param {string | null} id */
  set(id) {
    try {
      if (id) localStorage.setItem(this.name, id);
      else localStorage.removeItem(this.name);
    } catch {
      // Without storage, the page asks each time.
    }
  },
};

function keyOfFragment() {
  const key = new URLSearchParams(location.hash.slice(1)).get('key');
  if (key) history.replaceState(history.state, '', location.pathname + location.search);
  return key;
}

export const session = new SessionHolder();
