/** The map step by step: the losses of a tile's runs after each of some steps. */

import { SIDE } from "./model.js";

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
          losses: { values: framesOf(results.history, steps.length, state.starts), shape: [steps.length, SIDE, SIDE] },
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

/** The losses of each step, cell by cell; of several starts, the median. @param {any} history (runs, frames) @param {number} frames @param {number} starts */
function framesOf(history, frames, starts) {
  const cells = SIDE * SIDE;
  const losses = new Float32Array(frames * cells);
  for (let frame = 0; frame < frames; frame++)
    for (let cell = 0; cell < cells; cell++) {
      const first = cell * starts * frames + frame;
      losses[frame * cells + cell] = starts === 1 ? history[first] : median(history, first, frames, starts);
    }
  return losses;
}

/** @param {any} history @param {number} first @param {number} apart @param {number} count */
function median(history, first, apart, count) {
  const values = Array.from({ length: count }, (_, k) => history[first + k * apart]);
  values.sort((a, b) => (Number.isNaN(a) ? 1 : Number.isNaN(b) ? -1 : a - b));
  const [low, high] = [values[(count - 1) >> 1], values[count >> 1]];
  return low === high ? low : (low + high) / 2;
}
