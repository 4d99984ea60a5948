/**
 * The only door for HTML into the page. The API has sanitised it by an allow-list (docs/html.md), and
 * the Content-Security-Policy runs no code in it.
 */

import { trusted } from './trusted.js';

/**
 * @typedef {object} Names
 * @property {string[]} mentions
 * @property {string[]} channels
 */

/** Elements whose text has no names, as in the renderer. */
const LITERAL = 'a, code, pre, kbd, samp, .math-inline, .math-display';

/**
 * `dir="auto"` in a tag. The sanitiser escapes each `<` of a text and each `"` of a value, so no text
 * looks like this.
 */
const AUTO = /(<[a-z][a-z0-9]*(?: [a-z-]+="[^"]*")*) dir="auto"/g;

/** The attribute while the nodes are made. No text can write a `data-` attribute. */
const LATER = 'data-dir-later';

/**
 * The nodes of a post's HTML, with links that leave the page alone and names that lead somewhere.
 * @param {string} html
 * @param {Names} names
 * @param {string} account whose mentions stand out
 */
export function nodesOf(html, names, account) {
  const template = document.createElement('template');
  // Chromium reads all of an element with `dir="auto"` again at each child that it gets: half a minute
  // for the words of one large post. So the elements get the attribute when they are whole, and what
  // they come into must not have it.
  template.innerHTML = trusted.createHTML(html.replace(AUTO, `$1 ${LATER}="auto"`));
  const { content } = template;
  for (const link of content.querySelectorAll('a')) open(link, account);
  for (const image of content.querySelectorAll('img')) {
    image.loading = 'lazy';
    image.decoding = 'async';
  }
  for (const box of content.querySelectorAll('input'))
    box.setAttribute('aria-label', box.closest('li')?.textContent?.trim() || 'Task');
  linkNames(content, names, account);
  for (const element of content.querySelectorAll(`[${LATER}]`)) {
    element.removeAttribute(LATER);
    element.setAttribute('dir', 'auto');
  }
  return content;
}

/**
 * @param {HTMLAnchorElement} link
 * @param {string} account
 */
function open(link, account) {
  const href = link.getAttribute('href') ?? '';
  if (/^https?:/.test(href)) {
    link.target = '_blank';
    link.rel = 'nofollow ugc noopener noreferrer';
  }
  if (link.classList.contains('mention') && link.textContent === `@${account}`)
    link.classList.add('is-me');
}

/**
 * Makes links of the names that the renderer found and did not link.
 * @param {DocumentFragment} content
 * @param {Names} names
 * @param {string} account
 */
function linkNames(content, names, account) {
  const all = [
    ...names.mentions.map((name) => `@${name}`),
    ...names.channels.map((name) => `#${name}`),
  ].sort((one, other) => other.length - one.length);
  if (!all.length) return;
  const form = new RegExp(
    `(?<![\\p{L}\\p{N}_&/@#])(${all.map(literally).join('|')})(?![\\p{L}\\p{N}_-])`,
    'gu',
  );
  const walker = document.createTreeWalker(content, NodeFilter.SHOW_TEXT);
  const texts = [];
  while (walker.nextNode()) texts.push(/** @type {Text} */ (walker.currentNode));
  for (const text of texts) {
    if (text.parentElement?.closest(LITERAL)) continue;
    const parts = text.data.split(form);
    if (parts.length === 1) continue;
    text.replaceWith(...parts.map((part, at) => (at % 2 ? nameLink(part, account) : part)));
  }
}

/**
 * @param {string} name with its sign
 * @param {string} account
 */
function nameLink(name, account) {
  const link = document.createElement('a');
  link.textContent = name;
  link.className = name[0] === '@' ? 'mention' : 'channel';
  link.href = name[0] === '@' ? personPath(name.slice(1)) : channelPath(name.slice(1));
  if (name === `@${account}`) link.classList.add('is-me');
  return link;
}

/** @param {string} text */
function literally(text) {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}

/** @param {string} channel */
export function channelPath(channel) {
  return `/?channel=${encodeURIComponent(channel)}`;
}

/** @param {string} account */
export function personPath(account) {
  return `/?person=${encodeURIComponent(account)}`;
}
