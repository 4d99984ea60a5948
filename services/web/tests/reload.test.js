import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { runInNewContext } from 'node:vm';

const CODE = readFileSync(new URL('../page/reload.js', import.meta.url), 'utf8');

class Script {}
class Link {}

/** A tab: what it keeps between its loads, how often it loads itself again, and its words. */
class Tab {
  kept = new Map();
  reloads = 0;
  words = '';

  /** @param {unknown[]} failed the elements whose file is missing */
  load(...failed) {
    const listeners = {};
    runInNewContext(CODE, {
      HTMLScriptElement: Script,
      HTMLLinkElement: Link,
      addEventListener: (type, listener) => {
        listeners[type] = listener;
      },
      document: { body: { prepend: (words) => (this.words = words) } },
      location: { reload: () => (this.reloads += 1) },
      sessionStorage: {
        getItem: (key) => this.kept.get(key) ?? null,
        setItem: (key, value) => this.kept.set(key, value),
        removeItem: (key) => this.kept.delete(key),
      },
      setTimeout: (callback) => callback(),
    });
    for (const target of failed) listeners.error({ target });
    listeners.load();
  }
}

test('a page without a script or a style loads itself again', () => {
  const tab = new Tab();
  tab.load(new Script());
  tab.load(new Link(), new Link());
  assert.equal(tab.reloads, 2);
});

test('a whole page stays, also without an image of a post', () => {
  const tab = new Tab();
  tab.load();
  tab.load({});
  assert.equal(tab.reloads, 0);
});

test('a page that stays broken says so in the end', () => {
  const tab = new Tab();
  for (let load = 0; load < 30; load += 1) tab.load(new Script());
  assert.deepEqual([tab.reloads, tab.words], [30, '']);
  tab.load(new Script());
  assert.equal(tab.reloads, 30);
  assert.match(tab.words, /cannot be loaded/);
});

test('a whole page begins to count anew', () => {
  const tab = new Tab();
  for (let load = 0; load < 30; load += 1) tab.load(new Script());
  tab.load();
  tab.load(new Script());
  assert.deepEqual([tab.reloads, tab.words], [31, '']);
});
