/** One run of the map: its path, its curves and how it ended; and a network's answers at its steps. */

import { number } from "../../lab/page/numerals.js";
import { PASSING } from "../../lab/page/runs.js";
import { Refusal } from "./accept.js";
import { allStored } from "./arrays.js";

/** @typedef {import("./host.js").KernelHost} KernelHost */

const MOST_RUNS = 8; // kept, so that its frames train nothing again
/** What is told of a run, as far as the figure has it. */
const MEASURES = ["outcome", "diverged_at", "accuracy", "steps_to", "test_loss", "generalization_gap", "test_accuracy"];

/**
 * @typedef {object} Trained
 * @property {any} path (steps + 1, P)
 * @property {Float64Array} losses
 * @property {Float64Array} norms of the gradients
 * @property {Record<string, any>} measures
 * @property {Float64Array|null} onTest the losses on test samples
 * @property {any} shares of right answers at each step, if the samples have classes
 * @property {Record<string, any>} columns what the kernel folded
 * @property {Record<string, number>} values the numbers of the run
 * @property {number} steps
 * @property {number} window how many of its last steps tell where it is heading
 */

/** Answer the question for a run. @param {KernelHost} host @param {any} content */
export async function run(host, content) {
  if (host.isOld(content)) return;
  const { pin, x, y } = content;
  const { state, stateId, figure, model } = host;
  const place = { kind: "run", state_id: stateId, pin, x, y };
  const known =
    host.original && figure.stored.runs.find((/** @type {any} */ r) => r.content.x === x && r.content.y === y);
  if (known) return host.answer({ ...known.content, ...place }, allStored(known.arrays));
  const trained = await trainedRun(host, x, y, pin === PASSING ? 4 : 3);
  const { answers } = model;
  const P = model.problem.parameters;
  const { path, losses, norms, onTest } = trained;
  const died = answers ? answers.deaths(path, trained.steps) : [];
  host.answer(
    {
      ...place,
      steps: trained.steps,
      outcome: outcomeOf(host, trained, died),
      numbers: numbersOf(state, trained),
      labels: figure.labels,
      layers: figure.layers,
    },
    {
      losses: { values: losses, shape: [losses.length] },
      norms: { values: norms, shape: [norms.length] },
      path: { values: path, shape: [losses.length, P] },
      ...(onTest && { test_losses: { values: onTest, shape: [onTest.length] } }),
    },
  );
}

/** Recent runs, by state and place. @type {Map<string, Promise<Trained>>} */
const kept = new Map();

/** The run at exactly (x, y), trained if it is not kept. @param {KernelHost} host @param {number} x @param {number} y @param {number} priority @returns {Promise<Trained>} */
export function trainedRun(host, x, y, priority) {
  const key = `${host.stateId} ${x} ${y}`;
  let found = kept.get(key);
  if (!found) {
    found = train(host, x, y, priority);
    kept.set(key, found);
    found.catch(() => kept.delete(key));
    while (kept.size > MOST_RUNS) kept.delete(/** @type {string} */ (kept.keys().next().value));
  }
  return found;
}

/** @param {KernelHost} host @param {number} x @param {number} y @param {number} priority @returns {Promise<Trained>} */
async function train(host, x, y, priority) {
  const { model, state } = host;
  const { signal } = host.stop;
  const cell = {
    x: { name: state.map.x.name, values: [x] },
    y: { name: state.map.y.name, values: [y] },
    values: onAxes(state, x, y),
  };
  const tests = Boolean(model.problem.test);
  const results = await model.train(state, { ...cell, history: true, path: true, tests, priority, signal });
  const P = model.problem.parameters;
  const { steps } = { ...state, ...cell.values };
  const path = /** @type {any} */ (results.path).subarray(0, (steps + 1) * P); // of several starts, those of the first
  const losses = Float64Array.from(/** @type {any} */ (results.history).subarray(0, steps + 1));
  const points = Float64Array.from(path);
  const values = { ...cell.values, steps: 0 };
  const at = await model.train(state, { ...cell, points, values, tests, priority, signal });
  const norms = Float64Array.from(model.measures.column(at, "LAST_GRADIENT"), Math.sqrt);
  const onTest = tests ? lossesWhere(losses, model.measures.onTest(at).test_loss) : null;
  const names = MEASURES.filter((name) => name in model.figure.measures);
  const measures = model.measures.ofRuns(results, steps, names);
  const shares = measures.accuracy && model.measures.ofRuns(at, 0, ["accuracy"]).accuracy;
  const columns = model.measures.ofRun(results, 0);
  const numbers = { ...model.problem.values, ...model.valuesOf(state), ...cell.values };
  return {
    path,
    losses,
    norms,
    onTest,
    measures,
    shares,
    columns,
    values: numbers,
    steps,
    window: model.windowOf(steps),
  };
}

/** Losses on test samples, as far as those of the training are numbers. @param {Float64Array} losses @param {any} onTest */
function lossesWhere(losses, onTest) {
  return losses.map((loss, step) => (Number.isFinite(loss) ? onTest[step] : Number.NaN));
}

/** The numbers of a run that its axes have. @param {any} state @param {number} x @param {number} y */
function onAxes({ map }, x, y) {
  return Object.fromEntries([
    [map.x.name, x],
    [map.y.name, y],
  ]);
}

/** Measures that are told as numbers, and the words for them. @type {[string, string][]} */
const LABELS = [
  ["accuracy", "accuracy"],
  ["test_loss", "test loss"],
  ["generalization_gap", "generalization gap"],
  ["test_accuracy", "test accuracy"],
];

/** @param {any} state @param {Trained} trained */
function numbersOf(state, { losses, norms, measures, steps }) {
  const finite = losses.filter(Number.isFinite);
  const entry = (/** @type {string} */ label, /** @type {number} */ value) => ({
    label,
    value: Number.isFinite(value) ? value : null,
  });
  const numbers = [
    entry("final loss", losses[steps]),
    entry("lowest loss", finite.length ? finite.reduce((a, b) => Math.min(a, b)) : Number.NaN),
  ];
  for (const [name, label] of LABELS) if (measures[name]) numbers.push(entry(label, measures[name][0]));
  if (state.map.measure === "steps_to") {
    const [reached] = measures.steps_to;
    numbers.push(entry(`steps to ${number(state.map.target)}`, reached < 0 ? Number.NaN : reached));
  }
  return [...numbers, entry("gradient norm", norms[steps])];
}

/** How a run ended, and why. @param {KernelHost} host @param {Trained} trained @param {import("./frames.js").Death[]} died */
function outcomeOf({ figure, model }, trained, died) {
  const { name: kind } = figure.welcome.outcomes[trained.measures.outcome[0]];
  const [step] = trained.measures.diverged_at;
  const told = model.causes.ending(kind, trained, died, figure.answers?.sizes ?? []);
  return { ...told, step: step >= 0 ? step : null };
}

/** Answer the question for a network's answers over its plane of inputs. @param {KernelHost} host @param {any} content */
export async function frames(host, content) {
  if (host.isOld(content)) return;
  const { pin, x, y, from, to, plane = null } = content;
  const { stateId } = host;
  const { answers } = host.model;
  if (!answers?.regions || plane) throw new Refusal("This page draws no answers over these inputs.");
  const { path, losses, steps } = await trainedRun(host, x, y, 4);
  const last = Math.min(to, steps, from + answers.most - 1);
  const { facts, arrays } = answers.over(path, losses, from, last);
  host.answer({ kind: "frames", state_id: stateId, pin, x, y, from, plane, ...facts }, arrays);
}
