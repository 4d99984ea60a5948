/**
 * `<split-flap text="LIVE" cells="8">`: a word on a split-flap display. When `text` changes, each
 * cell that differs flips, one after the other. At rest it is one text node on a drawn background,
 * so a thousand of them cost little.
 */

/** Milliseconds between the starts of two neighbouring cells, and of one cell's fall. */
const STEP = 35;
const FALL = 170;

const still = matchMedia('(prefers-reduced-motion: reduce)');

class SplitFlap extends HTMLElement {
  static observedAttributes = ['text', 'cells'];

  #shown = '';

  connectedCallback() {
    this.#show(this.#wanted());
  }

  /**
   * @param {string} _name
   * @param {string | null} before
   * @param {string | null} after
   */
  attributeChangedCallback(_name, before, after) {
    if (!this.isConnected || before === after) return;
    const wanted = this.#wanted();
    if (wanted === this.#shown) return;
    if (still.matches || document.hidden || !this.#shown || !this.checkVisibility())
      this.#show(wanted);
    else this.#flip(this.#shown, wanted);
  }

  #wanted() {
    const text = (this.getAttribute('text') ?? '').toUpperCase();
    return text.padEnd(Number(this.getAttribute('cells') ?? 0));
  }

  /** @param {string} text */
  #show(text) {
    this.#shown = text;
    this.style.setProperty('--cells', String(text.length));
    this.textContent = text;
  }

  /**
   * @param {string} before
   * @param {string} after
   */
  #flip(before, after) {
    this.#show(after);
    const old = before.padEnd(after.length);
    const cells = [...after].map((letter, index) => {
      const cell = document.createElement('span');
      cell.textContent = letter;
      if (letter !== old[index]) this.#fall(cell, index);
      return cell;
    });
    this.replaceChildren(...cells);
    // Several changes in a row: the last one shows the word.
    setTimeout(
      () => {
        if (this.#shown === after && this.firstElementChild === cells[0]) this.textContent = after;
      },
      cells.length * STEP + FALL,
    );
  }

  /**
   * @param {HTMLElement} cell
   * @param {number} index
   */
  #fall(cell, index) {
    cell.className = 'cell';
    cell.animate(
      [
        { transform: 'rotateX(-90deg)', filter: 'brightness(0.4)' },
        { transform: 'rotateX(12deg)', filter: 'brightness(1.15)', offset: 0.8 },
        { transform: 'none', filter: 'none' },
      ],
      { duration: FALL, delay: index * STEP, fill: 'backwards', easing: 'ease-in' },
    );
  }
}

customElements.define('split-flap', SplitFlap);
