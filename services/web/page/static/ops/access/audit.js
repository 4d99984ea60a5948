import { html } from '../../lib/element.js';
import { PagedList } from '../paged.js';
import { ago, clock } from '../words.js';

/**
 * @typedef {{
 *   id: string, at: string, account: string, key_id: string, session_id: string | null,
 *   action: string, detail: string,
 * }} Entry
 */

/**
 * Who changed what.
 * @extends {PagedList<Entry>}
 */
class Audit extends PagedList {
  path = '/audit';

  template() {
    return html`
      <div class="row">
        <p class="muted">Changes by operators, newest first. The API keeps them for 90 days.</p>
        <button class="quiet" @click=${() => this.load()}>Reload</button>
      </div>
      ${this.table(
        ['When', 'Account', 'Action', 'Detail', 'By'],
        this.items.map(
          (each) => html`
            <tr>
              <td title=${ago(each.at)}>${clock(each.at)}</td>
              <th scope="row" class="name">${each.account}</th>
              <td><span class="scope">${each.action}</span></td>
              <td class="text">${each.detail}</td>
              <td data-label="By" class="id">${each.session_id ? 'browser' : 'key'} ${(each.session_id ?? each.key_id).slice(-8)}</td>
            </tr>
          `,
        ),
      )}
      ${this.foot('Nobody has changed anything yet.')}
    `;
  }
}

customElements.define('ops-audit', Audit);
