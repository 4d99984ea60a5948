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

  /** Headers for requests to the API: no form of another page can send this one. */
  headers() {
    return { 'Splitflap-Page': '1' };
  }

  /** @param {string} scope */
  may(scope) {
    const scopes = this.current?.scopes ?? [];
    return scopes.includes(scope) || scopes.includes('admin');
  }

  /**
   * Finds the present session, or takes the key of the address bar. It removes the key from there
   * first, so that no history and no copied link has it. Without a server it tries until there is one.
   */
  async start() {
    const key = keyOfFragment();
    addEventListener('hashchange', () => {
      const another = keyOfFragment();
      if (another) void this.signIn(another).catch(() => {});
    });
    addEventListener('storage', ({ key: name }) => name === hint.name && void this.#follow());
    for (let wait = 1000; ; wait = Math.min(wait * 2, 15_000)) {
      try {
        if (key) await this.signIn(key);
        else await this.#load();
        break;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, wait));
      }
    }
    this.known = true;
    this.#changed();
  }

  async #load() {
    // Nobody has signed in here: a question would only put an error into the console.
    if (!hint.get()) return;
    const response = await fetch('/v1/session', { headers: this.headers() });
    if (response.status >= 500) throw new Error(`status ${response.status}`);
    if (response.ok) this.current = await response.json();
    else hint.set(false);
  }

  /** Another tab has signed in or out. */
  async #follow() {
    if (!hint.get()) this.expired();
    else if (!this.current) {
      await this.#load().catch(() => {});
      this.#changed();
    }
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
    this.current = body;
    hint.set(true);
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

  /** The API refused the session: it has ended, or its key was revoked. */
  expired() {
    if (!this.current) return;
    this.current = null;
    hint.set(false);
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event('change'));
  }
}

/** Whether somebody has signed in: the cookie is out of reach for scripts. */
const hint = {
  name: 'splitflap.session',
  get() {
    try {
      return localStorage.getItem(this.name) !== null;
    } catch {
      return true;
    }
  },
  /** @param {boolean} isThere */
  set(isThere) {
    try {
      if (isThere) localStorage.setItem(this.name, '1');
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
