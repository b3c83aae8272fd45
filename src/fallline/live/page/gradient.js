/** Loss and gradient at any parameters, from the figure's programs (`fallline.live.gradients`). */

import { decoded } from "./arrays.js";
import { Evaluator } from "./evaluate.js";

/** @typedef {{loss: number, gradient: Float64Array}} Slope */

export class Gradient {
  /** @param {any} figure */
  constructor({ gradient, problem }) {
    const { program, penalty, factor } = gradient;
    this.P = problem.parameters;
    this.samples = problem.samples;
    this.factor = factor;
    this.sums = problem.sums;
    this.whole = new Evaluator(program);
    this.losses = new Evaluator(program, ["loss"]);
    this.penalty = penalty && new Evaluator(penalty);
    const reals = (/** @type {any} */ array) => (array ? Float64Array.from(decoded(array)) : new Float64Array());
    this.x = reals(problem.X);
    this.t = reals(problem.T);
    /** Operations that a point takes. */
    this.work = program.nodes.length * Math.max(1, this.samples);
  }

  /** At one point, of all samples or of a minibatch, on the scale of all. @param {Float64Array} w @param {number} l2 @param {ArrayLike<number|bigint>|null} [rows] @returns {Slope} */
  at(w, l2, rows = null) {
    const { x, t, factor, count } = this.#seen(rows);
    const { loss, gradient } = this.whole.run(this.samples ? { w, x, t, factor } : { w }, count);
    const slope = new Float64Array(this.P);
    for (let k = 0; k < this.P; k++) slope[k] = sum(gradient.subarray(k * count, (k + 1) * count));
    return this.#penalised(w, l2, { loss: sum(loss), gradient: slope });
  }

  /** The loss at one point, of all samples. @param {Float64Array} w @param {number} l2 */
  lossAt(w, l2) {
    const { x, t, factor, count } = this.#seen(null);
    const loss = sum(this.losses.run(this.samples ? { w, x, t, factor } : { w }, count).loss);
    return this.#penalised(w, l2, { loss, gradient: new Float64Array(this.P) }).loss;
  }

  /** @param {Float64Array} w @param {number} l2 @param {Slope} slope @returns {Slope} */
  #penalised(w, l2, { loss, gradient }) {
    if (!this.penalty || !l2) return { loss, gradient };
    const { loss: extra, gradient: slope } = this.penalty.run({ w, l2 });
    return { loss: loss + extra[0], gradient: gradient.map((g, k) => g + slope[k]) };
  }

  /** The samples, their number and the factor of their losses. @param {ArrayLike<number|bigint>|null} rows */
  #seen(rows) {
    const { x, t, factor, samples } = this;
    if (!rows) return { x, t, factor, count: Math.max(1, samples) };
    const chosen = (/** @type {Float64Array} */ array) => {
      const width = array.length / samples;
      return Float64Array.from(
        Array.from(rows, Number).flatMap((row) => [...array.subarray(row * width, (row + 1) * width)]),
      );
    };
    const scale = this.sums ? (factor * samples) / rows.length : 1 / rows.length;
    return { x: chosen(x), t: chosen(t), factor: scale, count: rows.length };
  }
}

/** @param {ArrayLike<number>} values */
function sum(values) {
  let total = 0;
  for (let k = 0; k < values.length; k++) total += values[k];
  return total;
}
