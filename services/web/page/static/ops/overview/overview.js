import './accounts.js';
import './charts.js';
import './picture.js';
import { html, nothing, PageElement } from '../../lib/element.js';
import { repeat } from '../../vendor/lit/directives/repeat.js';

/**
 * @typedef {import('./flow.js').Status} Status
 * @typedef {import('./trouble.js').Trouble} Trouble
 */

const LEVELS = { trouble: 'TROUBLE', warning: 'WARNING', note: 'NOTE' };

/** What is wrong, the picture, the accounts that wait, and the last hour. */
class Overview extends PageElement {
  static properties = {
    active: { type: Boolean },
    stale: { type: Boolean },
    status: { attribute: false },
    troubles: { attribute: false },
  };

  constructor() {
    super();
    this.active = false;
    /** Whether the numbers are old. */
    this.stale = false;
    /** @type {Status | null} */
    this.status = null;
    /** @type {Trouble[]} */
    this.troubles = [];
  }

  /** @param {Map<string, unknown>} changed */
  updated(changed) {
    if (!changed.has('status') || !this.active || document.hidden) return;
    /** @type {HTMLElement & {tick: () => void}} */ (this.querySelector('ops-accounts')).tick();
  }

  template() {
    const waiting = (this.status?.waiting_accounts ?? []).reduce(
      (sum, each) => sum + each.count,
      0,
    );
    const bad = this.troubles.filter((each) => each.level !== 'note');
    const notes = this.troubles.filter((each) => each.level === 'note');
    return html`
      <p class="visually-hidden" role="status">${bad.map((each) => `${each.title}.`).join(' ')}</p>
      <div role="region" aria-label="What is wrong">
        ${bad.length ? list(bad) : this.status ? WELL : nothing}
      </div>
      <h2 class="visually-hidden">The way of the data</h2>
      <ops-picture class=${this.stale ? 'stale' : ''} .status=${this.status}></ops-picture>
      ${notes.length ? list(notes) : nothing}
      <section aria-labelledby="accounts-title">
        <h2 id="accounts-title">Accounts that wait for their turn</h2>
        <ops-accounts .waiting=${waiting}></ops-accounts>
      </section>
      <section aria-labelledby="hour-title">
        <h2 id="hour-title">The last hour</h2>
        <ops-charts ?active=${this.active}></ops-charts>
      </section>
    `;
  }
}

const WELL = html`<p class="well">
  <split-flap class="flag" text="ALL WELL" cells="8"></split-flap> Nothing is shed, and nothing is late.
</p>`;

/** @param {Trouble[]} troubles */
function list(troubles) {
  return html`
    <ul class="troubles">
      ${repeat(
        troubles,
        (each) => each.id,
        (each) => html`
          <li class=${`trouble ${each.level}`}>
            <split-flap class="flag" text=${LEVELS[each.level]} cells="7"></split-flap>
            <div>
              <p class="text"><b>${each.title}.</b> ${each.text}</p>
              <p class="advice">
                ${each.advice}
                ${each.id === 'dead' ? html`<a href="#dead">Open them</a>, or see` : 'See'}
                <code>${each.doc}</code>
              </p>
            </div>
          </li>
        `,
      )}
    </ul>
  `;
}

customElements.define('ops-overview', Overview);
