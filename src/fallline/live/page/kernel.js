/** A kernel in the page: it packs runs as `fallline.runs.packing` does, trains them, and returns what it wrote. */

import { Evaluator } from "./evaluate.js";
import { Memory } from "./memory.js";
import { batches } from "./random.js";
import { Starts } from "./starts.js";

/** @typedef {Float32Array|Float64Array} Reals */

/**
 * Cells to be trained: a piece of a request, see trainer.js. `columns` has the values of the axes at the cells, by name.
 * @typedef {object} Job
 * @property {number} cells
 * @property {Record<string, Float64Array>} columns
 * @property {Record<string, number>} values
 * @property {Record<string, number>} coordinates
 * @property {import("./starts.js").Offset[]} offsets
 * @property {ArrayLike<number>|null} start
 * @property {Float64Array|null} points the first parameters of each run, if they are given
 * @property {number} starts
 * @property {number} seed
 * @property {number} scale
 * @property {number|null} batch
 * @property {number} steps
 * @property {boolean|number[]} history
 * @property {boolean} parameters
 * @property {boolean|number[]} path
 * @property {boolean} begins
 * @property {boolean} tests
 */

/**
 * What runs gave: the kernel's columns, (columns, runs); losses, (runs, steps + 1) or of some steps; parameters, (runs, P); paths,
 * (runs, steps + 1, P); starts, (runs, P); columns of the last parameters on test samples; and the steps of each run, where an
 * axis decides them.
 * @typedef {{runs: number, columns: Reals, history?: Reals, parameters?: Reals, path?: Reals, begins?: Reals, tested?: Reals,
 *   steps?: Int32Array}} Results
 */

export class Kernel {
  /** @type {{key: string, rows: BigInt64Array}} */
  #order = { key: "", rows: new BigInt64Array() };

  /**
   * @param {any} opened the module, the kernel and the problem as `fallline.live.kernels` describes them, the bytes of scratch that
   *   the module needs, and the same for test samples, if there are some
   */
  constructor({ module, kernel, problem, scratch, test = null }) {
    /** What gives the loss on test samples. @type {Kernel|null} */
    this.test = test && new Kernel(test);
    this.kernel = kernel;
    this.problem = problem;
    this.scratch = scratch;
    this.real = kernel.bits === 32 ? Float32Array : Float64Array;
    this.lengths = new Evaluator(kernel.lengths);
    this.memory = new Memory(kernel.stack);
    this.run = /** @type {(table: number) => void} */ (this.memory.instance(module).exports.run);
    this.starts = new Starts(problem.initial, problem.parameters);
    this.data = problem.samples ? [problem.X, problem.T].map((array) => this.memory.write(array)) : [];
    this.bottom = this.memory.end;
  }

  /** @param {Job} job @returns {Results} */
  train(job) {
    const { memory, kernel, problem, real } = this;
    const { slots } = kernel;
    const P = problem.parameters;
    memory.end = this.bottom;
    const runs = job.points ? job.points.length / P : job.cells * job.starts;
    const table = new Float64Array(slots.SETTINGS + 2 * kernel.settings.length);
    table[slots.STEPS] = job.steps;
    table[slots.END_STEP] = job.steps + 1;
    table[slots.CELLS] = table[slots.END] = runs;
    const { window, half } = this.lengths.run({ steps: job.steps });
    table[slots.WINDOW] = window[0];
    table[slots.HALF] = half[0];
    const begins = this.#begin(job, table, runs);
    this.#settings(job, table, runs);
    const spare = this.#samples(job, table);
    table[slots.SCRATCH] = memory.room(this.scratch + spare);
    const losses = job.steps + 1;
    /** @type {Record<string, number>} */
    const sizes = {
      MEASURES: Object.keys(kernel.columns).length * runs,
      HISTORY: job.history ? runs * losses : 0,
      FINALS: job.parameters || job.tests ? runs * P : 0,
      PATH: job.path ? runs * losses * P : 0,
    };
    for (const [slot, count] of Object.entries(sizes))
      if (count) table[slots[slot]] = memory.room(count * real.BYTES_PER_ELEMENT);
    const place = memory.write(BigInt64Array.from(table, BigInt));
    const filled = (/** @type {string} */ slot) => memory.view(real, table[slots[slot]], sizes[slot]);
    for (const slot of ["HISTORY", "PATH"]) if (sizes[slot]) filled(slot).fill(Number.NaN);
    this.run(place);
    const columns = filled("MEASURES").slice();
    const died = columns.subarray(kernel.columns.DIED_AT * runs, (kernel.columns.DIED_AT + 1) * runs);
    const tested = job.tests && this.#tested(job, Float64Array.from(filled("FINALS")));
    return {
      runs,
      columns,
      ...(job.history && { history: atSteps(filled("HISTORY").slice(), losses, job.history, 1) }),
      ...(job.parameters && { parameters: ends(filled("FINALS").slice(), died, P) }),
      ...(job.path && { path: atSteps(paths(filled("PATH").slice(), died, losses, P), losses, job.path, P) }),
      ...(job.begins && { begins: memory.view(real, begins, runs * P).slice() }),
      ...(tested && { tested }),
      ...(job.columns.steps && { steps: new Int32Array(runs).fill(job.steps) }),
    };
  }

  /** The columns of parameters on test samples. @param {Job} job @param {Float64Array} points */
  #tested(job, points) {
    const { test } = this;
    const values = { ...test?.problem.values, ...job.values };
    const nothing = { history: false, parameters: false, path: false, begins: false, tests: false };
    return test?.train({ ...job, ...nothing, values, points, steps: 0, batch: null }).columns;
  }

  /** Write the starts; returns their place. @param {Job} job @param {Float64Array} table @param {number} runs */
  #begin(job, table, runs) {
    const { memory, problem, real } = this;
    const { slots } = this.kernel;
    const P = problem.parameters;
    const place = memory.room(runs * P * real.BYTES_PER_ELEMENT);
    const into = memory.view(real, place, runs * P);
    if (job.points) into.set(job.points);
    else this.starts.fill(into, job, new Map(Object.entries(job.columns)));
    table[slots.STARTS] = place;
    table[slots.START_STRIDE] = P;
    return place;
  }

  /** Write the values of the settings. @param {Job} job @param {Float64Array} table @param {number} runs */
  #settings(job, table, runs) {
    const { memory, kernel, real } = this;
    for (const [k, name] of kernel.settings.entries()) {
      const at = kernel.slots.SETTINGS + 2 * k;
      const column = job.columns[name];
      const numbers = new real(column ? runs : 1);
      for (let run = 0; run < numbers.length; run++)
        numbers[run] = column ? column[Math.floor(run / job.starts)] : job.values[name];
      table[at] = memory.write(numbers);
      table[at + 1] = column ? 1 : 0;
    }
  }

  /** Write the data, and the samples that each step sees; returns bytes that a batch takes. @param {Job} job @param {Float64Array} table */
  #samples(job, table) {
    const { memory, problem, real } = this;
    const { slots } = this.kernel;
    const { samples, sums, weight } = problem;
    if (!samples) return 0;
    const seen = job.batch ?? samples;
    const factor = (/** @type {number} */ count) => weight ?? (sums ? 1 : 1 / count);
    [table[slots.X], table[slots.T]] = this.data;
    table[slots.FACTORS] = memory.write(real.of(factor(seen), factor(samples), sums ? samples / seen : 1, 1));
    table[slots.ROWS] = samples;
    if (job.batch === null) return 0;
    table[slots.ORDER] = memory.write(this.#rows(job.seed, seen, job.steps));
    table[slots.BATCH] = seen;
    return seen * ((problem.X.length + problem.T.length) / samples) * real.BYTES_PER_ELEMENT;
  }

  /** @param {number} seed @param {number} batch @param {number} steps */
  #rows(seed, batch, steps) {
    const key = `${seed} ${batch} ${steps}`;
    const { draws, samples, replacement } = this.problem;
    if (this.#order.key !== key) this.#order = { key, rows: batches(seed, draws, samples, batch, steps, replacement) };
    return this.#order.rows;
  }
}

/** Losses or parameters of all steps, or of those that are wanted. @param {Reals} values (runs, losses, width) @param {number} losses @param {boolean|number[]} wanted @param {number} width */
function atSteps(values, losses, wanted, width) {
  if (wanted === true || wanted === false) return values;
  const runs = values.length / losses / width;
  const some = new /** @type {any} */ (values.constructor)(runs * wanted.length * width);
  for (let run = 0; run < runs; run++)
    for (const [k, step] of wanted.entries()) {
      const from = (run * losses + step) * width;
      some.set(values.subarray(from, from + width), (run * wanted.length + k) * width);
    }
  return some;
}

/** Last parameters: those of a run whose loss stopped being finite are not numbers. @param {Reals} values @param {Reals} died @param {number} P */
function ends(values, died, P) {
  for (const [run, at] of died.entries()) if (at >= 0) values.fill(Number.NaN, run * P, (run + 1) * P);
  return values;
}

/**
 * Paths end with the parameters whose loss was not finite: a run beside it may have kept a lane going.
 * @param {Reals} values
 * @param {Reals} died
 * @param {number} losses
 * @param {number} P
 */
function paths(values, died, losses, P) {
  for (const [run, at] of died.entries())
    if (at >= 0) values.fill(Number.NaN, (run * losses + at + 1) * P, (run + 1) * losses * P);
  return values;
}
