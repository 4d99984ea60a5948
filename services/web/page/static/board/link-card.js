import '../lib/flap.js';
import { html, nothing, PageElement } from '../lib/element.js';
import { hostOf, onDay, previewReason, size } from './words.js';

/**
 * @typedef {import('../lib/types.js').Preview} Preview
 */

const STATES = { pending: 'FETCHING', ready: 'READY', failed: 'NO CARD' };

const still = matchMedia('(prefers-reduced-motion: reduce)');

/** A link of a post: pending, its card, or the reason why there is none. */
class LinkCard extends PageElement {
  static properties = {
    url: { attribute: false },
    preview: { attribute: false },
    busy: { state: true },
    mayRetry: { attribute: false },
    broken: { state: true },
    revealed: { state: true },
  };

  constructor() {
    super();
    this.url = '';
    /** @type {Preview | null} */
    this.preview = null;
    this.busy = false;
    this.mayRetry = false;
    /** The image that could not be loaded. */
    this.broken = '';
    /** The sensitive image that the person asked for. */
    this.revealed = '';
  }

  /** @param {Map<PropertyKey, unknown>} changed */
  updated(changed) {
    const before = /** @type {Preview | null | undefined} */ (changed.get('preview'));
    if (!before || before.state === this.preview?.state || still.matches) return;
    // The card turns over, as a flap does.
    this.firstElementChild?.animate(
      [
        { transform: 'perspective(60rem) rotateX(-80deg)', opacity: 0.2 },
        { transform: 'perspective(60rem) rotateX(6deg)', opacity: 1, offset: 0.8 },
        { transform: 'none', opacity: 1 },
      ],
      { duration: 320, easing: 'ease-out' },
    );
  }

  template() {
    const preview = this.preview;
    if (!preview || this.busy || preview.state === 'pending') return this.#pending();
    return preview.state === 'ready' ? this.#card(preview) : this.#failure(preview);
  }

  #pending() {
    return html`
      <div class="link-state">
        <split-flap text=${STATES.pending} cells="8" aria-hidden="true"></split-flap>
        <span class="link-host"><span class="visually-hidden">Fetching the preview of</span> ${hostOf(this.url)}</span>
      </div>
    `;
  }

  /** @param {Preview} preview */
  #failure(preview) {
    return html`
      <div class="link-state">
        <split-flap class="is-bad" text=${STATES.failed} cells="8" aria-hidden="true"></split-flap>
        <a class="link-host" href=${this.url} target="_blank" rel="nofollow ugc noopener noreferrer">${hostOf(this.url)}</a>
        <span class="muted">${previewReason(preview.reason)}</span>
        ${this.#retry('Try again')}
      </div>
    `;
  }

  /** @param {Preview} preview */
  #card(preview) {
    const image = preview.image === this.broken ? null : preview.image;
    const isWide = preview.card === 'large';
    return html`
      <div class="link-card ${image ? (isWide ? 'is-wide' : 'has-image') : ''}">
        ${image ? this.#image(preview, image) : nothing}
        <div class="link-text">
          <p class="link-site">
            ${
              preview.icon
                ? html`<img
                    src=${preview.icon}
                    alt=""
                    width="16"
                    height="16"
                    loading="lazy"
                    decoding="async"
                    referrerpolicy="no-referrer"
                    @error=${(/** @type {Event} */ event) => /** @type {Element} */ (event.target).remove()}
                  />`
                : nothing
            }
            <bdi>${preview.site_name ?? hostOf(this.url)}</bdi>
            ${this.#retry('Refresh')}
          </p>
          <p class="link-title">
            <a href=${this.url} target="_blank" rel="nofollow ugc noopener noreferrer" dir="auto" lang=${preview.language ?? nothing}
              >${preview.title ?? hostOf(this.url)}</a
            >
          </p>
          ${preview.description ? html`<p class="link-description" dir="auto">${preview.description}</p>` : nothing}
          ${this.#facts(preview)}
        </div>
      </div>
    `;
  }

  /**
   * The image. A sensitive one is loaded when the person asks for it.
   * @param {Preview} preview
   * @param {string} image
   */
  #image(preview, image) {
    if (preview.sensitive && this.revealed !== image)
      return html`<button
        class="link-image"
        @click=${() => {
          this.revealed = image;
        }}
      >
        Show the image for adults
      </button>`;
    return html`<img
      class="link-image"
      src=${image}
      alt=${preview.image_alt ?? ''}
      width=${preview.image_width || nothing}
      height=${preview.image_height || nothing}
      loading="lazy"
      decoding="async"
      referrerpolicy="no-referrer"
      @error=${() => {
        this.broken = image;
      }}
    />`;
  }

  /** @param {Preview} preview */
  #facts(preview) {
    const facts = [
      preview.author,
      preview.published_at && onDay(preview.published_at),
      preview.price && `${preview.price} ${preview.currency ?? ''}`,
      preview.availability?.replaceAll('_', ' '),
      preview.file_size && size(preview.file_size),
      preview.sensitive && 'for adults',
    ].filter(Boolean);
    return facts.length ? html`<p class="link-facts"><bdi>${facts.join(' · ')}</bdi></p>` : nothing;
  }

  /** @param {string} word */
  #retry(word) {
    if (!this.mayRetry) return nothing;
    return html`<button
      class="quiet small"
      @click=${() => this.emit('retry-preview', { card: this, url: this.url })}
    >
      ${word}<span class="visually-hidden"> the preview of ${hostOf(this.url)}</span>
    </button>`;
  }
}

customElements.define('link-card', LinkCard);
