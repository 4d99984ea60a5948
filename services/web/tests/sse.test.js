import assert from 'node:assert/strict';
import test from 'node:test';
import { EventParser } from '../page/static/lib/sse.js';

/** @param {string[]} pieces */
function parse(...pieces) {
  const parser = new EventParser();
  return { events: pieces.flatMap((piece) => parser.push(piece)), parser };
}

const EVENT = { id: '7', type: 'done', data: '{"post":"a"}' };
const TEXT = 'id: 7\nevent: done\ndata: {"post":"a"}\n\n';

test('an event ends with an empty line', () => {
  assert.deepEqual(parse(TEXT).events, [EVENT]);
  assert.deepEqual(parse(TEXT.slice(0, -1)).events, []);
});

test('pieces may end anywhere', () => {
  for (let at = 1; at < TEXT.length; at += 1)
    assert.deepEqual(parse(TEXT.slice(0, at), TEXT.slice(at)).events, [EVENT]);
  assert.deepEqual(parse(...TEXT).events, [EVENT]);
});

test('lines end with CR, LF or both, even between two pieces', () => {
  for (const end of ['\r', '\r\n']) {
    const text = TEXT.replaceAll('\n', end);
    assert.deepEqual(parse(text).events, [EVENT]);
    for (let at = 1; at < text.length; at += 1)
      assert.deepEqual(parse(text.slice(0, at), text.slice(at)).events, [EVENT], `at ${at}`);
  }
});

test('an event without a type is a message, and keeps the last id', () => {
  const { events } = parse(`${TEXT}data: x\n\n`);
  assert.deepEqual(events[1], { id: '7', type: 'message', data: 'x' });
});

test('several data lines are joined, one leading space is dropped', () => {
  assert.equal(parse('data:  a\ndata:b\ndata\n\n').events[0]?.data, ' a\nb\n');
});

test('comments and unknown fields mean nothing', () => {
  assert.deepEqual(parse(':\n: hello\nfoo: bar\n\n').events, []);
});

test('an id without data counts, and an event without data does not', () => {
  const { events, parser } = parse('id: 9\nevent: gap\n\n');
  assert.deepEqual(events, []);
  assert.equal(parser.id, '9');
});

test('retry is a number of milliseconds', () => {
  assert.equal(parse('retry: 851\n').parser.retry, 851);
  assert.equal(parse('retry: soon\n').parser.retry, null);
});

test('an id counts with the end of its event, and reset drops what is unfinished', () => {
  const parser = new EventParser();
  parser.push('id: 3\ndata: a\n\nid: 4\nevent: done\ndata: {"half');
  assert.equal(parser.id, '3');
  parser.reset();
  assert.deepEqual(parser.push('data: x\n\n'), [{ id: '3', type: 'message', data: 'x' }]);
});
