import assert from 'node:assert/strict';
import test from 'node:test';
import { Outbox } from '../page/static/board/outbox.js';
import { Problem, Unreachable } from '../page/static/lib/api.js';

globalThis.CustomEvent ??= class extends Event {
  constructor(name, { detail } = {}) {
    super(name);
    this.detail = detail;
  }
};

const turn = () => new Promise((resolve) => setImmediate(resolve));
const INPUT = { text: 'hello', channel: 'general', flavour: 'gfm' };

/** @returns {Pick<Storage, 'getItem' | 'setItem'> & {items: () => object[]}} */
function memory() {
  const values = new Map();
  return {
    getItem: (name) => values.get(name) ?? null,
    setItem: (name, value) => values.set(name, value),
    items: () => JSON.parse(values.get('splitflap.outbox') ?? '[]'),
  };
}

/**
 * @param {(string | Error)[]} answers of the API, one for each send
 * @param {object} [tools]
 */
function rig(answers, tools = {}) {
  const storage = memory();
  const sent = [];
  const pauses = [];
  const told = [];
  const outbox = new Outbox({
    storage,
    account: () => 'ann',
    send: async (item) => {
      sent.push(item.key);
      const answer = answers.shift();
      if (answer instanceof Error) throw answer;
      return answer ?? 'task';
    },
    settle: async (task) => `post of ${task}`,
    sleep: async (ms) => {
      pauses.push(ms);
    },
    ...tools,
  });
  for (const name of ['settled', 'refused'])
    outbox.addEventListener(name, (event) => told.push({ name, ...event.detail }));
  return { outbox, storage, sent, pauses, told };
}

test('a post is stored before it is sent, and forgotten when it is settled', async () => {
  const { outbox, storage, sent, told } = rig(['t1']);
  const { key } = outbox.add(INPUT);
  assert.equal(storage.items().length, 1);
  await turn();
  assert.deepEqual(sent, [key]);
  assert.deepEqual(told, [{ name: 'settled', key, post: 'post of t1' }]);
  assert.deepEqual(storage.items(), []);
});

test('without an answer the same key is sent again', async () => {
  const bad = new Problem(502, {}, null);
  const { outbox, sent, pauses, told } = rig([new Unreachable(), bad, 't1']);
  const { key } = outbox.add(INPUT);
  await turn();
  assert.deepEqual(sent, [key, key, key]);
  assert.deepEqual(pauses, [1000, 2000]);
  assert.equal(told.length, 1);
});

test('429 and 503 wait for Retry-After', async () => {
  for (const status of [429, 503]) {
    const { outbox, pauses, told } = rig([new Problem(status, {}, 9), 't1']);
    outbox.add(INPUT);
    await turn();
    assert.deepEqual(pauses, [9000]);
    assert.equal(told.length, 1);
  }
});

test('posts go out in their order', async () => {
  const { outbox, sent } = rig([new Unreachable(), 't1', 't2']);
  const keys = [outbox.add(INPUT).key, outbox.add(INPUT).key];
  await turn();
  assert.deepEqual(sent, [keys[0], keys[0], keys[1]]);
});

test('a refused post stays with its problem, and does not hold up others', async () => {
  const problem = new Problem(
    422,
    { type: '/v1/problems/invalid', errors: [{ field: 'text', message: 'expected text' }] },
    null,
  );
  const { outbox, told } = rig([problem, 't2']);
  const { key } = outbox.add(INPUT);
  outbox.add(INPUT);
  await turn();
  assert.equal(outbox.items.length, 1);
  assert.deepEqual(
    outbox.items.map((item) => [item.key, item.state, item.why]),
    [[key, 'refused', 'expected text']],
  );
  assert.deepEqual(
    told.map(({ name }) => name),
    ['refused', 'settled'],
  );
});

test('401 keeps the post until somebody has signed in', async () => {
  const { outbox, storage, sent } = rig([new Problem(401, {}, null), 't1']);
  outbox.add(INPUT);
  await turn();
  assert.equal(sent.length, 1);
  assert.equal(storage.items().length, 1);
  await outbox.flush();
  assert.equal(sent.length, 2);
});

test('a post of another account waits for that account', async () => {
  let account = 'ann';
  const { outbox, sent } = rig([], { account: () => account });
  account = 'bob';
  outbox.items = [{ key: 'k', input: INPUT, account: 'ann', at: '', state: 'queued' }];
  await outbox.flush();
  assert.equal(sent.length, 0);
});

test('a task that has ended since counts as sent', async () => {
  for (const kind of ['gone', 'not-rendered']) {
    const problem = new Problem(422, { type: `/v1/problems/${kind}` }, null);
    const { outbox, storage } = rig([problem]);
    outbox.add(INPUT);
    await turn();
    assert.deepEqual(storage.items(), []);
  }
});

test('a new page sends what an old one left, with its key', async () => {
  const { outbox: old, storage } = rig([], { send: () => new Promise(() => {}) });
  const { key } = old.add(INPUT);
  await turn();
  const { outbox, sent, told } = rig(['t1'], { storage });
  outbox.resume();
  await turn();
  assert.deepEqual(sent, [key]);
  assert.equal(told[0]?.key, key);
});

test('a new page settles what an old one sent, and does not send it', async () => {
  const { outbox: old, storage } = rig(['t1'], { settle: () => new Promise(() => {}) });
  old.add(INPUT);
  await turn();
  const { outbox, sent, told } = rig([], { storage });
  outbox.resume();
  await turn();
  assert.deepEqual(sent, []);
  assert.equal(told[0]?.post, 'post of t1');
});

test('two tabs keep the posts of each other', async () => {
  const pending = { send: () => new Promise(() => {}) };
  const { outbox: one, storage } = rig([], pending);
  const { outbox: other } = rig([], { ...pending, storage });
  one.add(INPUT);
  other.add(INPUT);
  assert.equal(storage.items().length, 2);
  assert.equal(one.items.length, 1);
});

test('a post that another tab has settled is not sent', async () => {
  const { outbox: one, storage } = rig([], { send: () => new Promise(() => {}) });
  one.add(INPUT);
  const { outbox: other, sent } = rig([], { storage });
  storage.setItem('splitflap.outbox', '[]');
  await other.flush();
  assert.deepEqual(sent, []);
  assert.deepEqual(other.items, []);
});

test('without storage a post is sent all the same', async () => {
  const storage = {
    getItem: () => null,
    setItem: () => {
      throw new Error('full');
    },
  };
  const { outbox, sent, told } = rig(['t1'], { storage });
  outbox.add(INPUT);
  await turn();
  assert.equal(sent.length, 1);
  assert.equal(told.length, 1);
});

test('what other pages of the origin stored is no item', () => {
  const poison = [
    'null',
    '{}',
    '"x"',
    '[null, 1, {"key": 5}]',
    '[{"key": "../x", "input": {}}]',
    '{',
  ];
  for (const stored of poison) {
    const { outbox } = rig([], { storage: { getItem: () => stored, setItem() {} } });
    assert.deepEqual(outbox.items, [], stored);
    outbox.resume();
    outbox.reread();
  }
});

test('where even the name of the storage is forbidden, a post is sent', async () => {
  const tools = {
    account: () => 'ann',
    send: async () => 't1',
    settle: async () => 'p1',
    get storage() {
      throw new Error('forbidden');
    },
  };
  const outbox = new Outbox(tools);
  const settled = new Promise((resolve) => outbox.addEventListener('settled', resolve));
  outbox.add(INPUT);
  assert.equal((await settled).detail.post, 'p1');
});
