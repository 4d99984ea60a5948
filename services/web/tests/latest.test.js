import assert from 'node:assert/strict';
import test from 'node:test';
import { Latest } from '../page/static/lib/latest.js';

/** @param {import('node:test').TestContext} t */
function rig(t) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  /** @type {{value: string, signal: AbortSignal, end: () => void, fail: () => void}[]} */
  const begun = [];
  const latest = new Latest(350, (value, signal) => {
    return new Promise((resolve, reject) => {
      begun.push({ value, signal, end: () => resolve(), fail: () => reject(signal.reason) });
    });
  });
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  return { latest, begun, tick: t.mock.timers.tick.bind(t.mock.timers), turn };
}

test('work begins when no value has come for a while, with the last one', (t) => {
  const { latest, begun, tick } = rig(t);
  for (const value of ['a', 'ab', 'abc']) {
    latest.ask(value);
    tick(349);
  }
  assert.equal(begun.length, 0);
  tick(1);
  assert.deepEqual(
    begun.map(({ value }) => value),
    ['abc'],
  );
});

test('a newer value aborts the running work, and waits for its end', async (t) => {
  const { latest, begun, tick, turn } = rig(t);
  latest.ask('a');
  tick(350);
  latest.ask('b');
  assert.equal(begun[0]?.signal.aborted, true);
  tick(350);
  await turn();
  assert.equal(begun.length, 1, 'never two at a time');
  begun[0]?.fail();
  await turn();
  assert.equal(begun[1]?.value, 'b');
  assert.equal(begun[1]?.signal.aborted, false);
});

test('of the values that come while work ends, only the last is worked on', async (t) => {
  const { latest, begun, tick, turn } = rig(t);
  latest.ask('a');
  tick(350);
  latest.ask('b');
  tick(350);
  latest.ask('c');
  tick(350);
  begun[0]?.end();
  await turn();
  assert.deepEqual(
    begun.map(({ value }) => value),
    ['a', 'c'],
  );
});

test('the end of aborted work does not cut short the wait of a newer value', async (t) => {
  const { latest, begun, tick, turn } = rig(t);
  latest.ask('a');
  tick(350);
  latest.ask('b');
  begun[0]?.fail();
  await turn();
  assert.equal(begun.length, 1);
  tick(350);
  await turn();
  assert.equal(begun.length, 2);
});

test('cancel drops what waits', async (t) => {
  const { latest, begun, tick, turn } = rig(t);
  latest.ask('a');
  latest.cancel();
  tick(1000);
  await turn();
  assert.equal(begun.length, 0);
});
