/** A state in words: the meaning of its colours, its controls, and how long its tiles take. */

import { number } from "../../lab/page/numerals.js";
import { longest, same } from "../../lab/page/state.js";
import { fieldsOf } from "./accept.js";

/** @typedef {import("../../lab/page/state.js").State} State */

/** What the answer to a state says besides the state. @param {any} figure @param {State} state */
export function summary({ welcome, measures }, state) {
  const { name, dtype, ends, over_starts, played: _, ...measure } = measures[state.map.measure];
  const label = name === "steps_to" ? `${measure.label} ${number(state.map.target)}` : measure.label;
  return {
    state,
    measure: { ...measure, name, label, played: played({ measures }, state) === name },
    objective: welcome.objective,
    labels: welcome.labels,
    estimate: estimate(welcome, state),
  };
}

/** Axes whose cells have kernels of other lengths or penalties: their films show the loss. */
const APART = ["steps", "batch", "l2"];

/** The measure that a film of the map shows: its own, if that is one of the parameters after a step; else the loss. @param {{measures: any}} figure @param {State} state @returns {string} */
export function played({ measures }, { map: { x, y, measure } }) {
  return measures[measure].played && !APART.includes(x.name) && !APART.includes(y.name) ? measure : "final_loss";
}

/** @param {any} welcome @param {State} state */
function estimate({ estimate: first, state: original }, state) {
  const work = (/** @type {any} */ s) => Math.max(1, longest(s)) * s.starts;
  const seconds = (first.seconds * work(state)) / work(original);
  return { seconds, words: `${number(4096 * state.starts)} runs a tile, about ${number(seconds, 2)} s` };
}

/** The controls of a state: without those that mean nothing to it, and with the axes that move their numbers. @param {any} figure @param {State} state */
export function controlsOf(figure, state) {
  const { x, y } = state.map;
  const dressed = (/** @type {any} */ field) => {
    const letter = [x.name, y.name].findIndex((name) => field.axes?.includes(name));
    return letter < 0 ? field : { ...field, axis: "xy"[letter] };
  };
  const shown = (/** @type {any} */ field) =>
    !(field.random && state.start !== null) && !(field.measure && field.measure !== state.map.measure);
  const { groups } = figure.welcome.controls;
  return {
    groups: groups.map((/** @type {any} */ group) => ({ ...group, fields: group.fields.filter(shown).map(dressed) })),
  };
}

/** Which controls a state has, as a text that differs where they differ. @param {any} figure @param {State} state */
export function digestOf(figure, state) {
  const { x, y, measure } = state.map;
  return [figure.welcome.digest, x.name, y.name, measure, state.start === null].join(" ");
}

/** Whether the controls and axes of two states are the same, except for numbers in them. @param {any} figure @param {State} a @param {State} b */
export function sameControls(figure, a, b) {
  return digestOf(figure, a) === digestOf(figure, b) && same(a.map.x.scale, b.map.x.scale);
}

/** The names of the numbers that a page can change. @param {any} figure @returns {string[]} */
export function changeable(figure) {
  return fieldsOf(figure).map((/** @type {any} */ field) => field.label);
}
