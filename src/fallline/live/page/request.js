/** What is to be trained, as one asks for it, and as jobs of a kernel. */

import { valuesOf } from "./axis.js";

/** @typedef {import("./axis.js").Axis} Axis */

/**
 * What is to be trained. Only what differs from the figure's `problem` need be said.
 * @typedef {object} Request
 * @property {Record<string, number|null>} [values] by their names in `problem.values`: settings of the kernel, steps, seed, starts,
 *   batch, initial_scale, target
 * @property {Axis|null} [x] null for none
 * @property {Axis|null} [y] null for none
 * @property {ArrayLike<number>} [i] columns and
 * @property {ArrayLike<number>} [j] rows of the cells; all cells, row by row, if they are left out
 * @property {ArrayLike<number>|null} [start] the first parameters; null for those that the problem has without a choice
 * @property {Float64Array} [points] the first parameters of each run, (runs, P), in place of axes
 * @property {boolean|number[]} [history] whether losses are wanted: all, or those after some steps
 * @property {boolean} [parameters] whether the last parameters are wanted
 * @property {boolean|number[]} [path] whether those of all steps are wanted, or of some steps
 * @property {boolean} [begins] whether the first ones are wanted
 * @property {boolean} [tests] whether the columns of the last ones on test samples are wanted
 * @property {number} [priority] lower numbers come first; 0 if it is left out
 * @property {AbortSignal} [signal]
 * @property {(done: number, all: number) => void} [onprogress] is told the cells that are done
 */

/** Operations of a piece, some hundredths of a second: a request that is more urgent waits no longer. */
const PIECE = 4e8;

/** Bytes that a piece may write. */
const MOST_BYTES = 2 ** 25;

/** What decides the length of a run and its kernel's samples; each cell of such an axis has its own. */
const LENGTHS = ["steps", "batch"];

/**
 * @param {Request} request
 * @param {any} problem
 * @param {any} kernel
 * @param {number} workers
 * @returns {{cells: number, starts: number, pieces: {cells: number[], job: import("./kernel.js").Job}[]}} all cells, and the pieces
 *   in which they are trained
 */
export function pieces(request, problem, kernel, workers) {
  const { points = null } = request;
  const { x = problem.x, y = problem.y } = points ? { x: null, y: null } : request;
  const axes = [x, y].filter((axis) => axis !== null);
  const common = shared(request, problem, axes);
  const [xs, ys] = [x, y].map((axis) => (axis ? valuesOf(axis, problem.whole.includes(axis.name)) : [0]));
  const cells = points ? points.length / problem.parameters : (request.i?.length ?? xs.length * ys.length);
  const across = Array.from({ length: cells }, (_, k) => xs[request.i?.[k] ?? k % xs.length]);
  const up = Array.from({ length: cells }, (_, k) => ys[request.j?.[k] ?? Math.floor(k / xs.length)]);
  /** @type {Record<string, number[]>} */
  const columns = { ...(x && { [x.name]: across }), ...(y && { [y.name]: up }) };
  for (const [name, other] of Object.entries(problem.follows))
    if (other in columns && !LENGTHS.includes(other)) columns[name] ??= columns[other];
  const made = alike(cells, columns).flatMap((group) => {
    const lengths = Object.fromEntries(
      LENGTHS.filter((name) => name in columns).map((name) => [name, columns[name][group[0]]]),
    );
    const job = { ...common, ...lengths };
    return split(group, pieceSize(job, group.length, problem, kernel, workers)).map((some) => ({
      cells: some,
      job: piece(job, columns, some, problem.parameters),
    }));
  });
  return { cells, starts: common.starts, pieces: made };
}

/** What all cells share. @param {Request} request @param {any} problem @param {Axis[]} axes */
function shared(request, problem, axes) {
  const values = { ...problem.values, ...request.values };
  for (const { name, high } of axes) if (LENGTHS.includes(name) && high !== undefined) values[name] = high;
  for (const [name, other] of Object.entries(problem.follows)) values[name] = values[other];
  values.target ??= Number.NEGATIVE_INFINITY;
  const { points = null, history = false, parameters = false, path = false, begins = false, tests = false } = request;
  const start = request.start === undefined ? problem.start : (request.start ?? problem.classical);
  return {
    values,
    coordinates: problem.coordinates,
    offsets: problem.offsets,
    start,
    points,
    starts: points ? 1 : values.starts,
    seed: values.seed,
    scale: values.initial_scale ?? 1,
    steps: values.steps,
    batch: values.batch ?? null,
    history,
    parameters,
    path,
    begins,
    tests,
  };
}

/** Groups of cells that have the same steps and batch. @param {number} cells @param {Record<string, number[]>} columns */
function alike(cells, columns) {
  const lengths = LENGTHS.filter((name) => name in columns).map((name) => columns[name]);
  if (!lengths.length) return [Array.from({ length: cells }, (_, k) => k)];
  /** @type {Map<string, number[]>} */
  const groups = new Map();
  for (let k = 0; k < cells; k++) {
    const key = lengths.map((values) => values[k]).join(" ");
    const group = groups.get(key);
    if (group) group.push(k);
    else groups.set(key, [k]);
  }
  return [...groups.values()];
}

/** @param {number[]} cells @param {number} size */
function split(cells, size) {
  return Array.from({ length: Math.ceil(cells.length / size) }, (_, k) => cells.slice(k * size, (k + 1) * size));
}

/**
 * How many cells a piece has: whole vectors of lanes, and enough pieces for all workers where there is work for them.
 * @param {any} job
 * @param {number} cells
 * @param {any} problem
 * @param {any} kernel
 * @param {number} workers
 */
function pieceSize({ steps, starts, batch, history, path }, cells, problem, kernel, workers) {
  const { parameters, samples } = problem;
  const each = 6 * starts * Math.max(1, steps) * parameters * (batch ?? (samples || 2));
  const numbers = starts * (steps + 1) * ((history ? 1 : 0) + (path ? parameters : 0));
  const share = each * cells > PIECE / 4 ? Math.ceil(cells / workers) : cells;
  const most = Math.min(PIECE / each, (8 * MOST_BYTES) / (1 + numbers * kernel.bits), share);
  const vectors = Math.max(1, Math.floor((most * starts) / kernel.lanes));
  return Math.max(1, Math.floor((vectors * kernel.lanes) / starts));
}

/** @param {any} job @param {Record<string, number[]>} columns @param {number[]} cells @param {number} P */
function piece(job, columns, cells, P) {
  const own = Object.entries(columns).map(([name, all]) => [name, Float64Array.from(cells, (k) => all[k])]);
  const points = job.points?.slice(cells[0] * P, (cells[0] + cells.length) * P) ?? null;
  return { ...job, cells: cells.length, columns: Object.fromEntries(own), points };
}
