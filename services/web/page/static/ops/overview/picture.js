import { html, nothing, PageElement } from '../../lib/element.js';
import { svg } from '../../vendor/lit/lit-html.js';
import { duration, fourCells, rate, replicas, several } from '../words.js';
import { KINDS, lane } from './flow.js';
import { LATE } from './trouble.js';
import { wires } from './wires.js';

/**
 * @typedef {import('./flow.js').Status} Status
 * @typedef {import('./flow.js').Lane} Lane
 */

const NAMES = { render: 'Texts', scrape: 'Links' };
const WORKERS = { render: 'Renderers', scrape: 'Scrapers' };

/** The way of the data: five stages, two lanes, numbers that flip, and wires between them. */
class Picture extends PageElement {
  static properties = { status: { attribute: false }, wires: { state: true } };

  constructor() {
    super();
    /** @type {Status | null} */
    this.status = null;
    /** @type {import('./wires.js').Wire[]} */
    this.wires = [];
    this.observer = new ResizeObserver(() => this.measure());
  }

  connectedCallback() {
    super.connectedCallback();
    this.observer.observe(this);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.observer.disconnect();
  }

  /** Places the wires where the boxes are. */
  measure() {
    const origin = this.getBoundingClientRect();
    /** @type {Record<string, import('./wires.js').Box>} */
    const boxes = {};
    for (const element of this.querySelectorAll('[data-box]')) {
      const box = element.getBoundingClientRect();
      boxes[element.getAttribute('data-box') ?? ''] = {
        left: Math.round(box.left - origin.left),
        right: Math.round(box.right - origin.left),
        top: Math.round(box.top - origin.top),
        bottom: Math.round(box.bottom - origin.top),
      };
    }
    const found = wires(boxes);
    if (JSON.stringify(found) !== JSON.stringify(this.wires)) this.wires = found;
  }

  updated() {
    this.measure();
  }

  template() {
    const { status } = this;
    if (!status) return html`<p class="quiet">Waiting for the first numbers…</p>`;
    const isDown = status.broker ? !status.broker.up : false;
    const lanes = KINDS.map((kind) => lane(status, kind));
    return html`
      <svg class="wires" aria-hidden="true" focusable="false">
        ${this.wires.map((wire) => svg`<path class=${`wire ${this.state(wire.kind, lanes, isDown)}`} d=${wire.path}></path>`)}
      </svg>
      <section class="stage" aria-labelledby="stage-api">
        <h3 id="stage-api">API</h3>
        ${box('accepted', 'Requests', nothing, [
          cell('accepted/s', rate(status.rates?.accepted)),
          cell(
            'refused/s',
            rate(status.rates?.refused),
            nothing,
            status.shedding?.length ? 'bad' : '',
          ),
        ])}
        ${box('', 'Replicas', replicas(status.api_pods) ?? nothing, [
          cell('running', fourCells(status.api_replicas)),
          cell('streams', fourCells(status.streams)),
        ])}
      </section>
      <section class="stage" aria-labelledby="stage-database">
        <h3 id="stage-database">Database</h3>
        ${lanes.map(waiting)}
      </section>
      <section class=${isDown ? 'stage down' : 'stage'} aria-labelledby="stage-broker">
        <h3 id="stage-broker">Broker ${isDown ? html`<strong class="sign">down</strong>` : nothing}</h3>
        ${lanes.map((each) => queue(each, isDown))}
      </section>
      <section class="stage" aria-labelledby="stage-workers">
        <h3 id="stage-workers">Workers</h3>
        ${lanes.map(workers)}
      </section>
      <section class="stage" aria-labelledby="stage-results">
        <h3 id="stage-results">Results</h3>
        ${box('finished', 'Responses', nothing, [
          cell('finished/s', rate(status.rates?.finished)),
          cell('failed/s', rate(status.rates?.failed)),
        ])}
        ${box('', 'Tasks', nothing, [
          cell('running', fourCells(status.running_tasks)),
          cell(
            html`<a href="#dead">dead letters</a>`,
            fourCells(status.dead),
            nothing,
            status.dead ? 'warn' : '',
          ),
        ])}
      </section>
    `;
  }

  /**
   * @param {import('./wires.js').WireKind} kind
   * @param {Lane[]} lanes
   * @param {boolean} isDown
   */
  state(kind, lanes, isDown) {
    if (isDown && kind.touchesBroker) return 'cut';
    const flow = lanes.find((each) => each.kind === kind.lane);
    if (kind.touchesWorkers && flow?.consumers === 0) return 'cut';
    return flow && ((flow.rate ?? 0) > 0 || (flow.inFlight ?? 0) > 0) ? 'flowing' : 'idle';
  }
}

/** @param {Lane} lane */
function waiting(lane) {
  const low = lane.low ? `, ${fourCells(lane.low)} low` : '';
  return box(`waiting-${lane.kind}`, NAMES[lane.kind], nothing, [
    cell(
      'held',
      fourCells(lane.held),
      lane.held ? `${age(lane.heldAge)}${low}` : nothing,
      lane.held > lane.low && lane.heldAge > 60 ? 'warn' : '',
    ),
    cell(
      'unpublished',
      fourCells(lane.unpublished),
      lane.unpublished ? age(lane.unpublishedAge) : nothing,
      lane.unpublishedAge > 60 ? 'bad' : '',
    ),
  ]);
}

/**
 * @param {Lane} lane
 * @param {boolean} isDown
 */
function queue(lane, isDown) {
  return box(`queue-${lane.kind}`, NAMES[lane.kind], nothing, [
    cell(
      'queue',
      isDown ? '–' : fourCells(lane.queue),
      lane.unfinishedAge ? age(lane.unfinishedAge) : nothing,
      lane.unfinishedAge > LATE[lane.kind] ? 'bad' : '',
    ),
    cell(
      'consumers',
      isDown ? '–' : fourCells(lane.consumers),
      nothing,
      lane.consumers === 0 ? 'bad' : '',
    ),
  ]);
}

/** @param {Lane} lane */
function workers(lane) {
  const isFull = lane.slots !== null && lane.slots > 0 && (lane.inFlight ?? 0) >= lane.slots;
  return box(
    `workers-${lane.kind}`,
    WORKERS[lane.kind],
    replicas(lane.pods, lane.wanted) ?? nothing,
    [
      cell(
        'in flight',
        fourCells(lane.inFlight),
        lane.slots === null ? nothing : several(lane.slots, 'slot'),
        isFull ? 'warn' : '',
      ),
      cell('done/s', rate(lane.rate), lane.mean === null ? nothing : `${duration(lane.mean)} each`),
    ],
  );
}

/**
 * @param {string} name Where wires end; empty if none does.
 * @param {string} title
 * @param {unknown} note
 * @param {unknown[]} cells
 */
function box(name, title, note, cells) {
  return html`
    <div class="box" data-box=${name || nothing}>
      <h4 class="lane-name">${title}</h4>
      ${note === nothing ? nothing : html`<p class="lane-note">${note}</p>`}
      <dl>${cells}</dl>
    </div>
  `;
}

/**
 * @param {unknown} label
 * @param {string} text
 * @param {unknown} [note]
 * @param {'' | 'warn' | 'bad'} [level]
 */
function cell(label, text, note = nothing, level = '') {
  return html`
    <div class=${`cell-box ${level}`}>
      <dt>${label}</dt>
      <dd><split-flap text=${text.padStart(4)} cells="4"></split-flap></dd>
      ${note === nothing ? nothing : html`<dd class="note">${note}</dd>`}
    </div>
  `;
}

/** @param {number} seconds */
function age(seconds) {
  return `oldest ${seconds < 1 ? '<1 s' : duration(seconds)}`;
}

customElements.define('ops-picture', Picture);
