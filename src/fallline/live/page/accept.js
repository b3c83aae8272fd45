/** A new state: its numbers are checked by the rules of their controls, and what depends on them is brought in line. */

import { typed } from "../../lab/page/numerals.js";
import { read, same, samePlane, withoutLocal } from "../../lab/page/state.js";
import { written } from "./sentences.js";

/** What a page refuses: a sentence, and the key of the control that it is about. */
export class Refusal extends Error {
  /** @param {string} sentence @param {string|null} [where] */
  constructor(sentence, where = null) {
    super(sentence);
    this.where = where;
  }
}

/** @typedef {import("../../lab/page/state.js").State} State */

/**
 * The state that the page takes for one that was proposed, and a sentence for each further change.
 * @param {any} figure
 * @param {any} proposed
 * @param {State} before
 * @returns {{state: State, notes: string[]}}
 */
export function accepted(figure, proposed, before) {
  let state = { ...figure.welcome.defaults, ...proposed };
  /** @type {string[]} */
  const notes = [];
  checkLocal(state, figure.welcome.limits.pins);
  checkNumbers(figure, state);
  state = swapped(figure, state, before, notes);
  checkAxes(figure, state);
  state = started(state, notes);
  checkFixed(figure, state);
  return { state: pinned(figure, state, before, notes), notes };
}

/** Every control of the page. @param {any} figure @returns {any[]} */
export function fieldsOf(figure) {
  return figure.welcome.controls.groups.flatMap((/** @type {any} */ group) => group.fields);
}

/** Refuse a view or pins that no page wrote. @param {any} state of an address, perhaps @param {number} most pins */
function checkLocal({ view, pins, look }, most) {
  const ends = (/** @type {any} */ pair) =>
    Array.isArray(pair) && pair.length === 2 && pair.every((v) => v >= -1 && v <= 2) && pair[0] < pair[1];
  if (!ends(view?.x) || !ends(view?.y)) throw new Refusal("view must be two pairs [low, high] with ends from -1 to 2.");
  const place = (/** @type {any} */ pin) => Number.isFinite(pin?.x) && Number.isFinite(pin?.y);
  if (!Array.isArray(pins) || pins.length > most || !pins.every(place))
    throw new Refusal(`pins must be a list of at most ${most} places on the map.`);
  if (typeof look !== "object" || look === null) throw new Refusal("look must be an object.");
}

/** @param {any} figure @param {State} state */
function checkNumbers(figure, state) {
  for (const field of fieldsOf(figure)) {
    const value = read(state, field.key);
    if (field.kind === "number" && !holds(field, value)) refuse(field.rule, value, field.key);
    if (field.kind === "vector" && value !== null) checkVector(field, value);
    if (field.kind === "choice" && !field.options.some((/** @type {any} */ o) => same(o.value, value)))
      throw new Refusal(`${field.label} must be one of those that this page offers.`, field.key);
  }
}

/** Whether a number is one that a setting may have. @param {any} rule its low and high end, and whether it is whole @param {any} value */
function holds({ low, high, low_included = true, high_included = true, whole = false }, value) {
  if (typeof value !== "number" || !Number.isFinite(value) || (whole && !Number.isInteger(value))) return false;
  if (low !== null && !(low_included ? value >= low : value > low)) return false;
  return high === null || (high_included ? value <= high : value < high);
}

/** @param {any} field @param {any} value */
function checkVector({ key, dimension }, value) {
  if (!Array.isArray(value) || !value.every(Number.isFinite)) throw new Refusal("start must be finite numbers.", key);
  if (value.length === dimension) return;
  throw new Refusal(`start must have ${dimension} numbers, one for each parameter; got ${value.length}.`, key);
}

/** @param {string} rule @param {any} value @param {string} where @returns {never} */
function refuse(rule, value, where) {
  const shown = typeof value === "string" ? `'${value}'` : typeof value === "number" ? typed(value) : String(value);
  throw new Refusal(`${rule}; got ${shown}.`, where);
}

/** An axis that takes the other one's setting gives its own in exchange. @param {any} figure @param {State} state @param {State} before @param {string[]} notes */
function swapped(figure, state, before, notes) {
  const { x, y } = state.map;
  if (x.name !== y.name) return state;
  const [letter, span] = same(x, before.map.x) ? ["x", before.map.y] : ["y", before.map.x];
  const told = figure.notes.axes_swapped.replace("{letter}", letter);
  notes.push(told.replace("{label}", span.name.replaceAll("_", " ")));
  return { ...state, map: { ...state.map, [letter]: span } };
}

/** @param {any} figure @param {State} state */
function checkAxes({ welcome, sentences }, state) {
  for (const letter of ["x", "y"]) {
    const { name, low, high, scale } = state.map[letter];
    const where = `map.${letter}`;
    const axis = welcome.axes.find((/** @type {any} */ a) => a.name === name);
    if (!axis) throw new Refusal(`${name} cannot be an axis of this page's map.`, where);
    for (const end of [low, high]) if (!holds(axis, end)) refuse(axis.rule, end, where);
    const filled = (/** @type {string} */ text) =>
      text.replace("{name}", name).replace("{low}", typed(low)).replace("{high}", typed(high));
    if (!(low < high)) throw new Refusal(filled(sentences.order), where);
    if (scale === "log" && low <= 0) throw new Refusal(filled(sentences.log), where);
  }
}

/** Seeds on an axis are those of random starts. @param {State} state @param {string[]} notes */
function started(state, notes) {
  if (state.start === null || ![state.map.x.name, state.map.y.name].includes("seed")) return state;
  notes.push("Starts are now random: each seed draws its own.");
  return { ...state, start: null };
}

/** Refuse a state that differs in what the page cannot change. @param {any} figure @param {State} state */
function checkFixed({ welcome, command }, state) {
  const changeable = new Set(
    fieldsOf({ welcome }).map((/** @type {any} */ field) => field.key.split(".").slice(0, 2).join(".")),
  );
  for (const [key, value] of Object.entries(withoutLocal(state))) {
    const first = welcome.defaults[key];
    if (same(value, first) || changeable.has(key)) continue;
    const parts = key === "map" || key.endsWith("settings") ? Object.keys({ ...first, ...value }) : [""];
    const wrong = parts.find(
      (part) => !changeable.has(`${key}.${part}`) && !(part && same(value[part], first?.[part])),
    );
    if (wrong === undefined) continue;
    const label = (wrong || key).replaceAll("_", " ");
    throw new Refusal(`${label} cannot be changed in this page.${command ? ` This command can: ${command}` : ""}`);
  }
}

/** The pins that lie on the map. @param {any} figure @param {State} state @param {State} before @param {string[]} notes */
function pinned(figure, state, before, notes) {
  if (!state.pins.length || samePlane(state, before)) return state;
  const { x, y } = state.map;
  const { pins_swapped, pins_removed, pins_outside } = figure.notes;
  const told = (/** @type {any} */ rule, /** @type {Record<string, number>} */ facts) =>
    notes.push(written(rule, (name) => facts[name])[0]);
  let { pins } = state;
  const count = pins.length;
  if (x.name === before.map.y.name && y.name === before.map.x.name) {
    pins = pins.map((pin) => ({ x: pin.y, y: pin.x }));
    notes.push(pins_swapped);
  } else if (x.name !== before.map.x.name || y.name !== before.map.y.name) {
    told(pins_removed, { pins: count });
    return { ...state, pins: [] };
  }
  const inside = (/** @type {any} */ { low, high }, /** @type {number} */ v) => low <= v && v <= high;
  pins = pins.filter((pin) => inside(x, pin.x) && inside(y, pin.y));
  if (pins.length < count) told(pins_outside, { lost: count - pins.length, pins: count });
  return { ...state, pins };
}
