/** What the map's colours mean: a bar of values, and the hatched outcomes. */

import { DIVERGED, hatch, isLight, valueAtPlace } from "./colour.js";
import { fit, h, news, say } from "./dom.js";
import { percent, ticks } from "./numerals.js";

const WIDTH = 260;
const BAR = 10;

export class Legend {
  #others = news();

  constructor() {
    this.title = h("span", { class: "legend-title" });
    this.bar = h("canvas", { class: "legend-bar", "aria-hidden": "true" });
    this.classes = h("ul", { class: "legend-classes" });
    this.element = h(
      "div",
      { class: "legend" },
      h("div", { class: "legend-values" }, this.title, this.bar),
      this.classes,
    );
  }

  /**
   * @param {any} theme
   * @param {import("./colour.js").Scale} scale
   * @param {any} measure
   * @param {string[]} outcomes names
   * @param {number[]} shares of each outcome over the whole map
   */
  show(theme, scale, measure, outcomes, shares) {
    say(this.title, measure.label);
    this.bar.hidden = scale.kind === "outcomes";
    if (scale.kind !== "outcomes") this.#bar(theme, scale);
    const listed = outcomes
      .map((name, k) => ({ name, k, share: shares[k] ?? 0 }))
      .filter(({ k, share }) => share > 0 && (scale.kind === "outcomes" || (scale.kind === "values" && k >= 2)));
    if (this.#others([theme.background, scale.kind, measure.lost_word, listed.map(({ k }) => k)])) {
      this.classes.replaceChildren(
        ...listed.map(({ name, k }) => {
          const swatch = h("canvas", { class: "swatch", "aria-hidden": "true" });
          this.#swatch(swatch, theme, scale, k);
          return h(
            "li",
            {},
            swatch,
            `${k === DIVERGED && measure.lost_word ? measure.lost_word : name} `,
            h("span", { class: "share" }),
          );
        }),
      );
    }
    listed.forEach(({ share }, n) => {
      say(this.classes.children[n].lastElementChild, percent(share));
    });
  }

  /** @param {HTMLCanvasElement} canvas @param {any} theme @param {any} scale @param {number} k */
  #swatch(canvas, theme, scale, k) {
    const c = fit(canvas, 22, 14);
    const ratio = canvas.width / 22;
    const colour =
      scale.kind === "outcomes" || k === DIVERGED
        ? theme.outcomes[k]
        : theme.values[Math.round(theme.values.length * 0.55)];
    c.fillStyle = colour;
    c.fillRect(0, 0, 22, 14);
    if (k < 2) return;
    c.setTransform(1, 0, 0, 1, 0, 0);
    c.globalAlpha = 0.6;
    c.fillStyle = /** @type {CanvasPattern} */ (
      c.createPattern(hatch(k, isLight(colour) ? "#14181f" : "#ffffff", ratio), "repeat")
    );
    c.fillRect(0, 0, canvas.width, canvas.height);
  }

  /** @param {any} theme @param {import("./colour.js").Scale} scale */
  #bar(theme, scale) {
    const c = fit(this.bar, WIDTH, 32);
    const pad = 18;
    const w = WIDTH - 2 * pad;
    c.clearRect(0, 0, WIDTH, 32);
    const ramps = scale.kind === "ranks" ? [theme.values, theme.diverged] : [theme.values];
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
      c.fillStyle = theme.values[theme.values.length - 1];
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
