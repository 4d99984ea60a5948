/** Replays or drops many dead letters: batch by batch, and it can be stopped between two. */

import { messageOf } from '../words.js';
import { query } from './filter.js';

/**
 * @typedef {import('./filter.js').Filter} Filter
 * @typedef {'replay' | 'drop'} Verb
 * @typedef {{id: string, detail: string}} Refusal
 * @typedef {{done: number, refused: Refusal[], left: string[]}} Answer
 * @typedef {{
 *   total: number, done: number, refused: Refusal[], paused: string | null,
 *   state: 'running' | 'stopped' | 'finished' | 'failed', error: string | null,
 * }} Progress
 * @typedef {{
 *   page: (query: Record<string, string>) =>
 *     Promise<{items: {id: string}[], next: string | null}>,
 *   act: (verb: Verb, ids: string[]) => Promise<Answer>,
 *   wait: (seconds: number, signal: AbortSignal) => Promise<void>,
 *   now: () => number,
 * }} Means `now` in seconds, from any start.
 */

/** Letters of one request: the API's limit. */
export const BATCH = 100;

/** Longest pause in seconds, while the API refuses a batch. As the command line's. */
const MAX_PAUSE = 120;

/** Pause in seconds after a refusal without a Retry-After. */
const PAUSE = 1;

/**
 * The ids of one selection, in batches.
 * @param {string[]} ids
 * @returns {AsyncGenerator<string[]>}
 */
export async function* chosen(ids) {
  for (let start = 0; start < ids.length; start += BATCH) yield ids.slice(start, start + BATCH);
}

/**
 * The ids of all letters that matched when they were counted, newest first. A letter that fails
 * again becomes a new one: it is newer than the count, so the work ends.
 * @param {Means} means
 * @param {Filter} filter
 * @param {number} countedAt By the clock of `means`.
 * @returns {AsyncGenerator<string[]>}
 */
export async function* matching(means, filter, countedAt) {
  /** @type {string | null} */
  let after = null;
  do {
    const passed = Math.max(0.001, means.now() - countedAt);
    /** @type {Record<string, string>} */
    const asked = { ...query(filter, passed), limit: String(BATCH) };
    if (after !== null) asked.after = after;
    const page = await means.page(asked);
    if (page.items.length) yield page.items.map((letter) => letter.id);
    after = page.next;
  } while (after !== null);
}

/**
 * Do the work. It ends by itself, by the signal, or by a refusal that will not pass.
 * @param {Means} means
 * @param {Verb} verb
 * @param {AsyncGenerator<string[]>} batches
 * @param {number} total
 * @param {AbortSignal} signal
 * @param {(progress: Progress) => void} show Called after each change, with a fresh object.
 * @returns {Promise<Progress>}
 */
export async function work(means, verb, batches, total, signal, show) {
  /** @type {Progress} */
  let progress = { total, done: 0, refused: [], paused: null, state: 'running', error: null };
  const change = (/** @type {Partial<Progress>} */ part) => {
    progress = { ...progress, ...part };
    show(progress);
  };
  change({});
  try {
    for await (const batch of batches) {
      let left = batch;
      while (left.length && !signal.aborted) {
        const answer = await patiently(means, verb, left, signal, (why) => change({ paused: why }));
        if (answer === null) break;
        left = answer.left;
        change({
          done: progress.done + answer.done,
          refused: [...progress.refused, ...answer.refused],
          paused: null,
        });
      }
      if (signal.aborted) break;
    }
    change({ state: signal.aborted ? 'stopped' : 'finished', paused: null });
  } catch (error) {
    change({ state: 'failed', paused: null, error: messageOf(error) });
  }
  return progress;
}

/**
 * Send a batch until the API takes it.
 * @param {Means} means
 * @param {Verb} verb
 * @param {string[]} ids
 * @param {AbortSignal} signal
 * @param {(why: string) => void} paused
 * @returns {Promise<Answer | null>} null after a stop.
 */
async function patiently(means, verb, ids, signal, paused) {
  const giveUpAt = means.now() + MAX_PAUSE;
  while (!signal.aborted) {
    try {
      return await means.act(verb, ids);
    } catch (error) {
      if (!mayPass(error) || means.now() >= giveUpAt) throw error;
      paused(messageOf(error));
      await means.wait(retryAfter(error) ?? PAUSE, signal);
    }
  }
  return null;
}

/**
 * Whether a repetition may succeed: no answer, too many requests, or a service that is busy.
 * @param {unknown} error
 */
export function mayPass(error) {
  const { status, name } = /** @type {{status?: number, name?: string}} */ (error);
  return name === 'Unreachable' || status === 429 || status === 503;
}

/** @param {unknown} error */
export function retryAfter(error) {
  return /** @type {{retryAfter?: number | null}} */ (error).retryAfter ?? null;
}

/**
 * The refused letters by reason, the most frequent first.
 * @param {Refusal[]} refused
 * @returns {{detail: string, ids: string[]}[]}
 */
export function byReason(refused) {
  /** @type {Map<string, string[]>} */
  const found = new Map();
  for (const { id, detail } of refused) found.set(detail, [...(found.get(detail) ?? []), id]);
  return [...found]
    .map(([detail, ids]) => ({ detail, ids }))
    .sort((a, b) => b.ids.length - a.ids.length);
}
