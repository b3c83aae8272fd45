/** Equations with the numbers of a run at one of its steps: the figure's MathML with its places filled. */

import { Evaluator } from "./evaluate.js";
import { trainedRun } from "./runs.js";
import { formatted } from "./sentences.js";

/** @typedef {import("./host.js").KernelHost} KernelHost */
/** @typedef {{title: string, rows: import("../../lab/page/formula.js").Row[]}} Block */

const FIRST = 0xf0000; // the character of the first place
const PLACES = /(<mi>)?([\u{f0000}-\u{ffffd}])(?:<\/mi>)?/gu;
const DIGITS = "\ue000";
const POWER = "\ue001";

/** The sections of a form with the numbers of a run. @param {KernelHost} host @param {{form: string, x: number, y: number, step: number}} asked @returns {Promise<Block[]>} */
export async function numbered(host, { form, x, y, step }) {
  const { blocks, ...rules } = host.figure.equations.numbers;
  const run = await trainedRun(host, x, y, 3);
  const values = valuesAt(host.model, run, rules, Math.min(step, run.steps));
  const filled = (/** @type {string} */ text) => fill(text, rules, values);
  const math = (/** @type {string} */ text) =>
    `<math xmlns="http://www.w3.org/1998/Math/MathML" displaystyle="true"><mrow>${filled(text)}</mrow></math>`;
  const isLast = !values.after?.every(Number.isFinite);
  return blocks[form]
    .filter((/** @type {any} */ block) => !(block.of_next_step && isLast))
    .map((/** @type {any} */ { title, rows }) => ({
      title: filled(title),
      rows: rows.map((/** @type {any} */ { left, right }) => ({
        left: { math: math(left) },
        right: right.map((/** @type {string} */ piece) => ({ math: math(piece) })),
      })),
    }));
}

/**
 * What the places show, as `fallline.lab.work.equation_numbers.numbers_of` has it.
 * @param {import("./model.js").Model} model @param {import("./runs.js").Trained} run @param {{factor: any, settings: string[]}} rules @param {number} step
 * @returns {Record<string, any>}
 */
function valuesAt(model, { path, losses, values, steps }, { factor, settings }, step) {
  const P = path.length / losses.length;
  const at = (/** @type {number} */ k) => Float64Array.from(path.subarray(k * P, (k + 1) * P));
  const [w, before] = [at(step), at(Math.max(step - 1, 0))];
  const after = step < steps ? at(step + 1) : null;
  const plan = settings.map((name) => values[name]);
  const [share] = new Evaluator(factor).run({ t: step + 1, settings: plan }).factor;
  return {
    step,
    next: step + 1,
    w,
    after,
    move: after && w.map((v, k) => v - after[k]),
    last: before.map((v, k) => v - w[k]),
    gradient: model.gradient?.at(w, values.l2 ?? 0).gradient,
    loss: losses[step],
    rate: share * values.learning_rate,
    settings: values,
  };
}

/** A text with its numbers. @param {string} text @param {{places: [string, string|number|null, string][], kinds: any}} rules @param {Record<string, any>} values */
function fill(text, { places, kinds }, values) {
  return text.replace(PLACES, (_, formula, letter) => {
    const [name, key, kind] = places[/** @type {number} */ (letter.codePointAt(0)) - FIRST];
    const value = key === null ? values[name] : values[name][key];
    if (!formula) return String(value);
    return written(kinds[kind], kind === "whole" ? [String(value)] : partsOf(value), value < 0);
  });
}

/** A number in MathML. @param {Record<string, string>} shapes @param {string[]} parts @param {boolean} negative */
function written(shapes, [digits, power], negative) {
  const alone = power && digits === "1" && !negative;
  const shape = alone ? "1" : `${negative ? "-" : "+"}${power ? "e" : ""}`;
  return shapes[shape].replace(DIGITS, digits).replace(POWER, String(Number(power)).replace("-", "−"));
}

/** Four digits of a number's size, and its power of ten if it has one. @param {number} value */
function partsOf(value) {
  if (Number.isNaN(value)) return ["undefined"];
  return Number.isFinite(value) ? formatted(Math.abs(value), ".4g").split("e") : ["∞"];
}
