import assert from 'node:assert/strict';
import test from 'node:test';
import { StatusFeed } from '../../page/static/ops/overview/feed.js';

/** Means whose clock, streams and polls the test moves. */
function world() {
  const state = {
    clock: 100,
    hidden: false,
    polls: 0,
    /** @type {() => Promise<any>} */
    answer: async () => ({ dead: state.polls }),
    /** @type {(EventTarget & {readyState: number, closed: boolean})[]} */
    sources: [],
  };
  const feed = new StatusFeed({
    open: () => {
      const source = Object.assign(new EventTarget(), {
        readyState: 1,
        closed: false,
        close() {
          source.closed = true;
        },
      });
      state.sources.push(source);
      return /** @type {any} */ (source);
    },
    poll: () => {
      state.polls++;
      return state.answer();
    },
    isHidden: () => state.hidden,
    now: () => state.clock,
  });
  const pass = async (/** @type {number} */ seconds) => {
    for (let n = 0; n < seconds; n++) {
      state.clock++;
      feed.tick();
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const news = (/** @type {number} */ dead) => {
    const data = JSON.stringify({ dead });
    state.sources.at(-1)?.dispatchEvent(Object.assign(new Event('status'), { data }));
  };
  return { state, feed, pass, news };
}

test('the first numbers come at once, and then by the stream', async () => {
  const { state, feed, pass, news } = world();
  await pass(1);
  assert.equal(state.polls, 1);
  assert.equal(feed.way, 'poll');
  for (let n = 0; n < 10; n++) {
    news(n);
    await pass(2);
  }
  assert.equal(state.polls, 1);
  assert.equal(feed.way, 'stream');
  assert.equal(feed.status?.dead, 9);
});

test('a silent stream makes the page poll, and stop when it speaks', async () => {
  const { state, feed, pass, news } = world();
  await pass(1);
  news(7);
  await pass(20);
  assert.ok(state.polls >= 3, `${state.polls} polls`);
  assert.equal(feed.way, 'poll');
  const before = state.polls;
  news(8);
  await pass(4);
  assert.equal(state.polls, before);
  assert.equal(feed.way, 'stream');
});

test('without any answer there are no news, and the reason is known', async () => {
  const { state, feed, pass } = world();
  await pass(1);
  state.answer = async () => {
    throw new Error('away');
  };
  await pass(15);
  assert.equal(feed.way, 'none');
  assert.equal(feed.error, 'away');
  assert.ok(feed.age > 10);
});

test('a closed stream is opened again later', async () => {
  const { state, pass } = world();
  await pass(1);
  state.sources[0].readyState = 2;
  await pass(10);
  assert.equal(state.sources.length, 1);
  await pass(15);
  assert.equal(state.sources.length, 2);
});

test('a hidden page holds no stream and asks seldom', async () => {
  const { state, feed, pass, news } = world();
  await pass(1);
  news(1);
  const before = state.polls;
  state.hidden = true;
  await pass(60);
  assert.ok(state.sources[0].closed);
  assert.equal(state.sources.length, 1);
  assert.ok(state.polls - before >= 3 && state.polls - before <= 5, `${state.polls} polls`);
  assert.notEqual(feed.way, 'none');
  state.hidden = false;
  await pass(1);
  assert.equal(state.sources.length, 2);
});

test('an old stream that speaks late changes nothing', async () => {
  const { state, feed, pass } = world();
  await pass(1);
  const [old] = state.sources;
  state.hidden = true;
  await pass(1);
  old.dispatchEvent(Object.assign(new Event('status'), { data: '{"dead":77}' }));
  assert.notEqual(feed.status?.dead, 77);
});

test('a hidden page whose timers are slow makes no trouble up, nor when it is shown again', async () => {
  const { state, feed, pass } = world();
  await pass(1);
  state.hidden = true;
  await pass(1);
  for (let minute = 0; minute < 3; minute++) {
    state.clock += 59;
    assert.notEqual(feed.way, 'none');
    await pass(1);
  }
  state.clock += 59;
  state.hidden = false;
  feed.tick();
  assert.notEqual(feed.way, 'none');
});

test('a hidden page knows when the API is away', async () => {
  const { state, feed, pass } = world();
  await pass(1);
  state.hidden = true;
  state.answer = async () => {
    throw new Error('away');
  };
  await pass(30);
  assert.equal(feed.way, 'none');
});

test('an answer that never comes is no news', async () => {
  const { state, feed, pass } = world();
  await pass(1);
  state.answer = () => new Promise(() => undefined);
  await pass(15);
  assert.equal(feed.way, 'none');
});
