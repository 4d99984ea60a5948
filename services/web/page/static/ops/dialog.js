import { PageElement } from '../lib/element.js';

/**
 * An element with one `<dialog>` in its template. `open()` shows it as modal; the browser keeps the
 * focus inside and gives it back afterwards.
 */
export class DialogElement extends PageElement {
  get dialog() {
    return /** @type {HTMLDialogElement | null} */ (this.querySelector('dialog'));
  }

  async open() {
    await this.updateComplete;
    if (this.dialog && !this.dialog.open) this.dialog.showModal();
  }

  close() {
    this.dialog?.close();
  }
}

/**
 * Copies a text, and says so on the button for a moment.
 * @param {MouseEvent} event
 * @param {string} text
 */
export async function copy(event, text) {
  const button = /** @type {HTMLButtonElement} */ (event.currentTarget);
  const before = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = 'Copied';
  } catch {
    // Without https, or without the permission: the person copies it by hand.
    button.textContent = 'Select it and copy by hand';
  }
  setTimeout(() => {
    button.textContent = before;
  }, 2000);
}
