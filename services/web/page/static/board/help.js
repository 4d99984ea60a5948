import { html, PageElement } from '../lib/element.js';

const ROWS = [
  ['n', 'Write a post'],
  ['Ctrl Enter', 'Send it (on a Mac: ⌘ Enter)'],
  ['j', 'Next post'],
  ['k', 'Previous post'],
  ['e', 'Edit the focused post'],
  ['d', 'Delete the focused post'],
  ['g', 'To the top'],
  ['Esc', 'Leave what you write or edit'],
  ['?', 'This list'],
];

const SWITCH = 'splitflap.shortcuts';

/** Whether shortcuts of one letter are on. Speech input types letters, so people may turn them off. */
export function shortcutsAreOn() {
  try {
    return localStorage.getItem(SWITCH) !== 'off';
  } catch {
    return true;
  }
}

/** The keyboard shortcuts. */
class ShortcutHelp extends PageElement {
  show() {
    this.querySelector('dialog')?.showModal();
  }

  template() {
    return html`
      <dialog aria-labelledby="help-title" @click=${this.onClick}>
        <form method="dialog" class="help">
          <h2 id="help-title">Keyboard shortcuts</h2>
          <dl>
            ${ROWS.map(
              ([keys, words]) => html`<div>
                <dt>${keys?.split(' ').map((key) => html`<kbd>${key}</kbd> `)}</dt>
                <dd>${words}</dd>
              </div>`,
            )}
          </dl>
          <label class="row">
            <input type="checkbox" .checked=${shortcutsAreOn()} @change=${this.onSwitch} />
            Use shortcuts of one letter
          </label>
          <p><button class="primary">Close</button></p>
        </form>
      </dialog>
    `;
  }

  /** @param {Event} event */
  onSwitch(event) {
    const { checked } = /** @type {HTMLInputElement} */ (event.target);
    try {
      localStorage.setItem(SWITCH, checked ? 'on' : 'off');
    } catch {
      // The choice lives as long as the page.
    }
  }

  /** @param {MouseEvent} event */
  onClick(event) {
    const dialog = /** @type {HTMLDialogElement} */ (this.querySelector('dialog'));
    if (event.target === dialog) dialog.close();
  }
}

customElements.define('shortcut-help', ShortcutHelp);
