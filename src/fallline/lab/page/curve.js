/** Losses of the pinned runs over their steps, on one pair of axes. Dragging over it scrubs. */

import { fit, h } from "./dom.js";
import { fractionOf, ticks } from "./numerals.js";

/** @typedef {{losses: ArrayLike<number>, colour: string, label: string, faint: boolean, test?: boolean, whatIf?: number|null}} Line test: on the test samples; whatIf: the loss with weights changed at this step */

const LEFT = 46;
const BOTTOM = 34;
const TOP = 20;
const RIGHT = 22;

export class CurveView {
  /** @param {(step: number) => void} scrub */
  constructor(scrub) {
    this.canvas = h("canvas", { class: "curve", role: "img", "aria-label": "Loss over steps" });
    let held = false;
    const to = (/** @type {PointerEvent} */ e) => {
      const box = this.canvas.getBoundingClientRect();
      scrub(
        Math.round(Math.max(0, Math.min(1, (e.clientX - box.left - LEFT) / (box.width - LEFT - RIGHT))) * this.steps),
      );
    };
    this.steps = 1;
    this.canvas.addEventListener("pointerdown", (/** @type {PointerEvent} */ e) => {
      held = true;
      this.canvas.setPointerCapture(e.pointerId);
      to(e);
    });
    this.canvas.addEventListener("pointermove", (/** @type {PointerEvent} */ e) => held && to(e));
    this.canvas.addEventListener("pointerup", () => (held = false));
    this.canvas.addEventListener("pointercancel", () => (held = false));
  }

  /** @param {any} theme @param {Line[]} lines @param {number} steps @param {number} step */
  draw(theme, lines, steps, step) {
    const width = this.canvas.clientWidth;
    const tall = this.canvas.clientHeight;
    if (!width) return;
    this.steps = Math.max(1, steps);
    const c = fit(this.canvas, width, tall);
    const w = width - LEFT - RIGHT;
    const t = tall - TOP - BOTTOM;
    c.clearRect(0, 0, width, tall);
    const scale = this.#scale(lines);
    const steps_ = /** @type {const} */ ({ name: "step", low: 0, high: this.steps, scale: "linear" });
    c.font = `11px ${getComputedStyle(this.canvas).fontFamily}`;
    c.textBaseline = "middle";
    c.lineWidth = 1;
    c.strokeStyle = theme.faint;
    c.fillStyle = theme.muted;
    c.textAlign = "right";
    const py = (/** @type {number} */ f) => TOP + (1 - f) * t;
    const px = (/** @type {number} */ k) => LEFT + (k / this.steps) * w;
    for (const { at, label } of ticks(scale, 0, 1, Math.max(2, Math.floor(t / 34))).ticks) {
      if (at < -1e-9 || at > 1 + 1e-9) continue;
      c.beginPath();
      c.moveTo(LEFT, py(at));
      c.lineTo(LEFT + w, py(at));
      c.stroke();
      c.fillText(label, LEFT - 6, py(at));
    }
    c.textAlign = "center";
    for (const { at, label } of ticks(steps_, 0, 1, Math.max(2, Math.min(this.steps, Math.floor(w / 60)))).ticks)
      c.fillText(label, LEFT + at * w, TOP + t + 11);
    c.fillText("step", LEFT + w / 2, TOP + t + 26);
    c.textAlign = "right";
    c.fillText("loss", LEFT - 6, 6);
    c.beginPath();
    c.moveTo(px(step), TOP);
    c.lineTo(px(step), TOP + t);
    c.strokeStyle = theme.muted;
    c.setLineDash([3, 3]);
    c.stroke();
    c.setLineDash([]);
    const ends = [];
    c.save();
    c.beginPath();
    c.rect(LEFT - 4, TOP - 4, w + 12, t + 8);
    c.clip();
    for (const { losses, colour, label, faint, test, whatIf } of lines) {
      const heightOf = (/** @type {number} */ loss) => py(Math.max(-0.2, Math.min(1.2, fractionOf(scale, loss))));
      const height = (/** @type {number} */ k) => heightOf(losses[k]);
      c.beginPath();
      let lastHeight = py(1);
      for (let k = 0; k < losses.length; k++) {
        if (!Number.isFinite(losses[k])) break;
        lastHeight = height(k);
        c.lineTo(px(k), lastHeight);
      }
      c.strokeStyle = colour;
      c.lineJoin = "round";
      c.lineWidth = faint ? 1.4 : 2;
      if (test) c.setLineDash([5, 4]);
      c.stroke();
      c.setLineDash([]);
      if (test) continue;
      const k = Math.min(step, losses.length - 1);
      if (Number.isFinite(losses[k])) {
        c.beginPath();
        c.arc(px(k), height(k), 4, 0, 7);
        c.fillStyle = colour;
        c.strokeStyle = theme.background;
        c.lineWidth = 1.5;
        c.fill();
        c.stroke();
      }
      if (typeof whatIf === "number") {
        c.beginPath();
        c.arc(px(k), Math.max(TOP + 2, heightOf(whatIf)), 5, 0, 7);
        c.strokeStyle = colour;
        c.setLineDash([3, 2]);
        c.stroke();
        c.setLineDash([]);
      }
      ends.push({ label, colour, y: lastHeight });
    }
    c.restore();
    if (lines.some((line) => line.test)) this.#key(c, theme, LEFT + w);
    ends.sort((a, b) => a.y - b.y);
    for (let k = 1; k < ends.length; k++) ends[k].y = Math.max(ends[k].y, ends[k - 1].y + 13);
    const over = ends.length ? ends[ends.length - 1].y - (TOP + t) : 0;
    c.font = `700 11px ${getComputedStyle(this.canvas).fontFamily}`;
    c.textAlign = "left";
    for (const end of ends) {
      c.fillStyle = end.colour;
      c.fillText(end.label, LEFT + w + 9, Math.max(TOP + 4, end.y - Math.max(0, over)));
    }
  }

  /** What the two kinds of lines are, in the upper right corner. @param {CanvasRenderingContext2D} c @param {any} theme @param {number} right */
  #key(c, theme, right) {
    c.font = `11px ${getComputedStyle(this.canvas).fontFamily}`;
    c.textAlign = "right";
    c.fillStyle = c.strokeStyle = theme.muted;
    c.lineWidth = 2;
    [
      ["training", []],
      ["test", [5, 4]],
    ].forEach(([name, dashes], row) => {
      const y = TOP + 8 + 15 * row;
      c.fillText(/** @type {string} */ (name), right - 34, y);
      c.beginPath();
      c.moveTo(right - 28, y);
      c.lineTo(right, y);
      c.setLineDash(/** @type {number[]} */ (dashes));
      c.stroke();
      c.setLineDash([]);
    });
  }

  /** @param {Line[]} lines @returns {import("./numerals.js").Axis} */
  #scale(lines) {
    let low = Infinity;
    let high = -Infinity;
    for (const { losses } of lines) {
      let least = Infinity;
      let top = -Infinity;
      let first = NaN;
      for (let k = losses.length - 1; k >= 0; k--)
        if (Number.isFinite(losses[k]))
          [least, top, first] = [Math.min(least, losses[k]), Math.max(top, losses[k]), losses[k]];
      if (least > top) continue;
      const most = 1e4 * Math.max(Math.abs(first), Math.abs(least), 1e-300); // what diverges leaves the picture there
      low = Math.min(low, least);
      high = Math.max(high, losses[losses.length - 1] <= most ? top : Math.min(top, most));
    }
    if (!(high > low)) [low, high] = Number.isFinite(low) ? [low - 1, low + 1] : [0, 1];
    if (low > 0 && high > 20 * low) return { name: "loss", low: low * 0.9, high: high * 1.1, scale: "log" };
    const room = 0.04 * (high - low);
    return { name: "loss", low: low >= 0 && low < 0.4 * high ? 0 : low - room, high: high + room, scale: "linear" };
  }
}
