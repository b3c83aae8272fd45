/** A number among the controls. */

import { h } from "./dom.js";
import { idOf, labelOf } from "./field.js";
import { capital, number, parsed, typed } from "./numerals.js";
import { read } from "./state.js";

const FINE = 1000; // places of a slider
const PLACES = [450, 700]; // of values that stand for all others: even and odd numbers may need different kernels

/** @typedef {import("./field.js").Place} Place */
/** @typedef {import("./field.js").Field} Field */

/** A number: a text, and a slider where the description has one. @param {any} f @param {Place} p @returns {Field} */
export function numberField(f, p) {
  if (f.axis) return axisNote(f);
  const focus = (/** @type {string} */ part) => ({ "data-focus": `${f.key} ${part}` });
  const { slider } = f;
  const { toPlace, toValue, log } = placesOf(f);
  let typing = false;
  const text = h("input", {
    type: "text",
    id: idOf(f),
    inputmode: "decimal",
    spellcheck: "false",
    title: f.meaning,
    ...focus("text"),
    oninput: () => {
      typing = true;
    },
    onchange: () => {
      typing = false;
      const plain = text.value.trim();
      if (f.nullable && (plain === "" || plain === f.null_label)) return p.tell(null);
      const v = parsed(plain);
      p.tell(Number.isNaN(v) ? plain : v);
    },
    placeholder: f.nullable ? f.null_label : null,
  });
  const range = slider
    ? h("input", {
        type: "range",
        min: 0,
        max: FINE,
        step: 1,
        "aria-label": f.label,
        title: f.meaning,
        ...focus("range"),
        oninput: () => {
          const v = toValue(Number(range.value));
          text.value = typed(v);
          range.setAttribute("aria-valuetext", number(v));
          p.tell(v, true);
        },
      })
    : null;
  if (range && f.whole && !log && slider.high - slider.low < FINE)
    range.step = String(FINE / (slider.high - slider.low));
  const element = h("div", { class: "field number" }, labelOf(f), text, range);
  const set = (/** @type {any} */ state) => {
    const v = read(state, f.key) ?? (f.nullable ? null : f.default);
    if (!typing) text.value = v === null ? "" : typeof v === "number" ? typed(v) : String(v);
    if (!range) return;
    const at = v === null ? FINE : Math.max(0, Math.min(FINE, toPlace(v)));
    if (document.activeElement !== range || toValue(Number(range.value)) !== v)
      range.value = String(Number.isFinite(at) ? at : 0);
    range.setAttribute("aria-valuetext", v === null ? f.null_label : number(v));
    range.style.setProperty("--filled", `${(100 * Number(range.value)) / FINE}%`);
  };
  const forget = () => {
    typing = false;
  };
  const next = () => PLACES.map(toValue).flatMap((v) => (f.whole ? [v, v + 1] : [v]));
  return { element, set, forget, input: text, ...(range ? { next } : {}) };
}

/** A setting that lies on an axis of the map has no value of its own. @param {any} f @returns {Field} */
function axisNote(f) {
  const element = h(
    "div",
    { class: "field on-axis" },
    h(
      "span",
      { class: "name", title: f.meaning },
      h("span", {}, capital(f.label)),
      f.symbol ? h("span", { class: "symbol" }, f.symbol) : null,
    ),
    h("span", { class: "badge" }, `the map's ${f.axis} axis`),
  );
  return { element, set() {} };
}

/** Values of the places of a slider, and back. @param {any} f */
function placesOf(f) {
  const { slider } = f;
  const log = slider?.scale === "log";
  const toPlace = (/** @type {number} */ v) =>
    log
      ? (FINE * Math.log(v / slider.low)) / Math.log(slider.high / slider.low)
      : (FINE * (v - slider.low)) / (slider.high - slider.low);
  const toValue = (/** @type {number} */ place) => {
    let v = log
      ? slider.low * (slider.high / slider.low) ** (place / FINE)
      : slider.low + ((slider.high - slider.low) * place) / FINE;
    if (slider.step) v = Math.round(v / slider.step) * slider.step;
    if (f.whole) return Math.round(v);
    return Number(v.toPrecision(3));
  };
  return { toPlace, toValue, log };
}
