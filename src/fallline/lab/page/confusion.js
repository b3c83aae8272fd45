/** A confusion matrix: samples counted by their class (rows) and by the class that the network decides on (columns). */

import { h, say } from "./dom.js";

export class ConfusionView {
  /** @type {string[]} */
  #names = [];
  /** @type {HTMLElement[][]} */
  #cells = [];

  constructor() {
    this.element = h("div", { class: "confusion", role: "region", tabindex: "0", hidden: true });
  }

  /**
   * @param {ArrayLike<number>} counts row by row
   * @param {string[]} names of the classes
   * @param {string} run which the caption names
   * @param {string} set "training" or "test" where there are both
   */
  show(counts, names, run, set) {
    const classes = Math.round(Math.sqrt(counts.length));
    const titles = Array.from({ length: classes }, (_, k) => names[k] ?? String(k));
    if (titles.join("\n") !== this.#names.join("\n")) this.#build(titles);
    say(this.set, set);
    const title = `Confusion matrix of ${run}${set && `, ${set} samples`}`;
    if (this.element.getAttribute("aria-label") !== title) this.element.setAttribute("aria-label", title);
    say(this.caption, `${title}: rows are true classes, columns predicted ones`);
    let samples = 0;
    for (let k = 0; k < counts.length; k++) samples += counts[k];
    this.#cells.forEach((row, i) => {
      let total = 0;
      for (let j = 0; j < classes; j++) total += counts[i * classes + j];
      row.forEach((cell, j) => {
        const count = counts[i * classes + j];
        say(cell, samples ? String(count) : "–");
        const strength = total ? (0.1 + 0.5 * (count / total)).toFixed(2) : "0";
        const share = count ? strength : "0";
        if (cell.style.getPropertyValue("--share") !== share) cell.style.setProperty("--share", share);
      });
    });
  }

  /** @param {string[]} names */
  #build(names) {
    this.#names = names;
    this.caption = h("caption", { class: "unseen" });
    this.set = h("b", {});
    const title = (/** @type {string} */ name, /** @type {number} */ k, /** @type {string} */ scope) =>
      h("th", { scope, title: name, class: `class-name class-${k % 6}` }, h("span", {}, name));
    this.#cells = names.map((_, i) => names.map((_, j) => h("td", { class: i === j ? "right" : "wrong" })));
    const rows = names.map((name, i) => h("tr", {}, title(name, i, "row"), ...this.#cells[i]));
    this.element.replaceChildren(
      h(
        "table",
        {},
        this.caption,
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            h("td", { class: "corner" }, this.set, "true ↓ predicted →"),
            ...names.map((n, k) => title(n, k, "col")),
          ),
        ),
        h("tbody", {}, ...rows),
      ),
    );
  }
}
