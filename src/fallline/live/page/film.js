/** The map step by step: the losses of a tile's runs after each of some steps. */

import { SIDE } from "../../lab/page/tiles.js";
import { Refusal } from "./accept.js";
import { Evaluator } from "./evaluate.js";
import { overStarts } from "./overstarts.js";

/** @typedef {import("./host.js").KernelHost} KernelHost */

/** Answer the question for the films of tiles. @param {KernelHost} host @param {any} content */
export async function film(host, content) {
  if (host.isOld(content)) return;
  const { state, stateId, figure } = host;
  if ([state.map.x.name, state.map.y.name].includes("steps")) throw new Refusal(figure.sentences.film);
  const steps = stepsOf(figure.rules.frames, state.steps);
  await Promise.all(
    content.tiles.map(async ([z, i, j] = [0, 0, 0]) => {
      const x = host.model.axisOf(state.map.x, i, z);
      const y = host.model.axisOf(state.map.y, j, z);
      const results = await host.model.train(state, { x, y, history: steps, priority: 4, signal: host.stop.signal });
      host.answer(
        { kind: "film", state_id: stateId, z, i, j },
        {
          steps: { values: Int32Array.from(steps), shape: [steps.length] },
          values: { values: framesOf(results.history, steps.length, state), shape: [steps.length, SIDE, SIDE] },
          diverged_at: { values: divergedAt(host, state, results), shape: [SIDE, SIDE] },
        },
      );
    }),
  );
}

/** @param {KernelHost} host @param {any} state @param {import("./kernel.js").Results} results */
function divergedAt({ model }, state, results) {
  return model.measures.ofCells(results, state, ["diverged_at"]).diverged_at;
}

/** The steps of the frames. @param {any} rules @param {number} steps @returns {number[]} */
function stepsOf(rules, steps) {
  const [count] = new Evaluator(rules, ["count"]).run({ steps }).count;
  const frame = Float64Array.from({ length: count }, (_, k) => k);
  return Array.from(new Evaluator(rules, ["step"]).run({ steps, frame }, count).step);
}

/** The losses of each step, cell by cell; of several starts, the median. @param {any} history (runs, frames) @param {number} frames @param {any} state */
function framesOf(history, frames, { starts, dtype }) {
  const cells = SIDE * SIDE;
  const losses = new Float32Array(frames * cells);
  const values = new Float64Array(cells * starts);
  for (let frame = 0; frame < frames; frame++) {
    for (let run = 0; run < values.length; run++) values[run] = history[run * frames + frame];
    losses.set(overStarts(values, starts, "median", dtype), frame * cells);
  }
  return losses;
}
