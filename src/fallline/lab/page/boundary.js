/** The boundary that a dive follows: between runs that failed and runs that did not, or else between low and high values. */

import { place, scaleOf } from "./colour.js";

/** What is known of a run: its value, and the place of its outcome. @typedef {{value: number, outcome: number}|null} Known */

const UNKNOWN = 2;
const REACH = 0.1; // half the side of a neighbourhood, as a share of the view
const WINDING = 0.25; // edges to a cell where a neighbourhood counts most; a straight boundary has 0.08, noise has 1
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
 * The place on the boundary that is near the middle and has a mixed neighbourhood, as fractions of the view. A place where
 * every run differs from the next is noise at any depth, so it counts less than a boundary that winds.
 * @param {Uint8Array} cells the side of each, row 0 at the bottom
 * @param {number} side the number of cells in a row
 * @returns {[number, number]|null} null where no neighbours lie on different sides
 */
export function boundaryPlace(cells, side) {
  const edges = edgesOf(cells, side);
  const density = shares(edges, side, Math.max(1, Math.round(REACH * side)));
  const broad = edgesOf(smoothed(cells, side), side);
  const places = broad.some(Boolean) ? broad : edges; // single runs that differ from all around them are no boundary
  /** @type {[number, number]|null} */
  let best = null;
  let most = 0;
  for (let k = 0; k < places.length; k++) {
    if (!places[k]) continue;
    const [u, v] = [((k % side) + 0.5) / side, (Math.floor(k / side) + 0.5) / side];
    const near = Math.exp(-((u - 0.5) ** 2 + (v - 0.5) ** 2) / FAR ** 2);
    const weight = near * density[k] * Math.exp(-density[k] / WINDING);
    if (weight > most) [most, best] = [weight, [u, v]];
  }
  return best;
}

/** How many of its right and upper neighbours lie on the other side, for each cell. @param {Uint8Array} cells @param {number} side */
function edgesOf(cells, side) {
  const differ = (/** @type {number} */ a, /** @type {number} */ b) => Number(cells[a] + cells[b] === 1);
  return Uint8Array.from(
    cells,
    (_, k) => (k % side < side - 1 ? differ(k, k + 1) : 0) + (k + side < cells.length ? differ(k, k + side) : 0),
  );
}

/** On which side most of the cells around each lie. @param {Uint8Array} cells @param {number} side */
function smoothed(cells, side) {
  const high = shares(
    cells.map((cell) => Number(cell === 1)),
    side,
    1,
  );
  const known = shares(
    cells.map((cell) => Number(cell !== UNKNOWN)),
    side,
    1,
  );
  return cells.map((_, k) => (known[k] ? Number(high[k] > known[k] / 2) : UNKNOWN));
}

/** Means over the cells around each, at most `reach` away across and upwards. @param {Uint8Array} cells @param {number} side @param {number} reach */
function shares(cells, side, reach) {
  const sum = sums(cells, side);
  return Float64Array.from(cells, (_, k) => {
    const [i, j] = [k % side, Math.floor(k / side)];
    const [left, right] = [Math.max(0, i - reach), Math.min(side, i + reach + 1)];
    const [low, top] = [Math.max(0, j - reach), Math.min(side, j + reach + 1)];
    const total = sum(right, top) - sum(left, top) - sum(right, low) + sum(left, low);
    return total / ((right - left) * (top - low));
  });
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
