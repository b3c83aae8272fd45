/** The map step by step: its measure, or the loss, of a tile's runs after each of some steps. */

import { SIDE } from "../../lab/page/tiles.js";
import { Refusal } from "./accept.js";
import { played } from "./described.js";
import { Evaluator } from "./evaluate.js";
import { overStarts } from "./overstarts.js";

/** @typedef {import("./host.js").KernelHost} KernelHost */
/** @typedef {import("./request.js").Request} Request */

const MOST = 2 ** 22; // parameters of all steps that are held at a time

/** Answer the question for the films of tiles. @param {KernelHost} host @param {any} content */
export async function film(host, content) {
  if (host.isOld(content)) return;
  const { state, stateId, figure } = host;
  if ([state.map.x.name, state.map.y.name].includes("steps")) throw new Refusal(figure.sentences.film);
  const steps = stepsOf(figure.rules.frames, state.steps);
  const name = played(figure, state);
  await Promise.all(
    content.tiles.map(async ([z, i, j] = [0, 0, 0]) => {
      const x = host.model.axisOf(state.map.x, i, z);
      const y = host.model.axisOf(state.map.y, j, z);
      const request = { x, y, priority: 4, signal: host.stop.signal };
      const loss = name === "final_loss";
      const { values, divergedAt } = await (loss ? losses : measured)(host, request, steps, name);
      host.answer(
        { kind: "film", state_id: stateId, z, i, j },
        {
          steps: { values: Int32Array.from(steps), shape: [steps.length] },
          values: { values, shape: [steps.length, SIDE, SIDE] },
          diverged_at: { values: divergedAt, shape: [SIDE, SIDE] },
        },
      );
    }),
  );
}

/** The losses of each step, cell by cell. @param {KernelHost} host @param {Request} request @param {number[]} steps */
async function losses(host, request, steps) {
  const { model, state } = host;
  const results = await model.train(state, { ...request, history: steps });
  const values = framesOf(/** @type {any} */ (results.history), steps.length, SIDE * SIDE, state, "median");
  return { values, divergedAt: divergedAt(host, results) };
}

/**
 * A measure of the parameters after each step, cell by cell: that of a run that ends at once, there.
 * @param {KernelHost} host @param {Request} request @param {number[]} steps @param {string} name
 */
async function measured(host, request, steps, name) {
  const { model, state, figure } = host;
  const { test: tests, over_starts: how } = figure.measures[name];
  const P = model.problem.parameters;
  const rows = Math.max(1, Math.floor(MOST / (SIDE * state.starts * steps.length * P)));
  const frames = steps.length;
  const values = new Float32Array(frames * SIDE * SIDE);
  const died = new Int32Array(SIDE * SIDE);
  for (let first = 0; first < SIDE; first += rows) {
    const cells = SIDE * Math.min(rows, SIDE - first);
    const i = Int32Array.from({ length: cells }, (_, k) => k % SIDE);
    const j = Int32Array.from({ length: cells }, (_, k) => first + Math.floor(k / SIDE));
    const results = await model.train(state, { ...request, i, j, path: steps });
    const points = Float64Array.from(/** @type {any} */ (results.path));
    const { priority, signal } = request;
    const there = await model.train(state, { points, values: { steps: 0 }, tests, priority, signal });
    const found = model.measures.ofRuns(there, 0, [name])[name];
    const part = framesOf(found, frames, cells, state, how);
    for (let frame = 0; frame < frames; frame++)
      values.set(part.subarray(frame * cells, (frame + 1) * cells), frame * SIDE * SIDE + first * SIDE);
    died.set(divergedAt(host, results), first * SIDE);
  }
  return { values, divergedAt: died };
}

/** @param {KernelHost} host @param {import("./kernel.js").Results} results */
function divergedAt({ model, state }, results) {
  return model.measures.ofCells(results, state, ["diverged_at"]).diverged_at;
}

/** The steps of the frames. @param {any} rules @param {number} steps @returns {number[]} */
function stepsOf(rules, steps) {
  const [count] = new Evaluator(rules, ["count"]).run({ steps }).count;
  const frame = Float64Array.from({ length: count }, (_, k) => k);
  return Array.from(new Evaluator(rules, ["step"]).run({ steps, frame }, count).step);
}

/**
 * The values of each step, cell by cell; of several starts, one by the measure's rule.
 * @param {ArrayLike<number>} values (runs, frames) @param {number} frames @param {number} cells @param {any} state @param {string} how
 */
function framesOf(values, frames, cells, { starts, dtype }, how) {
  const found = new Float32Array(frames * cells);
  const some = new Float64Array(cells * starts);
  for (let frame = 0; frame < frames; frame++) {
    for (let run = 0; run < some.length; run++) some[run] = values[run * frames + frame];
    found.set(overStarts(some, starts, how, dtype), frame * cells);
  }
  return found;
}
