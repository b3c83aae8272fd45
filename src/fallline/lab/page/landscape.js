/** A landscape's contours with the path of a run, and its start to be dragged. */

import { pixel } from "./colour.js";
import { fit, h } from "./dom.js";
import { number } from "./numerals.js";
import { sheet } from "./sheets.js";

/**
 * @typedef {{window: number[], lines: {level: number, start: number, count: number}[], points: Float32Array,
 *   grid: Float32Array, side: number, minima: number[][]}} Surface
 */

export class LandscapeView {
  /** @param {(start: [number, number]) => void} drag */
  constructor(drag) {
    this.canvas = h("canvas", { class: "landscape", role: "img", "aria-label": "Contours and path" });
    this.handle = h("button", {
      type: "button",
      class: "start-handle",
      "aria-label": "Start of the run; drag it, or move it with the arrow keys",
    });
    this.element = h("div", { class: "landscape-box" }, this.canvas, this.handle);
    this.start = [0, 0];
    let held = false;
    const place = (/** @type {PointerEvent} */ e) => {
      const r = this.canvas.getBoundingClientRect();
      const [x0, x1, y0, y1] = this.window;
      const u = Math.max(0, Math.min(1, (e.clientX - r.left) / r.width));
      const v = Math.max(0, Math.min(1, 1 - (e.clientY - r.top) / r.height));
      return /** @type {[number, number]} */ ([
        rounded(x0 + u * (x1 - x0), x1 - x0),
        rounded(y0 + v * (y1 - y0), y1 - y0),
      ]);
    };
    this.handle.addEventListener("pointerdown", (/** @type {PointerEvent} */ e) => {
      held = true;
      this.handle.setPointerCapture(e.pointerId);
    });
    this.handle.addEventListener("pointermove", (/** @type {PointerEvent} */ e) => held && drag(place(e)));
    this.handle.addEventListener("pointerup", () => (held = false));
    this.handle.addEventListener("pointercancel", () => (held = false));
    this.handle.addEventListener("keydown", (/** @type {KeyboardEvent} */ e) => {
      const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[e.key];
      if (!move) return;
      e.preventDefault();
      const [x0, x1, y0, y1] = this.window;
      const by = e.shiftKey ? 0.05 : 0.01;
      drag([
        rounded(this.start[0] + by * move[0] * (x1 - x0), x1 - x0),
        rounded(this.start[1] + by * move[1] * (y1 - y0), y1 - y0),
      ]);
    });
    this.window = [0, 1, 0, 1];
  }

  /**
   * @param {any} theme
   * @param {Surface|null} surface
   * @param {ArrayLike<number>|null} path (steps + 1) by dimension
   * @param {number} dimension
   * @param {number} step
   * @param {string} colour of the run
   */
  draw(theme, surface, path, dimension, step, colour) {
    const w = this.canvas.clientWidth;
    const t = this.canvas.clientHeight;
    if (!w || !surface) return;
    this.window = surface.window;
    const c = fit(this.canvas, w, t);
    const ground = sheet(surface, [theme.background], w, t, (base) => drawGround(base, theme, surface, w, t));
    c.drawImage(ground, 0, 0, w, t);
    const [x0, x1, y0, y1] = surface.window;
    const px = (/** @type {number} */ x) => Math.max(-1e4, Math.min(1e4, ((x - x0) / (x1 - x0)) * w));
    const py = (/** @type {number} */ y) => Math.max(-1e4, Math.min(1e4, (1 - (y - y0) / (y1 - y0)) * t));
    c.strokeStyle = theme.ink;
    c.lineWidth = 1.6;
    for (const [x, y] of surface.minima ?? []) {
      c.beginPath();
      for (const [dx, dy] of [
        [5, 0],
        [0, 5],
      ]) {
        c.moveTo(px(x) - dx, py(y) - dy);
        c.lineTo(px(x) + dx, py(y) + dy);
      }
      c.stroke();
    }
    if (!path || dimension < 2) return;
    const at = (/** @type {number} */ k) =>
      /** @type {[number, number]} */ ([px(path[k * dimension]), py(path[k * dimension + 1])]);
    const count = path.length / dimension;
    const last = Math.min(step, count - 1);
    for (const [from, to, alpha] of [
      [0, count - 1, 0.28],
      [0, last, 1],
    ]) {
      c.globalAlpha = alpha;
      c.beginPath();
      for (let k = from; k <= to; k++) {
        const [x, y] = at(k);
        if (!Number.isFinite(x) || !Number.isFinite(y)) break;
        c.lineTo(x, y);
      }
      c.lineJoin = "round";
      if (alpha === 1) {
        c.strokeStyle = theme.background;
        c.lineWidth = 4;
        c.stroke();
      }
      c.strokeStyle = colour;
      c.lineWidth = 2;
      c.stroke();
    }
    c.globalAlpha = 1;
    if (last <= 60) {
      c.fillStyle = colour;
      for (let k = 1; k < last; k++) {
        c.beginPath();
        c.arc(...at(k), 1.9, 0, 7);
        c.fill();
      }
    }
    const [ex, ey] = at(last);
    c.beginPath();
    c.arc(ex, ey, 5, 0, 7);
    c.fillStyle = colour;
    c.strokeStyle = theme.background;
    c.lineWidth = 2;
    c.fill();
    c.stroke();
    this.start = [path[0], path[1]];
    const [sx, sy] = at(0);
    this.handle.style.transform = `translate(${Math.max(0, Math.min(w, sx))}px, ${Math.max(0, Math.min(t, sy))}px)`;
    this.handle.title = `Start (${number(path[0])}, ${number(path[1])})`;
  }
}

/** A place with no more digits than the screen can show. @param {number} value @param {number} range */
function rounded(value, range) {
  const places = Math.max(0, Math.min(12, 3 - Math.floor(Math.log10(range))));
  return Number(value.toFixed(places));
}

/** Shading and contour lines. @param {CanvasRenderingContext2D} c @param {any} theme @param {Surface} surface @param {number} w @param {number} t */
function drawGround(c, theme, surface, w, t) {
  const heights = Uint32Array.from(theme.heights, pixel);
  const small = document.createElement("canvas");
  small.width = small.height = surface.side;
  const s = /** @type {CanvasRenderingContext2D} */ (small.getContext("2d"));
  const image = s.createImageData(surface.side, surface.side);
  const pixels = new Uint32Array(image.data.buffer);
  for (let row = 0, k = 0; row < surface.side; row++) {
    for (let column = 0; column < surface.side; column++, k++) {
      const v = surface.grid[k];
      pixels[(surface.side - 1 - row) * surface.side + column] =
        heights[
          Number.isFinite(v) ? Math.round(Math.max(0, Math.min(1, v)) * (heights.length - 1)) : heights.length - 1
        ];
    }
  }
  s.putImageData(image, 0, 0);
  c.imageSmoothingEnabled = true;
  c.imageSmoothingQuality = "high";
  c.drawImage(small, 0, 0, w, t);
  const [x0, x1, y0, y1] = surface.window;
  const p = surface.points;
  c.strokeStyle = theme.ink;
  c.globalAlpha = 0.3;
  c.lineWidth = 0.9;
  for (const { start, count } of surface.lines) {
    c.beginPath();
    for (let k = start; k < start + count; k++)
      c.lineTo(((p[2 * k] - x0) / (x1 - x0)) * w, (1 - (p[2 * k + 1] - y0) / (y1 - y0)) * t);
    c.stroke();
  }
  c.globalAlpha = 1;
}
