/** A network drawn: units as circles, weights as lines, wider the larger, blue where positive, orange where negative. */

import { fit, h } from "./dom.js";
import { number } from "./numerals.js";

/** @typedef {{W: [number, number], at: number, b: number|null}} Layer */

const MOST = 9; // a layer of more units is elided: its first, dots, its last
const FIRST = 5;
const LAST = 2;

/** Places of a layer's units that are drawn; -1 stands for the dots. @param {number} count */
function shown(count) {
  const all = Array.from({ length: count }, (_, k) => k);
  return count <= MOST ? all : [...all.slice(0, FIRST), -1, ...all.slice(-LAST)];
}

export class NetworkView {
  constructor() {
    this.canvas = h("canvas", { class: "network", role: "img", "aria-label": "The network" });
  }

  /**
   * @param {any} theme
   * @param {Layer[]} layers
   * @param {Float64Array|Float32Array} w parameters at this step
   * @param {number} largest weight of the whole run, for the widths
   * @param {string[]} captions under each layer
   */
  draw(theme, layers, w, largest, captions) {
    const width = this.canvas.clientWidth;
    const tall = this.canvas.clientHeight;
    if (!width || !layers?.length) return;
    const c = fit(this.canvas, width, tall);
    c.clearRect(0, 0, width, tall);
    const sizes = [layers[0].W[0], ...layers.map((layer) => layer.W[1])];
    const units = sizes.map(shown);
    const most = Math.max(...units.map((u) => u.length));
    const caption = captions.length ? 18 : 0;
    const gap = Math.min(44, (tall - caption - 8) / most);
    const radius = Math.max(3, Math.min(10, 0.34 * gap));
    const margin = Math.max(radius + 4, 24);
    const xs = sizes.map((_, l) => margin + (l * (width - 2 * margin)) / (sizes.length - 1));
    const y = (/** @type {number} */ l, /** @type {number} */ k) =>
      (tall - caption) / 2 + (k - (units[l].length - 1) / 2) * gap;
    const [negative, positive] = [theme.series[0], theme.series[1]];
    c.lineCap = "round";
    layers.forEach(({ W: [, m], at }, l) => {
      units[l].forEach((i, a) => {
        units[l + 1].forEach((j, b) => {
          if (i < 0 || j < 0) return;
          const weight = w[at + i * m + j];
          const share = Math.min(1, Math.abs(weight) / (largest || 1));
          if (!(share > 0.004)) return;
          c.globalAlpha = 0.35 + 0.6 * share;
          c.strokeStyle = weight > 0 ? positive : negative;
          c.lineWidth = 0.5 + 0.55 * radius * share;
          c.setLineDash(weight > 0 ? [] : [4 + c.lineWidth, 2 + c.lineWidth]);
          c.beginPath();
          c.moveTo(xs[l], y(l, a));
          c.lineTo(xs[l + 1], y(l + 1, b));
          c.stroke();
        });
      });
    });
    c.setLineDash([]);
    c.globalAlpha = 1;
    c.lineWidth = 1.4;
    c.font = `11px ${getComputedStyle(this.canvas).fontFamily}`;
    c.textAlign = "center";
    c.textBaseline = "middle";
    units.forEach((list, l) => {
      list.forEach((unit, k) => {
        if (unit < 0) {
          c.fillStyle = theme.muted;
          c.fillText("⋮", xs[l], y(l, k));
          return;
        }
        const bias = l && layers[l - 1].b !== null ? w[/** @type {number} */ (layers[l - 1].b) + unit] : 0;
        c.beginPath();
        c.arc(xs[l], y(l, k), radius, 0, 7);
        c.fillStyle = l === sizes.length - 1 ? theme.series[unit % theme.series.length] : theme.background;
        c.fill();
        c.strokeStyle = l === sizes.length - 1 ? theme.background : theme.muted;
        c.stroke();
        if (l && l < sizes.length - 1 && bias) {
          c.beginPath();
          c.arc(xs[l], y(l, k), 0.62 * radius * Math.min(1, Math.sqrt(Math.abs(bias) / (largest || 1))), 0, 7);
          c.fillStyle = bias > 0 ? positive : negative;
          c.fill();
        }
      });
      c.fillStyle = theme.muted;
      if (captions[l]) c.fillText(captions[l], Math.max(26, Math.min(width - 26, xs[l])), tall - 8);
    });
  }

  /** @param {Layer[]} layers @param {Float64Array} w */
  describe(layers, w) {
    const sizes = [layers[0].W[0], ...layers.map((layer) => layer.W[1])];
    const norms = layers.map(({ W: [n, m], at }, l) => {
      let sum = 0;
      for (let k = at; k < at + n * m; k++) sum += w[k] * w[k];
      return `layer ${l + 1} ${number(Math.sqrt(sum), 3)}`;
    });
    this.canvas.setAttribute("aria-label", `Network ${sizes.join("-")}; norms of the weights: ${norms.join(", ")}`);
  }
}
