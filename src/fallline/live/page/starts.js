/** The first parameters of runs, as `fallline.experiment.starts` draws them and `fallline.maps.cell_training` gives them to cells. */

import { normal, uniform } from "./random.js";

/**
 * The distribution of random starts: uniform numbers between low and high; or parts of the vector one after another, each a factor
 * on standard numbers.
 * @typedef {{kind: "window", purpose: number, low: number[], high: number[]}
 *   | {kind: "layers", variates: "normal"|"uniform"|"zeros", normal: import("./random.js").Coefficients,
 *   parts: {purpose: number, count: number, factor: number}[]}} Initial
 */

/**
 * What may be added to a part of a start, under names of which the first with a value counts.
 * @typedef {{first: number, end: number, names: string[], values: (number|null)[]}} Offset
 */

const MOST_NUMBERS = 2 ** 20;

export class Starts {
  /** @type {Map<string, Float64Array>} */
  #drawn = new Map();
  #numbers = 0;

  /** @param {Initial} initial @param {number} dimension */
  constructor(initial, dimension) {
    this.initial = initial;
    this.dimension = dimension;
  }

  /** The start of that index, for a seed. @param {number} seed @param {number} index */
  drawn(seed, index) {
    const key = `${seed} ${index}`;
    let found = this.#drawn.get(key);
    if (!found) {
      if (this.#numbers > MOST_NUMBERS) {
        this.#drawn.clear();
        this.#numbers = 0;
      }
      found = draw(this.initial, seed, index);
      this.#drawn.set(key, found);
      this.#numbers += found.length;
    }
    return found;
  }

  /**
   * The starts of cells, (cells * starts, parameters), into an array; those of the first cell stand first.
   * @param {Float32Array|Float64Array} into
   * @param {import("./kernel.js").Job} job
   * @param {Map<string, Float64Array>} columns the values of the cells, by the name of the axis
   */
  fill(into, job, columns) {
    const { start, starts, seed, scale, coordinates, offsets } = job;
    const [seeds, scales] = [columns.get("seed"), columns.get("initial_scale")];
    const shifts = offsets.map((offset) => ({ ...offset, of: offsetOf(offset, columns) }));
    const moved = [...columns].filter(([name]) => name in coordinates);
    const [P, fixed] = [this.dimension, starts === 1 && !seeds ? start : null];
    for (let run = 0; run < into.length / P; run++) {
      const cell = Math.floor(run / starts);
      const from = fixed ?? this.drawn(seeds ? seeds[cell] : seed, run % starts);
      const factor = scales ? scales[cell] : scale;
      for (let k = 0; k < P; k++) into[run * P + k] = factor * from[k];
      for (const { first, end, of } of shifts) {
        const shift = of(cell);
        if (shift !== 0) for (let k = first; k < end; k++) into[run * P + k] = factor * from[k] + shift;
      }
      for (const [name, values] of moved) into[run * P + coordinates[name]] = values[cell];
    }
  }
}

/**
 * The offset of each cell; 0 for none.
 * @param {Offset} offset
 * @param {Map<string, Float64Array>} columns
 * @returns {(cell: number) => number}
 */
function offsetOf({ names, values }, columns) {
  for (const [k, name] of names.entries()) {
    const [column, value] = [columns.get(name), values[k]];
    if (column) return (cell) => column[cell];
    if (value !== null) return () => value;
  }
  return () => 0;
}

/** @param {Initial} initial @param {number} seed @param {number} index */
function draw(initial, seed, index) {
  if (initial.kind === "window") {
    const { low, high, purpose } = initial;
    return uniform(seed, purpose, low.length, index).map((u, k) => low[k] + (high[k] - low[k]) * u);
  }
  const { parts } = initial;
  const start = new Float64Array(parts.reduce((sum, part) => sum + part.count, 0));
  let at = 0;
  for (const { purpose, count, factor } of parts) {
    for (const number of standard(initial, seed, purpose, count, index)) start[at++] = factor * number;
  }
  return start;
}

/**
 * @param {Extract<Initial, {kind: "layers"}>} initial
 * @param {number} seed
 * @param {number} purpose
 * @param {number} count
 * @param {number} index
 */
function standard(initial, seed, purpose, count, index) {
  if (initial.variates === "normal") return normal(seed, purpose, count, index, initial.normal);
  if (initial.variates === "uniform") return uniform(seed, purpose, count, index).map((u) => 2 * u - 1);
  return new Float64Array(count);
}
