/** Which dead letters: from a form or an address to a query of the API and to words. */

import { duration, seconds } from '../words.js';

/**
 * @typedef {'no' | 'yes' | 'all'} Replayed
 * @typedef {{
 *   reason: string, queue: string, account: string, newer: string, older: string,
 *   replayed: Replayed,
 * }} Filter
 */

/** @type {Readonly<Filter>} */
export const EVERY = Object.freeze({
  reason: '',
  queue: '',
  account: '',
  newer: '',
  older: '',
  replayed: 'no',
});

const AGES = /** @type {const} */ (['newer', 'older']);
const NAMES = /** @type {(keyof Filter)[]} */ (Object.keys(EVERY));

/**
 * What is wrong with the ages of a filter, by field. Nothing is wrong: an empty object.
 * @param {Filter} filter
 * @returns {Partial<Record<'newer' | 'older', string>>}
 */
export function mistakes(filter) {
  /** @type {Partial<Record<'newer' | 'older', string>>} */
  const found = {};
  for (const name of AGES) {
    if (filter[name] && seconds(filter[name]) === null) {
      found[name] = 'Write an age such as 90s, 15min, 2h or 7d.';
    }
  }
  return found;
}

/**
 * The query of `/v1/dead` and `/v1/dead/count`.
 * @param {Filter} filter
 * @param {number} [passed] Seconds since the letters were counted. The ages grow with them, so that
 *   the query selects the counted letters: none that came later, and none less.
 * @returns {Record<string, string>}
 */
export function query(filter, passed = 0) {
  /** @type {Record<string, string>} */
  const found = {};
  for (const name of /** @type {const} */ (['reason', 'queue', 'account'])) {
    if (filter[name]) found[name] = filter[name];
  }
  const newer = seconds(filter.newer);
  const older = seconds(filter.older);
  if (newer !== null) found.newer_than = text(newer + passed);
  if (older !== null || passed) found.older_than = text((older ?? 0) + passed);
  if (filter.replayed !== 'all') found.replayed = String(filter.replayed === 'yes');
  return found;
}

/**
 * The filter in words, after "dead letters": `of the queue render, not replayed`.
 * @param {Filter} filter
 */
export function words(filter) {
  const parts = [];
  const newer = seconds(filter.newer);
  const older = seconds(filter.older);
  if (filter.queue) parts.push(`of the queue ${filter.queue}`);
  if (filter.reason) parts.push(`with the reason "${filter.reason}"`);
  if (filter.account) parts.push(`of the account ${filter.account}`);
  if (newer !== null) parts.push(`newer than ${duration(newer)}`);
  if (older !== null) parts.push(`older than ${duration(older)}`);
  parts.push(
    { no: 'not replayed', yes: 'replayed before', all: 'replayed or not' }[filter.replayed],
  );
  return parts.join(', ');
}

/** Most characters of a filter in the audit. */
const AUDITED = 200;

/**
 * The filter for the audit: one line without control characters.
 * @param {Filter} filter
 */
export function forAudit(filter) {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it replaces.
  return `all ${words(filter)}`.replace(/[\0-\x1f\x7f-\x9f]/g, '?').slice(0, AUDITED);
}

/**
 * The filter as the part of an address, without what is as usual.
 * @param {Filter} filter
 */
export function toAddress(filter) {
  const chosen = NAMES.filter((name) => filter[name] !== EVERY[name]);
  return new URLSearchParams(chosen.map((name) => [name, filter[name]])).toString();
}

/**
 * The filter of an address. Unknown parts and values are left out.
 * @param {string} address
 * @returns {Filter}
 */
export function fromAddress(address) {
  const given = new URLSearchParams(address);
  const filter = { ...EVERY };
  for (const name of NAMES) {
    const value = given.get(name);
    if (value === null) continue;
    if (name !== 'replayed') filter[name] = value;
    else if (value === 'yes' || value === 'no' || value === 'all') filter.replayed = value;
  }
  return filter;
}

/** @param {number} value Seconds, to the millisecond. */
function text(value) {
  return String(Math.round(value * 1000) / 1000);
}
