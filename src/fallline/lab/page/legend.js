/** What the map's colours mean: a bar of values, the hatched outcomes, and the cells without a value. */

import { isLight, valueAtPlace } from "./colour.js";
import { fit, h, news, say } from "./dom.js";
import { hatch } from "./hatches.js";
import { percent, ticks } from "./numerals.js";

const WIDTH = 260;
const BAR = 10;

/** @typedef {{name: string, hatch: string, colour: string, share: number}} Entry */

export class Legend {
  #others = news();

  constructor() {
    this.title = h("span", { class: "legend-title" });
    this.bar = h("canvas", { class: "legend-bar", "aria-hidden": "true" });
    this.left = h("span", { class: "legend-end" });
    this.right = h("span", { class: "legend-end" });
    this.classes = h("ul", { class: "legend-classes" });
    this.element = h(
      "div",
      { class: "legend" },
      h("div", { class: "legend-values" }, this.title, this.left, this.bar, this.right),
      this.classes,
    );
  }

  /**
   * @param {import("./colour.js").Theme} theme
   * @param {import("./colour.js").Scale} scale
   * @param {import("./outcomes.js").Measure} measure
   * @param {{outcomes: number[], minima: number[], blank: number}} shares of each outcome or minimum, and of other cells without a
   *   value, over the whole map
   */
  show(theme, scale, measure, shares) {
    say(this.title, measure.label);
    this.bar.hidden = scale.kind === "outcomes" || scale.kind === "minima";
    if (!this.bar.hidden) this.#bar(theme, scale);
    const ordered = measure.better || scale.kind === "ranks";
    const [left, right] = ordered ? (scale.down ? ["worse", "better"] : ["better", "worse"]) : ["", ""];
    say(this.left, left);
    say(this.right, right);
    const all = scale.kind === "outcomes";
    /** @type {Entry[]} */
    const entries = theme.outcomes
      .map(({ name, hatch, failed, colour }, place) => ({
        name,
        hatch,
        colour: all || (failed && scale.blank) ? colour : theme.values[Math.round(theme.values.length * 0.55)],
        share: shares.outcomes[place] ?? 0,
      }))
      .filter(({ hatch, share }) => share > 0 && (all || (scale.kind === "values" && hatch)));
    if (scale.kind === "minima")
      measure.names.forEach((name, k) => {
        const share = shares.minima[k] ?? 0;
        if (share) entries.push({ name, hatch: "", colour: theme.series[k % theme.series.length], share });
      });
    if ((scale.kind === "values" || scale.kind === "minima") && shares.blank)
      entries.push({ name: measure.lost_word, hatch: "", colour: theme.faint, share: shares.blank });
    if (this.#others([theme.background, entries.map(({ name, colour }) => [name, colour])]))
      this.classes.replaceChildren(
        ...entries.map((entry) => h("li", {}, swatch(entry), `${entry.name} `, h("span", { class: "share" }))),
      );
    entries.forEach(({ share }, n) => {
      say(this.classes.children[n].lastElementChild, percent(share));
    });
  }

  /** @param {any} theme @param {import("./colour.js").Scale} scale */
  #bar(theme, scale) {
    const c = fit(this.bar, WIDTH, 32);
    const pad = 18;
    const w = WIDTH - 2 * pad;
    c.clearRect(0, 0, WIDTH, 32);
    const values = scale.down ? [...theme.values].reverse() : theme.values;
    const ramps = scale.kind === "ranks" ? [values, theme.diverged] : [values];
    ramps.forEach((ramp, r) => {
      const part = w / ramps.length;
      for (let k = 0; k < part; k++) {
        c.fillStyle = ramp[Math.min(ramp.length - 1, Math.round((k / (part - 1)) * (ramp.length - 1)))];
        c.fillRect(pad + r * part + k, 2, 1.5, BAR);
      }
    });
    if (scale.beyond) {
      c.beginPath();
      c.moveTo(pad + w, 2);
      c.lineTo(pad + w + 8, 2 + BAR / 2);
      c.lineTo(pad + w, 2 + BAR);
      c.fillStyle = values[values.length - 1];
      c.fill();
    }
    c.fillStyle = theme.muted;
    c.strokeStyle = theme.muted;
    c.font = `11px ${getComputedStyle(this.bar).fontFamily}`;
    c.textAlign = "center";
    c.textBaseline = "top";
    if (scale.kind === "ranks") {
      c.fillText("converged", pad + w / 4, 17);
      c.fillText("diverged", pad + (3 * w) / 4, 17);
      return;
    }
    const axis = {
      name: "",
      low: valueAtPlace(scale, 0),
      high: valueAtPlace(scale, 1),
      scale: /** @type {"log"|"linear"} */ (scale.log ? "log" : "linear"),
    };
    let free = -Infinity;
    for (const { at, label } of ticks(axis, 0, 1, 5).ticks) {
      if (at < -1e-9 || at > 1 + 1e-9) continue;
      const x = pad + at * w;
      const half = c.measureText(label).width / 2;
      c.fillRect(x - 0.5, 2 + BAR, 1, 3);
      if (x - half < free || x - half < 0 || x + half > WIDTH) continue;
      c.fillText(label, x, 18);
      free = x + half + 6;
    }
  }
}

/** A colour with its hatch. @param {Entry} entry */
function swatch({ colour, hatch: pattern }) {
  const canvas = h("canvas", { class: "swatch", "aria-hidden": "true" });
  const c = fit(canvas, 22, 14);
  c.fillStyle = colour;
  c.fillRect(0, 0, 22, 14);
  if (!pattern) return canvas;
  const sheet = hatch(pattern, isLight(colour) ? "#14181f" : "#ffffff", canvas.width / 22);
  c.setTransform(1, 0, 0, 1, 0, 0);
  c.globalAlpha = 0.6;
  c.fillStyle = /** @type {CanvasPattern} */ (c.createPattern(sheet, "repeat"));
  c.fillRect(0, 0, canvas.width, canvas.height);
  return canvas;
}
