/** The last hour as data of charts and tables. */

/**
 * @typedef {(number | null)[]} Values
 * @typedef {{step_seconds: number, until: string, series: {name: string, values: Values}[]}} History
 * @typedef {{name: string, label: string, colour: number, perSecond?: boolean}} Line
 * @typedef {{id: string, title: string, unit: string, lines: Line[]}} Chart
 */

/** @type {Chart[]} */
export const CHARTS = [
  {
    id: 'requests',
    title: 'Posts',
    unit: 'per second',
    lines: [
      { name: 'accepted', label: 'accepted', colour: 1, perSecond: true },
      { name: 'finished', label: 'finished', colour: 2, perSecond: true },
      { name: 'refused', label: 'refused', colour: 4, perSecond: true },
      { name: 'failed', label: 'failed', colour: 3, perSecond: true },
    ],
  },
  {
    id: 'waiting',
    title: 'Jobs that wait',
    unit: 'jobs',
    lines: [
      { name: 'render_waiting', label: 'render', colour: 1 },
      { name: 'scrape_waiting', label: 'scrape', colour: 2 },
    ],
  },
  {
    id: 'oldest',
    title: 'Oldest job',
    unit: 'seconds',
    lines: [
      { name: 'render_oldest', label: 'render', colour: 1 },
      { name: 'scrape_oldest', label: 'scrape', colour: 2 },
    ],
  },
  {
    id: 'done',
    title: 'Jobs done by the workers',
    unit: 'per second',
    lines: [
      { name: 'render_done', label: 'render', colour: 1, perSecond: true },
      { name: 'scrape_done', label: 'scrape', colour: 2, perSecond: true },
    ],
  },
  {
    id: 'tasks',
    title: 'Tasks and streams',
    unit: 'number',
    lines: [
      { name: 'running', label: 'tasks', colour: 1 },
      { name: 'streams', label: 'streams', colour: 2 },
    ],
  },
  {
    id: 'dead',
    title: 'Dead letters',
    unit: 'letters',
    lines: [{ name: 'dead', label: 'dead letters', colour: 3 }],
  },
];

/**
 * The times of the values, in seconds since 1970, oldest first. `until` is the end of the last.
 * @param {History} history
 */
export function times(history) {
  const length = Math.max(0, ...history.series.map((each) => each.values.length));
  const last = Date.parse(history.until) / 1000;
  return Array.from({ length }, (_, index) => last - (length - 1 - index) * history.step_seconds);
}

/**
 * Times and one array per line, as uPlot wants them. An unknown series has no values.
 * @param {History} history
 * @param {Chart} chart
 * @returns {[number[], ...Values[]]}
 */
export function columns(history, chart) {
  const at = times(history);
  return [at, ...chart.lines.map((line) => values(history, line, at.length))];
}

/**
 * @param {History} history
 * @param {Line} line
 * @param {number} length
 * @returns {Values}
 */
function values(history, line, length) {
  const found = history.series.find((each) => each.name === line.name)?.values;
  if (!found) return Array(length).fill(null);
  if (!line.perSecond) return found;
  return found.map((value) => (value === null ? null : value / history.step_seconds));
}

/**
 * The same hour in few rows: for each stretch its start and the largest value of each line.
 * @param {History} history
 * @param {Chart} chart
 * @param {number} minutes Length of a stretch.
 * @returns {{from: number, largest: Values}[]}
 */
export function stretches(history, chart, minutes) {
  const [at, ...lines] = columns(history, chart);
  const size = Math.max(1, Math.round((minutes * 60) / history.step_seconds));
  const rows = [];
  for (let start = 0; start < at.length; start += size) {
    const largest = lines.map((line) => largestOf(line.slice(start, start + size)));
    rows.push({ from: at[start], largest });
  }
  return rows;
}

/**
 * @param {Values} values
 * @returns {number | null}
 */
function largestOf(values) {
  return values.reduce(
    (most, value) => (value === null || (most !== null && most >= value) ? most : value),
    null,
  );
}

/** Seconds that a chart shows at least. */
const LEAST = 300;

/**
 * The part of the hour to show: from the first value on, since a new service has no earlier ones.
 * @param {[number[], ...Values[]]} data
 * @returns {[number, number]}
 */
export function span([at, ...lines]) {
  const last = at.at(-1) ?? 0;
  const first = at.findIndex((_, index) => lines.some((line) => (line[index] ?? null) !== null));
  return [Math.min(at[Math.max(0, first)] ?? last, last - LEAST), last];
}
