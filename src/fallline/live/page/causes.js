/** Why a run ended as it did: the sentences of `fallline.runs.explain`, and the facts that they read. */

import { decoded } from "./arrays.js";
import { curvatureAt, largest, leadsDown } from "./curvature.js";
import { Evaluator } from "./evaluate.js";
import { written } from "./sentences.js";

/** @typedef {import("./runs.js").Trained} Trained */
/** @typedef {import("./frames.js").Death} Death */

const LATE = 10; // points of a path at whose end steps are compared
const NAMED = 3; // parameters that are named

export class Causes {
  /** @param {any} figure @param {import("./gradient.js").Gradient|null} gradient */
  constructor({ causes, problem, labels, layers }, gradient) {
    this.told = causes;
    this.gradient = gradient;
    this.labels = labels;
    this.inputs = layers?.[0].W[0] ?? 1;
    this.x = causes.finite && decoded(problem.X);
    const { statistics, goes_against, falls_along, finite } = causes;
    this.statistics = new Evaluator(statistics);
    this.against = new Evaluator(goes_against);
    this.falls = new Evaluator(falls_along);
    this.finite = finite && new Evaluator(finite);
  }

  /** How a run ended whose curves show that kind. @param {string} kind @param {Trained} run @param {Death[]} died @param {number[]} sizes of hidden layers */
  ending(kind, run, died, sizes) {
    const { endings, accuracy, parts } = this.told;
    const facts = this.#facts(run, died);
    const fact = (/** @type {string} */ name) => facts[name]();
    const text = (/** @type {string} */ name) =>
      name === "trouble" ? this.#trouble(run) : written(parts[name], fact, text)[0];
    const [name, sentence] = written(endings[kind], fact, text);
    if (!died.length) return { name, sentence };
    return {
      name,
      sentence: `${this.deaths(died, sizes, run.values.l2 ?? 0)}${written(accuracy, fact)[0]} ${sentence}`,
    };
  }

  /** The facts by name; each is found once. @param {Trained} run @param {Death[]} died @returns {Record<string, () => any>} */
  #facts(run, died) {
    const { losses, norms, path, values, steps, window, columns, shares } = run;
    const statistics = this.statistics.run({ ...columns, steps });
    const P = path.length / losses.length;
    const at = (/** @type {number} */ step) => Float64Array.from(path.subarray(step * P, (step + 1) * P));
    const [there] = statistics.diverged_at;
    const curved = (/** @type {number} */ step) =>
      this.gradient && curvatureAt(this.gradient, at(step), values.l2 ?? 0, this.told.difference);
    const start = once(() => curved(0));
    const end = once(() => curved(steps));
    const leads = (/** @type {Float64Array} */ way) => this.#leads(at(steps), values.l2 ?? 0, way, statistics, losses);
    const slope = once(() => this.gradient?.at(at(steps), values.l2 ?? 0).gradient);
    const zero = () => (slope() ? slope()?.every((g) => g === 0) : norms[steps] === 0);
    return {
      ...Object.fromEntries(Object.entries(statistics).map(([name, [value]]) => [name, () => value])),
      steps: () => steps,
      window: () => window,
      first_loss: () => losses[0],
      last_loss: () => losses[steps] + 0,
      loss_there: () => losses[there],
      never_below_start: () => losses.subarray(1, there).every((loss) => loss >= losses[0]),
      largest_norm: () => norms.reduce((a, b) => Math.max(a, b)),
      last_norm: () => norms[steps],
      rises: () => losses.filter((loss, k) => k > steps - window && loss > losses[k - 1]).length,
      goes_back: () => this.goesBack(path, P),
      gradient_is_zero: zero,
      moved: () => path.some((/** @type {number} */ v, /** @type {number} */ k) => v !== path[k % P]),
      learning_rate: () => values.learning_rate,
      momentum: () => values.momentum ?? 0,
      low: () => end()?.low ?? Number.NaN,
      high: () => end()?.high ?? Number.NaN,
      low_at_start: () => start()?.low ?? Number.NaN,
      high_at_start: () => start()?.high ?? Number.NaN,
      falls: () => {
        const steepest = largest(slope() ?? []);
        const { downward } = end() ?? {};
        return (
          downward &&
          (leads(downward) ||
            (steepest > 0 && leads(/** @type {any} */ (slope()).map((/** @type {number} */ g) => g / steepest))))
        );
      },
      falls_upward: () => Boolean(end()) && leads(/** @type {any} */ (end()).upward),
      has_dead_units: () => died.length > 0,
      overflowing_layer: () => this.#overflowing(at(there)),
      share: () => shares?.[steps] ?? Number.NaN,
      share_is_stuck: () =>
        window <= this.told.looks &&
        window > 0 &&
        shares?.subarray(steps - window).every((/** @type {number} */ s) => s === shares[steps]),
    };
  }

  /** @param {Float64Array} w @param {number} l2 @param {Float64Array} way @param {any} statistics @param {Float64Array} losses */
  #leads(w, l2, way, { ranged: [ranged] }, losses) {
    const { least_fall: share, distances } = this.told;
    const enough = share * Math.max(ranged, Math.abs(losses[losses.length - 1]));
    return leadsDown(/** @type {any} */ (this.gradient), w, l2, way, enough, distances, this.falls);
  }

  /** Whether each of the last steps goes against the one before. @param {any} path @param {number} P */
  goesBack(path, P) {
    const points = Math.min(LATE, path.length / P);
    if (points < 3) return false;
    const moves = Array.from({ length: points - 1 }, (_, k) => {
      const from = path.length - (points - k) * P;
      return Float64Array.from({ length: P }, (_v, j) => path[from + P + j] - path[from + j]);
    });
    const size = moves.map((move) => Math.hypot(...move));
    const product = moves.slice(1).map((move, k) => move.reduce((sum, v, j) => sum + v * moves[k][j], 0));
    const { against } = this.against.run({ product, size: size.slice(1), before: size.slice(0, -1) }, product.length);
    return against.every(Boolean);
  }

  /** The first layer whose pre-activation is not finite; 0 for none. @param {Float64Array} w */
  #overflowing(w) {
    if (!this.finite) return 0;
    const samples = this.x.length / this.inputs;
    const { finite } = this.finite.run({ w, x: this.x }, samples);
    const layers = finite.length / samples;
    for (let layer = 0; layer < layers; layer++)
      if (!finite.subarray(layer * samples, (layer + 1) * samples).every(Boolean)) return layer + 1;
    return 0;
  }

  /** Which parameters are no numbers at the divergence. @param {Trained} run */
  #trouble({ path, losses, columns, steps }) {
    const [there] = this.statistics.run({ ...columns, steps }).diverged_at;
    const P = path.length / losses.length;
    const w = path.subarray(there * P, (there + 1) * P);
    const names = this.labels.filter((/** @type {string} */ _, /** @type {number} */ k) => !Number.isFinite(w[k]));
    return names.length ? ` Not finite: parameter ${names.slice(0, NAMED).join(", ")}.` : "";
  }

  /** Who died and when, the first ones first; a layer whose units are all dead is told as a whole. @param {Death[]} died @param {number[]} sizes @param {number} l2 */
  deaths(died, sizes, l2) {
    const { dead_layer, dead_unit, all_dead, told } = this.told;
    const text = (/** @type {any} */ rule, /** @type {any} */ facts) => written(rule, (name) => facts[name])[0];
    const parts = sizes.flatMap((units, k) => {
      const layer = k + 1;
      const own = died.filter((death) => death.layer === layer);
      if (own.length < units) return own.map((death) => ({ step: death.step, text: text(dead_unit, death) }));
      const step = own.reduce((last, death) => Math.max(last, death.step), 0);
      return [{ step, text: text(dead_layer, { layer, units, step }) }];
    });
    parts.sort((a, b) => a.step - b.step);
    const shown = parts.slice(0, told);
    const facts = /** @type {any} */ ({ more: parts.length - shown.length, died: died.length, l2 });
    const [sentence] = written(
      all_dead[shown.length - 1],
      (name) => facts[name],
      (name) => shown[Number(name.slice("text".length))].text,
    );
    return sentence[0].toUpperCase() + sentence.slice(1);
  }
}

/** @template T @param {() => T} found @returns {() => T} */
function once(found) {
  /** @type {{value: T}|null} */
  let kept = null;
  return () => {
    kept ??= { value: found() };
    return kept.value;
  };
}
