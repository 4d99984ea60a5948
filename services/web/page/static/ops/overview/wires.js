/** The wires between the boxes of the picture, as paths of SVG. */

/**
 * @typedef {{left: number, right: number, top: number, bottom: number}} Box
 * @typedef {{lane: 'render' | 'scrape', touchesBroker: boolean, touchesWorkers: boolean}} WireKind
 * @typedef {{kind: WireKind, path: string}} Wire
 */

/** Radius of a bend, in pixels. */
const BEND = 8;

/** Pixels from the edge of a box to the wire to the box below. */
const EDGE = 16;

/**
 * From left to right while the stages stand side by side, from top to bottom if they are stacked.
 * @param {Record<string, Box>} boxes By name; missing ones have no wires.
 * @returns {Wire[]}
 */
export function wires(boxes) {
  /** @type {Wire[]} */
  const found = [];
  for (const lane of /** @type {const} */ (['render', 'scrape'])) {
    const way = [
      ...(lane === 'render' ? ['accepted'] : []),
      `waiting-${lane}`,
      `queue-${lane}`,
      `workers-${lane}`,
      'finished',
    ];
    for (let at = 0; at + 1 < way.length; at++) {
      const [from, to] = [boxes[way[at]], boxes[way[at + 1]]];
      if (!from || !to) continue;
      const isSideways = to.left >= from.right;
      // Stacked, the second lane would run through the boxes of the first.
      if (!isSideways && lane === 'scrape') continue;
      const names = way.slice(at, at + 2).join(' ');
      const kind = {
        lane,
        touchesBroker: names.includes('queue'),
        touchesWorkers: names.includes('workers'),
      };
      found.push({ kind, path: isSideways ? sideways(from, to) : down(from, to) });
    }
  }
  return found;
}

/**
 * @param {Box} from
 * @param {Box} to
 */
function sideways(from, to) {
  const y1 = middle(from);
  const y2 = middle(to);
  const x = Math.round((from.right + to.left) / 2);
  const end = `l-5 -4 m5 4 l-5 4`;
  if (Math.abs(y1 - y2) < 2) return `M${from.right} ${y1} H${to.left - 1} ${end}`;
  const turn = y2 > y1 ? BEND : -BEND;
  return [
    `M${from.right} ${y1} H${x - BEND}`,
    `Q${x} ${y1} ${x} ${y1 + turn} V${y2 - turn}`,
    `Q${x} ${y2} ${x + BEND} ${y2} H${to.left - 1} ${end}`,
  ].join(' ');
}

/**
 * @param {Box} from
 * @param {Box} to
 */
function down(from, to) {
  // At the right edge, since the title of the stage stands at the left one.
  const x = Math.min(from.right, to.right) - EDGE;
  return `M${x} ${from.bottom} V${to.top - 1} l-4 -5 m4 5 l4 -5`;
}

/** @param {Box} box */
function middle(box) {
  return Math.round((box.top + box.bottom) / 2);
}
