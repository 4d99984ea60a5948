/** Posts a bounded number of texts at a bounded rate. A refusal slows it down, as it should. */

import { mayPass, retryAfter } from '../dead/bulk.js';
import { messageOf } from '../words.js';

/**
 * @typedef {{
 *   total: number, sent: number, accepted: number, refused: number, lastRefusal: string | null,
 *   state: 'running' | 'stopped' | 'finished' | 'failed', error: string | null,
 * }} LoadProgress
 * @typedef {{
 *   post: (number: number) => Promise<void>,
 *   wait: (seconds: number, signal: AbortSignal) => Promise<void>,
 *   now: () => number,
 * }} LoadMeans `post` rejects with an error that may have `status` and `retryAfter`.
 */

/** Bounds of the form. */
export const COUNT = { default: 50, most: 500 };
export const RATE = { default: 10, most: 50 };

/** Requests in flight at a time, so that a slow answer does not lower the rate. */
const LANES = 6;

/** Pause in seconds after a refusal without a Retry-After. */
const PAUSE = 1;

/** Tries of one post. */
const TRIES = 6;

/**
 * A number of a form, within its bounds.
 * @param {string | number} given
 * @param {{default: number, most: number}} bounds
 */
export function bounded(given, bounds) {
  const value = Math.trunc(Number(given));
  return Number.isNaN(value) ? bounds.default : Math.min(bounds.most, Math.max(1, value));
}

/**
 * @param {LoadMeans} means
 * @param {number} total
 * @param {number} rate Posts a second, at most.
 * @param {AbortSignal} signal
 * @param {(progress: LoadProgress) => void} show
 * @returns {Promise<LoadProgress>}
 */
export async function run(means, total, rate, signal, show) {
  /** @type {LoadProgress} */
  let progress = {
    total,
    sent: 0,
    accepted: 0,
    refused: 0,
    lastRefusal: null,
    state: 'running',
    error: null,
  };
  const change = (/** @type {Partial<LoadProgress>} */ part) => {
    progress = { ...progress, ...part };
    show(progress);
  };
  const start = means.now();
  let next = 0;

  async function lane() {
    while (next < total && !signal.aborted && progress.error === null) {
      const number = next++;
      await means.wait(Math.max(0, start + number / rate - means.now()), signal);
      if (signal.aborted) return;
      change({ sent: progress.sent + 1 });
      await submit(number);
    }
  }

  /** @param {number} number */
  async function submit(number) {
    for (let attempt = 1; !signal.aborted; attempt++) {
      try {
        await means.post(number);
        change({ accepted: progress.accepted + 1 });
        return;
      } catch (error) {
        if (!mayPass(error)) {
          change({ error: messageOf(error) });
          return;
        }
        change({ refused: progress.refused + 1, lastRefusal: messageOf(error) });
        if (attempt === TRIES) return;
        await means.wait(retryAfter(error) ?? PAUSE, signal);
      }
    }
  }

  change({});
  await Promise.all(Array.from({ length: LANES }, lane));
  const ended = signal.aborted ? 'stopped' : 'finished';
  change({ state: progress.error === null ? ended : 'failed' });
  return progress;
}
