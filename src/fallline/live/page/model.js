/** The figure's kernel and rules: a state's runs are trained, and judged by the measures of the map. */

import { read } from "../../lab/page/state.js";
import { SIDE } from "../../lab/page/tiles.js";
import { Refusal } from "./accept.js";
import { decoded } from "./arrays.js";
import { Causes } from "./causes.js";
import { Evaluator } from "./evaluate.js";
import { Answers } from "./frames.js";
import { Gradient } from "./gradient.js";
import { Measures } from "./measured.js";
import { Trainer } from "./trainer.js";

/** @typedef {import("../../lab/page/state.js").State} State */
/** @typedef {import("./request.js").Request} Request */
/** @typedef {import("./kernel.js").Results} Results */

export class Model {
  /** @type {Promise<Trainer|null>|null} */
  #trainer = null;
  /** @type {Gradient|null} */
  #gradient = null;
  /** @type {Causes|null} */
  #causes = null;

  /** @param {any} figure */
  constructor(figure) {
    this.figure = figure;
    this.problem = decoded(figure.problem);
    this.measures = new Measures(figure);
    this.answers = figure.answers && new Answers(figure);
  }

  /** Loss and gradient at any parameters; null for a large problem. */
  get gradient() {
    if (this.figure.gradient) this.#gradient ??= new Gradient(this.figure);
    return this.#gradient;
  }

  /** What tells why runs ended as they did. */
  get causes() {
    this.#causes ??= new Causes(this.figure, this.gradient);
    return this.#causes;
  }

  /** The steps of the window at the end of a run. @param {number} steps @returns {number} */
  windowOf(steps) {
    return new Evaluator(this.figure.kernel.lengths, ["window"]).run({ steps }).window[0];
  }

  /** What trains; null in a browser that cannot run the kernel. */
  trainer() {
    const { kernel, worker } = this.figure;
    this.#trainer ??= Trainer.open(decoded(kernel), this.problem, worker);
    return this.#trainer;
  }

  /** Train runs of a state. @param {State} state @param {Request} request @returns {Promise<Results>} */
  async train(state, request) {
    const trainer = await this.trainer();
    if (!trainer) throw new Refusal("This browser runs no WebAssembly with SIMD, so the page shows what was stored.");
    const { start = state.start } = request;
    return trainer.train({ ...request, start, values: { ...this.valuesOf(state), ...request.values } });
  }

  /** A state's numbers by the names that the kernel has. @param {State} state @returns {Record<string, number|null>} */
  valuesOf(state) {
    const numbers = Object.entries(this.problem.keys).map(([key, name]) => [name, read(state, key)]);
    const known = Object.fromEntries(numbers.filter(([, value]) => value !== undefined));
    return state.map.measure === "steps_to" ? known : { ...known, target: null };
  }

  /** An axis of a state's map, of the cells of a tile. @param {any} span @param {number} place of the tile @param {number} z its level */
  axisOf({ name, low, high, scale }, place, z) {
    return /** @type {import("./axis.js").Axis} */ ({
      name,
      low,
      high,
      scale,
      count: SIDE,
      part: [SIDE * place, SIDE * 2 ** z],
    });
  }

  /** Whether the values of an axis are whole numbers. @param {string} name @returns {boolean} */
  isWhole(name) {
    return this.problem.whole.includes(name);
  }
}
