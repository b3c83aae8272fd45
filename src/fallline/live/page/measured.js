/** Measures of runs and cells, from the columns that the kernel wrote, by the figure's rules. */

import { Evaluator } from "./evaluate.js";
import { overStarts } from "./overstarts.js";

/** @typedef {import("./kernel.js").Results} Results */
/** @typedef {import("../../lab/page/state.js").State} State */

/** Arrays of the types in which cells are kept, by NumPy's codes. @type {Record<string, any>} */
const KEPT = { "<i4": Int32Array, "|u1": Uint8Array, "<f8": Float64Array, "<f4": Float32Array };

export class Measures {
  /** By the names that they compute. @type {Map<string, Evaluator>} */
  #evaluators = new Map();

  /** @param {any} figure */
  constructor(figure) {
    this.rules = figure.rules;
    this.measures = figure.measures;
    this.kernel = figure.kernel;
  }

  /** What a kernel has to write besides for these measures. @param {string[]} names */
  wanted(names) {
    const ends = names.some((name) => this.measures[name].ends);
    return { parameters: ends, begins: ends, tests: names.some((name) => this.measures[name].test) };
  }

  /** A column of a kernel. @param {Results} results @param {string} name */
  column({ columns, runs }, name) {
    const k = this.kernel.columns[name];
    return columns.subarray(k * runs, (k + 1) * runs);
  }

  /** Measures of each run, by name. @param {Results} results @param {number} steps of each run, unless the results tell @param {string[]} names @returns {Record<string, any>} */
  ofRuns(results, steps, names) {
    if (!results.steps) return this.#ofAlike(results, steps, names);
    /** @type {Record<string, any>} */
    const measures = {};
    for (const own of new Set(results.steps)) {
      for (const [name, values] of Object.entries(this.#ofAlike(results, own, names))) {
        measures[name] ??= new values.constructor(values.length);
        for (let run = 0; run < results.runs; run++) if (results.steps[run] === own) measures[name][run] = values[run];
      }
    }
    return measures;
  }

  /** Measures of runs that made the same number of steps. @param {Results} results @param {number} steps @param {string[]} names @returns {Record<string, any>} */
  #ofAlike(results, steps, names) {
    const { begins: start, parameters: end, runs } = results;
    const inputs = { ...this.#columns(results), ...this.onTest(results), steps, start, end };
    return this.#evaluator("measures", names).run(inputs, runs);
  }

  /** Loss and share of right answers on test samples of each run, if they were wanted. @param {Results} results @returns {Record<string, any>} */
  onTest({ tested, runs }) {
    if (!tested) return {};
    const { tested: rules } = this.rules;
    const names = rules.outputs.map((/** @type {any} */ output) => output.name);
    return this.#evaluator("tested", names, rules).run(this.#columns({ columns: tested, runs }), runs);
  }

  /** The columns of one run. @param {Results} results @param {number} run */
  ofRun(results, run) {
    const columns = Object.entries(this.#columns(results));
    return Object.fromEntries(columns.map(([name, values]) => [name, values.slice(run, run + 1)]));
  }

  /** The columns by the names that rules have for them. @param {Results} results */
  #columns(results) {
    const columns = Object.keys(this.kernel.columns).map((name) => [name.toLowerCase(), this.column(results, name)]);
    return Object.fromEntries(columns);
  }

  /** Measures of each cell, by name, in the types that maps have. @param {Results} results @param {State} state @param {string[]} names @returns {Record<string, any>} */
  ofCells(results, { starts, steps, dtype }, names) {
    const runs = this.ofRuns(results, steps, names);
    const { types } = this.#evaluator("measures", names);
    const kept = (/** @type {string} */ name) => {
      const { dtype: own, over_starts: how } = this.measures[name];
      const cells = starts === 1 ? runs[name] : overStarts(runs[name], starts, how, types[name]);
      return KEPT[own || (dtype === "float32" ? "<f4" : "<f8")].from(cells);
    };
    return Object.fromEntries(names.map((name) => [name, kept(name)]));
  }

  /** The values of cells as they are drawn. @param {string} name @param {any} values @param {number} steps */
  shown(name, values, steps) {
    return this.#evaluator(`shown ${name}`, ["shown"], this.rules.shown[name]).run({ values, steps }, values.length)
      .shown;
  }

  /** @param {string} of @param {string[]} names @param {any} [program] */
  #evaluator(of, names, program = this.rules.measures) {
    const key = `${of}: ${names}`;
    let found = this.#evaluators.get(key);
    if (!found) {
      found = new Evaluator(program, names);
      this.#evaluators.set(key, found);
    }
    return found;
  }
}

/** The measures that a tile has: the map's, and those that mark its cells. @param {State} state */
export function measuresOfTile({ map }) {
  return [...new Set([map.measure, "outcome", "diverged_at"])];
}
