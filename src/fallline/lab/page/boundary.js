/** The boundary that a dive follows: between runs that failed and runs that did not, or else between low and high values. */

import { place, scaleOf } from "./colour.js";

/** What is known of a run: its value, and the place of its outcome. @typedef {{value: number, outcome: number}|null} Known */

const UNKNOWN = 2;
const REACH = 0.1; // half the side of a neighbourhood, as a share of the view
const FAR = 0.3; // distance from the middle, as a share of the view, at which a place counts a third

/**
 * The side of the boundary on which each run lies: 0, 1, or 2 where the run is unknown; null where all runs are alike.
 * @param {Known[]} cells
 * @param {import("./outcomes.js").Measure} measure
 * @param {import("./outcomes.js").Outcome[]} outcomes
 * @returns {Uint8Array|null}
 */
export function sides(cells, measure, outcomes) {
  const failed = (/** @type {NonNullable<Known>} */ { value, outcome }) =>
    Boolean(outcomes[outcome]?.failed) || !Number.isFinite(value) || (measure.kind === "ranks" && value > 0);
  return split(cells, failed) ?? split(cells, differing(cells, measure));
}

/** How runs differ where none failed, or all did. @param {Known[]} cells @param {import("./outcomes.js").Measure} measure @returns {(cell: NonNullable<Known>) => boolean} */
function differing(cells, measure) {
  if (measure.kind === "outcomes") {
    const first = cells.find((cell) => cell !== null);
    return ({ outcome }) => outcome !== first?.outcome;
  }
  const values = cells.flatMap((cell) => (cell && Number.isFinite(cell.value) ? [cell.value] : []));
  const scale = scaleOf({ ...measure, kind: "values", blank: false }, values, undefined, [], null);
  return ({ value }) => place(scale, value) > 0.5;
}

/** @param {Known[]} cells @param {(cell: NonNullable<Known>) => boolean} high */
function split(cells, high) {
  const found = Uint8Array.from(cells, (cell) => (cell ? Number(high(cell)) : UNKNOWN));
  return found.includes(0) && found.includes(1) ? found : null;
}

/**
 * The place on the boundary that is near the middle and has the most mixed neighbourhood, as fractions of the view.
 * @param {Uint8Array} cells the side of each, row 0 at the bottom
 * @param {number} side the number of cells in a row
 * @returns {[number, number]|null} null where no neighbours lie on different sides
 */
export function boundaryPlace(cells, side) {
  const differ = (/** @type {number} */ a, /** @type {number} */ b) => cells[a] + cells[b] === 1;
  const edges = new Uint8Array(side * side);
  for (let j = 0, k = 0; j < side; j++)
    for (let i = 0; i < side; i++, k++)
      edges[k] = Number(i + 1 < side && differ(k, k + 1)) + Number(j + 1 < side && differ(k, k + side));
  const sum = sums(edges, side);
  const reach = Math.max(1, Math.round(REACH * side));
  /** @type {[number, number]|null} */
  let best = null;
  let most = 0;
  for (let j = 0, k = 0; j < side; j++)
    for (let i = 0; i < side; i++, k++) {
      if (!edges[k]) continue;
      const [left, right] = [Math.max(0, i - reach), Math.min(side, i + reach + 1)];
      const [low, top] = [Math.max(0, j - reach), Math.min(side, j + reach + 1)];
      const mixed = sum(right, top) - sum(left, top) - sum(right, low) + sum(left, low);
      const [u, v] = [(i + 0.5) / side, (j + 0.5) / side];
      const weight = mixed * Math.exp(-((u - 0.5) ** 2 + (v - 0.5) ** 2) / FAR ** 2);
      if (weight > most) [most, best] = [weight, [u, v]];
    }
  return best;
}

/** Sums over all cells left of a column and below a row. @param {Uint8Array} cells @param {number} side */
function sums(cells, side) {
  const wide = side + 1;
  const table = new Float64Array(wide * wide);
  for (let j = 0; j < side; j++)
    for (let i = 0; i < side; i++)
      table[(j + 1) * wide + i + 1] =
        cells[j * side + i] + table[j * wide + i + 1] + table[(j + 1) * wide + i] - table[j * wide + i];
  return (/** @type {number} */ i, /** @type {number} */ j) => table[j * wide + i];
}
