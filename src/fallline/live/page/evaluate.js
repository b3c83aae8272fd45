/**
 * Portable programs (src/fallline/readings/portable), computed for many runs or points at a time.
 *
 * @import { Column } from "./operations.js"
 *
 * @typedef {{ name: string, dtype: string, each: boolean, count: number }} Input
 * @typedef {{ name: string, dtype: string, nodes: number[] }} Output
 * @typedef {{ inputs: Input[], nodes: [string, string, ...any[]][], outputs: Output[] }} Program
 * @typedef {Float32Array | Float64Array | Int32Array | Uint8Array} Numbers
 * @typedef {{ dtype: string, each: boolean, operands: number[] }} Typed
 * @typedef {Typed & { operation: string, number?: number }} Computed
 * @typedef {Typed & { input: Input, place: number }} Read
 * @typedef {Read | Computed} Value
 * @typedef {(n: number, start: number) => void} Step computes n runs, the first of which is run `start`
 */

import { CONVERSIONS, loopOf } from "./operations.js";

/** Runs that pass through the program together: their columns stay in the cache. */
const BLOCK = 1024;

/** @type {Record<string, Float32ArrayConstructor | Float64ArrayConstructor | Int32ArrayConstructor | Uint8ArrayConstructor>} */
const ARRAYS = {
  float32: Float32Array,
  float64: Float64Array,
  int64: Float64Array,
  int32: Int32Array,
  uint8: Uint8Array,
  bool: Uint8Array,
};

/** A program made ready once, to be run often. Its columns are kept from one run to the next. */
export class Evaluator {
  /**
   * @param {Program} program
   * @param {string[]} [wanted] the outputs to compute; all of them unless given
   */
  constructor(program, wanted = program.outputs.map((output) => output.name)) {
    this.outputs = program.outputs.filter((output) => wanted.includes(output.name));
    /** @type {Record<string, string>} The type of each output. */
    this.types = Object.fromEntries(this.outputs.map(({ name, dtype }) => [name, dtype]));
    /** @type {Set<Input>} */
    this.inputs = new Set();
    this.values = valuesOf(program);
    this.count = 0;
    /** @type {Step[]} Steps for what all runs share. */
    this.once = [];
    /** @type {Step[]} */
    this.steps = [];
    /** @type {Map<number, Column>} The shared numbers that are computed. */
    this.shared = new Map();
    /** @type {Map<number, Column>} The columns that are in use after the steps so far. */
    this.columns = new Map();
    /** @type {Column[]} Columns that later steps may use again. */
    this.free = [];
    /** @type {Record<string, Numbers>} */
    this.given = {};
    /** @type {Record<string, Numbers>} */
    this.results = {};
    this.#plan();
  }

  /**
   * Compute the outputs of `count` runs.
   *
   * @param {Record<string, number | number[] | Numbers>} inputs the numbers of each run, one run after another, or numbers that
   *   all runs share
   * @param {number} [count]
   * @returns {Record<string, Numbers>} arrays of outputs, (nodes, count)
   */
  run(inputs, count = 1) {
    for (const { name, dtype, each, count: width } of this.inputs) {
      const numbers = inputs[name];
      if (numbers === undefined) throw new Error(`the program needs ${name}`);
      const array = typeof numbers === "number" ? [numbers] : numbers;
      if (array.length !== width && !(each && array.length === width * count)) {
        throw new Error(`${name} has ${array.length} numbers; the program needs ${each ? width * count : width}`);
      }
      this.given[name] = Array.isArray(array) ? ARRAYS[dtype].from(array) : array;
    }
    for (const { name, dtype, nodes } of this.outputs) this.results[name] = new ARRAYS[dtype](nodes.length * count);
    this.count = count;
    for (const step of this.once) step(1, 0);
    for (let start = 0; start < count; start += BLOCK) {
      const n = Math.min(BLOCK, count - start);
      for (const step of this.steps) step(n, start);
    }
    const results = this.results;
    this.given = {};
    this.results = {};
    return results;
  }

  #plan() {
    const last = this.#lastUses();
    for (const [k, value] of this.values.entries()) {
      if (!last.has(k)) continue;
      if ("input" in value) this.inputs.add(value.input);
      if (!value.each) {
        const operands = value.operands.map((operand) => this.#number(operand));
        const number = new Float64Array(1);
        this.shared.set(k, number);
        this.once.push(this.#step(value, number, operands));
      } else {
        const operands = value.operands.map((operand) => this.#column(operand));
        for (const operand of new Set(value.operands)) if (last.get(operand) === k) this.#release(operand);
        const column = this.free.pop() ?? new Float64Array(BLOCK);
        this.columns.set(k, column);
        this.steps.push(this.#step(value, column, operands));
      }
    }
    for (const { name, dtype, nodes } of this.outputs) {
      for (const [place, k] of nodes.entries()) {
        const column = this.#column(k);
        this.steps.push((n, start) => {
          if (dtype.startsWith("float")) oneNaN(column, n);
          this.results[name].set(column.subarray(0, n), place * this.count + start);
        });
      }
    }
  }

  /** For each value that is needed the last value that is computed from it; Infinity for outputs. */
  #lastUses() {
    /** @type {Map<number, number>} */
    const last = new Map();
    for (const { nodes } of this.outputs) for (const k of nodes) last.set(k, Number.POSITIVE_INFINITY);
    for (let k = this.values.length - 1; k >= 0; k--) {
      if (!last.has(k)) continue;
      for (const operand of this.values[k].operands) last.set(operand, Math.max(last.get(operand) ?? 0, k));
    }
    return last;
  }

  /**
   * @param {Value} value
   * @param {Column} out
   * @param {Column[]} operands
   * @returns {Step}
   */
  #step(value, out, [a = out, b = out, c = out]) {
    if ("input" in value) return this.#read(value.input, value.place, out);
    const { operation, dtype, number } = value;
    if (number !== undefined) return () => out.fill(number);
    const loop = loopOf(operation, dtype);
    return (n) => loop(out, n, a, b, c);
  }

  /**
   * @param {Input} input
   * @param {number} place
   * @param {Column} out
   * @returns {Step}
   */
  #read({ name, dtype, count: width }, place, out) {
    const exact = ARRAYS[dtype];
    return (n, start) => {
      const array = this.given[name];
      if (array.length === width) out.fill(array[place]);
      else if (width === 1) out.set(array.subarray(start, start + n));
      else for (let i = 0; i < n; i++) out[i] = array[(start + i) * width + place];
      if (!(array instanceof exact)) CONVERSIONS[dtype](out, n, out, out, out);
    };
  }

  /**
   * The column of a value. A shared number fills it, when it is first used.
   *
   * @param {number} k
   */
  #column(k) {
    let column = this.columns.get(k);
    if (!column) {
      const filled = this.free.pop() ?? new Float64Array(BLOCK);
      const number = this.#number(k);
      this.steps.push((n) => filled.fill(number[0], 0, n));
      this.columns.set(k, filled);
      column = filled;
    }
    return column;
  }

  /** @param {number} k */
  #number(k) {
    const number = this.shared.get(k);
    if (!number) throw new Error("a value is used before it is computed");
    return number;
  }

  /** @param {number} k */
  #release(k) {
    const column = this.columns.get(k);
    if (column) this.free.push(column);
    this.columns.delete(k);
  }
}

/**
 * The values of a program: inputs and constants, then what is computed.
 *
 * @param {Program} program
 * @returns {Value[]}
 */
function valuesOf(program) {
  /** @type {Value[]} */
  const values = [];
  for (const input of program.inputs) {
    for (let place = 0; place < input.count; place++) {
      values.push({ dtype: input.dtype, each: input.each, operands: [], input, place });
    }
  }
  for (const [operation, dtype, ...operands] of program.nodes) {
    if (operation === "number") {
      values.push({ dtype, each: false, operands: [], operation, number: Number(operands[0]) });
    } else {
      values.push({ dtype, each: operands.some((k) => values[k].each), operands, operation });
    }
  }
  return values;
}

/**
 * NaN has many bit patterns; write one of them, so that equal results have equal bytes.
 *
 * @param {Column} column
 * @param {number} n
 */
function oneNaN(column, n) {
  for (let i = 0; i < n; i++) if (Number.isNaN(column[i])) column[i] = Number.NaN;
}
