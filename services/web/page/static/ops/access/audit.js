import { html, nothing } from '../../lib/element.js';
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
      ${
        this.items.length
          ? html`<div class="scroll">
              <table class="stacked">
                <thead>
                  <tr>
                    <th scope="col">When</th>
                    <th scope="col">Account</th>
                    <th scope="col">Action</th>
                    <th scope="col">Detail</th>
                    <th scope="col">By</th>
                  </tr>
                </thead>
                <tbody>
                  ${this.items.map(
                    (each) => html`
                      <tr>
                        <td title=${ago(each.at)}>${clock(each.at)}</td>
                        <th scope="row" class="name">${each.account}</th>
                        <td><span class="scope">${each.action}</span></td>
                        <td class="text">${each.detail}</td>
                        <td data-label="By" class="id">${each.session_id ? 'browser' : 'key'} ${(each.session_id ?? each.key_id).slice(-8)}</td>
                      </tr>
                    `,
                  )}
                </tbody>
              </table>
            </div>`
          : nothing
      }
      ${this.foot('Nobody has changed anything yet.')}
    `;
  }
}

customElements.define('ops-audit', Audit);
