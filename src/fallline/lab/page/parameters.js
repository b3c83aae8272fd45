/** The parameters of a network: their places in its vector, and their names as in the equations, w⁽²⁾₁₃ and b⁽¹⁾₂. */

/** @typedef {{W: [number, number], at: number, b: number|null}} Layer where W and b begin in the vector */
/** @typedef {{layer: number, from: number|null, to: number}} Place layer and units, counted from 0; `from` is null for a bias */

const RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹";
const LOWERED = "₀₁₂₃₄₅₆₇₈₉";

const written = (/** @type {number} */ n, /** @type {string} */ digits) =>
  [...String(n)].map((c) => digits[Number(c)]).join("");

/** @param {Layer[]} layers @param {number} index in the vector @returns {Place} */
export function placeOf(layers, index) {
  const layer = layers.findLastIndex(({ at }) => at <= index);
  const { W, at, b } = layers[layer];
  if (b !== null && index >= b) return { layer, from: null, to: index - b };
  const [from, to] = [Math.floor((index - at) / W[1]), (index - at) % W[1]];
  return { layer, from, to };
}

/** @param {Layer[]} layers @param {Place} place @returns {number} its index in the vector */
export function indexOf(layers, { layer, from, to }) {
  const { W, at, b } = layers[layer];
  return from === null ? /** @type {number} */ (b) + to : at + from * W[1] + to;
}

/** Its name: w⁽²⁾₁₃ leads from unit 1 to unit 3 of layer 2. @param {Place} place */
export function nameOf({ layer, from, to }) {
  const units = from === null ? [to + 1] : [from + 1, to + 1];
  const between = units.some((unit) => unit > 9) ? "," : "";
  const indices = units.map((unit) => written(unit, LOWERED)).join(between);
  return `${from === null ? "b" : "w"}⁽${written(layer + 1, RAISED)}⁾${indices}`;
}

/** The name in words, for screen readers. @param {Place} place */
export function wordsOf({ layer, from, to }) {
  return from === null
    ? `bias of unit ${to + 1} of layer ${layer + 1}`
    : `weight of layer ${layer + 1} from unit ${from + 1} to unit ${to + 1}`;
}
