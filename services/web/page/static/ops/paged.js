import { get } from '../lib/api.js';
import { html, nothing, PageElement } from '../lib/element.js';
import { messageOf } from './words.js';

/** The heading of a column of buttons. */
export const CHANGE = html`<span class="visually-hidden">Change</span>`;

/**
 * A list of the API that comes in pages. Subclasses have a `path`, and make rows of items.
 * @template Item
 */
export class PagedList extends PageElement {
  static properties = {
    active: { type: Boolean },
    items: { state: true },
    next: { state: true },
    isLoading: { state: true },
    error: { state: true },
  };

  /** Path of the list, without its query. */
  path = '';

  constructor() {
    super();
    this.active = false;
    /** @type {Item[]} */
    this.items = [];
    /** @type {string | null} */
    this.next = null;
    this.isLoading = false;
    /** @type {string | null} */
    this.error = null;
  }

  /** @param {Map<string, unknown>} changed */
  willUpdate(changed) {
    if (changed.has('active') && this.active) void this.load();
  }

  /** Reads the first page again. */
  load() {
    return this.read(null);
  }

  more() {
    return this.read(this.next);
  }

  /** @param {string | null} after */
  async read(after) {
    this.isLoading = true;
    this.error = null;
    try {
      const query = new URLSearchParams({ limit: '100', ...(after === null ? {} : { after }) });
      const reply = await get(`${this.path}?${query}`);
      const page = /** @type {{items: Item[], next?: string | null}} */ (reply.body);
      this.items = after === null ? page.items : [...this.items, ...page.items];
      this.next = page.next ?? null;
    } catch (error) {
      this.error = messageOf(error);
    } finally {
      this.isLoading = false;
    }
  }

  /**
   * A table, or nothing without rows.
   * @param {unknown[]} headings of its columns
   * @param {unknown[]} rows
   */
  table(headings, rows) {
    if (!rows.length) return nothing;
    return html`<div class="scroll">
      <table class="stacked">
        <thead>
          <tr>${headings.map((heading) => html`<th scope="col">${heading}</th>`)}</tr>
        </thead>
        <tbody>${rows}</tbody>
      </table>
    </div>`;
  }

  /**
   * What stands below the table.
   * @param {string} none
   */
  foot(none) {
    return html`
      ${this.error ? html`<p class="error" role="alert">${this.error} <button @click=${() => this.load()}>Try again</button></p>` : nothing}
      ${this.isLoading && !this.items.length ? html`<p class="muted" role="status">Loading…</p>` : nothing}
      ${!this.isLoading && !this.error && !this.items.length ? html`<p class="empty">${none}</p>` : nothing}
      ${this.next ? html`<button @click=${() => this.more()}>Show more</button>` : nothing}
    `;
  }
}
