import './action.js';
import './form.js';
import './letter.js';
import './table.js';
import { get } from '../../lib/api.js';
import { html, nothing, PageElement } from '../../lib/element.js';
import { messageOf, several } from '../words.js';
import { EVERY, fromAddress, query, toAddress } from './filter.js';
import { moveTo, over, selectionOf } from './selection.js';

/**
 * @typedef {import('./filter.js').Filter} Filter
 * @typedef {import('./letter.js').Letter} Letter
 * @typedef {import('./action.js').Wish} Wish
 */

/** Letters of one page. */
const PAGE = 50;

/** A page may be empty although there is a next one; after so many the person decides. */
const EMPTY_PAGES = 10;

/** Dead letters: the list by a filter, one shown whole, and work on many. */
class DeadLetters extends PageElement {
  static properties = {
    address: {},
    active: { type: Boolean },
    may: { type: Boolean },
    dead: { type: Number },
    filter: { state: true },
    items: { state: true },
    next: { state: true },
    isLoading: { state: true },
    error: { state: true },
    selection: { state: true },
    deadThen: { state: true },
  };

  constructor() {
    super();
    /** The filter, as the address of the page has it. */
    this.address = '';
    this.active = false;
    this.may = false;
    /** How many there are, by the status. */
    this.dead = 0;
    /** @type {Filter} */
    this.filter = EVERY;
    /** @type {Letter[]} */
    this.items = [];
    /** @type {string | null} */
    this.next = null;
    this.isLoading = false;
    /** @type {string | null} */
    this.error = null;
    this.selection = selectionOf([]);
    this.deadThen = 0;
    this.wasLoaded = false;
    this.loads = 0;
    /** The list after work on it. */
    this.loading = Promise.resolve();
  }

  /** @param {Map<string, unknown>} changed */
  willUpdate(changed) {
    const isOther = changed.has('address') && this.address !== toAddress(this.filter);
    if (isOther) {
      this.filter = fromAddress(this.address);
      this.wasLoaded = false;
    }
    if (this.active && !this.wasLoaded) {
      this.wasLoaded = true;
      void this.load();
    }
  }

  async load() {
    this.items = [];
    this.next = null;
    this.deadThen = this.dead;
    this.selection = selectionOf([]);
    await this.more();
  }

  async more() {
    const load = ++this.loads;
    this.isLoading = true;
    this.error = null;
    try {
      for (let page = 0; page < EMPTY_PAGES; page++) {
        const asked = { ...query(this.filter), limit: String(PAGE) };
        if (this.next) Object.assign(asked, { after: this.next });
        const reply = await get(`/dead?${new URLSearchParams(asked)}`);
        if (load !== this.loads) return;
        const found = /** @type {{items: Letter[], next: string | null}} */ (reply.body);
        this.items = [...this.items, ...found.items];
        this.next = found.next;
        if (found.items.length || !found.next) break;
      }
      this.selection = over(
        this.selection,
        this.items.map((letter) => letter.id),
      );
    } catch (error) {
      if (load === this.loads) this.error = messageOf(error);
    } finally {
      if (load === this.loads) this.isLoading = false;
    }
  }

  /** @param {Filter} filter */
  use(filter) {
    this.filter = filter;
    this.emit('filter', toAddress(filter));
    void this.load();
  }

  /** @param {import('./selection.js').Selection} selection */
  select(selection) {
    this.selection = selection;
  }

  /** @param {number} row */
  async show(row) {
    const letter = this.items[row];
    if (!letter) return;
    this.selection = moveTo(this.selection, row);
    const drawer = /** @type {HTMLElement & {show: (letter: Letter) => void}} */ (
      this.querySelector('dead-letter')
    );
    drawer.show(letter);
  }

  /** @param {CustomEvent<number>} event */
  onStep(event) {
    const row = this.selection.at + event.detail;
    if (row >= 0 && row < this.items.length) void this.show(row);
  }

  /** @param {Wish} wish */
  ask(wish) {
    const action = /** @type {HTMLElement & {ask: (wish: Wish) => void}} */ (
      this.querySelector('dead-action')
    );
    action.ask(wish);
  }

  /** @param {CustomEvent<Wish>} event */
  onAct(event) {
    this.ask(event.detail);
  }

  onDone() {
    /** @type {HTMLElement & {close: () => void}} */ (this.querySelector('dead-letter')).close();
    this.loading = this.load();
  }

  /** The button that opened the question may be gone. */
  async onClosed() {
    await this.loading;
    await this.updateComplete;
    const table = /** @type {PageElement | null} */ (this.querySelector('dead-table'));
    await table?.updateComplete;
    if (!document.activeElement?.matches('body, :disabled, dialog:not([open]) *')) return;
    const next =
      this.querySelector('tr[tabindex="0"]') ?? this.querySelector('.bar button:enabled');
    /** @type {HTMLElement | null} */ (next)?.focus();
  }

  template() {
    const isNew = this.wasLoaded && !this.isLoading && this.dead > this.deadThen;
    return html`
      <dead-filter
        .filter=${this.filter}
        .items=${this.items}
        @use=${(/** @type {CustomEvent<Filter>} */ { detail }) => this.use(detail)}
      ></dead-filter>
      ${
        isNew
          ? html`<p class="notice row" role="status">
              <span>${several(this.dead - this.deadThen, 'new dead letter')} since you looked.</span>
              <button @click=${this.load}>Show them</button>
            </p>`
          : nothing
      }
      ${this.bar()}
      ${this.error ? html`<p class="error" role="alert">${this.error} <button @click=${this.load}>Try again</button></p>` : nothing}
      ${
        this.items.length
          ? html`<dead-table
              .items=${this.items}
              .selection=${this.selection}
              @selected=${(/** @type {CustomEvent} */ { detail }) => this.select(detail)}
              @opened=${(/** @type {CustomEvent<number>} */ { detail }) => this.show(detail)}
            ></dead-table>`
          : nothing
      }
      ${this.foot()}
      <dead-letter ?may=${this.may} @act=${this.onAct} @step=${this.onStep}></dead-letter>
      <dead-action @done=${this.onDone} @closed=${this.onClosed}></dead-action>
    `;
  }

  bar() {
    const ids = [...this.selection.chosen];
    if (!this.may) {
      return html`<p class="muted">
        This key may look at dead letters. Replay and drop need the scope <code>admin</code>.
      </p>`;
    }
    const selected = several(ids.length, 'letter');
    return html`
      <div class="row bar" role="group" aria-label="Work on dead letters">
        ${
          ids.length
            ? html`
                <span role="status"><b>${selected}</b> selected</span>
                <button class="primary" @click=${() => this.ask({ verb: 'replay', ids })}>Replay selected</button>
                <button class="danger" @click=${() => this.ask({ verb: 'drop', ids })}>Drop selected</button>
                <button class="quiet" @click=${() => this.select({ ...this.selection, chosen: new Set() })}>Select none</button>
              `
            : html`
                <button ?disabled=${!this.items.length} @click=${() => this.ask({ verb: 'replay', filter: this.filter })}>
                  Replay all that match…
                </button>
                <button class="danger" ?disabled=${!this.items.length} @click=${() => this.ask({ verb: 'drop', filter: this.filter })}>
                  Drop all that match…
                </button>
              `
        }
        <button class="quiet" @click=${this.load}>Reload</button>
      </div>
    `;
  }

  foot() {
    if (this.isLoading) return html`<p class="muted" role="status">Loading…</p>`;
    if (this.next) {
      return html`<div class="row"><button @click=${this.more}>Show more</button>
        <span class="muted">${several(this.items.length, 'letter')} shown.</span></div>`;
    }
    if (this.error) return nothing;
    if (!this.items.length) {
      const isAll = toAddress(this.filter) === '';
      return html`<p class="empty">
        ${isAll ? 'No dead letters. Work that fails for good is listed here.' : 'No dead letter matches this filter.'}
      </p>`;
    }
    return html`<p class="muted">
      All ${several(this.items.length, 'letter')} shown. <kbd>↑</kbd> <kbd>↓</kbd> move,
      <kbd>Space</kbd> selects, <kbd>Enter</kbd> opens.
    </p>`;
  }
}

customElements.define('dead-letters', DeadLetters);
