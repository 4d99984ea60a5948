import assert from 'node:assert/strict';
import test from 'node:test';
import { bounded, COUNT, run } from '../../page/static/ops/load/run.js';
import { KINDS, textOf } from '../../page/static/ops/load/texts.js';

/** @typedef {import('../../page/static/ops/load/texts.js').LoadKind} LoadKind */

const ORIGIN = 'http://127.0.0.1:8000';
const quiet = () => undefined;
const never = new AbortController().signal;
const refusal = (/** @type {number} */ status) =>
  Object.assign(new Error(`status ${status}`), { status, retryAfter: 3 });

/** @param {(number: number, call: number) => void} post */
function service(post) {
  let clock = 0;
  let calls = 0;
  return {
    post: async (/** @type {number} */ number) => post(number, calls++),
    wait: async (/** @type {number} */ seconds) => {
      clock += seconds;
    },
    now: () => clock,
  };
}

test('a form cannot ask for more than the most', () => {
  assert.deepEqual(
    ['', 'x', '-3', '0', '7.9', '501', '1e9'].map((given) => bounded(given, COUNT)),
    [1, 50, 1, 1, 7, 500, 500],
  );
});

test('each number is posted once', async () => {
  /** @type {number[]} */
  const posted = [];
  const progress = await run(
    service((number) => posted.push(number)),
    30,
    10,
    never,
    quiet,
  );
  assert.deepEqual(
    posted.sort((a, b) => a - b),
    Array.from({ length: 30 }, (_, n) => n),
  );
  assert.deepEqual([progress.accepted, progress.state], [30, 'finished']);
});

test('a refused post is sent again, six times at most', async () => {
  const twice = await run(
    service((_, call) => {
      if (call < 2) throw refusal(429);
    }),
    1,
    10,
    never,
    quiet,
  );
  assert.deepEqual([twice.accepted, twice.refused], [1, 2]);
  const always = await run(
    service(() => {
      throw refusal(503);
    }),
    1,
    10,
    never,
    quiet,
  );
  assert.deepEqual([always.accepted, always.refused, always.state], [0, 6, 'finished']);
});

test('a refusal that will not pass ends the load', async () => {
  let calls = 0;
  const progress = await run(
    service(() => {
      calls++;
      throw refusal(403);
    }),
    500,
    10,
    never,
    quiet,
  );
  assert.deepEqual([progress.state, progress.error], ['failed', 'status 403']);
  assert.ok(calls <= 6, `${calls} posts`);
});

test('a stop ends the load', async () => {
  const stopping = new AbortController();
  const progress = await run(
    service((number) => {
      if (number === 9) stopping.abort();
    }),
    500,
    10,
    stopping.signal,
    quiet,
  );
  assert.equal(progress.state, 'stopped');
  assert.ok(progress.sent < 20, `${progress.sent} posts`);
});

test('the texts are within the limit, and no two are alike', () => {
  for (const kind of /** @type {LoadKind[]} */ (Object.keys(KINDS))) {
    const texts = Array.from({ length: 12 }, (_, n) => textOf(kind, 't', n, ORIGIN));
    assert.equal(new Set(texts).size, 12, kind);
    for (const text of texts) assert.ok(text.length < 65_536, kind);
  }
});

test('links lead to the own page, each to another preview', () => {
  const links = textOf('links', 't', 1, ORIGIN).match(/http:\S+/g) ?? [];
  assert.equal(new Set(links).size, 4);
  for (const link of links) assert.ok(link.startsWith(`${ORIGIN}/about?n=t-1-`), link);
});

test('the mix has each kind', () => {
  const texts = Array.from({ length: 6 }, (_, n) => textOf('mix', 't', n, ORIGIN));
  const has = (/** @type {(text: string) => boolean} */ test) => texts.filter(test).length;
  assert.deepEqual(
    [has((text) => text.length > 20_000), has((text) => text.includes('/about?'))],
    [1, 2],
  );
});
