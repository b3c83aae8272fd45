/** The run of a chosen cell: how it ended, its numbers, and its loss at each step. */

import { CurveView } from "../../lab/page/curve.js";
import { h, onFrame, say } from "../../lab/page/dom.js";
import { number } from "../../lab/page/numerals.js";

/** @typedef {{steps: number, outcome: {name: string, sentence: string}, numbers: {label: string, value: number|null}[], starts: number, same: boolean|null, every: number, losses: (number|null)[]}} Told */

export class RunPanel {
  /** @type {Told|null} */
  #told = null;
  #step = 0;
  #waits = 0;
  #title = h("h2", {}, "Run");
  #sentence = h("p", {}, "Click a cell to train its run again.");
  #kept = h("p", { class: "run-kept" });
  #numbers = h("dl", { class: "run-numbers" });
  #curve = new CurveView((step) => {
    this.#step = step;
    this.#draw();
  });
  #box = h("div", { class: "curve-box", hidden: true }, this.#curve.canvas);

  constructor() {
    this.element = h(
      "section",
      { class: "panel run-panel", "aria-label": "Run" },
      h("header", {}, this.#title),
      h("div", { "aria-live": "polite" }, this.#sentence, this.#kept),
      this.#numbers,
      this.#box,
    );
    this.#draw = onFrame(() => this.#drawCurve());
    new ResizeObserver(() => this.#draw()).observe(this.element);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#draw());
  }

  /** A run is on its way. @param {string} place */
  wait(place) {
    this.#waits++;
    say(this.#title, `Run at ${place}`);
    say(this.#sentence, "Training …");
  }

  /** @param {string} place @param {Told & {sentence?: string}} told a run, or the sentence of an error @param {string} values of the map's file, "" where it has none */
  show(place, told, values) {
    if (--this.#waits > 0) return; // a later cell was chosen since
    say(this.#title, `Run at ${place}`);
    this.#told = told.sentence ? null : told;
    this.#step = this.#told ? told.steps : 0;
    if (told.sentence) {
      say(this.#sentence, told.sentence);
      say(this.#kept, "");
      this.#numbers.replaceChildren();
    } else {
      say(this.#sentence, told.outcome.sentence);
      say(this.#kept, kept(told, values));
      this.#numbers.replaceChildren(
        ...told.numbers.map(({ label, value }) =>
          h("div", {}, h("dt", {}, label), h("dd", {}, value === null ? "not finite" : number(value, 7))),
        ),
      );
    }
    this.#draw();
  }

  #draw = () => {};

  #drawCurve() {
    const told = this.#told;
    this.#box.hidden = !told;
    if (!told) return;
    const style = getComputedStyle(this.element);
    const theme = Object.fromEntries(
      ["ink", "muted", "faint", "background"].map((name) => [name, style.getPropertyValue(`--${name}`)]),
    );
    const { steps, every } = told;
    // Of a long run some losses are known, and the last: each stands for the steps up to the next one.
    const at = (/** @type {number} */ k) => told.losses[k === steps ? told.losses.length - 1 : Math.floor(k / every)];
    const losses = Array.from({ length: steps + 1 }, (_, k) => at(k) ?? Infinity);
    const line = { losses, colour: style.getPropertyValue("--accent"), label: "", faint: false };
    this.#curve.draw(theme, [line], steps, this.#step);
  }
}

/** What the file keeps of the cell, and whether the run agrees. @param {Told} told @param {string} values */
function kept(told, values) {
  const run = told.starts > 1 ? `This is the first of the cell's ${told.starts} runs. ` : "";
  const agrees = {
    true: "; trained again, it has the same values, to the bit.",
    false: "; trained again, it has OTHER values: the file was made by other arithmetic, or is damaged.",
    null: ".",
  }[String(told.same)];
  return run + (values ? `The file keeps ${values}${agrees}` : "The file does not hold this cell yet.");
}
