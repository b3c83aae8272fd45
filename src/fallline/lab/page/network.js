/**
 * A network drawn: units as planes of their answers, weights as lines, wider the larger, blue where positive, orange where
 * negative; or the gradient, in ink. A pointer over a line or a unit reads its weight or bias.
 */

import { mix, pixel } from "./colour.js";
import { fit, h, say } from "./dom.js";
import { drawBars, FLOW_FOOT, shares } from "./flow.js";
import { number } from "./numerals.js";
import { nameOf, placeOf } from "./parameters.js";
import { parameterAt, sizesOf, wiring } from "./wiring.js";

/** @typedef {import("./parameters.js").Layer} Layer */
/** A hidden unit's plane at one step. @typedef {{shades: Uint8Array, side: number, share: number, dead: boolean}} Unit */
/** The gradient at one step. @typedef {{of: ArrayLike<number>, norms: ArrayLike<number>, scale: {low: number, high: number}}} Flow */
/**
 * @typedef {object} Picture
 * @property {Layer[]} layers
 * @property {ArrayLike<number>} w parameters at this step
 * @property {number} largest weight of the whole run, for the widths
 * @property {string[]} captions under each layer
 * @property {Unit[]|null} planes of the hidden units, those of the first layer first
 * @property {Flow|null} flow drawn instead of the weights
 * @property {number|null} chosen parameter
 */

const CAPTION = 18;
const COARSE = 14; // pixels around a finger

export class NetworkView {
  #sheet = document.createElement("canvas");
  #inked = "";
  #tints = new Uint32Array(256);
  #wired = "";
  /** @type {import("./wiring.js").Wiring|null} */
  #wiring = null;
  /** @type {Picture|null} */
  #picture = null;
  #theme = /** @type {any} */ (null);
  /** The parameter under the pointer. @type {number|null} */
  #pointed = null;

  /** @param {(index: number, byTouch: boolean) => void} choose a parameter */
  constructor(choose) {
    this.canvas = h("canvas", { class: "network", role: "img", "aria-label": "The network" });
    this.tip = h("div", { class: "weight-tip", hidden: true });
    this.element = h("div", { class: "network-box" }, this.canvas, this.tip);
    const at = (/** @type {PointerEvent} */ e) =>
      this.#wiring && parameterAt(this.#wiring, e.offsetX, e.offsetY, e.pointerType === "touch" ? COARSE : undefined);
    this.canvas.addEventListener("pointermove", (/** @type {PointerEvent} */ e) => this.#point(at(e), e));
    this.canvas.addEventListener("pointerleave", () => this.#point(null));
    this.canvas.addEventListener("click", (/** @type {PointerEvent} */ e) => {
      const index = at(e);
      if (index !== null) choose(index, e.pointerType === "touch");
    });
  }

  /** @param {any} theme @param {Picture} picture */
  draw(theme, picture) {
    const width = this.canvas.clientWidth;
    const tall = this.canvas.clientHeight;
    if (!width || !picture.layers?.length) return;
    [this.#theme, this.#picture] = [theme, picture];
    const { layers, captions, planes, flow } = picture;
    const foot = (captions.length ? CAPTION : 0) + (flow ? FLOW_FOOT : 0);
    const sizes = sizesOf(layers);
    const key = `${sizes} ${layers[0].b === null} ${width} ${tall} ${foot} ${Boolean(planes)}`;
    if (key !== this.#wired || !this.#wiring) this.#wiring = wiring(layers, width, tall, foot, Boolean(planes));
    this.#wired = key;
    const w = this.#wiring;
    const c = fit(this.canvas, width, tall);
    c.clearRect(0, 0, width, tall);
    c.font = `11px ${getComputedStyle(this.canvas).fontFamily}`;
    c.lineCap = "round";
    this.#lines(c, w, picture);
    c.lineWidth = 1.4;
    this.#units(c, w, picture);
    if (flow) drawBars(c, theme, w, flow.norms, flow.scale);
    c.textAlign = "center";
    c.textBaseline = "middle";
    c.fillStyle = theme.muted;
    w.columns.forEach((x, l) => {
      if (captions[l]) c.fillText(captions[l], Math.max(26, Math.min(width - 26, x)), tall - 8);
    });
    if (this.#pointed !== null) this.#tell();
  }

  /** @param {CanvasRenderingContext2D} c @param {import("./wiring.js").Wiring} wiring @param {Picture} picture */
  #lines(c, { links, radius }, { w, largest, flow, chosen }) {
    const [negative, positive] = [this.#theme.series[0], this.#theme.series[1]];
    const ofFlow = flow && shares(flow.of);
    for (const { index, x0, y0, x1, y1 } of links) {
      const weight = w[index];
      const share = ofFlow ? ofFlow(index) : Math.min(1, Math.abs(weight) / (largest || 1));
      const marked = index === this.#pointed || index === chosen;
      if (!(share > 0.004) && !ofFlow && !marked) continue;
      c.beginPath();
      c.moveTo(x0, y0);
      c.lineTo(x1, y1);
      const width = 0.5 + (ofFlow ? 0.4 : 0.55) * radius * share;
      if (marked) {
        c.globalAlpha = 1;
        c.setLineDash([]);
        c.strokeStyle = this.#theme.muted;
        c.lineWidth = width + 4;
        c.stroke();
        c.strokeStyle = this.#theme.background;
        c.lineWidth = width + 2;
        c.stroke();
      }
      c.globalAlpha = 0.35 + 0.6 * share;
      c.strokeStyle = ofFlow ? this.#theme.ink : weight > 0 ? positive : negative;
      c.lineWidth = width;
      const dashes = ofFlow ? (share > 0 ? [] : [1, 5]) : weight > 0 ? [] : [4 + width, 2 + width];
      c.setLineDash(dashes);
      c.stroke();
    }
    c.setLineDash([]);
    c.globalAlpha = 1;
  }

  /** @param {CanvasRenderingContext2D} c @param {import("./wiring.js").Wiring} wiring @param {Picture} picture */
  #units(c, { spots, sizes, radius, half }, { w, largest, planes, chosen }) {
    const theme = this.#theme;
    const last = sizes.length - 1;
    let hidden = 0; // units of the hidden layers before this one
    let before = 0;
    for (const { layer, unit, x, y, bias } of spots) {
      if (layer !== before) [hidden, before] = [hidden + (before ? sizes[before] : 0), layer];
      if (unit < 0) {
        c.fillStyle = theme.muted;
        c.textAlign = "center";
        c.textBaseline = "middle";
        c.fillText("⋮", x, y);
        continue;
      }
      const inside = layer > 0 && layer < last;
      const plane = inside ? planes?.[hidden + unit] : null;
      if (plane) this.#plane(c, plane, x, y, half);
      else {
        const value = bias === null ? 0 : w[bias];
        c.beginPath();
        c.arc(x, y, radius, 0, 7);
        c.fillStyle = layer === last ? theme.series[unit % theme.series.length] : theme.background;
        c.fill();
        c.strokeStyle = layer === last ? theme.background : theme.muted;
        c.stroke();
        if (inside && value) {
          c.beginPath();
          c.arc(x, y, 0.62 * radius * Math.min(1, Math.sqrt(Math.abs(value) / (largest || 1))), 0, 7);
          c.fillStyle = value > 0 ? theme.series[1] : theme.series[0];
          c.fill();
        }
      }
      if (bias !== null && (bias === this.#pointed || bias === chosen)) {
        c.beginPath();
        if (plane) c.rect(x - half - 2, y - half - 2, 2 * half + 4, 2 * half + 4);
        else c.arc(x, y, radius + 2.5, 0, 7);
        c.strokeStyle = theme.ink;
        c.stroke();
      }
    }
  }

  /**
   * A unit as the plane of its answers; black with a cross where it is dead.
   * @param {CanvasRenderingContext2D} c @param {Unit} unit @param {number} x @param {number} y @param {number} half of its side
   */
  #plane(c, { shades, side, share, dead }, x, y, half) {
    const theme = this.#theme;
    if (dead) {
      c.fillStyle = theme.name === "dark" ? "#000000" : theme.ink;
      c.fillRect(x - half, y - half, 2 * half, 2 * half);
      c.beginPath();
      for (const way of [1, -1]) {
        c.moveTo(x - 0.5 * half, y - 0.5 * half * way);
        c.lineTo(x + 0.5 * half, y + 0.5 * half * way);
      }
      c.strokeStyle = theme.muted;
      c.stroke();
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

  /** @param {number|null} index of the parameter under the pointer @param {PointerEvent} [e] */
  #point(index, e) {
    if (e && index !== null) {
      const right = e.offsetX > this.canvas.clientWidth / 2;
      this.tip.style.transform = `translate(${e.offsetX}px, ${e.offsetY}px) translate(${right ? "-100%" : "0"}, -130%)`;
    }
    if (index === this.#pointed) return;
    this.#pointed = index;
    this.canvas.style.cursor = index === null ? "" : "pointer";
    this.tip.hidden = index === null;
    if (this.#picture) this.draw(this.#theme, this.#picture);
  }

  /** Write the value under the pointer. */
  #tell() {
    const { layers, w, flow } = /** @type {Picture} */ (this.#picture);
    const index = /** @type {number} */ (this.#pointed);
    if (index >= w.length) return this.#point(null);
    const name = nameOf(placeOf(layers, index));
    const slope = flow ? `, ∂L/∂${name[0]} = ${number(flow.of[index], 3)}` : "";
    say(this.tip, `${name} = ${number(w[index], 4)}${slope}`);
  }

  /** @param {Picture} picture */
  describe({ layers, w, flow }) {
    const norms = layers.map(({ W: [n, m], at }, l) => {
      if (flow) return `layer ${l + 1} ${number(flow.norms[l], 3)}`;
      let sum = 0;
      for (let k = at; k < at + n * m; k++) sum += w[k] * w[k];
      return `layer ${l + 1} ${number(Math.sqrt(sum), 3)}`;
    });
    const of = flow ? "gradient" : "weights";
    const label = `Network ${sizesOf(layers).join("-")}; norms of the ${of}: ${norms.join(", ")}`;
    if (this.canvas.getAttribute("aria-label") !== label) this.canvas.setAttribute("aria-label", label);
  }
}
