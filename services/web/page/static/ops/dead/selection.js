/** Which rows of a list are selected, and which one the keyboard is on. */

/**
 * @typedef {{ids: string[], chosen: ReadonlySet<string>, at: number, anchor: number}} Selection
 * `at` is the row with the focus, `anchor` the other end of a range.
 */

/**
 * @param {string[]} ids
 * @returns {Selection}
 */
export function selectionOf(ids) {
  return { ids, chosen: new Set(), at: 0, anchor: 0 };
}

/**
 * The same selection over another list: what is gone from the list is not selected.
 * @param {Selection} selection
 * @param {string[]} ids
 * @returns {Selection}
 */
export function over(selection, ids) {
  const known = new Set(ids);
  const chosen = new Set([...selection.chosen].filter((id) => known.has(id)));
  const at = Math.max(0, Math.min(selection.at, ids.length - 1));
  return { ids, chosen, at, anchor: Math.min(selection.anchor, at) };
}

/**
 * Moves to a row. With `extend`, selects all rows from the anchor to it.
 * @param {Selection} selection
 * @param {number} row
 * @param {boolean} [extend]
 * @returns {Selection}
 */
export function moveTo(selection, row, extend = false) {
  const at = Math.max(0, Math.min(row, selection.ids.length - 1));
  if (!extend) return { ...selection, at, anchor: at };
  const [first, last] = [Math.min(selection.anchor, at), Math.max(selection.anchor, at)];
  const chosen = new Set([...selection.chosen, ...selection.ids.slice(first, last + 1)]);
  return { ...selection, at, chosen };
}

/**
 * Selects a row, or no longer.
 * @param {Selection} selection
 * @param {number} row
 * @returns {Selection}
 */
export function toggle(selection, row) {
  const id = selection.ids[row];
  if (id === undefined) return selection;
  const chosen = new Set(selection.chosen);
  if (!chosen.delete(id)) chosen.add(id);
  return { ...selection, chosen, at: row, anchor: row };
}

/**
 * Selects all rows, or none if all are selected.
 * @param {Selection} selection
 * @returns {Selection}
 */
export function toggleAll(selection) {
  const isAll = selection.ids.length > 0 && selection.chosen.size === selection.ids.length;
  return { ...selection, chosen: new Set(isAll ? [] : selection.ids) };
}
