/** The pinned runs on the map: buttons to be dragged, moved by arrows, taken away by Delete. */

import { h, s } from "./dom.js";
import { fractionOf } from "./numerals.js";
import { same } from "./state.js";

/** @typedef {import("./map.js").Cell} Cell */

const NEAR = 22; // pixels

const OUTLINES = [
  "M12 3a9 9 0 1 1 0 18 9 9 0 0 1 0-18z",
  "M4 4h16v16H4z",
  "M12 1.6 22.4 12 12 22.4 1.6 12z",
  "M12 2.2 23 21H1z",
];

/** The sign of a run: number, colour and shape. @param {number} k @param {boolean} [large] */
export function marker(k, large = false) {
  const size = large ? 26 : 20;
  const text = s("text", { x: 12, y: k === 3 ? 17.6 : 16, "text-anchor": "middle" }, String(k + 1));
  return s(
    "svg",
    { viewBox: "0 0 24 24", width: size, height: size, class: `marker run-${k}`, "aria-hidden": "true" },
    s("path", { d: OUTLINES[k] }),
    text,
  );
}

export class Pins {
  /** @type {HTMLButtonElement[]} */
  #buttons = [];
  /** @type {{x: number, y: number}[]} */
  #pins = [];

  /** @param {import("./map.js").MapView} map @param {{drag: (k: number, cell: Cell) => void, unpin: (k: number) => void}} tell */
  constructor(map, tell) {
    this.map = map;
    this.tell = tell;
    this.element = h("div", { class: "map-pins" });
  }

  /** @param {{x: number, y: number, label: string}[]} pins @returns {boolean} whether they are others than before */
  show(pins) {
    if (same(pins, this.#pins)) return false;
    this.#pins = pins;
    while (this.#buttons.length > pins.length) this.#buttons.pop()?.remove();
    pins.forEach((pin, k) => {
      if (!this.#buttons[k]) {
        this.#buttons[k] = this.#button(k);
        this.element.append(this.#buttons[k]);
      }
      this.#buttons[k].setAttribute("aria-label", `Run ${k + 1}: ${pin.label}. Arrows move it, Delete unpins it.`);
      this.#buttons[k].title = pin.label;
    });
    return true;
  }

  /** Move the buttons to their places in the view. */
  place() {
    const { w, t } = this.map.box;
    /** @type {[number, number][]} */
    const taken = [];
    this.#pins.forEach((pin, k) => {
      const [u, v] = this.map.placeOf(this.#fractions(pin));
      const at = /** @type {[number, number]} */ ([u * w, (1 - v) * t]);
      // Pins that would cover one another stand side by side, so that each can be hit.
      const covered = () => taken.find(([x, y]) => Math.abs(x - at[0]) < NEAR && Math.abs(y - at[1]) < NEAR);
      for (let other = covered(); other; other = covered()) at[0] = other[0] + NEAR;
      taken.push(at);
      this.#buttons[k].style.transform = `translate(${at[0].toFixed(2)}px, ${at[1].toFixed(2)}px)`;
      this.#buttons[k].classList.toggle("outside", u < 0 || u > 1 || v < 0 || v > 1);
    });
  }

  /** @param {{x: number, y: number}} pin @returns {[number, number]} */
  #fractions(pin) {
    return [fractionOf(this.map.axes.x, pin.x), fractionOf(this.map.axes.y, pin.y)];
  }

  /** @param {number} k */
  #button(k) {
    const button = h("button", { type: "button", class: `pin pin-${k}` }, marker(k, true));
    let dragging = false;
    const drag = (/** @type {[number, number]} */ f) => {
      const cell = this.map.cellAt(f);
      if (cell) this.tell.drag(k, cell);
    };
    button.addEventListener("pointerdown", (/** @type {PointerEvent} */ e) => {
      e.stopPropagation();
      dragging = true;
      button.setPointerCapture(e.pointerId);
    });
    button.addEventListener("pointermove", (/** @type {PointerEvent} */ e) => {
      e.stopPropagation();
      if (!dragging) return;
      const r = this.map.cells.canvas.getBoundingClientRect();
      drag(this.map.fractions([(e.clientX - r.left) / r.width, 1 - (e.clientY - r.top) / r.height]));
    });
    for (const kind of ["pointerup", "pointercancel"])
      button.addEventListener(kind, (/** @type {Event} */ e) => {
        e.stopPropagation();
        dragging = false;
      });
    button.addEventListener("keydown", (/** @type {KeyboardEvent} */ e) => {
      const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[e.key];
      if (e.key === "Delete" || e.key === "Backspace") this.tell.unpin(k);
      else if (move) {
        const { w, t } = this.map.box;
        const { x, y } = this.map.view;
        const by = e.shiftKey ? 24 : 4;
        const [fx, fy] = this.#fractions(this.#pins[k]);
        drag([fx + (by * move[0] * (x[1] - x[0])) / w, fy + (by * move[1] * (y[1] - y[0])) / t]);
      } else return;
      e.preventDefault();
      e.stopPropagation();
    });
    return button;
  }
}
