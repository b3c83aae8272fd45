/** Samples among the controls, drawn by the reader. */

import { h } from "./dom.js";
import { capital } from "./numerals.js";
import { PointsEditor } from "./points.js";
import { read } from "./state.js";

/** @typedef {import("./field.js").Place} Place */
/** @typedef {import("./field.js").Field} Field */

/** The reader's own samples, drawn with the pointer. @param {any} f @param {Place} p @returns {Field} */
export function pointsField(f, p) {
  const editor = new PointsEditor(f.classes ?? 3, f.max ?? 500, (points, live) => p.tell(points, live));
  editor.theme = p.theme();
  return {
    element: h(
      "div",
      { class: "field points" },
      h("span", { class: "name", title: f.meaning }, capital(f.label)),
      editor.element,
    ),
    theme(/** @type {any} */ theme) {
      editor.theme = theme;
    },
    forget: () => editor.forget(),
    set(/** @type {any} */ state) {
      editor.points = read(state, f.key) ?? [];
    },
  };
}
