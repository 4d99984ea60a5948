import { get } from '../../lib/api.js';
import { html, nothing, PageElement } from '../../lib/element.js';
import { count, duration, rate } from '../words.js';
import { CHARTS, columns, span, stretches } from './history.js';

/**
 * @typedef {import('./history.js').History} History
 * @typedef {import('./history.js').Chart} Chart
 */

/** Milliseconds between two questions: the API keeps a value every 10 s. */
const EVERY = 10_000;

/** Height of a chart in pixels. */
const HEIGHT = 150;

/** Minutes of one row of a table. */
const ROW = 5;

const dark = matchMedia('(prefers-color-scheme: dark)');

/** The last hour, as charts, and as tables for those who do not see them. */
class Charts extends PageElement {
  static properties = {
    active: { type: Boolean },
    history: { state: true },
    error: { state: true },
  };

  constructor() {
    super();
    this.active = false;
    /** @type {History | null} */
    this.history = null;
    /** @type {string | null} */
    this.error = null;
    /** @type {Map<string, import('./uplot.js').Plot>} */
    this.plots = new Map();
    this.askedAt = Number.NEGATIVE_INFINITY;
    this.observer = new ResizeObserver((entries) => {
      for (const { target, contentRect } of entries) {
        const plot = this.plots.get(/** @type {HTMLElement} */ (target).dataset.chart ?? '');
        if (plot && contentRect.width) plot.setSize({ width: contentRect.width, height: HEIGHT });
      }
    });
    this.onScheme = () => {
      this.forget();
      this.requestUpdate();
    };
  }

  connectedCallback() {
    super.connectedCallback();
    dark.addEventListener('change', this.onScheme);
    this.timer = setInterval(() => this.tick(), 1000);
    this.tick();
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    dark.removeEventListener('change', this.onScheme);
    clearInterval(this.timer);
    this.forget();
  }

  tick() {
    const now = performance.now();
    if (!this.active || document.hidden || now - this.askedAt < EVERY) return;
    this.askedAt = now;
    void this.load();
  }

  async load() {
    try {
      const reply = await get('/status/history', { patient: false });
      this.history = /** @type {History} */ (reply.body);
      this.error = null;
    } catch (error) {
      this.error = error instanceof Error ? error.message : String(error);
    }
  }

  forget() {
    this.observer.disconnect();
    for (const plot of this.plots.values()) plot.destroy();
    this.plots.clear();
  }

  updated() {
    if (!this.history) return;
    for (const chart of CHARTS) {
      const data = columns(this.history, chart);
      const plot = this.plots.get(chart.id) ?? this.draw(chart, data);
      if (plot) show(plot, data);
    }
  }

  /**
   * @param {Chart} chart
   * @param {[number[], ...(number | null)[][]]} data
   */
  draw(chart, data) {
    const room = /** @type {HTMLElement | null} */ (
      this.querySelector(`[data-chart="${chart.id}"]`)
    );
    const Plot = /** @type {{uPlot?: import('./uplot.js').PlotClass}} */ (globalThis).uPlot;
    if (!room?.clientWidth || !Plot) return null;
    const styles = getComputedStyle(this);
    const colour = (/** @type {string} */ name) => styles.getPropertyValue(name).trim();
    const axis = {
      stroke: colour('--muted'),
      grid: { stroke: colour('--line'), width: 1 },
      ticks: { stroke: colour('--line'), width: 1, size: 4 },
      font: `11px ${styles.fontFamily}`,
    };
    const value = (/** @type {number | null} */ each) => inWords(chart, each);
    const plot = new Plot(
      {
        width: room.clientWidth,
        height: HEIGHT,
        cursor: { sync: { key: 'splitflap' }, points: { size: 6 } },
        legend: { live: true },
        // The first drawing ends with an empty legend.
        hooks: { ready: [latest] },
        scales: {
          x: { auto: false },
          y: {
            range: (
              /** @type {unknown} */ _,
              /** @type {number} */ __,
              /** @type {number} */ most,
            ) => [0, Math.max(1, most * 1.1)],
          },
        },
        axes: [
          { ...axis, values: '{HH}:{mm}', space: 70, size: 26 },
          {
            ...axis,
            size: 52,
            space: 32,
            values: (/** @type {unknown} */ _, /** @type {number[]} */ splits) =>
              splits.map((each) => (chart.unit === 'seconds' ? duration(each) : brief(each))),
          },
        ],
        series: [
          { label: 'time', value: '{HH}:{mm}:{ss}' },
          ...chart.lines.map((line) => ({
            label: line.label,
            stroke: colour(`--chart-${line.colour}`),
            width: 1.5,
            dash: line.colour === 2 ? [5, 3] : line.colour === 4 ? [2, 3] : [],
            points: { show: false },
            value: (/** @type {unknown} */ _, /** @type {number | null} */ each) => value(each),
          })),
        ],
      },
      data,
      room,
    );
    this.plots.set(chart.id, plot);
    this.observer.observe(room);
    return plot;
  }

  template() {
    return html`
      ${this.error ? html`<p class="error" role="alert">The charts are not up to date: ${this.error}</p>` : nothing}
      <div class="charts">
        ${CHARTS.map(
          (chart) => html`
            <figure class="chart">
              <figcaption>${chart.title} <span class="quiet">${chart.unit}</span></figcaption>
              <div data-chart=${chart.id} class="plot" aria-hidden="true"></div>
              <details>
                <summary>${chart.title} as a table</summary>
                ${this.history ? this.table(this.history, chart) : nothing}
              </details>
            </figure>
          `,
        )}
      </div>
    `;
  }

  /**
   * @param {History} history
   * @param {Chart} chart
   */
  table(history, chart) {
    return html`
      <table class="small">
        <caption>The largest value in each ${ROW} minutes, ${chart.unit}</caption>
        <thead>
          <tr>
            <th scope="col">From</th>
            ${chart.lines.map((line) => html`<th scope="col" class="number">${line.label}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${stretches(history, chart, ROW).map(
            (row) => html`
              <tr>
                <th scope="row">${new Date(row.from * 1000).toLocaleTimeString()}</th>
                ${row.largest.map((each) => html`<td class="number">${inWords(chart, each)}</td>`)}
              </tr>
            `,
          )}
        </tbody>
      </table>
    `;
  }
}

/**
 * New values.
 * @param {import('./uplot.js').Plot} plot
 * @param {[number[], ...(number | null)[][]]} data
 */
function show(plot, data) {
  const [min, max] = span(data);
  plot.batch(() => {
    plot.setData(data, false);
    plot.setScale('x', { min, max });
    latest(plot);
  });
}

/**
 * Shows the latest values in the legend, unless the pointer asks for another time.
 * @param {import('./uplot.js').Plot} plot
 */
function latest(plot) {
  if (plot.cursor.idx == null) plot.setLegend({ idx: plot.data[0].length - 1 });
}

/**
 * @param {Chart} chart
 * @param {number | null} value
 */
function inWords(chart, value) {
  if (chart.unit === 'seconds') return duration(value);
  return chart.unit === 'per second' ? rate(value) : count(value);
}

/** @param {number} value */
function brief(value) {
  return value >= 1000 ? count(value) : String(Math.round(value * 10) / 10);
}

customElements.define('ops-charts', Charts);
