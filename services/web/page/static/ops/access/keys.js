import { call } from '../../lib/api.js';
import { html, nothing } from '../../lib/element.js';
import { session } from '../../lib/session.js';
import { copy } from '../dialog.js';
import { CHANGE, PagedList } from '../paged.js';
import { ago, clock, messageOf } from '../words.js';

/**
 * @typedef {{
 *   id: string, account: string, name: string, scopes: string[], created_at: string,
 *   revoked_at: string | null,
 * }} Key
 */

/** Each scope, with what it allows. */
const SCOPES = {
  read: 'read posts and tasks',
  write: 'make and change posts',
  observe: 'see this page',
  admin: 'see this page and change all it shows',
};

const FORCED = html`It is the last key with the scope <b>admin</b>. Without it, nobody can make or revoke keys,
  or replay dead letters. To get in again, run <code>splitflap-api admin-key</code> where the API runs.
  Make another admin key first, or revoke it all the same.`;

/**
 * Keys: listed, made, revoked.
 * @extends {PagedList<Key>}
 */
class Keys extends PagedList {
  static properties = {
    ...PagedList.properties,
    may: { type: Boolean },
    made: { state: true },
    makeError: { state: true },
    fields: { state: true },
    armed: { state: true },
    forced: { state: true },
    isBusy: { state: true },
    withRevoked: { state: true },
  };

  path = '/keys';

  constructor() {
    super();
    this.may = false;
    /** @type {(Key & {key: string}) | null} */
    this.made = null;
    /** @type {string | null} */
    this.makeError = null;
    /** @type {Record<string, string>} Messages by field. */
    this.fields = {};
    /** @type {string | null} The key whose revocation waits for a second press. */
    this.armed = null;
    /** @type {string | null} The key that is the last of an admin. */
    this.forced = null;
    this.isBusy = false;
    this.withRevoked = false;
  }

  load() {
    return this.may ? super.load() : Promise.resolve();
  }

  /** @param {SubmitEvent} event */
  async onMake(event) {
    event.preventDefault();
    const form = /** @type {HTMLFormElement} */ (event.target);
    const data = new FormData(form);
    const body = {
      account: String(data.get('account')).trim(),
      name: String(data.get('name')).trim(),
      scopes: data.getAll('scope'),
    };
    this.makeError = null;
    this.fields = {};
    if (!body.scopes.length) {
      this.fields = { scopes: 'Choose at least one.' };
      return;
    }
    this.isBusy = true;
    try {
      this.made = (await call('POST', '/keys', { body })).body;
      form.reset();
      await this.load();
      /** @type {HTMLElement | null} */ (this.querySelector('#made-key'))?.focus();
    } catch (error) {
      const errors = /** @type {{errors?: {field: string, message: string}[]}} */ (error).errors;
      this.fields = Object.fromEntries((errors ?? []).map((each) => [each.field, each.message]));
      this.makeError = messageOf(error);
    } finally {
      this.isBusy = false;
    }
  }

  /** @param {Key} key */
  async onRevoke(key) {
    if (this.armed !== key.id) {
      this.armed = key.id;
      this.forced = null;
      return;
    }
    const force = this.forced === key.id;
    this.error = null;
    try {
      await call('DELETE', `/keys/${encodeURIComponent(key.id)}${force ? '?force=true' : ''}`);
      this.armed = null;
      this.forced = null;
      await this.load();
    } catch (error) {
      if (/** @type {{status?: number}} */ (error).status === 409 && !force) this.forced = key.id;
      else this.error = messageOf(error);
    }
  }

  /** @param {Key} key */
  isOwn(key) {
    return /** @type {{key_id?: string} | null} */ (session.current)?.key_id === key.id;
  }

  template() {
    if (!this.may) {
      return html`<p class="muted">To see keys, sign in with a key that has the scope <code>admin</code>. This one has ${session.current?.scopes.join(', ')}.</p>`;
    }
    const shown = this.items.filter((key) => this.withRevoked || !key.revoked_at);
    const revoked = this.items.filter((key) => key.revoked_at).length;
    return html`
      ${this.made ? this.secret(this.made) : nothing}
      <details class="card make">
        <summary>Make a key</summary>
        ${this.form()}
      </details>
      ${this.table(
        ['Account', 'Note', 'Scopes', 'Made', CHANGE],
        shown.map((key) => this.row(key)),
      )}
      ${this.foot('No keys.')}
      ${
        revoked
          ? html`<label class="check"><input
              type="checkbox"
              .checked=${this.withRevoked}
              @change=${(/** @type {Event} */ event) => {
                this.withRevoked = /** @type {HTMLInputElement} */ (event.target).checked;
              }}
            /> Show ${revoked} revoked</label>`
          : nothing
      }
    `;
  }

  /** @param {Key & {key: string}} made */
  secret(made) {
    return html`
      <section class="card made" role="status" aria-label="The new key">
        <h2>The new key of <span class="text">${made.account}</span></h2>
        <p>This page shows it once. The database keeps only its hash.</p>
        <div class="row">
          <input id="made-key" class="secret" readonly .value=${made.key} aria-label="The key" @focus=${(/** @type {FocusEvent} */ event) => /** @type {HTMLInputElement} */ (event.target).select()} />
          <button class="primary" @click=${(/** @type {MouseEvent} */ event) => copy(event, made.key)}>Copy</button>
          <button
            @click=${() => {
              this.made = null;
            }}
          >
            I have it
          </button>
        </div>
      </section>
    `;
  }

  form() {
    const { fields } = this;
    return html`
      <form class="make-form" @submit=${this.onMake}>
        <div class="field">
          <label for="key-account">Account</label>
          <input id="key-account" name="account" required maxlength="100" autocomplete="off" spellcheck="false" aria-invalid=${fields.account ? 'true' : nothing} aria-describedby="key-account-error" />
          <p class="error" id="key-account-error">${fields.account ?? ''}</p>
        </div>
        <div class="field">
          <label for="key-name">Note for people</label>
          <input id="key-name" name="name" maxlength="200" autocomplete="off" aria-invalid=${fields.name ? 'true' : nothing} aria-describedby="key-name-error" />
          <p class="error" id="key-name-error">${fields.name ?? ''}</p>
        </div>
        <fieldset>
          <legend>Scopes</legend>
          ${Object.entries(SCOPES).map(
            ([scope, words]) => html`
              <label class="check"><input type="checkbox" name="scope" value=${scope} ?checked=${scope === 'read' || scope === 'write'} />
                <span><b>${scope}</b> ${words}</span></label>
            `,
          )}
          ${fields.scopes ? html`<p class="error" role="alert">${fields.scopes}</p>` : nothing}
        </fieldset>
        ${this.makeError ? html`<p class="error" role="alert">${this.makeError}</p>` : nothing}
        <button class="primary" ?disabled=${this.isBusy}>Make the key</button>
      </form>
    `;
  }

  /** @param {Key} key */
  row(key) {
    return html`
      <tr class=${key.revoked_at ? 'revoked' : ''}>
        <th scope="row" class="name">${key.account}</th>
        <td data-label="Note" class="text">${key.name || '–'}</td>
        <td data-label="Scopes">${key.scopes.map((scope) => html`<span class="scope">${scope}</span> `)}</td>
        <td data-label="Made" title=${clock(key.created_at)}>${ago(key.created_at)}</td>
        <td class="change">
          ${key.revoked_at ? html`<span class="muted">revoked ${ago(key.revoked_at)}</span>` : this.revocation(key)}
        </td>
      </tr>
    `;
  }

  /** @param {Key} key */
  revocation(key) {
    const isArmed = this.armed === key.id;
    const isForced = this.forced === key.id;
    const words = isForced
      ? 'Revoke the last admin key'
      : isArmed
        ? 'Press again to revoke'
        : 'Revoke';
    return html`
      ${this.isOwn(key) ? html`<span class="muted">${isArmed ? 'It is the key of this session: you will be signed out.' : 'this session'}</span>` : nothing}
      ${isForced ? html`<p class="notice" role="alert">${FORCED}</p>` : nothing}
      <button class=${isArmed ? 'danger' : ''} aria-label=${`${words}: key of ${key.account} ${key.name}`} @click=${() => this.onRevoke(key)}>
        ${words}
      </button>
      ${
        isArmed
          ? html`<button
              class="quiet"
              @click=${() => {
                this.armed = null;
                this.forced = null;
              }}
            >
              Keep it
            </button>`
          : nothing
      }
    `;
  }
}

customElements.define('ops-keys', Keys);
