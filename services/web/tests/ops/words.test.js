import assert from 'node:assert/strict';
import test from 'node:test';
import {
  ago,
  count,
  duration,
  fourCells,
  rate,
  replicas,
  seconds,
  several,
} from '../../page/static/ops/words.js';

test('a count has separators, and letters when it is large', () => {
  assert.deepEqual(
    [0, 999, 1234, 99_999, 123_456, 999_999, 4_500_000, 12_000_000, null].map(count),
    ['0', '999', '1,234', '99,999', '123k', '1.0M', '4.5M', '12M', '–'],
  );
});

test('replicas are those of Kubernetes where it tells, else the need', () => {
  assert.equal(replicas({ wanted: 3, ready: 2 }, 5), 'wanted 3, there 2');
  assert.equal(replicas({ wanted: 0, ready: 0 }), 'wanted 0, there 0');
  assert.equal(replicas(null, 5), '5 wanted');
  assert.equal(replicas(undefined), null);
});

test('numbers of the flaps have four cells at most', () => {
  for (const value of [
    0, 0.04, 0.3, 9.96, 99.94, 99.96, 950, 9999, 9999.6, 123_456, 999_499, 1e7,
  ]) {
    assert.ok(fourCells(value).length <= 4, fourCells(value));
    assert.ok(rate(value).length <= 4, rate(value));
  }
  assert.deepEqual([9999, 10_000, 1_200_000].map(fourCells), ['9999', '10k', '1.2M']);
});

test('a rate that is not zero does not look like zero', () => {
  assert.equal(rate(0), '0');
  assert.equal(rate(0.01), '<0.1');
});

test('a duration has the unit that a person would choose', () => {
  assert.deepEqual([0, 0.0001, 0.34, 4.24, 57, 119, 180, 7200, 7500, 345_600, null].map(duration), [
    '0 s',
    '1 ms',
    '340 ms',
    '4.2 s',
    '57 s',
    '119 s',
    '3 min',
    '2 h',
    '2 h 5 min',
    '4 d',
    '–',
  ]);
});

test('an age is read as the command line reads it', () => {
  assert.deepEqual(
    ['90s', '15min', '2h', '7d', ' 1.5 H '].map(seconds),
    [90, 900, 7200, 604_800, 5400],
  );
  for (const text of ['', '2', 'h', '2 weeks', '-1h', '1e3s', '99999d', '0x10s']) {
    assert.equal(seconds(text), null, text);
  }
});

test('a time in the future is now, and an unreadable one stays', () => {
  const now = Date.parse('2026-01-02T03:04:05Z');
  assert.equal(ago('2026-01-02T03:04:09Z', now), 'now');
  assert.equal(ago('2026-01-02T03:04:01Z', now), '4 s ago');
  assert.equal(ago('<b>', now), '<b>');
});

test('one is no plural', () => {
  assert.deepEqual([several(1, 'letter'), several(2000, 'letter')], ['1 letter', '2,000 letters']);
});
