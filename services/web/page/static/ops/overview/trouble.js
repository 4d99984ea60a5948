/** What is wrong now, in words, and what to do. The ages are those of the alerts' rules. */

import { duration, several } from '../words.js';
import { KINDS, lane } from './flow.js';

/**
 * @typedef {import('./flow.js').Status} Status
 * @typedef {import('./flow.js').Lane} Lane
 * @typedef {'trouble' | 'warning' | 'note'} Level
 * @typedef {{id: string, level: Level, title: string, text: string, advice: string, doc: string}}
 *   Trouble
 */

/** Seconds until a job of a kind is late. */
export const LATE = { render: 30, scrape: 120 };

/** Seconds until an unpublished job is a trouble: a restart of the broker takes a minute. */
const UNPUBLISHED = 60;

/** Seconds until a held job is worth a note. */
const HELD = 60;

const WORKER = { render: 'renderer', scrape: 'scraper' };
const WORK = { render: 'text', scrape: 'link' };

/** @type {Record<string, {title: string, text: string, advice: string}>} */
const SHEDDING = {
  in_flight: {
    title: 'The API sheds requests: all of its slots are taken',
    text: 'It answers 503 to every further request. Accepted work goes on.',
    advice: 'Add API replicas, or look for slow commits.',
  },
  unpublished: {
    title: 'The API refuses new work: the broker does not take jobs',
    text: 'It answers 503 to new posts. Accepted posts are safe in the database.',
    advice: 'Repair the broker. The API accepts new work by itself afterwards.',
  },
  not_ready: {
    title: 'The API sheds requests: it is not ready',
    text: 'It has no database, or its schema is old.',
    advice: 'Look at /readyz on its health port, then at the database.',
  },
  rate: {
    title: 'The API refuses requests above the rate limit of their key',
    text: 'It answers 429. Other keys are served.',
    advice: 'No action is needed. To allow more, raise SPLITFLAP_RATE_LIMIT.',
  },
  account_backlog: {
    title: 'The API refuses the new work of an account',
    text: 'The earlier work of this account waits too long, so the account gets 429. Others are served.',
    advice: 'See the accounts that wait. Ask the owner to send imports with a low priority.',
  },
};

/** Reasons that concern one client, while others are served. */
const OF_ONE_CLIENT = new Set(['rate', 'account_backlog']);

/** @type {Record<Level, number>} */
const ORDER = { trouble: 0, warning: 1, note: 2 };

/**
 * Everything that needs an operator's eye, the worst first.
 * @param {Status} status
 * @returns {Trouble[]}
 */
export function troubles(status) {
  const isDown = status.broker?.up === false;
  const found = [...broker(status), ...shedding(status)];
  for (const kind of KINDS) found.push(...ofLane(lane(status, kind), isDown));
  if (status.dead) found.push(deadLetters(status.dead));
  return found.sort((a, b) => ORDER[a.level] - ORDER[b.level]);
}

/**
 * The title of the window: trouble first, since a tab shows few letters.
 * @param {Trouble[]} found
 */
export function windowTitle(found) {
  const bad = found.filter((each) => each.level !== 'note');
  if (!bad.length) return 'Operations · Splitflap';
  const more = bad.length > 1 ? ` (+${bad.length - 1})` : '';
  return `⚠ ${bad[0].title}${more} · Splitflap`;
}

/**
 * @param {Status} status
 * @returns {Trouble[]}
 */
function broker(status) {
  if (!status.broker || status.broker.up) return [];
  const why = status.broker.detail ? ` (${status.broker.detail})` : '';
  return [
    {
      id: 'broker',
      level: 'trouble',
      title: 'The broker is down',
      text: `The API has no connection to it${why}. Accepted posts are safe: they wait in the database and go out when it is back.`,
      advice: 'Start the broker, or repair the way to it. The API connects by itself.',
      doc: 'docs/alerts.md#splitflapjobsunpublished',
    },
  ];
}

/**
 * @param {Status} status
 * @returns {Trouble[]}
 */
function shedding(status) {
  return (status.shedding ?? []).map(({ reason, detail }) => {
    const words = SHEDDING[reason] ?? {
      title: `The API sheds requests: ${reason}`,
      text: 'It refuses some requests.',
      advice: 'Look at its log.',
    };
    return {
      id: `shedding-${reason}`,
      level: OF_ONE_CLIENT.has(reason) ? 'warning' : 'trouble',
      title: words.title,
      text: detail ? `${words.text} It says: ${detail}.` : words.text,
      advice: words.advice,
      doc: 'docs/alerts.md#splitflapshedding',
    };
  });
}

/**
 * @param {Lane} lane
 * @param {boolean} isDown Without the broker nothing moves, and late jobs are no news.
 * @returns {Trouble[]}
 */
function ofLane(lane, isDown) {
  /** @type {Trouble[]} */
  const found = [];
  const { kind } = lane;
  const worker = WORKER[kind];
  const waits = (lane.queue ?? 0) + lane.held + lane.unpublished > 0;
  if (lane.consumers === 0) {
    found.push({
      id: `consumers-${kind}`,
      level: waits ? 'trouble' : 'warning',
      title: `No ${worker} is connected`,
      text: `No process takes ${kind} jobs. They wait, and none is lost.`,
      advice: `Start a ${worker}, or see what its /readyz says. An autoscaler may start one from 0.`,
      doc: 'docs/alerts.md#splitflapnoconsumer',
    });
  } else if (lane.unfinishedAge > LATE[kind] && !isDown) {
    found.push({
      id: `late-${kind}`,
      level: kind === 'render' ? 'trouble' : 'warning',
      title: `${kind === 'render' ? 'Texts are' : 'Previews are'} late`,
      text: `The oldest ${WORK[kind]} at the broker has waited ${duration(lane.unfinishedAge)}.`,
      advice: `Add ${worker}s if all slots are busy. Otherwise a ${worker} is stuck.`,
      doc: `docs/alerts.md#splitflap${kind === 'render' ? 'renders' : 'previews'}late`,
    });
  }
  if (lane.unpublishedAge > UNPUBLISHED && !isDown) {
    found.push({
      id: `unpublished-${kind}`,
      level: 'trouble',
      title: `The broker takes no ${kind} jobs`,
      text: `${several(lane.unpublished, 'job')} wait to be published, the oldest for ${duration(lane.unpublishedAge)}. No post is lost.`,
      advice: 'Look for an alarm of the broker, and at "link publish" in the log of the API.',
      doc: 'docs/alerts.md#splitflapjobsunpublished',
    });
  }
  if (lane.held > lane.low && lane.heldAge > HELD && lane.consumers !== 0 && !isDown) {
    found.push({
      id: `held-${kind}`,
      level: 'note',
      title: `${several(lane.accounts, 'account')} wait for a turn at the ${worker}s`,
      text: `The oldest job has waited ${duration(lane.heldAge)}. Accounts with little work are served before it.`,
      advice: 'Usually no action is needed. If many accounts wait, add workers.',
      doc: 'docs/operations.md#one-accounts-flood',
    });
  }
  // Without a worker the trouble above says so.
  if (lane.consumers && lane.wanted !== null && lane.wanted > lane.consumers) {
    found.push({
      id: `wanted-${kind}`,
      level: 'note',
      title: `${lane.consumers} of ${lane.wanted} wanted ${worker}s run`,
      text: 'The present load needs more of them.',
      advice: `Start another ${worker}, or wait for the autoscaler. If it starts none, look for pending pods and at its maximum.`,
      doc: 'docs/alerts.md#splitflaptoofewworkers',
    });
  }
  return found;
}

/**
 * @param {number} number
 * @returns {Trouble}
 */
function deadLetters(number) {
  return {
    id: 'dead',
    level: 'note',
    title: `${several(number, 'dead letter')} to look at`,
    text: 'Each is a job that failed for good, or a message that could not be read.',
    advice: 'Look at their reasons. Repair the cause, then replay them.',
    doc: 'docs/alerts.md#splitflapdeadletters',
  };
}
