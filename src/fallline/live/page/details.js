/** What a reader asks of a run besides: confusion matrices, and a network with some of its weights changed. */

import { Refusal } from "./accept.js";
import { trainedRun } from "./runs.js";

/** @typedef {import("./host.js").KernelHost} KernelHost */

/** Answer the question for a detail of a run. @param {KernelHost} host @param {any} content */
export async function detail(host, content) {
  if (host.isOld(content)) return;
  const { id, pin, x, y, of } = content;
  const { stateId } = host;
  const { answers } = host.model;
  if (of !== "confusion" || !answers?.classified) throw new Refusal(`This page shows no ${of} of its runs.`);
  const { path, steps } = await trainedRun(host, x, y, 4);
  const side = answers.classes;
  const names = answers.onTest ? ["confusion", "test_confusion"] : ["confusion"];
  /** @type {Record<string, any>} */
  const arrays = {};
  for (const name of names) {
    const matrices = new Uint32Array((steps + 1) * side * side);
    for (let step = 0; step <= steps; step++)
      matrices.set(answers.confusions(answers.weights(path, step))[name], step * side * side);
    arrays[name] = { values: matrices, shape: [steps + 1, side, side] };
  }
  host.answer({ kind: "detail", state_id: stateId, id, pin, x, y, of }, arrays);
}

/** Answer a what-if: a run's network at a step with some of its weights changed. @param {KernelHost} host @param {any} content */
export async function whatIf(host, content) {
  if (host.isOld(content)) return;
  const { id, pin, x, y, step, changes } = content;
  const { state, stateId, model } = host;
  const { answers } = model;
  if (!answers) throw new Refusal("Only a network has weights to be changed.");
  const { path } = await trainedRun(host, x, y, 3);
  const before = answers.weights(path, step);
  if (!before.every(Number.isFinite))
    throw new Refusal(`the run had diverged before step ${step}: its weights are no numbers there.`);
  const w = before.slice();
  for (const [k, value] of changes) w[k] = value;
  const points = Float64Array.from([...before, ...w]);
  const values = { [state.map.x.name]: x, [state.map.y.name]: y, steps: 0 };
  const results = await model.train(state, { points, values, priority: 3, signal: host.stop.signal });
  const losses = model.measures.ofRuns(results, 0, ["final_loss"]).final_loss;
  const finite = (/** @type {number} */ v) => (Number.isFinite(v) ? v : null);
  const judged = model.measures.measures.accuracy && model.measures.ofRuns(results, 0, ["accuracy"]).accuracy;
  const drawn = answers.regions ? answers.over(w, [0], 0, 0) : { facts: {}, arrays: {} };
  host.answer(
    {
      kind: "what_if",
      state_id: stateId,
      id,
      pin,
      x,
      y,
      step,
      loss: Array.from(losses, finite),
      ...(judged && { accuracy: Array.from(judged, finite) }),
      ...drawn.facts,
    },
    {
      w: { values: w, shape: [w.length] },
      ...confusionsOf(answers, w),
      ...drawn.arrays,
    },
  );
}

/** The confusion matrices at some parameters, if the samples have classes. @param {import("./frames.js").Answers} answers @param {Float64Array} w */
function confusionsOf(answers, w) {
  if (!answers.classified) return {};
  const shape = [answers.classes, answers.classes];
  return Object.fromEntries(Object.entries(answers.confusions(w)).map(([name, values]) => [name, { values, shape }]));
}
