import assert from 'node:assert/strict';
import test from 'node:test';
import { EventStream } from '../page/static/lib/stream.js';

/**
 * Runs a stream against answers, one for each connection, until they are used up.
 * @param {(string[] | number | Error)[]} answers pieces of a body, a status, or a failure
 */
async function follow(answers) {
  const requests = [];
  const events = [];
  const states = [];
  const pauses = [];
  const left = [...answers];
  const stream = new EventStream(
    '/v1/events',
    () => ({ 'Splitflap-Page': '1' }),
    { event: (event) => events.push(event), state: (state) => states.push(state) },
    {
      fetch: async (path, init) => {
        requests.push({ path, headers: Object.fromEntries(new Headers(init.headers)) });
        const answer = left.shift();
        if (answer instanceof Error) throw answer;
        if (typeof answer === 'number')
          return new Response('', { status: answer, headers: { 'Retry-After': '7' } });
        return new Response(body(answer));
      },
      sleep: async (ms) => {
        pauses.push(ms);
        if (!left.length) stream.close();
      },
    },
  );
  await stream.run();
  return { requests, events, states, pauses };
}

/** @param {string[]} pieces */
function body(pieces) {
  return new ReadableStream({
    start(controller) {
      for (const piece of pieces) controller.enqueue(new TextEncoder().encode(piece));
      controller.close();
    },
  });
}

const ONE = 'retry: 800\nid: 1\nevent: accepted\ndata: {"post":"a"}\n\n';
const TWO = 'id: 2\nevent: done\ndata: {"post":"a"}\n\n';

test('a stream resumes after the last event it has seen', async () => {
  const { requests, events } = await follow([[ONE], [TWO], ['']]);
  assert.deepEqual(
    requests.map(({ headers }) => headers['last-event-id']),
    [undefined, '1', '2'],
  );
  assert.deepEqual(
    events.map(({ type }) => type),
    ['accepted', 'done'],
  );
});

test('an event that was cut off is not seen, and comes again', async () => {
  const { requests, events } = await follow([[ONE, TWO.slice(0, 20)], [TWO]]);
  assert.equal(requests[1]?.headers['last-event-id'], '1');
  assert.equal(events.length, 2);
});

test('characters that are cut in two survive', async () => {
  const bytes = new TextEncoder().encode('data: "é"\n\n');
  const stream = [];
  const reader = new EventStream(
    '/v1/events',
    () => ({}),
    { event: (event) => stream.push(event.data), state: () => {} },
    {
      fetch: async () =>
        new Response(
          new ReadableStream({
            start(controller) {
              for (const byte of bytes) controller.enqueue(Uint8Array.of(byte));
              controller.close();
            },
          }),
        ),
      sleep: async () => reader.close(),
    },
  );
  await reader.run();
  assert.deepEqual(stream, ['"é"']);
});

test('the pause is that of the server, up to half of it longer', async () => {
  const { pauses } = await follow([[ONE]]);
  assert.equal(pauses.length, 1);
  assert.ok(pauses[0] >= 800 && pauses[0] <= 1200, `${pauses[0]}`);
});

test('failures double the pause, up to a bound, and Retry-After sets it', async () => {
  const { pauses, states } = await follow([
    [ONE],
    ...Array.from({ length: 9 }, () => new TypeError('network')),
  ]);
  assert.ok(pauses[2] > pauses[1], 'longer');
  assert.ok(Math.max(...pauses) <= 45_000, 'bounded');
  assert.ok(states.includes('waiting'));
  const refused = await follow([503]);
  assert.ok((refused.pauses[0] ?? 0) >= 7000);
});

test('a refused session ends the stream', async () => {
  for (const status of [401, 403]) {
    const { states, requests } = await follow([status]);
    assert.equal(states.at(-1), 'unauthorized');
    assert.equal(requests.length, 1);
  }
});

test('each connection asks for its headers', async () => {
  const { requests } = await follow([[ONE]]);
  assert.equal(requests[0]?.headers['splitflap-page'], '1');
  assert.equal(requests[0]?.headers.accept, 'text/event-stream');
});
