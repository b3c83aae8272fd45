/** What is drawn over the map's cells: axes, lines of theory, the cursor, the rectangle to zoom to. */

import { fit, h, news } from "./dom.js";
import { fractionOf, ticks } from "./numerals.js";
import { placeIn } from "./plot.js";

/** @typedef {import("./map.js").Cell} Cell */
/** @typedef {import("./plot.js").Plotted} Plotted */
/** @typedef {{cell: Pick<Cell, "f"|"cell">|null, cursor: [number, number]|null, band: [[number, number], [number, number]]|null}} Marks */

export class Overlay {
  #other = news();
  #family = "";

  constructor() {
    this.canvas = h("canvas", { class: "map-over", "aria-hidden": "true" });
  }

  /** Draw again if anything changed. @param {Plotted} map @param {any} theme @param {Marks} marks */
  draw(map, theme, marks) {
    if (!this.#other([map.view, map.axes, map.box, marks, devicePixelRatio], theme, map.curves)) return;
    this.#family ||= getComputedStyle(map.element).fontFamily;
    const { width, height, left, top, w, t } = map.box;
    const c = fit(this.canvas, width, height);
    c.clearRect(0, 0, width, height);
    this.#axes(c, map, theme);
    c.save();
    c.beginPath();
    c.rect(left, top, w, t);
    c.clip();
    const place = (/** @type {number} */ fx, /** @type {number} */ fy) => {
      const [u, v] = placeIn(map.view, [fx, fy]);
      return [left + Math.max(-1e5, Math.min(1e5, u * w)), top + Math.max(-1e5, Math.min(1e5, (1 - v) * t))];
    };
    this.#curves(c, map, place);
    if (marks.cell) this.#cursor(c, map, place(...marks.cell.f), marks.cell, marks.cursor !== null);
    if (marks.band) {
      const [[u0, v0], [u1, v1]] = marks.band;
      c.fillStyle = "rgb(255 255 255 / 25%)";
      c.strokeStyle = "#ffffff";
      c.lineWidth = 1.5;
      c.beginPath();
      c.rect(left + u0 * w, top + (1 - v0) * t, (u1 - u0) * w, (v0 - v1) * t);
      c.fill();
      c.stroke();
    }
    c.restore();
    c.strokeStyle = theme.muted;
    c.lineWidth = 1;
    c.strokeRect(left - 0.5, top - 0.5, w + 1, t + 1);
  }

  /** @param {CanvasRenderingContext2D} c @param {Plotted} map @param {any} theme */
  #axes(c, { view: { x, y }, axes, box: { width, left, top, w, t } }, { ink, muted }) {
    c.font = `12px ${this.#family}`;
    c.lineWidth = 1;
    c.strokeStyle = muted;
    c.fillStyle = muted;
    c.textBaseline = "middle";
    const across = ticks(axes.x, x[0], x[1], Math.max(2, Math.floor(w / 90)));
    const up = ticks(axes.y, y[0], y[1], Math.max(2, Math.floor(t / 55)), 4); // the title stands beside the labels
    c.textAlign = "center";
    let free = -Infinity;
    for (const { at, label } of across.ticks) {
      const px = left + ((at - x[0]) / (x[1] - x[0])) * w;
      if (px < left - 0.5 || px > left + w + 0.5) continue;
      line(c, px, top + t, px, top + t + 5);
      const half = c.measureText(label).width / 2;
      const middle = Math.min(px, width - half - 1);
      if (middle - half < free) continue;
      c.fillText(label, middle, top + t + 15);
      free = middle + half + 8;
    }
    c.textAlign = "right";
    for (const { at, label } of up.ticks) {
      const py = top + (1 - (at - y[0]) / (y[1] - y[0])) * t;
      if (py < top - 0.5 || py > top + t + 0.5) continue;
      line(c, left - 5, py, left, py);
      c.fillText(label, left - 8, Math.max(6, py)); // the topmost would lose its upper half
    }
    c.fillStyle = ink;
    c.font = `600 12.5px ${this.#family}`;
    c.textAlign = "center";
    c.fillText(axes.x.title + (across.base ? `: ${across.base}` : ""), left + w / 2, top + t + 34);
    c.save();
    c.translate(11, top + t / 2);
    c.rotate(-Math.PI / 2);
    c.fillText(axes.y.title + (up.base ? `: ${up.base}` : ""), 0, 0);
    c.restore();
  }

  /** @param {CanvasRenderingContext2D} c @param {Plotted} map @param {(fx: number, fy: number) => number[]} place */
  #curves(c, map, place) {
    map.curves.forEach((curve, k) => {
      c.beginPath();
      curve.x.forEach((vx, n) => {
        const [px, py] = place(fractionOf(map.axes.x, vx), fractionOf(map.axes.y, curve.y[n]));
        if (Number.isFinite(px) && Number.isFinite(py)) c.lineTo(px, py);
      });
      c.lineJoin = "round";
      c.setLineDash([]);
      c.strokeStyle = "rgb(20 24 31 / 70%)";
      c.lineWidth = 4;
      c.stroke();
      c.setLineDash(k ? [6, 4] : []);
      c.strokeStyle = "#ffffff";
      c.lineWidth = 1.8;
      c.stroke();
      c.setLineDash([]);
    });
    this.#names(c, map, place);
  }

  /** The curves' names, each beside its curve at a height of its own. @param {CanvasRenderingContext2D} c @param {Plotted} map @param {(fx: number, fy: number) => number[]} place */
  #names(c, map, place) {
    const { left, top, w, t } = map.box;
    c.font = `600 12px ${this.#family}`;
    c.textBaseline = "middle";
    c.lineJoin = "round";
    map.curves.forEach((curve, k) => {
      const points = curve.x
        .map((vx, n) => place(fractionOf(map.axes.x, vx), fractionOf(map.axes.y, curve.y[n])))
        .filter(([px, py]) => px > left && px < left + w && py > top + 16 && py < top + t - 16);
      const height = top + (0.72 + 0.14 * k) * t;
      const nearest = points.sort((a, b) => Math.abs(a[1] - height) - Math.abs(b[1] - height))[0];
      if (!nearest) return;
      const text = `stability bound, ${curve.name}`;
      const width = c.measureText(text).width;
      const fits = nearest[0] - width - 10 > left;
      c.textAlign = fits ? "right" : "left";
      const x = nearest[0] + (fits ? -8 : 8);
      c.strokeStyle = "rgb(20 24 31 / 70%)";
      c.lineWidth = 3;
      c.strokeText(text, x, nearest[1]);
      c.fillStyle = "#ffffff";
      c.fillText(text, x, nearest[1]);
    });
  }

  /** @param {CanvasRenderingContext2D} c @param {Plotted} map @param {number[]} at @param {Pick<Cell, "cell">} cell @param {boolean} crossed */
  #cursor(c, { view: { x, y }, box: { w, t } }, [px, py], { cell }, crossed) {
    const side = Math.max(6, (cell[0] / (x[1] - x[0])) * w);
    const tall = Math.max(6, (cell[1] / (y[1] - y[0])) * t);
    for (const [colour, width] of [
      ["#14181f", 3],
      ["#ffffff", 1.5],
    ]) {
      c.strokeStyle = /** @type {string} */ (colour);
      c.lineWidth = /** @type {number} */ (width);
      c.strokeRect(px - side / 2, py - tall / 2, side, tall);
      if (!crossed) continue;
      line(c, px - side / 2 - 14, py, px - side / 2 - 2, py);
      line(c, px + side / 2 + 2, py, px + side / 2 + 14, py);
      line(c, px, py - tall / 2 - 14, px, py - tall / 2 - 2);
      line(c, px, py + tall / 2 + 2, px, py + tall / 2 + 14);
    }
  }
}

/** @param {CanvasRenderingContext2D} c @param {number} x0 @param {number} y0 @param {number} x1 @param {number} y1 */
function line(c, x0, y0, x1, y1) {
  c.beginPath();
  c.moveTo(x0, y0);
  c.lineTo(x1, y1);
  c.stroke();
}
