/** The body of a dead letter as text for people. It is hostile: show it as text only. */

/** Most characters to show at once: the browser lays out a larger text for seconds. */
export const SHOWN = 100_000;

/**
 * A body with its JSON indented. A body that is no JSON, or whose numbers a parse would change,
 * stays as it is.
 * @param {string | null} body
 * @returns {{text: string, cut: number}} `cut`: how many characters are left out.
 */
export function pretty(body) {
  const whole = visible(indented(body ?? ''));
  return { text: whole.slice(0, SHOWN), cut: Math.max(0, whole.length - SHOWN) };
}

/** @param {string} body */
function indented(body) {
  try {
    const value = JSON.parse(body);
    if (typeof value !== 'object' || value === null || /\d{16}/.test(body)) return body;
    return JSON.stringify(value, null, 2);
  } catch {
    return body;
  }
}

/**
 * The text with each character that would reorder or hide others made visible, as `\u202e`.
 * @param {string} text
 */
export function visible(text) {
  return text.replace(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it looks for.
    /[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
