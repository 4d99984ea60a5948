import assert from 'node:assert/strict';
import test from 'node:test';
import { byReason, chosen, matching, work } from '../../page/static/ops/dead/bulk.js';
import {
  EVERY,
  forAudit,
  fromAddress,
  mistakes,
  query,
  toAddress,
  words,
} from '../../page/static/ops/dead/filter.js';
import { pretty, SHOWN } from '../../page/static/ops/dead/pretty.js';
import {
  moveTo,
  over,
  selectionOf,
  toggle,
  toggleAll,
} from '../../page/static/ops/dead/selection.js';

/** @typedef {import('../../page/static/ops/dead/bulk.js').Progress} Progress */

// -- filters ---------------------------------------------------------------------------------------

test('without a filter the query asks for letters that were not replayed', () => {
  assert.deepEqual(query(EVERY), { replayed: 'false' });
  assert.deepEqual(query({ ...EVERY, replayed: 'all' }), {});
});

test('ages become seconds, and grow with the time since the count', () => {
  const filter = { ...EVERY, newer: '2h', older: '15min' };
  assert.deepEqual(query(filter), { newer_than: '7200', older_than: '900', replayed: 'false' });
  assert.deepEqual(query(filter, 1.5), {
    newer_than: '7201.5',
    older_than: '901.5',
    replayed: 'false',
  });
});

test('letters that came after the count are left out', () => {
  assert.equal(query(EVERY, 4.25).older_than, '4.25');
});

test('an age that is none is named', () => {
  assert.deepEqual(Object.keys(mistakes({ ...EVERY, newer: 'soon', older: '2h' })), ['newer']);
});

test('a filter survives the address, whatever is in it', () => {
  const filter = {
    ...EVERY,
    reason: 'a&b=c#?é <x>',
    account: 'a+b',
    replayed: /** @type {const} */ ('all'),
  };
  assert.deepEqual(fromAddress(toAddress(filter)), filter);
  assert.equal(toAddress(EVERY), '');
  assert.deepEqual(fromAddress('replayed=perhaps&other=1&__proto__=x'), EVERY);
});

test('the audit gets one line of at most 200 characters', () => {
  const line = forAudit({ ...EVERY, reason: `a\nb${'x'.repeat(500)}` });
  assert.ok(line.length <= 200);
  assert.ok(!line.includes('\n'));
  assert.equal(forAudit({ ...EVERY, queue: 'render' }), 'all of the queue render, not replayed');
  assert.equal(words(EVERY), 'not replayed');
});

// -- work on many ----------------------------------------------------------------------------------

const refusal = (/** @type {number} */ status, retryAfter = 1) =>
  Object.assign(new Error(`status ${status}`), { status, retryAfter });

/**
 * An API with letters 0 to n - 1, and a clock that moves with waits only.
 * @param {number} number
 * @param {(ids: string[], call: number) => import('../../page/static/ops/dead/bulk.js').Answer} act
 */
function service(number, act) {
  const letters = Array.from({ length: number }, (_, n) => ({ id: String(n) }));
  const log = {
    pages: /** @type {Record<string, string>[]} */ ([]),
    acts: 0,
    waits: /** @type {number[]} */ ([]),
  };
  let clock = 0;
  return {
    log,
    means: {
      page: async (/** @type {Record<string, string>} */ asked) => {
        log.pages.push(asked);
        const start = Number(asked.after ?? 0);
        const next = start + Number(asked.limit);
        return { items: letters.slice(start, next), next: next < number ? String(next) : null };
      },
      act: async (/** @type {string} */ _, /** @type {string[]} */ ids) => act(ids, log.acts++),
      wait: async (/** @type {number} */ seconds) => {
        log.waits.push(seconds);
        clock += seconds;
      },
      now: () => clock,
    },
  };
}

const all = (/** @type {string[]} */ ids) => ({ done: ids.length, refused: [], left: [] });
const never = new AbortController().signal;
const quiet = () => undefined;

test('all that match are done in batches, from page to page', async () => {
  const { means, log } = service(250, all);
  const result = await work(means, 'drop', matching(means, EVERY, 0), 250, never, quiet);
  assert.equal(result.done, 250);
  assert.equal(result.state, 'finished');
  assert.equal(log.acts, 3);
  assert.deepEqual(
    log.pages.map((page) => page.after),
    [undefined, '100', '200'],
  );
  assert.ok(log.pages.every((page) => Number(page.older_than) > 0));
});

test('an empty page with a next one is not the end', async () => {
  const { means } = service(0, all);
  const pages = [
    { items: [], next: 'x' },
    { items: [{ id: 'a' }], next: null },
  ];
  means.page = async () => /** @type {any} */ (pages.shift());
  const result = await work(means, 'drop', matching(means, EVERY, 0), 1, never, quiet);
  assert.equal(result.done, 1);
});

test('what the API left is sent again', async () => {
  const { means, log } = service(0, (ids) => ({ done: 1, refused: [], left: ids.slice(1) }));
  const result = await work(means, 'replay', chosen(['a', 'b', 'c']), 3, never, quiet);
  assert.equal(result.done, 3);
  assert.equal(log.acts, 3);
});

test('a busy API gets a pause of its Retry-After, and then the same batch', async () => {
  const { means, log } = service(0, (ids, call) => {
    if (call < 2) throw refusal(503, 7);
    return all(ids);
  });
  /** @type {(string | null)[]} */
  const paused = [];
  const result = await work(means, 'replay', chosen(['a']), 1, never, (progress) =>
    paused.push(progress.paused),
  );
  assert.equal(result.done, 1);
  assert.deepEqual(log.waits, [7, 7]);
  assert.ok(paused.includes('status 503'));
  assert.equal(result.paused, null);
});

test('an API that stays busy ends the work, with what was done', async () => {
  const { means } = service(0, (ids, call) => {
    if (call > 0) throw refusal(503, 50);
    return all(ids);
  });
  const ids = Array.from({ length: 101 }, (_, n) => String(n));
  const result = await work(means, 'replay', chosen(ids), 101, never, quiet);
  assert.deepEqual([result.state, result.done, result.error], ['failed', 100, 'status 503']);
});

test('a refusal that will not pass ends the work at once', async () => {
  for (const status of [400, 401, 403, 422, 500]) {
    const { means, log } = service(0, () => {
      throw refusal(status);
    });
    const result = await work(means, 'drop', chosen(['a']), 1, never, quiet);
    assert.deepEqual([result.state, log.waits.length], ['failed', 0], String(status));
  }
});

test('a stop ends between two batches, and also during a pause', async () => {
  const stopping = new AbortController();
  const { means, log } = service(300, (ids) => {
    stopping.abort();
    return all(ids);
  });
  const result = await work(means, 'drop', matching(means, EVERY, 0), 300, stopping.signal, quiet);
  assert.deepEqual([result.state, result.done, log.acts], ['stopped', 100, 1]);

  const pausing = new AbortController();
  const busy = service(0, () => {
    throw refusal(503);
  });
  busy.means.wait = async () => pausing.abort();
  const second = await work(busy.means, 'drop', chosen(['a']), 1, pausing.signal, quiet);
  assert.deepEqual([second.state, second.done], ['stopped', 0]);
});

test('refused letters are gathered by their reason, the most frequent first', () => {
  const refused = ['x', 'y', 'y', '__proto__'].map((detail, n) => ({ id: String(n), detail }));
  assert.deepEqual(
    byReason(refused).map(({ detail, ids }) => [detail, ids.length]),
    [
      ['y', 2],
      ['x', 1],
      ['__proto__', 1],
    ],
  );
});

// -- bodies ----------------------------------------------------------------------------------------

test('a body of JSON is indented, another one stays', () => {
  assert.equal(pretty('{"a":[1]}').text, '{\n  "a": [\n    1\n  ]\n}');
  for (const body of ['{"a":', 'text', '"x"', '', '7']) assert.equal(pretty(body).text, body);
  assert.equal(pretty(null).text, '');
});

test('a number that a parse would change keeps the body as it is', () => {
  assert.equal(pretty('{"a":12345678901234567890}').text, '{"a":12345678901234567890}');
});

test('characters that hide or turn text are shown', () => {
  assert.equal(
    pretty('a\u202eb\u200bc\u0000d\u001b[31m').text,
    'a\\u202eb\\u200bc\\u0000d\\u001b[31m',
  );
  assert.equal(pretty('{"a":"\\u202e"}').text, '{\n  "a": "\\u202e"\n}');
  assert.equal(pretty('a\tb\nc é 日本 🙂').text, 'a\tb\nc é 日本 🙂');
});

test('a large body is cut, and says by how much', () => {
  const found = pretty('x'.repeat(SHOWN + 5));
  assert.deepEqual([found.text.length, found.cut], [SHOWN, 5]);
});

// -- selection -------------------------------------------------------------------------------------

const rows = selectionOf(['a', 'b', 'c', 'd']);
const of = (/** @type {{chosen: ReadonlySet<string>}} */ selection) =>
  [...selection.chosen].sort().join('');

test('moves stop at the ends', () => {
  assert.equal(moveTo(rows, -1).at, 0);
  assert.equal(moveTo(rows, 9).at, 3);
  assert.equal(moveTo(selectionOf([]), 1).at, 0);
});

test('a move with Shift selects from the anchor, in both directions', () => {
  assert.equal(of(moveTo(moveTo(rows, 1), 3, true)), 'bcd');
  assert.equal(of(moveTo(moveTo(rows, 2), 0, true)), 'abc');
  assert.equal(of(moveTo(moveTo(rows, 2), 0)), '');
});

test('a toggle selects and unselects one, a toggle of all all', () => {
  assert.equal(of(toggle(rows, 1)), 'b');
  assert.equal(of(toggle(toggle(rows, 1), 1)), '');
  assert.equal(of(toggle(rows, 7)), '');
  assert.equal(of(toggleAll(toggle(rows, 1))), 'abcd');
  assert.equal(of(toggleAll(toggleAll(rows))), '');
});

test('letters that are gone are not selected any more', () => {
  const selection = over(moveTo(toggleAll(rows), 3), ['b', 'd', 'e']);
  assert.deepEqual([of(selection), selection.at], ['bd', 2]);
});
