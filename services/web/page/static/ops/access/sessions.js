import { call } from '../../lib/api.js';
import { html, nothing } from '../../lib/element.js';
import { session } from '../../lib/session.js';
import { CHANGE, PagedList } from '../paged.js';
import { ago, clock, messageOf } from '../words.js';
import { browser } from './browser.js';

/**
 * @typedef {{
 *   id: string, account: string, scopes: string[], key_id: string, created_at: string,
 *   expires_at: string, user_agent: string | null, current: boolean,
 * }} Session
 */

/**
 * The browsers that are signed in with a key of this account.
 * @extends {PagedList<Session>}
 */
class Sessions extends PagedList {
  path = '/sessions';

  /** @param {Session} each */
  async onEnd(each) {
    this.error = null;
    try {
      if (each.current) await session.signOut();
      else {
        await call('DELETE', `/sessions/${encodeURIComponent(each.id)}`);
        await this.load();
      }
    } catch (error) {
      this.error = messageOf(error);
    }
  }

  template() {
    return html`
      <p class="muted">
        Browsers that are signed in as <b class="text">${session.current?.account}</b>. A session ends with its key,
        too.
      </p>
      ${this.table(
        ['Browser', 'Scopes', 'Since', 'Until', CHANGE],
        this.items.map(
          (each) => html`
            <tr>
              <th scope="row" class="text" title=${each.user_agent ?? ''}>
                ${browser(each.user_agent)}
                ${each.current ? html`<span class="scope">this one</span>` : nothing}
              </th>
              <td data-label="Scopes">${each.scopes.map((scope) => html`<span class="scope">${scope}</span> `)}</td>
              <td data-label="Since" title=${clock(each.created_at)}>${ago(each.created_at)}</td>
              <td data-label="Until">${clock(each.expires_at)}</td>
              <td class="change">
                <button @click=${() => this.onEnd(each)}>${each.current ? 'Sign out' : 'End'}</button>
              </td>
            </tr>
          `,
        ),
      )}
      ${this.foot('No session: this page uses the key itself.')}
    `;
  }
}

customElements.define('ops-sessions', Sessions);
