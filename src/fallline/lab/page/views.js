/**
 * The views of the lab, in their order on the page. To add one, write a module that makes an `Entry`, and give it a line here;
 * the server answers its questions. A host may have views of its own.
 */

import { equations } from "./equations.js";
import { rangesQuestion } from "./ranges.js";
import { sceneQuestions, theoryQuestion } from "./scene.js";

/**
 * @typedef {object} View
 * @property {HTMLElement} element its panel
 * @property {import("./colour.js").Theme|null} [theme] the colours to draw with
 * @property {(store: import("./store.js").Store) => void} [accepted] called when the server accepted a state
 */
/** A view, and what it asks the server. @typedef {{view: View, questions?: import("./answers.js").Question[]}} Entry */

/** @param {import("./app.js").Lab} lab @returns {Entry[]} */
export function views(lab) {
  return [
    { view: lab.controls, questions: [rangesQuestion(lab)] },
    { view: lab.panel, questions: [theoryQuestion(lab)] },
    { view: lab.happened },
    { view: lab.runView, questions: sceneQuestions(lab) },
    equations(lab),
    ...(lab.connection.host.entries?.(lab) ?? []),
  ];
}
