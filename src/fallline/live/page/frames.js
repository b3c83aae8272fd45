/** A network's answers over its plane of inputs, what its hidden units answer there, and which of them are dead. */

import { decoded } from "./arrays.js";
import { Evaluator } from "./evaluate.js";

/** @typedef {import("./answers.js").Shaped} Shaped */
/** @typedef {{layer: number, unit: number, step: number}} Death layer and unit, counted from 1 */

const OPERATIONS = 3e7; // of one chunk of frames: the page does nothing else meanwhile
const LOOKED_AT = 5e8; // operations of the search for the steps of deaths

export class Answers {
  /** @param {any} figure of a network */
  constructor({ answers, layers, problem, stored }) {
    const { plane, units, samples, shades, sizes } = answers;
    this.told = answers;
    this.hidden = sizes;
    this.window = answers.window;
    this.layers = layers;
    this.P = problem.parameters;
    this.x = Float64Array.from(decoded(problem.X));
    /** The inputs of test samples, if there are some. */
    this.onTest = problem.test && Float64Array.from(decoded(problem.test.X));
    /** Whether there is a confusion matrix, and its side. */
    this.classified = answers.classes > 0;
    this.classes = answers.classes;
    this.decided = this.classified ? new Evaluator(samples, ["class"]) : null;
    this.labels = this.classified ? decoded(stored.scenes.data.arrays.classes) : [];
    this.regions = plane && new Evaluator(plane, ["regions"]);
    this.units = units ? new Evaluator(plane, ["units"]) : null;
    this.flat = sizes.length ? new Evaluator(samples, ["flat"]) : null;
    this.shades = new Evaluator(shades);
    this.count = sizes.reduce((/** @type {number} */ sum, /** @type {number} */ n) => sum + n, 0);
    const nodes = plane ? plane.nodes.length : 1;
    this.most = Math.max(1, Math.floor(OPERATIONS / (nodes * (answers.side ** 2 + answers.unit_side ** 2))));
  }

  /**
   * The answers at steps `from` to `to` of a run. After a divergence the last answer stays.
   * @param {ArrayLike<number>} path @param {ArrayLike<number>} losses @param {number} from @param {number} to
   * @returns {{facts: any, arrays: Record<string, Shaped>}}
   */
  over(path, losses, from, to) {
    const { side, scale, unit_side: unitSide } = this.told;
    const count = to - from + 1;
    const regions = new Uint8Array(count * side * side);
    const units = new Uint8Array(this.units ? count * this.count * unitSide * unitSide : 0);
    const sizes = new Float32Array(this.units ? count * this.count : 0);
    const dead = new Uint8Array(sizes.length);
    const grid = gridOf(this.window, side);
    const coarse = gridOf(this.window, unitSide);
    let alive = lastAlive(path, losses, from, this.P);
    for (let k = 0; k < count; k++) {
      if (isAlive(path, losses, from + k, this.P)) alive = from + k;
      const w = this.weights(path, alive);
      regions.set(/** @type {any} */ (this.regions).run({ w, ...grid }, side * side).regions, k * side * side);
      if (!this.units) continue;
      const { units: values } = this.units.run({ w, ...coarse }, unitSide * unitSide);
      const still = this.#dead(w);
      for (let unit = 0; unit < this.count; unit++) {
        const own = values.subarray(unit * unitSide * unitSide, (unit + 1) * unitSide * unitSide);
        const size = largest(own);
        const at = k * this.count + unit;
        units.set(this.shades.run({ values: own, size }, own.length).shades, at * own.length);
        sizes[at] = size;
        dead[at] = Number(still[unit]);
      }
    }
    const shaped = { regions: { values: regions, shape: [count, side, side] } };
    const facts = { window: this.window, ...(scale && { scale }) };
    if (!this.units) return { facts, arrays: shaped };
    return {
      facts: { ...facts, unit_side: unitSide },
      arrays: {
        ...shaped,
        units: { values: units, shape: [count, this.count, unitSide * unitSide] },
        sizes: { values: sizes, shape: [count, this.count] },
        dead: { values: dead, shape: [count, this.count] },
      },
    };
  }

  /** The hidden units that are dead at the end of a path, and the step from which on each was. @param {ArrayLike<number>} path @param {number} steps @returns {Death[]} */
  deaths(path, steps) {
    const end = this.weights(path, steps);
    if (!this.flat || !end.every(Number.isFinite)) return [];
    const waiting = new Map([...this.#dead(end).entries()].filter(([, dead]) => dead).map(([unit]) => [unit, 0]));
    const found = new Map(waiting);
    const most = LOOKED_AT / (this.told.samples.nodes.length * (this.x.length + 1));
    for (let step = steps - 1; step >= 0 && waiting.size && steps - step < most; step--) {
      const dead = this.#dead(this.weights(path, step));
      for (const unit of waiting.keys()) {
        if (dead[unit]) continue;
        found.set(unit, step + 1);
        waiting.delete(unit);
      }
    }
    return [...found].map(([unit, step]) => ({ ...this.#placeOf(unit), step })).sort((a, b) => a.step - b.step);
  }

  /**
   * The samples for the training, and those for the test, counted by class (rows) and by the class that the network decides on.
   * @param {Float64Array} w
   * @returns {Record<string, Uint32Array>}
   */
  confusions(w) {
    const inputs = this.layers[0].W[0];
    const tested = this.onTest ? this.onTest.length / inputs : 0; // their labels stand behind those of the training
    const counted = { confusion: this.#confusion(w, this.x, 0) };
    if (!tested) return counted;
    return { ...counted, test_confusion: this.#confusion(w, this.onTest, this.labels.length - tested) };
  }

  /** @param {Float64Array} w @param {Float64Array} x @param {number} first the place of the first sample's label */
  #confusion(w, x, first) {
    const counts = new Uint32Array(this.classes ** 2);
    if (!w.every(Number.isFinite)) return counts;
    const samples = x.length / this.layers[0].W[0];
    const { class: decided } = /** @type {Evaluator} */ (this.decided).run({ w, x }, samples);
    for (let k = 0; k < samples; k++) counts[this.labels[first + k] * this.classes + decided[k]] += 1;
    return counts;
  }

  /** Whether the slope of each unit is 0 for every sample. @param {Float64Array} w @returns {boolean[]} */
  #dead(w) {
    const samples = this.x.length / this.layers[0].W[0];
    const { flat } = /** @type {Evaluator} */ (this.flat).run({ w, x: this.x }, samples);
    return Array.from({ length: this.count }, (_, unit) => {
      for (let k = unit * samples; k < (unit + 1) * samples; k++) if (!flat[k]) return false;
      return true;
    });
  }

  /** @param {number} unit among all hidden ones */
  #placeOf(unit) {
    let layer = 0;
    let place = unit;
    while (place >= this.hidden[layer]) place -= this.hidden[layer++];
    return { layer: layer + 1, unit: place + 1 };
  }

  /** The parameters at a step of a path. @param {ArrayLike<number>} path @param {number} step */
  weights(path, step) {
    return Float64Array.from({ length: this.P }, (_, k) => path[step * this.P + k]);
  }
}

/** The middles of the cells of a window, row by row from the bottom. @param {number[]} window @param {number} side */
function gridOf([u0, u1, v0, v1], side) {
  const middle = (/** @type {number} */ low, /** @type {number} */ high, /** @type {number} */ k) =>
    low + ((high - low) * (k + 0.5)) / side;
  const cells = { length: side * side };
  return {
    u: Float64Array.from(cells, (_, k) => middle(u0, u1, k % side)),
    v: Float64Array.from(cells, (_, k) => middle(v0, v1, Math.floor(k / side))),
  };
}

/** @param {ArrayLike<number>} path @param {ArrayLike<number>} losses @param {number} step @param {number} P */
function isAlive(path, losses, step, P) {
  if (!Number.isFinite(losses[step])) return false;
  for (let k = step * P; k < (step + 1) * P; k++) if (!Number.isFinite(path[k])) return false;
  return true;
}

/** The last step up to one at which the run had numbers. @param {ArrayLike<number>} path @param {ArrayLike<number>} losses @param {number} step @param {number} P */
function lastAlive(path, losses, step, P) {
  while (step > 0 && !isAlive(path, losses, step, P)) step--;
  return step;
}

/** @param {ArrayLike<number>} values */
function largest(values) {
  let size = 0;
  for (let k = 0; k < values.length; k++) size = Math.max(size, Math.abs(values[k]));
  return size;
}
