import { html, PageElement } from '../../lib/element.js';
import { repeat } from '../../vendor/lit/directives/repeat.js';
import { ago, clock } from '../words.js';
import { visible } from './pretty.js';
import { moveTo, selectionOf, toggle, toggleAll } from './selection.js';

/**
 * @typedef {import('./letter.js').Letter} Letter
 * @typedef {import('./selection.js').Selection} Selection
 */

/**
 * The rows of dead letters, by mouse and by keyboard. It dispatches `selected` with the new selection,
 * and `opened` with the number of a row.
 */
class DeadTable extends PageElement {
  static properties = { items: {}, selection: {} };

  constructor() {
    super();
    /** @type {Letter[]} */
    this.items = [];
    this.selection = selectionOf([]);
  }

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
    else if (event.key === 'Enter') this.emit('opened', selection.at);
    else return;
    event.preventDefault();
    if (changed) void this.moved(changed);
  }

  /** @param {Selection} selection */
  select(selection) {
    this.selection = selection;
    this.emit('selected', selection);
  }

  /** @param {Selection} selection */
  async moved(selection) {
    this.select(selection);
    await this.updateComplete;
    /** @type {HTMLElement | null} */ (this.querySelector('tr[tabindex="0"]'))?.focus();
  }

  /**
   * @param {MouseEvent} event
   * @param {number} row
   */
  onClick(event, row) {
    const isBox = event.target instanceof HTMLElement && event.target.closest('.pick');
    if (event.shiftKey) this.select(moveTo(this.selection, row, true));
    else if (isBox || event.ctrlKey || event.metaKey) this.select(toggle(this.selection, row));
    else this.emit('opened', row);
  }

  /**
   * A click with Shift selects letters, not text.
   * @param {MouseEvent} event
   */
  onPress(event) {
    if (event.shiftKey) event.preventDefault();
  }

  template() {
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
                @click=${() => this.select(toggleAll(this.selection))}
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
}

customElements.define('dead-table', DeadTable);
