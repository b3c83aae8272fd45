/** Texts among the controls: a formula to type, or a file with a table. */

import { h } from "./dom.js";
import { idOf, labelOf } from "./field.js";
import { read } from "./state.js";

const REST = 350; // milliseconds without a key, then the text is told

/** @typedef {import("./field.js").Place} Place */
/** @typedef {import("./field.js").Field} Field */

/** A text, told when the reader stops typing. @param {any} f @param {Place} p @returns {Field} */
export function textField(f, p) {
  let timer = 0;
  let filled = false;
  const input = h("input", {
    type: "text",
    id: idOf(f),
    maxlength: f.max,
    spellcheck: "false",
    class: "formula",
    title: f.meaning,
    "data-focus": f.key,
    list: f.examples ? idOf(f, "-examples") : null,
    oninput: () => {
      clearTimeout(timer);
      timer = setTimeout(() => p.tell(input.value), REST);
    },
  });
  const list = f.examples
    ? h(
        "datalist",
        { id: idOf(f, "-examples") },
        ...f.examples.map((/** @type {string} */ e) => h("option", { value: e })),
      )
    : null;
  return {
    element: h("div", { class: "field text" }, labelOf(f), input, list),
    input,
    set(/** @type {any} */ state) {
      if (filled && document.activeElement === input) return; // the reader types
      input.value = read(state, f.key) ?? "";
      filled = true;
    },
    forget() {
      clearTimeout(timer);
      filled = false;
    },
  };
}

/** A CSV file of the reader. @param {any} f @param {Place} p @returns {Field} */
export function tableField(f, p) {
  const input = h("input", {
    type: "file",
    id: idOf(f),
    accept: ".csv,.tsv,.txt,text/csv",
    "data-focus": f.key,
    onchange: () => input.files[0] && p.csv(input.files[0]),
  });
  const note = h(
    "p",
    { class: "note" },
    f.columns?.length ? `Columns: ${f.columns.join(", ")}` : "A table with a header line. It stays on this machine.",
  );
  return { element: h("div", { class: "field table" }, labelOf(f), input, note), input, set() {} };
}
