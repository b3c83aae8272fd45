/** Samples drawn by hand: a click adds one, a drag moves it, Delete takes it away. Keys do the same. */

import { fit, h, say } from "./dom.js";
import { shape } from "./regions.js";

const REACH = 9; // pixels at which a sample is taken hold of
const LEAST = 2; // samples of a data set

export class PointsEditor {
  /** @type {number[][]} */
  #points = [];
  /** The samples that the runs have, while there are too few here to train on; else null. @type {number[][]|null} */
  #kept = null;
  /** The samples that were told last. @type {number[][]} */
  #trained = [];
  #kind = 0;
  #held = -1;
  #theme = /** @type {any} */ (null);
  /** @type {[number, number]|null} */
  #cursor = null;
  #side = 4;

  /** @param {number} classes @param {number} most @param {(points: number[][], live: boolean) => void} tell */
  constructor(classes, most, tell) {
    this.most = most;
    this.tell = tell;
    this.canvas = h("canvas", {
      class: "points-canvas",
      tabindex: "0",
      role: "application",
      "aria-label":
        "Samples drawn by hand. Arrows move a cursor, Enter adds a sample, Delete removes the nearest, 1 to 9 choose the class.",
    });
    this.classes = h(
      "div",
      { class: "class-row", role: "group", "aria-label": "Class of new samples" },
      ...Array.from({ length: classes }, (_, k) =>
        h(
          "button",
          {
            type: "button",
            class: `class-button class-${k}`,
            "aria-pressed": String(k === 0),
            onclick: () => this.#choose(k),
          },
          String(k),
        ),
      ),
    );
    this.clear = h("button", { type: "button", class: "small", onclick: () => this.#clear() }, "clear");
    this.count = h("span", { class: "note" });
    this.few = h("p", { class: "note", role: "status" });
    this.element = h(
      "div",
      { class: "points-editor" },
      this.canvas,
      h("div", { class: "points-tools" }, this.classes, this.count, this.clear),
      this.few,
    );
    this.#listen();
    new ResizeObserver(() => this.#draw()).observe(this.canvas);
  }

  /** @param {any} theme */
  set theme(theme) {
    this.#theme = theme;
    this.#draw();
  }

  /** @param {number[][]} points */
  set points(points) {
    if (this.#held >= 0 || this.#kept) return;
    this.#points = points;
    this.#trained = points;
    const far = points.reduce((most, [x, y]) => Math.max(most, Math.abs(x), Math.abs(y)), 0);
    this.#side = Math.max(this.#side, Math.ceil(far * 1.1));
    this.#draw();
  }

  /** Other samples come: those drawn here, too few to train on, are not wanted any more. */
  forget() {
    this.#kept = null;
  }

  /** Take all samples away, or bring back those that the runs still have. */
  #clear() {
    this.#points = this.#kept ?? [];
    this.#told(false);
  }

  /** @param {number} k */
  #choose(k) {
    this.#kind = k;
    [...this.classes.children].forEach((button, n) => {
      button.setAttribute("aria-pressed", String(n === k));
    });
  }

  /** @param {MouseEvent} e @returns {[number, number]} */
  #at(e) {
    const box = this.canvas.getBoundingClientRect();
    const place = (/** @type {number} */ t) => Number(((2 * Math.max(0, Math.min(1, t)) - 1) * this.#side).toFixed(2));
    return [place((e.clientX - box.left) / box.width), place(1 - (e.clientY - box.top) / box.height)];
  }

  /** @param {[number, number]} at @param {number} reach in pixels */
  #nearest([x, y], reach) {
    const unit = (2 * this.#side) / this.canvas.clientWidth;
    let best = -1;
    let least = reach * unit;
    this.#points.forEach(([px, py], k) => {
      const d = Math.hypot(px - x, py - y);
      if (d <= least) [best, least] = [k, d];
    });
    return best;
  }

  /** @param {[number, number]} at */
  #add(at) {
    if (this.#points.length >= this.most) return;
    this.#points = [...this.#points, [...at, this.#kind]];
  }

  #listen() {
    this.canvas.addEventListener("pointerdown", (/** @type {PointerEvent} */ e) => {
      const at = this.#at(e);
      const near = this.#nearest(at, REACH);
      if (e.button === 2) return;
      this.canvas.setPointerCapture(e.pointerId);
      if (near < 0) this.#add(at);
      this.#held = near < 0 ? this.#points.length - 1 : near;
      this.#told(true);
    });
    this.canvas.addEventListener("pointermove", (/** @type {PointerEvent} */ e) => {
      if (this.#held < 0) return;
      const at = this.#at(e);
      this.#points = this.#points.map((p, k) => (k === this.#held ? [...at, p[2]] : p));
      this.#told(true);
    });
    for (const kind of ["pointerup", "pointercancel"])
      this.canvas.addEventListener(kind, () => {
        this.#held = -1;
        this.#told(false);
      });
    this.canvas.addEventListener("contextmenu", (/** @type {MouseEvent} */ e) => {
      e.preventDefault();
      this.#remove(this.#nearest(this.#at(e), REACH));
    });
    this.canvas.addEventListener("keydown", (/** @type {KeyboardEvent} */ e) => {
      const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[e.key];
      const step = this.#side / (e.shiftKey ? 8 : 40);
      this.#cursor ??= [0, 0];
      if (move)
        this.#cursor = /** @type {[number, number]} */ (
          this.#cursor.map((v, k) => Number(Math.max(-this.#side, Math.min(this.#side, v + move[k] * step)).toFixed(2)))
        );
      else if (e.key === "Enter" || e.key === " ") {
        this.#add(this.#cursor);
        this.#told(false);
      } else if (e.key === "Delete" || e.key === "Backspace") this.#remove(this.#nearest(this.#cursor, 60));
      else if (/^[1-9]$/.test(e.key) && Number(e.key) <= this.classes.children.length) this.#choose(Number(e.key) - 1);
      else return;
      e.preventDefault();
      this.#draw();
    });
    this.canvas.addEventListener("blur", () => {
      this.#cursor = null;
      this.#draw();
    });
  }

  /** @param {number} k */
  #remove(k) {
    if (k < 0) return;
    this.#points = this.#points.filter((_, n) => n !== k);
    this.#told(false);
  }

  /** @param {boolean} live */
  #told(live) {
    const few = this.#points.length < LEAST;
    if (!few) this.#trained = this.#points;
    this.#kept = few ? this.#trained : null;
    this.#draw();
    if (!few) this.tell(this.#points, live);
  }

  #draw() {
    const { length } = this.#points;
    say(this.count, `${length} sample${length === 1 ? "" : "s"}`);
    say(this.clear, this.#kept ? "bring back" : "clear");
    say(this.few, this.#kept ? `Draw ${LEAST} samples or more: until then the runs keep the old ones.` : "");
    const side = this.canvas.clientWidth;
    if (!side || !this.#theme) return;
    const c = fit(this.canvas, side, side);
    const theme = this.#theme;
    c.fillStyle = theme.background;
    c.fillRect(0, 0, side, side);
    const place = (/** @type {number} */ v) => ((v / this.#side + 1) / 2) * side;
    c.strokeStyle = theme.faint;
    c.lineWidth = 1;
    c.beginPath();
    for (let k = Math.ceil(-this.#side); k <= this.#side; k += this.#side > 10 ? 5 : 1) {
      c.moveTo(place(k), 0);
      c.lineTo(place(k), side);
      c.moveTo(0, place(k));
      c.lineTo(side, place(k));
    }
    c.stroke();
    c.strokeStyle = theme.background;
    for (const [x, y, kind] of this.#points) {
      shape(c, kind, place(x), side - place(y), 4.4);
      c.fillStyle = theme.series[kind % theme.series.length];
      c.fill();
      c.stroke();
    }
    if (this.#cursor) {
      const [x, y] = [place(this.#cursor[0]), side - place(this.#cursor[1])];
      c.strokeStyle = theme.ink;
      c.beginPath();
      c.moveTo(x - 8, y);
      c.lineTo(x + 8, y);
      c.moveTo(x, y - 8);
      c.lineTo(x, y + 8);
      c.stroke();
    }
  }
}
