/** The boundary that a dive follows: between runs that failed and runs that did not, or else the cliff between low and high values. */

import { place, scaleOf } from "./colour.js";

/** What is known of a run: its value, and the place of its outcome. @typedef {{value: number, outcome: number}|null} Known */

const UNKNOWN = 2;
const REACH = 0.1; // half the side of a neighbourhood, as a share of the view
const WINDING = 0.25; // edges to a cell where a neighbourhood counts most; a straight boundary has 0.08, noise has 1
const FEW = 0.003; // share of the jumps that may be larger than those of a cliff, since single runs differ
const FAR = 0.3; // distance from the middle, as a share of the view, at which a place counts a third

/**
 * The place on the boundary that is near the middle and has a mixed neighbourhood, as fractions of the view. A place where
 * every run differs from the next is noise at any depth, so it counts less than a boundary that winds.
 * @param {Known[]} cells row 0 at the bottom
 * @param {number} side the number of cells in a row
 * @param {import("./outcomes.js").Measure} measure
 * @param {import("./outcomes.js").Outcome[]} outcomes
 * @returns {[number, number]|null} null where all runs are alike
 */
export function boundaryPlace(cells, side, measure, outcomes) {
  const split = sides(cells, measure, outcomes);
  const edges = split ? edgesOf(split, side) : cliffs(cells, side, measure);
  const density = shares(edges, side, Math.max(1, Math.round(REACH * side)));
  const broad = split && edgesOf(smoothed(split, side), side);
  const places = broad?.some(Boolean) ? broad : edges; // single runs that differ from all around them are no boundary
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

/**
 * The side of the boundary on which each run lies: 0, 1, or 2 where the run is unknown. One side has the runs that failed;
 * where none failed, or all did, and the map shows outcomes, the runs that ended unlike the first. Null if no run differs.
 * @param {Known[]} cells
 * @param {import("./outcomes.js").Measure} measure
 * @param {import("./outcomes.js").Outcome[]} outcomes
 * @returns {Uint8Array|null}
 */
export function sides(cells, measure, outcomes) {
  const first = cells.find((cell) => cell !== null);
  return (
    split(
      cells,
      ({ value, outcome }) =>
        outcomes[outcome]?.failed || !Number.isFinite(value) || (measure.kind === "ranks" && value > 0),
    ) ?? (measure.kind === "outcomes" ? split(cells, ({ outcome }) => outcome !== first?.outcome) : null)
  );
}

/** @param {Known[]} cells @param {(cell: NonNullable<Known>) => boolean} other */
function split(cells, other) {
  const found = Uint8Array.from(cells, (cell) => (cell ? Number(other(cell)) : UNKNOWN));
  return found.includes(0) && found.includes(1) ? found : null;
}

/** To how many of its right and upper neighbours the value jumps, for each cell: by more than half of the largest jumps. @param {Known[]} cells @param {number} side @param {import("./outcomes.js").Measure} measure */
function cliffs(cells, side, measure) {
  const known = cells.flatMap((cell) => (cell && Number.isFinite(cell.value) ? [cell.value] : []));
  const scale = scaleOf({ ...measure, kind: "values", blank: false }, known, undefined, [], null);
  const heights = cells.map((cell) => (cell && Number.isFinite(cell.value) ? place(scale, cell.value) : Number.NaN));
  const jumps = neighbours(heights, side, (a, b) => Math.abs(a - b) || 0);
  const largest = jumps.flat().sort((a, b) => b - a)[Math.floor(FEW * cells.length)];
  return Uint8Array.from(jumps, (pair) => pair.filter((jump) => jump > 0 && jump >= largest / 2).length);
}

/**
 * What is between each cell and its right and upper neighbours, where it has them.
 * @template T
 * @param {ArrayLike<T>} cells
 * @param {number} side
 * @param {(a: T, b: T) => number} between
 */
function neighbours(cells, side, between) {
  return Array.from(cells, (cell, k) => [
    ...(k % side < side - 1 ? [between(cell, cells[k + 1])] : []),
    ...(k + side < cells.length ? [between(cell, cells[k + side])] : []),
  ]);
}

/** How many of its right and upper neighbours lie on the other side, for each cell. @param {Uint8Array} cells @param {number} side */
function edgesOf(cells, side) {
  return Uint8Array.from(
    neighbours(cells, side, (a, b) => Number(a + b === 1)),
    (pair) => pair.reduce((sum, edge) => sum + edge, 0),
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
