import './access/audit.js';
import './access/keys.js';
import './access/sessions.js';
import './dead/list.js';
import './load/panel.js';
import './overview/overview.js';
import { call } from '../lib/api.js';
import { html, nothing, PageElement } from '../lib/element.js';
import { session } from '../lib/session.js';
import { StatusFeed } from './overview/feed.js';
import { troubles, windowTitle } from './overview/trouble.js';
import { clock, count } from './words.js';

/** @typedef {import('./overview/trouble.js').Trouble} Trouble */

const VIEWS = /** @type {const} */ ([
  ['overview', 'Overview'],
  ['dead', 'Dead letters'],
  ['keys', 'Keys'],
  ['sessions', 'Sessions'],
  ['audit', 'Audit'],
  ['load', 'Demonstration'],
]);

const ICON = new URL('../style/icon.svg', import.meta.url).href;
const ICON_OF_TROUBLE = new URL('icon-trouble.svg', import.meta.url).href;

/** Milliseconds that a poll may take. */
const PATIENCE = 10_000;

/** @returns {Promise<import('./overview/flow.js').Status>} */
async function poll() {
  const signal = AbortSignal.timeout(PATIENCE);
  try {
    return (await call('GET', '/status', { signal })).body;
  } catch (error) {
    throw signal.aborted ? new Error('The server did not answer for ten seconds.') : error;
  }
}

/** The operator's page: its views, the status, and the title that shows trouble. */
class Operations extends PageElement {
  static properties = { view: { state: true }, rest: { state: true } };

  constructor() {
    super();
    this.view = 'overview';
    this.rest = '';
    this.feed = new StatusFeed({
      open: (url) => new EventSource(url),
      poll,
      isHidden: () => document.hidden,
      now: () => performance.now() / 1000,
    });
    this.onSession = () => {
      if (this.maySee) this.feed.start();
      else this.feed.stop();
      this.requestUpdate();
    };
    this.onFeed = () => this.requestUpdate();
    this.onHash = () => this.route();
    this.onVisible = () => this.maySee && this.feed.tick();
  }

  connectedCallback() {
    super.connectedCallback();
    session.addEventListener('change', this.onSession);
    this.feed.addEventListener('change', this.onFeed);
    addEventListener('hashchange', this.onHash);
    document.addEventListener('visibilitychange', this.onVisible);
    this.route();
    this.onSession();
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    session.removeEventListener('change', this.onSession);
    this.feed.removeEventListener('change', this.onFeed);
    removeEventListener('hashchange', this.onHash);
    document.removeEventListener('visibilitychange', this.onVisible);
    this.feed.stop();
  }

  get maySee() {
    return session.may('observe');
  }

  /** The view and the rest of the fragment, as in `#dead?reason=crashed`. */
  route() {
    const [view, ...rest] = location.hash.slice(1).split('?');
    const known = VIEWS.some(([name]) => name === view);
    const isOther = known && view !== this.view;
    this.view = known ? view : 'overview';
    if (view === 'dead') this.rest = rest.join('?');
    void this.showTab();
    if (isOther && this.hasUpdated) void this.focusView();
  }

  /** On a small screen the tabs scroll. */
  async showTab() {
    await this.updateComplete;
    this.querySelector('.views a[aria-current]')?.scrollIntoView({
      block: 'nearest',
      inline: 'nearest',
    });
  }

  async focusView() {
    await this.updateComplete;
    /** @type {HTMLElement | null} */ (
      this.querySelector('section.view:not([hidden]) > h1')
    )?.focus();
  }

  /** @param {CustomEvent<string>} event */
  onFilter(event) {
    this.rest = event.detail;
    history.replaceState(null, '', event.detail ? `#dead?${event.detail}` : '#dead');
  }

  /** What is wrong, the loss of the news itself first. */
  get troubles() {
    const { feed } = this;
    const found = feed.status ? troubles(feed.status) : [];
    if (feed.way !== 'none' || (feed.status === null && feed.error === null)) return found;
    /** @type {Trouble} */
    const lost = {
      id: 'news',
      level: 'trouble',
      title: 'This page gets no numbers',
      text: `${feed.status ? `These are of ${clock(feed.newsTime)}.` : ''} ${feed.error ?? ''}`,
      advice: 'Check that the API runs and that you are online. The page tries again by itself.',
      doc: 'docs/alerts.md#splitflapapiabsent',
    };
    return [lost, ...found];
  }

  updated() {
    const found = session.current && this.maySee ? this.troubles : [];
    document.title = windowTitle(found);
    const icon = /** @type {HTMLLinkElement | null} */ (document.querySelector('link[rel=icon]'));
    const href = found.some((each) => each.level === 'trouble') ? ICON_OF_TROUBLE : ICON;
    if (icon && icon.href !== href) icon.href = href;
    const header = /** @type {(HTMLElement & {state: string, note: string}) | null} */ (
      document.querySelector('page-header')
    );
    if (header) {
      const { way, status } = this.feed;
      header.state = way !== 'none' ? 'open' : status ? 'waiting' : 'connecting';
      header.note = way === 'poll' ? 'The numbers come by polling, every five seconds' : '';
    }
  }

  template() {
    const { current } = session;
    if (!current) return nothing;
    if (!this.maySee) return this.barred(current);
    const may = session.may('admin');
    const mayWrite = session.may('write');
    const { status } = this.feed;
    const views = {
      overview: html`<ops-overview ?stale=${this.feed.way === 'none'} .status=${status} .troubles=${this.troubles} ?active=${this.view === 'overview'}></ops-overview>`,
      dead: html`<dead-letters
        ?active=${this.view === 'dead'}
        ?may=${may}
        .dead=${status?.dead ?? 0}
        .address=${this.rest}
        @filter=${this.onFilter}
      ></dead-letters>`,
      keys: html`<ops-keys ?active=${this.view === 'keys'} ?may=${may}></ops-keys>`,
      sessions: html`<ops-sessions ?active=${this.view === 'sessions'}></ops-sessions>`,
      audit: html`<ops-audit ?active=${this.view === 'audit'}></ops-audit>`,
      load: html`<ops-load ?may=${mayWrite}></ops-load>`,
    };
    return html`
      <nav class="views" aria-label="Views">
        ${VIEWS.map(
          ([name, title]) => html`
            <a href=${`#${name}`} aria-current=${this.view === name ? 'page' : nothing}>
              ${title}${name === 'dead' && status?.dead ? html` <span class="badge">${count(status.dead)}</span>` : nothing}
            </a>
          `,
        )}
      </nav>
      <main>
        ${may ? nothing : html`<p class="notice">You may look at everything here. Changes need a key with the scope <b>admin</b>.</p>`}
        ${VIEWS.map(
          ([name, title]) => html`
            <section class="view" ?hidden=${this.view !== name} aria-labelledby=${`title-${name}`}>
              <h1 id=${`title-${name}`} tabindex="-1">${title}</h1>
              ${views[name]}
            </section>
          `,
        )}
      </main>
    `;
  }

  /** @param {{account: string, scopes: string[]}} current */
  barred(current) {
    return html`
      <main>
        <section class="card barred">
          <h1>This key cannot see the operator’s page</h1>
          <p>
            You are signed in as <b class="text">${current.account}</b>, and the key may ${current.scopes.join(' and ')}. This
            page needs the scope <b>observe</b> to look, or <b>admin</b> to change things too.
          </p>
          <p>Somebody with an admin key makes one for you:</p>
          <pre>splitflap keys create --account NAME --scope observe</pre>
          <div class="row">
            <button class="primary" @click=${() => session.signOut()}>Use another key</button>
            <a href="/">Go to the board</a>
          </div>
        </section>
      </main>
    `;
  }
}

customElements.define('splitflap-ops', Operations);
