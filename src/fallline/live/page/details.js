/** What a reader asks of a run besides: confusion matrices, and a network with some of its weights changed. */

import { Refusal } from "./accept.js";
import { batches } from "./random.js";
import { trainedRun } from "./runs.js";

/** @typedef {import("./host.js").KernelHost} KernelHost */

/** Answer the question for a detail of a run. @param {KernelHost} host @param {any} content */
export async function detail(host, content) {
  if (host.isOld(content)) return;
  const { id, pin, x, y, of } = content;
  const { stateId, model } = host;
  const { answers } = model;
  if (of === "gradients" && model.gradient) return gradients(host, content, model.gradient);
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

/** Answer the question for the gradient at each step of a run, and its norm in each layer. @param {KernelHost} host @param {any} content @param {import("./gradient.js").Gradient} gradient */
async function gradients(host, { id, pin, x, y, of }, gradient) {
  const { stateId, state, model, figure } = host;
  const { path, losses, steps, values } = await trainedRun(host, x, y, 4);
  const { draws, replacement, samples, parameters: P } = model.problem;
  const { seed, batch } = /** @type {any} */ (values);
  const rows = batch ? batches(seed ?? state.seed, draws, samples, batch, steps, replacement) : null;
  const slopes = new Float32Array((steps + 1) * P);
  const norms = new Float64Array((steps + 1) * figure.layers.length);
  for (let step = 0; step <= steps; step++) {
    const w = Float64Array.from(path.subarray(step * P, (step + 1) * P));
    const some = rows && step < steps ? rows.subarray(step * batch, (step + 1) * batch) : null;
    const slope = Number.isFinite(losses[step]) ? gradient.at(w, values.l2 ?? 0, some).gradient : w.fill(Number.NaN);
    slopes.set(slope, step * P);
    norms.set(normsOf(figure.layers, slope), step * figure.layers.length);
  }
  host.answer(
    { kind: "detail", state_id: stateId, id, pin, x, y, of },
    {
      gradients: { values: slopes, shape: [steps + 1, P] },
      layer_norms: { values: norms, shape: [steps + 1, figure.layers.length] },
    },
  );
}

/** The norm of a gradient in each layer, weights and biases together. @param {{at: number}[]} layers @param {Float64Array} slope */
function normsOf(layers, slope) {
  return layers.map(({ at }, k) => Math.hypot(...slope.subarray(at, layers[k + 1]?.at ?? slope.length)));
}

/** Answer a what-if: a run's network at a step with some of its weights changed. @param {KernelHost} host @param {any} content */
export async function whatIf(host, content) {
  if (host.isOld(content)) return;
  const { id, pin, x, y, step, changes } = content;
  const { state, stateId, model } = host;
  const { answers } = model;
  if (!answers) throw new Refusal("Only a network has weights to be changed.");
  const { path, values: numbers } = await trainedRun(host, x, y, 3);
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
  const slope = model.gradient?.at(w, numbers.l2 ?? 0).gradient;
  const norms = slope && normsOf(host.figure.layers, slope);
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
      ...(slope && { gradients: { values: Float32Array.from(slope), shape: [slope.length] } }),
      ...(norms && { layer_norms: { values: Float64Array.from(norms), shape: [norms.length] } }),
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
