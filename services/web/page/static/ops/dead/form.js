import { html, nothing, PageElement } from '../../lib/element.js';
import { EVERY, mistakes, toAddress, words } from './filter.js';

/**
 * @typedef {import('./filter.js').Filter} Filter
 * @typedef {import('./letter.js').Letter} Letter
 */

const QUEUES = [
  'render',
  'scrape',
  'results',
  'results.express',
  'render.express',
  'scrape.express',
];
const REASONS = ['deadline', 'crashed', 'broken', 'attempts'];

/** The form of a filter. It dispatches `use` with the filter when somebody sends the form. */
class DeadFilter extends PageElement {
  static properties = { filter: {}, items: {}, typed: { state: true } };

  constructor() {
    super();
    /** @type {Filter} */
    this.filter = EVERY;
    /** @type {Filter} What the form has, until it is sent. */
    this.typed = EVERY;
    /** @type {Letter[]} The letters of the list: their values are choices. */
    this.items = [];
    /** On a small screen the form would push the list out of sight. */
    this.isUnfolded = matchMedia('(min-width: 44rem)').matches;
  }

  /** @param {Map<string, unknown>} changed */
  willUpdate(changed) {
    if (changed.has('filter')) this.typed = this.filter;
  }

  /** @param {Event} event */
  onInput(event) {
    const form = /** @type {HTMLElement} */ (event.target).closest('form');
    if (form) this.typed = /** @type {Filter} */ (Object.fromEntries(new FormData(form)));
  }

  /** @param {SubmitEvent} event */
  onSubmit(event) {
    event.preventDefault();
    this.onInput(event);
    if (!Object.keys(mistakes(this.typed)).length) this.emit('use', this.typed);
  }

  template() {
    const wrong = mistakes(this.typed);
    const isChanged = toAddress(this.filter) !== '';
    return html`
      <details class="fold" ?open=${this.isUnfolded}>
        <summary>Filter: <span class="text">${words(this.filter)}</span></summary>
        <form class="filters" @submit=${this.onSubmit} @input=${this.onInput} aria-label="Filter">
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
          ${isChanged ? html`<button type="button" class="quiet" @click=${() => this.emit('use', EVERY)}>Clear</button>` : nothing}
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
}

customElements.define('dead-filter', DeadFilter);
