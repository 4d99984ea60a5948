import assert from 'node:assert/strict';
import test from 'node:test';
import { lane } from '../../page/static/ops/overview/flow.js';
import { troubles, windowTitle } from '../../page/static/ops/overview/trouble.js';

/** @typedef {import('../../page/static/ops/overview/flow.js').Status} Status */

/** @param {'render' | 'scrape'} kind */
const workers = (kind, change = {}) => ({
  kind,
  consumers: 2,
  slots: 4,
  queue_ready: 0,
  in_flight: 0,
  mean_seconds: 0.1,
  wanted: 1,
  ...change,
});

/**
 * @param {Partial<Status>} [change]
 * @returns {Status}
 */
function status(change = {}) {
  return {
    jobs: [],
    waiting_accounts: [],
    dead: 0,
    running_tasks: 0,
    kinds: [workers('render'), workers('scrape')],
    rates: { accepted: 0, finished: 0, failed: 0, refused: 0, render: 0, scrape: 0 },
    shedding: [],
    broker: { up: true, detail: null },
    streams: 0,
    replica: 'a',
    api_replicas: 1,
    ...change,
  };
}

/** @param {Partial<Status>} change */
const ids = (change) => troubles(status(change)).map((each) => `${each.level} ${each.id}`);

const job = (kind = 'render', state = 'held', oldest = 70, count = 3) => ({
  kind,
  state,
  count,
  oldest_seconds: oldest,
});

test('nothing is wrong with an idle service', () => {
  assert.deepEqual(troubles(status()), []);
});

test('a status of an older API makes no trouble up', () => {
  assert.deepEqual(troubles({ jobs: [], waiting_accounts: [], dead: 0, running_tasks: 0 }), []);
});

test('a broker that is down is the only news about the broker', () => {
  const change = {
    broker: { up: false, detail: 'refused' },
    jobs: [job('render', 'unpublished', 90), job('render', 'unfinished', 90), job()],
  };
  assert.deepEqual(ids(change), ['trouble broker']);
  assert.match(troubles(status(change))[0].text, /\(refused\)/);
});

test('ages below their limit are no trouble', () => {
  const jobs = [
    job('render', 'unfinished', 29),
    job('scrape', 'unfinished', 119),
    job('render', 'unpublished', 59),
    job('render', 'held', 59),
  ];
  assert.deepEqual(ids({ jobs }), []);
});

test('late work is a trouble', () => {
  const jobs = [
    job('render', 'unfinished', 31),
    job('scrape', 'unfinished', 121),
    job('render', 'unpublished', 61),
  ];
  assert.deepEqual(ids({ jobs }), [
    'trouble late-render',
    'trouble unpublished-render',
    'warning late-scrape',
  ]);
});

test('a kind without workers is a trouble once work waits for them', () => {
  const kinds = [workers('render'), workers('scrape', { consumers: 0 })];
  assert.deepEqual(ids({ kinds }), ['warning consumers-scrape']);
  assert.deepEqual(ids({ kinds, jobs: [job('scrape', 'held', 1)] }), ['trouble consumers-scrape']);
});

test('an unknown number of consumers is not zero', () => {
  assert.deepEqual(ids({ kinds: [workers('render', { consumers: null })] }), []);
});

test('accounts that wait are a note, and low jobs are none', () => {
  assert.deepEqual(ids({ jobs: [job()] }), ['note held-render']);
  assert.deepEqual(ids({ jobs: [job('render', 'held_low', 3000)] }), []);
});

test('an account that is refused alone is a warning, the rest a trouble', () => {
  const shedding = [
    { reason: 'account_backlog', detail: '' },
    { reason: 'in_flight', detail: 'all slots' },
    { reason: 'of a newer release', detail: 'x' },
  ];
  assert.deepEqual(ids({ shedding }), [
    'trouble shedding-in_flight',
    'trouble shedding-of a newer release',
    'warning shedding-account_backlog',
  ]);
});

test('the worst comes first, and dead letters last', () => {
  const found = ids({ dead: 3, jobs: [job('render', 'unpublished', 61)] });
  assert.deepEqual(found, ['trouble unpublished-render', 'note dead']);
});

test('too few workers are a note, unless there is none', () => {
  const few = (/** @type {number} */ consumers) => [workers('render', { wanted: 4, consumers })];
  assert.deepEqual(ids({ kinds: few(1) }), ['note wanted-render']);
  assert.deepEqual(ids({ kinds: few(0) }), ['warning consumers-render']);
  assert.deepEqual(ids({ kinds: few(4) }), []);
});

test('the title of the window shows trouble, and no notes', () => {
  assert.equal(windowTitle(troubles(status({ dead: 2 }))), 'Operations · Splitflap');
  const bad = status({
    broker: { up: false, detail: null },
    shedding: [{ reason: 'in_flight', detail: '' }],
  });
  assert.equal(windowTitle(troubles(bad)), '⚠ The broker is down (+1) · Splitflap');
});

test('the age of low jobs hides no other, and is shown if they are alone', () => {
  const low = job('render', 'held_low', 900, 5);
  assert.equal(lane(status({ jobs: [low, job()] }), 'render').heldAge, 70);
  assert.equal(lane(status({ jobs: [low, job()] }), 'render').held, 8);
  assert.equal(lane(status({ jobs: [low] }), 'render').heldAge, 900);
});
