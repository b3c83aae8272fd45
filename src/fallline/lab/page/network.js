/** A network drawn: units as planes of their answers, weights as lines, wider the larger, blue where positive, orange where negative. */

import { mix, pixel } from "./colour.js";
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

/** A hidden unit's plane at one step. @typedef {{shades: Uint8Array, side: number, share: number, dead: boolean}} Unit */

export class NetworkView {
  #sheet = document.createElement("canvas");
  #inked = "";
  #tints = new Uint32Array(256);

  constructor() {
    this.canvas = h("canvas", { class: "network", role: "img", "aria-label": "The network" });
  }

  /**
   * @param {any} theme
   * @param {Layer[]} layers
   * @param {Float64Array|Float32Array} w parameters at this step
   * @param {number} largest weight of the whole run, for the widths
   * @param {string[]} captions under each layer
   * @param {Unit[]|null} planes of the hidden units, those of the first layer first
   */
  draw(theme, layers, w, largest, captions, planes) {
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
    const half = planes ? Math.max(radius, Math.min(20, 0.44 * gap)) : radius;
    const before = sizes.map((_, l) => sizes.slice(1, Math.max(1, l)).reduce((sum, size) => sum + size, 0));
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
        const plane = l && l < sizes.length - 1 ? planes?.[before[l] + unit] : null;
        if (plane) {
          this.#plane(c, theme, plane, xs[l], y(l, k), half);
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

  /**
   * A unit as the plane of its answers; black where it is dead.
   * @param {CanvasRenderingContext2D} c @param {any} theme @param {Unit} unit @param {number} x @param {number} y @param {number} half of its side
   */
  #plane(c, theme, { shades, side, share, dead }, x, y, half) {
    if (dead) {
      c.fillStyle = theme.ink;
      c.fillRect(x - half, y - half, 2 * half, 2 * half);
    } else {
      this.#ink(theme);
      if (this.#sheet.width !== side) this.#sheet.width = this.#sheet.height = side;
      const context = /** @type {CanvasRenderingContext2D} */ (this.#sheet.getContext("2d"));
      const image = context.createImageData(side, side);
      const pixels = new Uint32Array(image.data.buffer);
      const strength = Math.sqrt(share); // a unit that answers little is pale
      for (let row = 0, k = 0; row < side; row++) {
        const to = (side - 1 - row) * side;
        for (let column = 0; column < side; column++, k++)
          pixels[to + column] = this.#tints[Math.round(128 + (shades[k] - 128) * strength)];
      }
      context.putImageData(image, 0, 0);
      c.imageSmoothingEnabled = true;
      c.drawImage(this.#sheet, x - half, y - half, 2 * half, 2 * half);
    }
    c.strokeStyle = theme.muted;
    c.strokeRect(x - half, y - half, 2 * half, 2 * half);
  }

  /** @param {any} theme */
  #ink(theme) {
    if (theme.background === this.#inked) return;
    this.#inked = theme.background;
    const [negative, positive] = [theme.series[0], theme.series[1]];
    for (let k = 0; k < 256; k++)
      this.#tints[k] = pixel(
        mix(theme.background, k < 128 ? negative : positive, 0.9 * Math.min(1, Math.abs(k - 128) / 127)),
      );
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
