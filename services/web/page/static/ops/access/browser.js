/** Names of browsers and systems, the first that a User-Agent has: many claim to be others too. */

const BROWSERS = [
  ['Edge', /Edg(?:e|A|iOS)?\/(\d+)/],
  ['Opera', /OPR\/(\d+)/],
  ['Firefox', /(?:Firefox|FxiOS)\/(\d+)/],
  ['Chrome', /(?:Chrome|CriOS)\/(\d+)/],
  ['Safari', /Version\/(\d+)[\d.]* (?:Mobile\/\S+ )?Safari\//],
];

const SYSTEMS = [
  ['Android', /Android/],
  ['iOS', /iPhone|iPad/],
  ['Windows', /Windows/],
  ['macOS', /Macintosh/],
  ['ChromeOS', /CrOS/],
  ['Linux', /Linux|X11/],
];

/**
 * A browser in words: `Firefox 140 on Linux`. An unknown one is its User-Agent.
 * @param {string | null} agent
 */
export function browser(agent) {
  if (!agent) return 'unknown';
  for (const [name, pattern] of /** @type {[string, RegExp][]} */ (BROWSERS)) {
    const found = pattern.exec(agent);
    if (!found) continue;
    const system = /** @type {[string, RegExp][]} */ (SYSTEMS).find(([, each]) => each.test(agent));
    return `${name} ${found[1]}${system ? ` on ${system[0]}` : ''}`;
  }
  return agent;
}
