import assert from 'node:assert/strict';
import test from 'node:test';
import { CHARTS, columns, span, stretches, times } from '../../page/static/ops/overview/history.js';
import { wires } from '../../page/static/ops/overview/wires.js';

const UNTIL = '2026-01-02T03:00:00Z';
const END = Date.parse(UNTIL) / 1000;

/** @param {Record<string, (number | null)[]>} series */
const history = (series) => ({
  step_seconds: 10,
  until: UNTIL,
  series: Object.entries(series).map(([name, values]) => ({ name, values })),
});

const [posts, waiting] = CHARTS;

test('the last value is that of the end', () => {
  assert.deepEqual(times(history({ accepted: [1, 2, 3] })), [END - 20, END - 10, END]);
  assert.deepEqual(times(history({})), []);
});

test('counts of a step become rates, and gauges stay', () => {
  const [, accepted, finished] = columns(history({ accepted: [10, null, 0] }), posts);
  assert.deepEqual(accepted, [1, null, 0]);
  assert.deepEqual(finished, [null, null, null]);
  assert.deepEqual(columns(history({ render_waiting: [7] }), waiting)[1], [7]);
});

test('a table has the largest value of each stretch, and none where there was none', () => {
  const found = history({ render_waiting: [1, 9, 2, null, null, null, 4] });
  const rows = stretches(found, waiting, 0.5);
  assert.deepEqual(
    rows.map((row) => row.largest[0]),
    [9, null, 4],
  );
  assert.equal(rows[1].from, END - 30);
});

test('a chart begins with the first value, and is never shorter than five minutes', () => {
  const at = Array.from({ length: 360 }, (_, index) => index * 10);
  const from = (/** @type {number} */ first) => at.map((_, i) => (i < first ? null : 1));
  assert.deepEqual(span([at, from(100), from(200)]), [1000, 3590]);
  assert.deepEqual(span([at, from(359)]), [3290, 3590]);
  assert.deepEqual(span([at, from(400)]), [0, 3590]);
});

test('wires lead from box to box, and each knows what it touches', () => {
  /** @type {Record<string, {left: number, right: number, top: number, bottom: number}>} */
  const boxes = {};
  const place = (/** @type {string} */ name, /** @type {number} */ x, /** @type {number} */ y) => {
    boxes[name] = { left: x, right: x + 50, top: y, bottom: y + 20 };
  };
  place('accepted', 0, 0);
  for (const [row, kind] of ['render', 'scrape'].entries()) {
    place(`waiting-${kind}`, 100, row * 50);
    place(`queue-${kind}`, 200, row * 50);
    place(`workers-${kind}`, 300, row * 50);
  }
  place('finished', 400, 0);
  const found = wires(boxes);
  assert.equal(found.length, 7);
  assert.match(found[0].path, /^M50 10 H99 /);
  assert.deepEqual(
    found.map(({ kind }) => [kind.touchesBroker, kind.touchesWorkers].map(Number).join('')),
    ['00', '10', '11', '01', '10', '11', '01'],
  );
  assert.deepEqual(wires({}), []);
});

test('stacked boxes have wires from top to bottom, of one lane', () => {
  const box = (/** @type {number} */ top) => ({ left: 0, right: 100, top, bottom: top + 20 });
  const found = wires({
    'waiting-render': box(0),
    'queue-render': box(50),
    'waiting-scrape': box(0),
    'queue-scrape': box(50),
  });
  assert.equal(found.length, 1);
  assert.match(found[0].path, /^M84 20 V49 /);
});
