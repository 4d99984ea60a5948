import './action.js';
import './letter.js';
import { get } from '../../lib/api.js';
import { html, nothing, PageElement } from '../../lib/element.js';
import { repeat } from '../../vendor/lit/directives/repeat.js';
import { ago, clock, messageOf, several } from '../words.js';
import { EVERY, fromAddress, mistakes, query, toAddress, words } from './filter.js';
import { visible } from './pretty.js';
import { moveTo, over, selectionOf, toggle, toggleAll } from './selection.js';

/**
 * @typedef {import('./filter.js').Filter} Filter
 * @typedef {import('./letter.js').Letter} Letter
 * @typedef {import('./action.js').Wish} Wish
 */

/** Letters of one page. */
const PAGE = 50;

/** A page may be empty although there is a next one; after so many the person decides. */
const EMPTY_PAGES = 10;

const QUEUES = [
  'render',
  'scrape',
  'results',
  'results.express',
  'render.express',
  'scrape.express',
];
const REASONS = ['deadline', 'crashed', 'broken', 'attempts'];

/** Dead letters: filters, a list, one shown whole, and work on many. */
class DeadLetters extends PageElement {
  static properties = {
    address: {},
    active: { type: Boolean },
    may: { type: Boolean },
    dead: { type: Number },
    filter: { state: true },
    typed: { state: true },
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
    /** @type {Filter} What the form has, until it is sent. */
    this.typed = EVERY;
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
    /** On a small screen the form would push the list out of sight. */
    this.isUnfolded = matchMedia('(min-width: 44rem)').matches;
  }

  /** @param {Map<string, unknown>} changed */
  willUpdate(changed) {
    const isOther = changed.has('address') && this.address !== toAddress(this.filter);
    if (isOther) {
      this.filter = fromAddress(this.address);
      this.typed = this.filter;
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

  // -- the filter --------------------------------------------------------------------------------

  /** @param {Event} event */
  onInput(event) {
    const form = /** @type {HTMLElement} */ (event.target).closest('form');
    if (form) this.typed = /** @type {Filter} */ (Object.fromEntries(new FormData(form)));
  }

  /** @param {SubmitEvent} event */
  onFilter(event) {
    event.preventDefault();
    this.onInput(event);
    if (!Object.keys(mistakes(this.typed)).length) this.use(this.typed);
  }

  /** @param {Filter} filter */
  use(filter) {
    this.filter = filter;
    this.typed = filter;
    this.emit('filter', toAddress(filter));
    void this.load();
  }

  // -- the list ----------------------------------------------------------------------------------

  /** @param {KeyboardEvent} event */
  onKey(event) {
    const { selection } = this;
    if (event.altKey || !(event.target instanceof Element) || !event.target.closest('tbody'))
      return;
    const rows = { ArrowUp: -1, ArrowDown: 1, PageUp: -10, PageDown: 10 }[event.key];
    let changed = null;
    if (rows) changed = moveTo(selection, selection.at + rows, event.shiftKey);
    else if (event.key === 'Home') changed = moveTo(selection, 0, event.shiftKey);
    else if (event.key === 'End') changed = moveTo(selection, this.items.length, event.shiftKey);
    else if (event.key === ' ') changed = toggle(selection, selection.at);
    else if (event.key === 'a' && (event.ctrlKey || event.metaKey)) changed = toggleAll(selection);
    else if (event.key === 'Enter') void this.show(selection.at);
    else return;
    event.preventDefault();
    if (changed) void this.moved(changed);
  }

  /** @param {import('./selection.js').Selection} selection */
  async moved(selection) {
    this.selection = selection;
    await this.updateComplete;
    /** @type {HTMLElement | null} */ (this.querySelector('tr[tabindex="0"]'))?.focus();
  }

  /**
   * @param {MouseEvent} event
   * @param {number} row
   */
  onClick(event, row) {
    const isBox = event.target instanceof HTMLElement && event.target.closest('.pick');
    if (event.shiftKey) this.selection = moveTo(this.selection, row, true);
    else if (isBox || event.ctrlKey || event.metaKey) this.selection = toggle(this.selection, row);
    else void this.show(row);
  }

  /**
   * A click with Shift selects letters, not text.
   * @param {MouseEvent} event
   */
  onPress(event) {
    if (event.shiftKey) event.preventDefault();
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

  // -- work --------------------------------------------------------------------------------------

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
    if (!document.activeElement?.matches('body, :disabled, dialog:not([open]) *')) return;
    const next =
      this.querySelector('tr[tabindex="0"]') ?? this.querySelector('.bar button:enabled');
    /** @type {HTMLElement | null} */ (next)?.focus();
  }

  template() {
    const isNew = this.wasLoaded && !this.isLoading && this.dead > this.deadThen;
    return html`
      ${this.form()}
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
      ${this.items.length ? this.table() : nothing}
      ${this.foot()}
      <dead-letter ?may=${this.may} @act=${this.onAct} @step=${this.onStep}></dead-letter>
      <dead-action @done=${this.onDone} @closed=${this.onClosed}></dead-action>
    `;
  }

  form() {
    const wrong = mistakes(this.typed);
    const isChanged = toAddress(this.filter) !== '';
    return html`
      <details class="fold" ?open=${this.isUnfolded}>
        <summary>Filter: <span class="text">${words(this.filter)}</span></summary>
        <form class="filters" @submit=${this.onFilter} @input=${this.onInput} aria-label="Filter">
        ${this.field('reason', 'Reason', 'whole reason', REASONS)}
        ${this.field('queue', 'Queue', 'kind or queue', QUEUES)}
        ${this.field('account', 'Account', 'name', [])}
        ${this.field('newer', 'Newer than', '2h', ['15min', '1h', '2h', '1d'], wrong.newer)}
        ${this.field('older', 'Older than', '7d', ['1h', '1d', '7d'], wrong.older)}
        <div class="field">
          <label for="filter-replayed">Replayed</label>
          <select id="filter-replayed" name="replayed" .value=${this.typed.replayed}>
            <option value="no">no</option>
            <option value="yes">yes</option>
            <option value="all">all</option>
          </select>
        </div>
        <div class="row">
          <button class="primary">Filter</button>
          ${isChanged ? html`<button type="button" class="quiet" @click=${() => this.use(EVERY)}>Clear</button>` : nothing}
        </div>
        </form>
      </details>
    `;
  }

  /**
   * @param {'reason' | 'queue' | 'account' | 'newer' | 'older'} name
   * @param {string} label
   * @param {string} example
   * @param {string[]} known
   * @param {string} [wrong]
   */
  field(name, label, example, known, wrong) {
    const seen = this.items.map((letter) =>
      name === 'newer' || name === 'older' ? '' : (letter[name] ?? ''),
    );
    const choices = [...new Set([...known, ...seen])].filter(Boolean).slice(0, 50);
    const id = `filter-${name}`;
    return html`
      <div class="field">
        <label for=${id}>${label}</label>
        <input
          id=${id}
          name=${name}
          list=${`${id}-choices`}
          placeholder=${example}
          autocomplete="off"
          spellcheck="false"
          .value=${this.typed[name]}
          aria-invalid=${wrong ? 'true' : nothing}
          aria-describedby=${wrong ? `${id}-wrong` : nothing}
        />
        <datalist id=${`${id}-choices`}>
          ${choices.map((choice) => html`<option value=${choice}></option>`)}
        </datalist>
        ${wrong ? html`<p class="error" id=${`${id}-wrong`}>${wrong}</p>` : nothing}
      </div>
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
                <button
                  class="quiet"
                  @click=${() => {
                    this.selection = { ...this.selection, chosen: new Set() };
                  }}
                >
                  Select none
                </button>
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

  table() {
    const { chosen, at } = this.selection;
    const isAll = chosen.size === this.items.length;
    return html`
      <table
        class="letters"
        role="grid"
        aria-multiselectable="true"
        aria-label="Dead letters, newest first"
        @keydown=${this.onKey}
      >
        <thead role="rowgroup">
          <tr role="row">
            <th role="columnheader" class="pick">
              <input
                type="checkbox"
                aria-label="Select all that are shown"
                .checked=${isAll}
                .indeterminate=${chosen.size > 0 && !isAll}
                @click=${() => {
                  this.selection = toggleAll(this.selection);
                }}
              />
            </th>
            <th role="columnheader" scope="col">Age</th>
            <th role="columnheader" scope="col">Queue</th>
            <th role="columnheader" scope="col">Reason</th>
            <th role="columnheader" scope="col">Account</th>
            <th role="columnheader" scope="col">Replayed</th>
          </tr>
        </thead>
        <tbody role="rowgroup">
          ${repeat(
            this.items,
            (letter) => letter.id,
            (letter, row) => html`
              <tr
                role="row"
                tabindex=${row === at ? 0 : -1}
                aria-selected=${chosen.has(letter.id)}
                @mousedown=${this.onPress}
                @click=${(/** @type {MouseEvent} */ event) => this.onClick(event, row)}
              >
                <td role="gridcell" class="pick">
                  <input
                    type="checkbox"
                    tabindex="-1"
                    aria-label=${`Select the letter of ${clock(letter.created_at)}`}
                    .checked=${chosen.has(letter.id)}
                  />
                </td>
                <td role="gridcell" class="when" title=${clock(letter.created_at)}>${ago(letter.created_at)}</td>
                <td role="gridcell"><span class="queue">${visible(letter.queue)}</span></td>
                <td role="gridcell" class="reason"><div class="clamp">${visible(letter.reason)}</div></td>
                <td role="gridcell" class="name">${visible(letter.account ?? '–')}</td>
                <td role="gridcell" class="replayed">${letter.replayed_at ? ago(letter.replayed_at) : ''}</td>
              </tr>
            `,
          )}
        </tbody>
      </table>
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
