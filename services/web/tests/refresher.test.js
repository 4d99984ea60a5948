import assert from 'node:assert/strict';
import test from 'node:test';
import { Refresher } from '../page/static/board/refresher.js';

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** @param {{posts?: string[], complete?: boolean, broken?: boolean}} [server] */
function rig({ posts = [], complete = false, broken = false } = {}) {
  const calls = [];
  const applied = [];
  const waiting = [];
  const refresher = new Refresher(
    {
      one: (id) => {
        calls.push(id);
        return new Promise((resolve) => waiting.push(() => resolve({ id })));
      },
      newest: async () => {
        calls.push('list');
        if (broken) throw new Error('no');
        return { items: posts.map((id) => ({ id })), complete };
      },
    },
    (id, post) => applied.push([id, post?.id ?? null]),
  );
  const answer = async () => {
    for (const end of waiting.splice(0)) end();
    await turn();
  };
  return { refresher, calls, applied, answer };
}

test('events of one post within a turn make one request', async () => {
  const { refresher, calls, applied, answer } = rig();
  for (let n = 0; n < 5; n += 1) refresher.mark('a');
  await turn();
  assert.deepEqual(calls, ['a']);
  await answer();
  assert.deepEqual(applied, [['a', 'a']]);
});

test('events during a request make one more, after it', async () => {
  const { refresher, calls, answer } = rig();
  refresher.mark('a');
  await turn();
  refresher.mark('a');
  refresher.mark('a');
  await turn();
  assert.deepEqual(calls, ['a'], 'one at a time');
  await answer();
  assert.deepEqual(calls, ['a', 'a']);
  await answer();
  assert.deepEqual(calls, ['a', 'a']);
});

test('many posts are read by one page of the list', async () => {
  const { refresher, calls, applied } = rig({ posts: ['f', 'e', 'd', 'c', 'b'] });
  for (const id of ['b', 'c', 'd', 'e', 'f']) refresher.mark(id);
  await turn();
  assert.deepEqual(calls, ['list']);
  assert.equal(applied.length, 5);
});

test('a post within the range of the page that is not on it is gone', async () => {
  const { refresher, applied, calls } = rig({ posts: ['f', 'e', 'd', 'b'] });
  for (const id of ['b', 'c', 'd', 'e', 'f']) refresher.mark(id);
  await turn();
  assert.deepEqual(
    applied.find(([id]) => id === 'c'),
    ['c', null],
  );
  assert.deepEqual(calls, ['list']);
});

test('a post older than the page is read singly', async () => {
  const { refresher, calls } = rig({ posts: ['f', 'e', 'd', 'c'] });
  for (const id of ['a', 'c', 'd', 'e', 'f']) refresher.mark(id);
  await turn();
  assert.deepEqual(calls, ['list', 'a']);
});

test('if the list fails, the posts are read singly, a few at a time', async () => {
  const { refresher, calls, answer } = rig({ broken: true });
  for (const id of ['a', 'b', 'c', 'd', 'e']) refresher.mark(id);
  await turn();
  assert.deepEqual(calls, ['list', 'a', 'b', 'c', 'd']);
  await answer();
  assert.deepEqual(calls.slice(5), ['e']);
});

test('a post that could not be read is read again, after longer and longer pauses', async () => {
  const pauses = [];
  const applied = [];
  let failures = 3;
  const refresher = new Refresher(
    {
      one: async (id) => {
        if (failures-- > 0) throw new Error('no server');
        return { id };
      },
      newest: async () => ({ items: [], complete: false }),
    },
    (id) => applied.push(id),
    async (ms) => pauses.push(ms),
  );
  refresher.mark('a');
  await turn();
  assert.deepEqual(pauses, [1000, 2000, 4000]);
  assert.deepEqual(applied, ['a']);
});

test('after clear nothing is read again', async () => {
  const calls = [];
  const refresher = new Refresher(
    {
      one: async (id) => {
        calls.push(id);
        throw new Error('no server');
      },
      newest: async () => ({ items: [], complete: false }),
    },
    () => {},
    async () => refresher.clear(),
  );
  refresher.mark('a');
  await turn();
  assert.deepEqual(calls, ['a']);
});
