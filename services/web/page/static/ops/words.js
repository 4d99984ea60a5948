/** Numbers, times and refusals in words. */

const NUMBER = new Intl.NumberFormat('en');

/**
 * A count: `1,234`; from 100,000 shortened, as in `123k` or `4.5M`. Unknown is `–`.
 * @param {number | null | undefined} value
 */
export function count(value) {
  if (value === null || value === undefined) return '–';
  if (value >= 9_999_500) return `${Math.round(value / 1e6)}M`;
  if (value >= 999_500) return `${(value / 1e6).toFixed(1)}M`;
  if (value >= 100_000) return `${Math.round(value / 1000)}k`;
  return NUMBER.format(value);
}

/**
 * A rate per second, in four cells.
 * @param {number | null | undefined} value
 */
export function rate(value) {
  if (value === null || value === undefined) return '–';
  if (value === 0) return '0';
  if (value < 0.05) return '<0.1';
  if (value < 99.95) return value.toFixed(1);
  return fourCells(value);
}

/**
 * A count in the four cells of a flap: `9999`, `12k`, `123k`, `1.2M`.
 * @param {number | null | undefined} value
 */
export function fourCells(value) {
  if (value === null || value === undefined) return '–';
  if (value < 9_999.5) return String(Math.round(value));
  if (value < 999_500) return `${Math.round(value / 1000)}k`;
  return value < 9_950_000 ? `${(value / 1e6).toFixed(1)}M` : `${Math.round(value / 1e6)}M`;
}

/**
 * An age or a length of time: `340 ms`, `4.2 s`, `57 s`, `3 min`, `2 h 5 min`, `4 d`.
 * @param {number | null | undefined} seconds
 */
export function duration(seconds) {
  if (seconds === null || seconds === undefined) return '–';
  if (seconds === 0) return '0 s';
  if (seconds < 0.9995) return `${Math.max(1, Math.round(seconds * 1000))} ms`;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  if (seconds < 119.5) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 120) return `${minutes} min`;
  if (minutes < 48 * 60) {
    return minutes % 60 ? `${Math.floor(minutes / 60)} h ${minutes % 60} min` : `${minutes / 60} h`;
  }
  return `${Math.floor(minutes / 1440)} d`;
}

/**
 * The replicas of a service: the pods that Kubernetes wants and has, or the need by the rule of
 * autoscaling. Null if neither is known.
 * @param {{wanted: number, ready: number} | null | undefined} pods
 * @param {number | null} [wanted]
 */
export function replicas(pods, wanted = null) {
  if (pods) return `wanted ${count(pods.wanted)}, there ${count(pods.ready)}`;
  return wanted === null ? null : `${count(wanted)} wanted`;
}

const UNITS = new Map([
  ['s', 1],
  ['min', 60],
  ['m', 60],
  ['h', 3600],
  ['d', 86400],
]);

/** Most seconds of an age: ten years. */
const MAX_AGE = 315_360_000;

/**
 * The seconds of an age as a person types it, like the command line's: `90s`, `15min`, `2h`, `7d`.
 * @param {string} text
 * @returns {number | null} null if it is none.
 */
export function seconds(text) {
  const found = /^\s*(\d{1,9}(?:\.\d{1,3})?)\s*(s|min|m|h|d)\s*$/i.exec(text);
  if (!found) return null;
  const value = Number(found[1]) * (UNITS.get(found[2].toLowerCase()) ?? 1);
  return value <= MAX_AGE ? value : null;
}

/**
 * How long ago a time was.
 * @param {string} time RFC 3339.
 * @param {number} [now] Milliseconds since 1970.
 */
export function ago(time, now = Date.now()) {
  const age = (now - Date.parse(time)) / 1000;
  if (Number.isNaN(age)) return time;
  if (age < 1) return 'now';
  // Whole seconds: tenths of an age mean nothing.
  return `${age < 9.95 ? `${Math.round(age)} s` : duration(age)} ago`;
}

/**
 * A time in the reader's zone, to the second.
 * @param {string | number} time RFC 3339, or milliseconds since 1970.
 */
export function clock(time) {
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) return String(time);
  const pad = (/** @type {number} */ part) => String(part).padStart(2, '0');
  const day = [date.getFullYear(), pad(date.getMonth() + 1), pad(date.getDate())].join('-');
  return `${day} ${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`;
}

/**
 * A number with its noun: `1 dead letter`, `2,000 dead letters`.
 * @param {number} number
 * @param {string} noun
 */
export function several(number, noun) {
  return `${NUMBER.format(number)} ${noun}${number === 1 ? '' : 's'}`;
}

/**
 * An error for people.
 * @param {unknown} error
 */
export function messageOf(error) {
  return error instanceof Error ? error.message : String(error);
}
