/** Posts of a block. */
const SIZE = 25;

/**
 * The feed's elements, in blocks of a few. The browser looks at each box that it may skip in every
 * frame. It skips a block out of sight as a whole, so a frame costs the same with a thousand posts.
 */
export class Blocks {
  #feed;

  /** @param {HTMLElement} feed */
  constructor(feed) {
    this.#feed = feed;
  }

  /** @returns {Element[]} all elements in their order */
  get all() {
    return [...this.#feed.children].flatMap((block) => [...block.children]);
  }

  get first() {
    return this.#feed.firstElementChild?.firstElementChild ?? null;
  }

  /**
   * Puts the elements into this order, and moves none that is in its place. All others must have been
   * removed.
   * @param {Element[]} elements
   */
  arrange(elements) {
    let at = this.first;
    for (const element of elements)
      if (element === at) at = after(at);
      else this.#insert(element, at);
  }

  /** @param {Element} element */
  remove(element) {
    const block = element.parentElement;
    element.remove();
    if (block) settle(block);
  }

  /**
   * @param {Element} element
   * @param {Element | null} at the element behind it; null at the end
   */
  #insert(element, at) {
    const old = element.parentElement;
    const block = this.#blockBefore(at);
    block.insertBefore(element, at?.parentElement === block ? at : null);
    settle(block);
    if (old && old !== block) settle(old);
  }

  /**
   * The block of a new element before another one.
   * @param {Element | null} at
   * @returns {HTMLElement}
   */
  #blockBefore(at) {
    const own = at?.parentElement ?? null;
    if (own && at?.previousElementSibling) return own;
    const before = own ? own.previousElementSibling : this.#feed.lastElementChild;
    for (const block of [before, own])
      if (block && block.childElementCount < SIZE) return /** @type {HTMLElement} */ (block);
    const block = document.createElement('div');
    block.className = 'posts';
    block.setAttribute('role', 'none');
    this.#feed.insertBefore(block, own);
    return block;
  }
}

/** @param {Element} element */
function after(element) {
  return (
    element.nextElementSibling ??
    element.parentElement?.nextElementSibling?.firstElementChild ??
    null
  );
}

/** @param {HTMLElement} block which got an element, or lost one */
function settle(block) {
  const { childElementCount: count } = block;
  if (count) block.style.setProperty('--posts', String(count));
  else block.remove();
}
