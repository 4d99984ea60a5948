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
      this.hidden = !session.known || session.current !== null;
      if (!this.hidden) this.requestUpdate();
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

  template() {
    return html`
      <main><form class="sign-in" @submit=${this.onSubmit}>
        <h1>Sign in</h1>
        <p>
          Paste a key. <code>make run</code> prints a link that brings it, and keeps the key in
          <code>data/key</code>.
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
        ${this.error ? html`<p id="sign-in-error" class="error" role="alert">${this.error}</p>` : nothing}
      </form></main>
    `;
  }
}

customElements.define('sign-in', SignIn);
