import { get } from '../../lib/api.js';
import { html, nothing, PageElement } from '../../lib/element.js';
import { EVERY, toAddress } from '../dead/filter.js';
import { count, duration } from '../words.js';

/**
 * @typedef {{
 *   account: string, kind: string, held: number, oldest_seconds: number, used_seconds: number,
 *   mean_seconds: number | null, why: string,
 * }} WaitingAccount
 */

/** Milliseconds between two questions. */
const ASK_EVERY = 5000;

/** The API counts up to this number of held jobs. */
const COUNTED = 1000;

/** @type {Record<string, string>} */
const WHY = {
  share: 'Other accounts have their turn.',
  window: 'It is alone, and the workers are busy.',
  overdue_texts: 'Many of its texts used up their deadline, so one is under way at a time.',
  low: 'All of its jobs have a low priority and yield to others.',
};

/** The accounts that wait for a turn, and why. */
class Accounts extends PageElement {
  static properties = {
    waiting: { type: Number },
    items: { state: true },
    error: { state: true },
  };

  constructor() {
    super();
    this.waiting = 0;
    /** @type {WaitingAccount[] | null} */
    this.items = null;
    /** @type {string | null} */
    this.error = null;
    this.askedAt = Number.NEGATIVE_INFINITY;
  }

  /** The status comes every two seconds; this asks less often, and only while accounts wait. */
  tick() {
    const now = performance.now();
    if (!this.waiting) this.items = null;
    else if (now - this.askedAt >= ASK_EVERY) {
      this.askedAt = now;
      void this.load();
    }
  }

  async load() {
    try {
      const reply = await get('/status/accounts', { patient: false });
      this.items = /** @type {{items: WaitingAccount[]}} */ (reply.body).items;
      this.error = null;
    } catch (error) {
      this.error = error instanceof Error ? error.message : String(error);
    }
  }

  template() {
    if (!this.waiting) {
      return html`<p class="quiet">No account waits for its turn.</p>`;
    }
    return html`
      ${this.error ? html`<p class="error" role="alert">${this.error}</p>` : nothing}
      ${this.items ? this.table(this.items) : html`<p class="quiet">Loading…</p>`}
    `;
  }

  /** @param {WaitingAccount[]} items */
  table(items) {
    return html`
      <div class="scroll" tabindex="0" role="region" aria-label="Accounts that wait">
        <table class="stacked">
          <thead>
            <tr>
              <th scope="col">Account</th>
              <th scope="col">Kind</th>
              <th scope="col" class="number">Held</th>
              <th scope="col" class="number">Oldest</th>
              <th scope="col" class="number">Used</th>
              <th scope="col" class="number">Mean</th>
              <th scope="col">Why it waits</th>
            </tr>
          </thead>
          <tbody>
            ${items.map(
              (each) => html`
                <tr>
                  <th scope="row" class="name">${each.account}</th>
                  <td data-label="Kind">${each.kind}</td>
                  <td class="number" data-label="Held">${count(each.held)}${each.held >= COUNTED ? '+' : ''}</td>
                  <td class="number" data-label="Oldest">${duration(each.oldest_seconds)}</td>
                  <td class="number" data-label="Used">${duration(each.used_seconds)}</td>
                  <td class="number" data-label="Mean">${duration(each.mean_seconds)}</td>
                  <td>${WHY[each.why] ?? each.why} ${each.why === 'overdue_texts' ? html`<a href=${deadLettersOf(each.account)}>See them</a>` : nothing}</td>
                </tr>
              `,
            )}
          </tbody>
        </table>
      </div>
    `;
  }
}

/** @param {string} account */
function deadLettersOf(account) {
  return `#dead?${toAddress({ ...EVERY, reason: 'deadline', account })}`;
}

customElements.define('ops-accounts', Accounts);
