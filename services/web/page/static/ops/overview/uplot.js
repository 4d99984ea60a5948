/**
 * The parts of uPlot that the page uses. Its own declarations have 40 KB; the file itself is a
 * script of ops.html.
 *
 * @typedef {{
 *   setData: (data: [number[], ...(number | null)[][]], resetScales: boolean) => void,
 *   setScale: (name: string, limits: {min: number, max: number}) => void,
 *   setLegend: (at: {idx: number}) => void,
 *   batch: (change: () => void) => void,
 *   data: [number[], ...(number | null)[][]],
 *   cursor: {idx?: number | null},
 *   setSize: (size: {width: number, height: number}) => void,
 *   destroy: () => void,
 * }} Plot
 * @typedef {new (
 *   options: object, data: [number[], ...(number | null)[][]], room: HTMLElement,
 * ) => Plot} PlotClass
 */
export {};
