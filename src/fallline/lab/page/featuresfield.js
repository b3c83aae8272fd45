/** Input features among the controls: each is switched on or off. */

import { h } from "./dom.js";
import { idOf } from "./field.js";
import { capital } from "./numerals.js";
import { read } from "./state.js";

/** @typedef {import("./field.js").Place} Place */
/** @typedef {import("./field.js").Field} Field */

/** The features that a network takes; an empty list stands for those of `plain`. @param {any} f @param {Place} p @returns {Field} */
export function featuresField(f, p) {
  const chosen = (/** @type {any} */ state) => {
    const names = read(state, f.key) ?? [];
    return names.length ? names : f.plain;
  };
  const switched = (/** @type {string} */ name, /** @type {boolean} */ on) => {
    const before = chosen(p.state());
    const names = f.options
      .map((/** @type {any} */ o) => o.value)
      .filter((/** @type {string} */ v) => (v === name ? on : before.includes(v)));
    if (names.length) p.tell(names);
    else show(p.state()); // a network has at least one input
  };
  const inputs = f.options.map((/** @type {any} */ o, /** @type {number} */ k) => {
    /** @type {any} */
    const input = h("input", {
      type: "checkbox",
      id: idOf(f, `-${k}`),
      "data-focus": `${f.key} ${k}`,
      onchange: () => switched(o.value, input.checked),
    });
    return input;
  });
  const show = (/** @type {any} */ state) => {
    const names = chosen(state);
    inputs.forEach((/** @type {any} */ input, /** @type {number} */ k) => {
      input.checked = names.includes(f.options[k].value);
    });
  };
  const element = h(
    "fieldset",
    { class: "field segments features" },
    h("legend", { title: f.meaning }, capital(f.label)),
    h(
      "div",
      { class: "segment-row" },
      ...f.options.flatMap((/** @type {any} */ o, /** @type {number} */ k) => [
        inputs[k],
        h("label", { for: idOf(f, `-${k}`) }, o.label),
      ]),
    ),
  );
  return { element, input: inputs[0], set: show };
}
