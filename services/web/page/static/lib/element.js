/**
 * The base of the page's custom elements: Lit's two parts joined, without a shadow root. One style
 * sheet thus holds for all elements, and labels and ids reach across them.
 */
import { noChange, render } from '../vendor/lit/lit-html.js';
import { ReactiveElement } from '../vendor/lit/reactive-element.js';

export { html, nothing } from '../vendor/lit/lit-html.js';

/**
 * Subclasses declare `static properties`, set them in the constructor, and override `template`.
 * A change of a property renders the template in the next microtask.
 */
export class PageElement extends ReactiveElement {
  /** @returns {any} no shadow root */
  createRenderRoot() {
    return this;
  }

  /** @returns {unknown} the element's content; noChange leaves it alone */
  template() {
    return noChange;
  }

  /** @param {Map<PropertyKey, unknown>} changed */
  update(changed) {
    super.update(changed);
    render(this.template(), this, { host: this });
  }

  /**
   * Dispatches a bubbling event.
   * @param {string} name
   * @param {unknown} [detail]
   */
  emit(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { bubbles: true, detail }));
  }
}
