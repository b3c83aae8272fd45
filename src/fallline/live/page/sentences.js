/** Sentences that Python's code writes about numbers, as the figure has them (`fallline.readings.portable.sentences`). */

import { Evaluator } from "./evaluate.js";

/** Programs made ready. @type {WeakMap<object, Evaluator>} */
const ready = new WeakMap();

/**
 * The texts for some facts.
 * @param {any} told the program, the places of numbers, and the tree of decisions
 * @param {(name: string) => number} fact
 * @param {(name: string) => string} [text] what is put into a place that is no number
 * @returns {string[]}
 */
export function written({ program, places, tree }, fact, text = (name) => `{${name}}`) {
  const names = program.inputs.map((/** @type {any} */ input) => input.name);
  const inputs = Object.fromEntries(names.map((/** @type {string} */ name) => [name, Number(fact(name))]));
  let evaluator = ready.get(program);
  if (!evaluator) {
    evaluator = new Evaluator(program);
    ready.set(program, evaluator);
  }
  const values = evaluator.run(inputs);
  let at = tree;
  while (Array.isArray(at[1])) at = values[at[0]][0] !== 0 ? at[1] : at[2];
  const put = (/** @type {string} */ _, /** @type {string} */ name) =>
    name in places ? formatted(values[places[name][0]][0], places[name][1]) : text(name);
  return at.map((/** @type {string} */ sentence) => sentence.replace(/\{(\w+)\}/g, put));
}

/** A number in one of Python's formats: "", ",", "g" or ".3g". @param {number} value @param {string} form */
export function formatted(value, form) {
  if (form === ",") return value.toLocaleString("en-US");
  return form ? general(value, Number(form.slice(1, -1) || 6)) : String(value);
}

/** @param {number} value @param {number} digits */
function general(value, digits) {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
  if (value === 0) return Object.is(value, -0) ? "-0" : "0";
  const [mantissa, exponent] = toEven(value, digits).split("e");
  const e = Number(exponent);
  const short = (/** @type {string} */ text) => (text.includes(".") ? text.replace(/\.?0+$/, "") : text);
  if (e < -4 || e >= digits) return `${short(mantissa)}e${e < 0 ? "-" : "+"}${String(Math.abs(e)).padStart(2, "0")}`;
  return short(Number(`${mantissa}e${e}`).toFixed(Math.max(0, digits - 1 - e)));
}

/** A number with an exponent, rounded to so many digits; halfway between two, to the even one as in Python. @param {number} value @param {number} digits */
function toEven(value, digits) {
  const text = value.toExponential(digits - 1);
  const exact = value.toExponential(100);
  const [mantissa, exponent] = exact.split("e");
  const kept = mantissa.replace("-", "").replace(".", "");
  if (!/^50*$/.test(kept.slice(digits)) || Number(kept[digits - 1]) % 2) return text;
  return `${mantissa.slice(0, mantissa.length - kept.length + digits)}e${exponent}`;
}
