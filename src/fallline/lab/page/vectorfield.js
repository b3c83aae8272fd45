/** The start among the controls: drawn from the seed, or typed coordinate by coordinate. */

import { h } from "./dom.js";
import { idOf } from "./field.js";
import { capital, parsed, typed } from "./numerals.js";
import { read } from "./state.js";

/** @typedef {import("./field.js").Place} Place */
/** @typedef {import("./field.js").Field} Field */

/** A vector that the reader may leave to the seed. @param {any} f @param {Place} p @returns {Field} */
export function vectorField(f, p) {
  const free = h("input", {
    type: "checkbox",
    id: idOf(f),
    "data-focus": f.key,
    onchange: () => p.tell(free.checked ? null : Array.from({ length: f.dimension }, (_, k) => f.now?.[k] ?? 0)),
  });
  const few = f.dimension <= 4;
  let typing = -1; // the coordinate that the reader types, until it is told
  const inputs = few
    ? Array.from({ length: f.dimension }, (_, k) =>
        h("input", {
          type: "text",
          inputmode: "decimal",
          "aria-label": `Start: ${f.labels?.[k] ?? k + 1}`,
          "data-focus": `${f.key} ${k}`,
          oninput: () => {
            typing = k;
          },
          onchange: () => {
            typing = -1;
            const v = inputs.map((/** @type {any} */ input) => parsed(input.value));
            if (v.every(Number.isFinite)) p.tell(v);
          },
        }),
      )
    : [];
  const row = h(
    "div",
    { class: "vector" },
    ...inputs.map((/** @type {any} */ input, /** @type {number} */ k) =>
      h("span", {}, h("span", { class: "symbol", "aria-hidden": "true" }, f.labels?.[k] ?? ""), input),
    ),
  );
  const element = h(
    "fieldset",
    { class: "field vector-field" },
    h("legend", { title: f.meaning }, capital(f.label)),
    h("label", { class: "check" }, free, f.null_label ?? "drawn from the seed"),
    few ? row : null,
  );
  return {
    element,
    input: free,
    forget: () => {
      typing = -1;
    },
    set(/** @type {any} */ state) {
      const v = read(state, f.key);
      free.checked = v === null || v === undefined;
      free.disabled = !few && free.checked;
      row.hidden = free.checked;
      inputs.forEach((/** @type {any} */ input, /** @type {number} */ k) => {
        if (v && typing !== k) input.value = typed(v[k]);
      });
    },
  };
}
