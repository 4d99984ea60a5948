import { html, nothing, PageElement } from './element.js';
import { session } from './session.js';

/** Asks for a key while nobody is signed in. */
class SignIn extends PageElement {
  static properties = { error: { state: true }, busy: { state: true } };

  constructor() {
    super();
    /** @type {string | null} */
    this.error = null;
    this.busy = false;
    this.hidden = true;
    this.onChange = () => {
      this.hidden = !session.offered && (!session.known || session.current !== null);
      this.error = session.problem ?? this.error;
      session.problem = null;
      this.requestUpdate();
    };
  }

  connectedCallback() {
    super.connectedCallback();
    session.addEventListener('change', this.onChange);
    this.onChange();
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    session.removeEventListener('change', this.onChange);
  }

  /** @param {SubmitEvent} event */
  async onSubmit(event) {
    event.preventDefault();
    const form = /** @type {HTMLFormElement} */ (event.target);
    const key = String(new FormData(form).get('key') ?? '').trim();
    this.busy = true;
    this.error = null;
    try {
      this.error = await session.signIn(key);
      if (this.error === null) form.reset();
    } catch {
      this.error = 'The server cannot be reached.';
    }
    this.busy = false;
    if (this.error) form.querySelector('input')?.focus();
  }

  /** A link with another account's key came. */
  updated() {
    const dialog = this.querySelector('dialog');
    if (dialog && !dialog.open) dialog.showModal();
  }

  #question() {
    const { current } = session;
    return html`
      <dialog class="card question" aria-labelledby="question-title" @close=${() => session.choose(false)}>
        <form method="dialog">
          <h2 id="question-title">Change the account?</h2>
          <p>
            You are signed in as <b><bdi>${current?.account}</bdi></b>. The link that you opened has the key of another
            account. Use it only if you know who made the link.
          </p>
          <p class="row">
            <button class="primary" autofocus>Stay <bdi>${current?.account}</bdi></button>
            <button type="button" @click=${() => session.choose(true)}>Use the key of the link</button>
          </p>
        </form>
      </dialog>
    `;
  }

  template() {
    if (session.offered) return this.#question();
    return html`
      <main><form class="sign-in" @submit=${this.onSubmit}>
        <h1>Sign in</h1>
        <p>
          Paste your key. An operator makes it with <code>splitflap keys create</code>. After
          <code>make run</code>, the first key is in the file <code>data/key</code>.
        </p>
        <label for="sign-in-key">Key</label>
        <div class="row">
          <input
            id="sign-in-key"
            name="key"
            type="password"
            autocomplete="current-password"
            required
            spellcheck="false"
            aria-describedby=${this.error ? 'sign-in-error' : nothing}
            aria-invalid=${this.error ? 'true' : nothing}
          />
          <button class="primary" ?disabled=${this.busy}>Sign in</button>
        </div>
        ${navigator.cookieEnabled ? nothing : html`<p class="error" role="alert">Your browser blocks cookies. This page needs one of its own.</p>`}
        ${this.error ? html`<p id="sign-in-error" class="error" role="alert">${this.error}</p>` : nothing}
      </form></main>
    `;
  }
}

customElements.define('sign-in', SignIn);
