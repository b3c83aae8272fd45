/** The values of an axis, as `fallline.experiment.axes.Axis` has them. */

import { between } from "./exact.js";

/**
 * An axis as Python describes it: listed values, or a range in cells. `part` is [first, cells]: the values are the centres of cells
 * first, first + 1, ... of the range divided into so many equal cells.
 * @typedef {object} Axis
 * @property {string} name
 * @property {number[]} [values]
 * @property {number} [low]
 * @property {number} [high]
 * @property {number} [count]
 * @property {string} [scale]
 * @property {[number|bigint, number|bigint]} [part]
 */

const LARGEST_WHOLE = 2 ** 53;

/** @type {Map<string, Float64Array>} */
const known = new Map();
const MOST_KNOWN = 200;

/**
 * @param {Axis} axis
 * @param {boolean} whole whether the setting takes whole numbers
 * @returns {Float64Array}
 */
export function valuesOf(axis, whole) {
  const { values, low = 0, high = 0, count = 1, scale, part } = axis;
  if (values) return Float64Array.from(values);
  const key = [low, high, count, scale, part, whole].join(" ");
  let found = known.get(key);
  if (!found) {
    if (known.size >= MOST_KNOWN) known.clear();
    found = computed(low, high, count, scale === "log", part, whole);
    known.set(key, found);
  }
  return found;
}

/**
 * @param {number} low
 * @param {number} high
 * @param {number} count
 * @param {boolean} logarithmic
 * @param {[number|bigint, number|bigint]|undefined} part
 * @param {boolean} whole
 */
function computed(low, high, count, logarithmic, part, whole) {
  const places = Array.from({ length: count }, (_, k) => BigInt(k));
  if (part) {
    const [first, cells] = part.map(BigInt);
    const centres = places.map((k) => 2n * (first + k) + 1n);
    const values = between(low, high, centres, 2n * cells, logarithmic);
    return values.map((value) => (whole ? Math.floor(value + 0.5) : value) + 0);
  }
  if (count === 1) return Float64Array.of(low);
  const countsUp = !logarithmic && low === Math.floor(low) && high - low === count - 1;
  if (countsUp && Math.max(-low, high) <= LARGEST_WHOLE) return Float64Array.from(places, (_, k) => low + k);
  return between(low, high, places, BigInt(count - 1), logarithmic);
}
