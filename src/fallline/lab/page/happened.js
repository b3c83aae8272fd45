/** What happened: one sentence for each pinned run, and a table that compares them. */

import { h } from "./dom.js";
import { number } from "./numerals.js";
import { marker } from "./pins.js";

export class HappenedView {
  #told = "";

  /** The comparison of the pinned runs, `table`, stands below the runs. @param {HTMLElement} curve losses over steps */
  constructor(curve) {
    this.list = h("ol", { class: "sentences" });
    this.table = h("div", {
      class: "table-box",
      tabindex: "0",
      role: "region",
      "aria-label": "Comparison of the pinned runs",
    });
    this.live = h("p", { class: "unseen", "aria-live": "polite" });
    this.element = h(
      "section",
      { class: "panel happened", "aria-labelledby": "happened-title" },
      h("header", {}, h("h2", { id: "happened-title" }, "What happened")),
      this.list,
      h("div", { class: "curve-box" }, curve),
      this.live,
    );
  }

  /** No run of the present map is known yet. */
  wait() {
    this.list.replaceChildren(h("li", { class: "hint" }, h("p", {}, "The first runs are being trained.")));
    this.table.hidden = true;
  }

  /** @param {(any|null)[]} results of the pins @param {{x: any, y: any}} axes @param {any|null} passing the run under the pointer */
  show(results, axes, passing) {
    const there = results.map((result, k) => ({ result, k })).filter(({ result }) => result);
    if (!there.length && passing) {
      this.list.replaceChildren(h("li", {}, h("p", {}, passing.outcome.sentence)));
    } else
      this.list.replaceChildren(
        ...there.map(({ result, k }) => h("li", {}, marker(k), h("p", {}, result.outcome.sentence))),
      );
    if (!there.length)
      this.list.append(
        h(
          "li",
          { class: "hint" },
          h("p", {}, "Point at the map to see a run. Click, or press Enter, to pin it: up to four stand side by side."),
        ),
      );
    this.table.hidden = !there.length;
    if (there.length) this.table.replaceChildren(table(there, axes));
    const said = there.map(({ result, k }) => `Run ${k + 1}: ${result.outcome.sentence}`);
    const news = said.filter((sentence) => !this.#told.includes(sentence)).join(" ");
    if (news) this.live.textContent = news;
    this.#told = said.join("\n");
  }
}

/** @param {{result: any, k: number}[]} there @param {{x: any, y: any}} axes */
function table(there, axes) {
  const numberOf = (/** @type {any} */ result, /** @type {string} */ label) =>
    result.numbers.find((/** @type {any} */ n) => n.label === label)?.value;
  const all = /** @type {string[]} */ ([
    ...new Set(there.flatMap(({ result }) => result.numbers.map((/** @type {any} */ n) => n.label))),
  ]);
  // Leave out columns that repeat the first.
  const labels = all.filter(
    (label, k) => k === 0 || there.some(({ result }) => numberOf(result, label) !== numberOf(result, all[0])),
  );
  const cell = (/** @type {any} */ value) =>
    h(
      "td",
      {},
      value === null || value === undefined ? "–" : typeof value === "number" ? number(value) : String(value),
    );
  return h(
    "table",
    {},
    h("caption", { class: "unseen" }, "The pinned runs compared"),
    h(
      "thead",
      {},
      h(
        "tr",
        {},
        h("th", { scope: "col" }, "Run"),
        ...[axes.x, axes.y].map((axis) =>
          h(
            "th",
            { scope: "col", title: axis.title },
            axis.symbol ? h("span", { class: "symbol", "aria-hidden": "true" }, axis.symbol) : null,
            h("span", { class: axis.symbol ? "unseen" : "" }, axis.title),
          ),
        ),
        ...["outcome", ...labels].map((name) =>
          h("th", { scope: "col", class: name === "outcome" ? "word" : "" }, name),
        ),
      ),
    ),
    h(
      "tbody",
      {},
      ...there.map(({ result, k }) =>
        h(
          "tr",
          {},
          h("th", { scope: "row" }, marker(k), h("span", { class: "unseen" }, `Run ${k + 1}`)),
          cell(result.x),
          cell(result.y),
          h("td", { class: "word" }, result.outcome.name),
          ...labels.map((label) => cell(numberOf(result, label))),
        ),
      ),
    ),
  );
}
