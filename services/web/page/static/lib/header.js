import './flap.js';
import { html, nothing, PageElement } from './element.js';
import { session } from './session.js';

/** What each state of the connection is called on the board, and in words. */
const STATES = {
  connecting: ['JOINING', 'Connecting to the server'],
  open: ['LIVE', 'Connected: changes appear at once'],
  waiting: ['LOST', 'The connection was lost; the page reconnects'],
  offline: ['OFFLINE', 'No network; what you send waits here'],
  busy: ['BUSY', 'The server asks to wait'],
  unauthorized: ['SIGNED OUT', 'Nobody is signed in'],
};

/**
 * The head of each page: `page` is `board` or `ops`, `state` that of the connection.
 */
class PageHeader extends PageElement {
  static properties = { page: {}, state: {}, note: {} };

  constructor() {
    super();
    this.page = 'board';
    /** @type {keyof typeof STATES} */
    this.state = 'connecting';
    /** Replaces the words of the state. */
    this.note = '';
    this.onChange = () => this.requestUpdate();
  }

  connectedCallback() {
    super.connectedCallback();
    session.addEventListener('change', this.onChange);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    session.removeEventListener('change', this.onChange);
  }

  async onSignOut() {
    this.note = (await session.signOut())
      ? ''
      : 'You are still signed in: the server did not answer';
  }

  template() {
    const { current } = session;
    const state = session.known && !current ? 'unauthorized' : this.state;
    const [flap, words] = STATES[state];
    return html`
      <header class="page-header">
        <a class="brand" href="/" aria-label="Splitflap, to the board">
          <split-flap aria-hidden="true" text="SPLITFLAP"></split-flap>
        </a>
        <nav aria-label="Pages">
          <a href="/" aria-current=${this.page === 'board' ? 'page' : nothing}>Board</a>
          <a href="/ops" aria-current=${this.page === 'ops' ? 'page' : nothing}>Operations</a>
        </nav>
        <p class="connection ${state}" role="status" title=${this.note || words}>
          <split-flap aria-hidden="true" text=${flap} cells="10"></split-flap>
          <span class="visually-hidden">${this.note || words}</span>
        </p>
        ${
          current
            ? html`<p class="account">
                <span>${current.account}</span>
                <button class="quiet" @click=${this.onSignOut}>Sign out</button>
              </p>`
            : nothing
        }
      </header>
    `;
  }
}

customElements.define('page-header', PageHeader);
