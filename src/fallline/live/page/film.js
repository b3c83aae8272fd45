/** The map step by step: the losses of a tile's runs after each of some steps. */

import { SIDE } from "../../lab/page/tiles.js";
import { overStarts } from "./overstarts.js";

/** @typedef {import("./host.js").KernelHost} KernelHost */

const MOST_FRAMES = 240;

/** Answer the question for the films of tiles. @param {KernelHost} host @param {any} content */
export async function film(host, content) {
  if (host.isOld(content)) return;
  const { state, stateId } = host;
  const steps = evenSteps(state.steps);
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

/** At most so many evenly spaced steps, the first and the last among them. @param {number} steps */
function evenSteps(steps) {
  const count = Math.min(MOST_FRAMES, steps + 1);
  return Array.from({ length: count }, (_, k) => (count > 1 ? Math.round((k * steps) / (count - 1)) : steps));
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
