/** A parser of Server-Sent Events (WHATWG HTML, section 9.2.6), fed by pieces of a response. */

/**
 * @typedef {object} ServerEvent
 * @property {string} id the last id so far
 * @property {string} type
 * @property {string} data
 */

export class EventParser {
  #rest = '';
  #type = '';
  /** @type {string[]} */
  #data = [];
  #ended = false;
  /** The last id, which resumes the stream. It counts with the empty line that ends its event. */
  id = '';
  #nextId = '';
  /** Milliseconds until the next connection, if the server has said so. */
  /** @type {number | null} */
  retry = null;

  /**
   * @param {string} piece
   * @returns {ServerEvent[]} the events that it completes
   */
  push(piece) {
    // A piece may end between the two characters of one line end.
    let text = this.#rest + (this.#ended && piece.startsWith('\n') ? piece.slice(1) : piece);
    if (piece) this.#ended = piece.endsWith('\r');
    /** @type {ServerEvent[]} */
    const events = [];
    for (;;) {
      const end = /\r\n|\n|\r/.exec(text);
      if (!end) break;
      const event = this.#line(text.slice(0, end.index));
      if (event) events.push(event);
      text = text.slice(end.index + end[0].length);
    }
    this.#rest = text;
    return events;
  }

  /**
   * Forgets what the last connection left unfinished.
   */
  reset() {
    this.#rest = '';
    this.#nextId = this.id;
    this.#type = '';
    this.#data = [];
    this.#ended = false;
  }

  /**
   * @param {string} line
   * @returns {ServerEvent | null}
   */
  #line(line) {
    if (line === '') return this.#dispatch();
    const colon = line.indexOf(':');
    if (colon === 0) return null;
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'event') this.#type = value;
    else if (field === 'data') this.#data.push(value);
    else if (field === 'id' && !value.includes('\0')) this.#nextId = value;
    else if (field === 'retry' && /^\d+$/.test(value)) this.retry = Number(value);
    return null;
  }

  #dispatch() {
    this.id = this.#nextId;
    const event = { id: this.id, type: this.#type || 'message', data: this.#data.join('\n') };
    const isEmpty = this.#data.length === 0;
    this.#type = '';
    this.#data = [];
    return isEmpty ? null : event;
  }
}
