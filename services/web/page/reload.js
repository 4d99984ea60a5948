/**
 * Loads the page again when one of its scripts or styles is missing.
 *
 * During a roll-out one replica has the HTML of a browser, and another one answers for a file of it:
 * 404, because each replica has the files of its own release only. A file of the other release in its
 * place would make a mix that nobody has tested. So the whole page is asked for again, until all of
 * it comes from one release. A browser keeps the files of each attempt, so every attempt gets further
 * even in the middle of a roll-out. An API that sheds a file is asked again too.
 *
 * This file's path has no hash, since HTML of each release must find it.
 */

/** Attempts, and milliseconds before the first one. Each pause is longer: 46 s in all. */
const ATTEMPTS = 30;
const PAUSE = 100;

const COUNT = 'splitflap-reload';

let missing = false;

// The event of an element does not bubble.
addEventListener(
  'error',
  ({ target }) => {
    missing ||= target instanceof HTMLScriptElement || target instanceof HTMLLinkElement;
  },
  true,
);

addEventListener('load', () => {
  const attempt = missing ? Number(sessionStorage.getItem(COUNT)) + 1 : 0;
  if (attempt > ATTEMPTS) {
    document.body.prepend('A part of this page cannot be loaded. Try again later.');
    sessionStorage.removeItem(COUNT);
    return;
  }
  sessionStorage.setItem(COUNT, String(attempt));
  if (missing) setTimeout(() => location.reload(), attempt * PAUSE);
});
