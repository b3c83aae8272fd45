/** Choices among the controls: one of several values, or yes and no. */

import { h } from "./dom.js";
import { idOf, labelOf, optionsOf } from "./field.js";
import { capital } from "./numerals.js";
import { read, same } from "./state.js";

/** @typedef {import("./field.js").Place} Place */
/** @typedef {import("./field.js").Field} Field */

/** One of several values: a row of segments where they are few and short, else a list. @param {any} f @param {Place} p @returns {Field} */
export function choiceField(f, p) {
  const few =
    f.options.length <= 3 &&
    f.options.every((/** @type {any} */ o) => o.label.length <= 14) &&
    f.options.reduce((/** @type {number} */ n, /** @type {any} */ o) => n + o.label.length, 0) < 27;
  return few && f.options.length > 1 ? segments(f, p) : list(f, p);
}

/** @param {any} f @param {Place} p @returns {Field} */
function segments(f, p) {
  const name = idOf(f);
  const inputs = f.options.map((/** @type {any} */ o, /** @type {number} */ k) =>
    h("input", {
      type: "radio",
      name,
      id: idOf(f, `-${k}`),
      value: k,
      "data-focus": `${f.key} ${k}`,
      onchange: () => p.tell(o.value),
    }),
  );
  const element = h(
    "fieldset",
    { class: "field segments" },
    h("legend", { title: f.meaning }, capital(f.label)),
    h(
      "div",
      { class: "segment-row" },
      ...f.options.flatMap((/** @type {any} */ o, /** @type {number} */ k) => [
        inputs[k],
        h("label", { for: idOf(f, `-${k}`), title: o.meaning }, o.label),
      ]),
    ),
  );
  return {
    element,
    input: inputs[0],
    set(/** @type {any} */ state) {
      const v = read(state, f.key);
      inputs.forEach((/** @type {any} */ input, /** @type {number} */ k) => {
        input.checked = same(f.options[k].value, v);
      });
    },
  };
}

/** @param {any} f @param {Place} p @returns {Field} */
function list(f, p) {
  const select = h(
    "select",
    {
      id: idOf(f),
      title: f.meaning,
      "data-focus": f.key,
      onchange: () => p.tell(f.options[Number(select.value)].value),
    },
    ...optionsOf(f.options),
  );
  return {
    element: h("div", { class: "field choice" }, labelOf(f), select),
    input: select,
    set(/** @type {any} */ state) {
      const v = read(state, f.key);
      const k = f.options.findIndex((/** @type {any} */ o) => same(o.value, v));
      select.value = String(k);
      const meaning = f.options[k]?.meaning;
      if (meaning) select.title = meaning;
    },
  };
}

/** Yes or no. @param {any} f @param {Place} p @returns {Field} */
export function toggleField(f, p) {
  const input = h("input", {
    type: "checkbox",
    id: idOf(f),
    "data-focus": f.key,
    onchange: () => p.tell(input.checked),
  });
  return {
    element: h("div", { class: "field toggle" }, input, labelOf(f)),
    input,
    set(/** @type {any} */ state) {
      input.checked = Boolean(read(state, f.key));
    },
  };
}
