/** The numbers of the picture, taken from the status. */

/**
 * @typedef {'render' | 'scrape'} Kind
 * @typedef {{wanted: number, ready: number}} Pods
 * @typedef {{kind: string, state: string, count: number, oldest_seconds: number}} JobCount
 * @typedef {{
 *   kind: Kind, consumers: number | null, slots: number | null, queue_ready: number | null,
 *   in_flight: number, mean_seconds: number | null, wanted: number | null, pods?: Pods | null,
 * }} KindStatus
 * @typedef {{
 *   accepted: number, finished: number, failed: number, refused: number, render: number,
 *   scrape: number,
 * }} Rates
 * @typedef {{
 *   jobs: JobCount[], waiting_accounts: {kind: string, count: number}[], dead: number,
 *   running_tasks: number, kinds?: KindStatus[], rates?: Rates,
 *   shedding?: {reason: string, detail: string}[],
 *   broker?: {up: boolean, detail: string | null}, streams?: number, replica?: string,
 *   api_replicas?: number, api_pods?: Pods | null,
 * }} Status
 * @typedef {{
 *   kind: Kind, held: number, heldAge: number, low: number, unpublished: number,
 *   unpublishedAge: number, queue: number | null, inFlight: number | null,
 *   unfinishedAge: number, consumers: number | null, slots: number | null,
 *   mean: number | null, wanted: number | null, pods: Pods | null, rate: number | null,
 *   accounts: number,
 * }} Lane
 */

/** @type {Kind[]} */
export const KINDS = ['render', 'scrape'];

/**
 * The way of one kind of job: what waits where, and what the workers do.
 * @param {Status} status
 * @param {Kind} kind
 * @returns {Lane}
 */
export function lane(status, kind) {
  const jobs = (/** @type {string} */ state) =>
    status.jobs.find((each) => each.kind === kind && each.state === state) ?? {
      count: 0,
      oldest_seconds: 0,
    };
  const held = jobs('held');
  const low = jobs('held_low');
  const workers = status.kinds?.find((each) => each.kind === kind);
  return {
    kind,
    held: held.count + low.count,
    // Low jobs may wait for an hour: their age hides no other one.
    heldAge: held.count ? held.oldest_seconds : low.oldest_seconds,
    low: low.count,
    unpublished: jobs('unpublished').count,
    unpublishedAge: jobs('unpublished').oldest_seconds,
    queue: workers?.queue_ready ?? null,
    inFlight: workers?.in_flight ?? null,
    unfinishedAge: jobs('unfinished').oldest_seconds,
    consumers: workers?.consumers ?? null,
    slots: workers?.slots ?? null,
    mean: workers?.mean_seconds ?? null,
    wanted: workers?.wanted ?? null,
    pods: workers?.pods ?? null,
    rate: status.rates?.[kind] ?? null,
    accounts: status.waiting_accounts.find((each) => each.kind === kind)?.count ?? 0,
  };
}

/**
 * The age of the oldest job of all kinds and states, low ones left out: they may wait.
 * @param {Status} status
 */
export function oldest(status) {
  return Math.max(
    0,
    ...status.jobs.filter((job) => job.state !== 'held_low').map((job) => job.oldest_seconds),
  );
}
