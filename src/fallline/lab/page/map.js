/** The map: the outcome of every run over two settings; it pans and zooms like a geographic map. */

import { Cells } from "./cells.js";
import { onFrame, still } from "./dom.js";
import { listen } from "./gestures.js";
import { valueAt } from "./numerals.js";
import { Overlay } from "./overlay.js";
import { Pins } from "./pins.js";
import { boxOf, fractionsAt, panned, panTo, partOf, placeIn, plotElements } from "./plot.js";
import { finest, held, NARROWEST, Tiles } from "./tiles.js";

/** @typedef {import("./tiles.js").View} View */
/** @typedef {{x: number, y: number, value: number, outcome: number, f: [number, number], cell: [number, number]}} Cell */

export class MapView {
  tiles = new Tiles();
  cells = new Cells(this.tiles);
  /** @type {View} */
  view = { x: [0, 1], y: [0, 1] };
  /** @type {import("./colour.js").Scale|null} */
  scale = null;
  /** @type {{x: number[], y: number[], name: string}[]} */
  curves = [];
  /** @type {any} */
  axes = null;
  /** @type {any} */
  #theme = null;
  /** @type {Cell|null} */
  #cell = null;
  /** @type {[number, number]|null} */
  #cursor = null;
  /** @type {[[number, number], [number, number]]|null} */
  #band = null;
  #flight = 0;
  /** Where the present flight ends. @type {View|null} */
  #goal = null;
  /** @type {[number, number]|null} */
  #pointed = null;
  #pins;
  /** @type {import("./plot.js").Box|null} */
  #box = null;

  /**
   * @param {{moved: (view: View, resting: boolean) => void, pin: (cell: Cell) => void, unpin: (k: number) => void,
   *   drag: (k: number, cell: Cell) => void, hover: (cell: Cell|null, byKey: boolean) => void, painted: () => void}} tell
   */
  constructor(tell) {
    this.tell = tell;
    this.over = new Overlay();
    this.#pins = new Pins(this, tell);
    const { plot, element } = plotElements(this.over.canvas, this.cells.canvas, this.#pins.element);
    this.plot = plot;
    this.element = element;
    this.draw = onFrame(() => this.#draw());
    this.#listen();
    new ResizeObserver(() => {
      this.#box = null;
      this.draw();
      this.tell.moved(this.view, true);
    }).observe(this.element);
  }

  /** In CSS pixels: width and height of the whole, place and size (w, t) of the plot. Cached, since reading it can force a layout. */
  get box() {
    if (this.#box?.w) return this.#box;
    this.#box = boxOf(this.element, this.plot);
    return this.#box;
  }

  /** Whether tiles are at hand that the next frames have yet to colour. */
  get unfinished() {
    return this.cells.unfinished;
  }

  /** Width and height of the plot. */
  get size() {
    return /** @type {[number, number]} */ ([this.box.w, this.box.t]);
  }

  /** @param {any} theme */
  set theme(theme) {
    this.#theme = theme;
    this.cells.theme = theme;
    this.tiles.repaint();
    this.draw();
  }

  /** @param {import("./colour.js").Scale} scale */
  recolour(scale) {
    this.scale = scale;
    this.tiles.repaint();
    this.draw();
  }

  /** @param {View} view @param {boolean} [smooth] */
  show(view, smooth = false) {
    cancelAnimationFrame(this.#flight);
    const target = /** @type {View} */ ({ x: held(view.x), y: held(view.y) });
    this.#goal = smooth ? target : null;
    if (!smooth || still()) return this.set(target, true);
    const from = this.view;
    const start = performance.now();
    const fly = (/** @type {number} */ now) => {
      const t = Math.min(1, (now - start) / 180);
      const e = 1 - (1 - t) ** 3;
      const between = (/** @type {"x"|"y"} */ k) =>
        /** @type {[number, number]} */ (
          t === 1 ? target[k] : [0, 1].map((n) => from[k][n] + (target[k][n] - from[k][n]) * e)
        );
      if (t === 1) this.#goal = null;
      this.set({ x: between("x"), y: between("y") }, t === 1);
      if (t < 1) this.#flight = requestAnimationFrame(fly);
    };
    this.#flight = requestAnimationFrame(fly);
  }

  /** @param {View} view @param {boolean} resting whether it stays there */
  set(view, resting) {
    this.view = view;
    // The whole map cannot be panned: there a finger scrolls the page.
    this.plot.style.touchAction = this.#canZoom(2) ? "none" : "pan-y";
    this.draw();
    this.tell.moved(view, resting);
  }

  /** Zoom about the middle or the cursor. @param {number} factor */
  zoom(factor) {
    this.#zoom(factor, this.#cursor ? this.placeOf(this.#cursor) : [0.5, 0.5], true);
  }

  /** Whether the whole map is in view. */
  get whole() {
    return !this.#canZoom(2);
  }

  home() {
    this.show({ x: [0, 1], y: [0, 1] }, true);
  }

  /** @param {number} factor @param {[number, number]} at @param {boolean} [smooth] */
  #zoom(factor, at, smooth = false) {
    const about = (/** @type {[number, number]} */ [a, b], /** @type {number} */ t) => {
      const width = Math.max(NARROWEST, Math.min(1, (b - a) * factor));
      const still_ = a + t * (b - a);
      return /** @type {[number, number]} */ ([still_ - t * width, still_ - t * width + width]);
    };
    const from = (smooth && this.#goal) || this.view; // a second click during a flight goes on from its end
    this.show({ x: about(from.x, at[0]), y: about(from.y, at[1]) }, smooth);
  }

  /** Whether a zoom by that factor would change the view. @param {number} factor */
  #canZoom(factor) {
    const { x, y } = this.view;
    const sides = [x[1] - x[0], y[1] - y[0]];
    return factor > 1 ? Math.min(...sides) < 1 - 1e-9 : Math.max(...sides) > NARROWEST * (1 + 1e-9);
  }

  /** Fractions of the base ranges at a place of the view. @param {[number, number]} at @returns {[number, number]} */
  fractions(at) {
    return fractionsAt(this.view, at);
  }

  /** @param {[number, number]} f @returns {[number, number]} */
  placeOf(f) {
    return placeIn(this.view, f);
  }

  /** The finest cell known at fractions of the base ranges. @param {[number, number]} f @returns {Cell|null} */
  cellAt(f) {
    if (!(f[0] >= 0 && f[0] < 1 && f[1] >= 0 && f[1] < 1) || this.tiles.stale) return null;
    for (let z = finest(this.view, ...this.size) + 1; z >= 0; z--) {
      const n = 2 ** z;
      const tile = this.tiles.get(z, Math.floor(f[0] * n), Math.floor(f[1] * n));
      if (!tile || tile.sketch) continue;
      const i = Math.floor((f[0] * n - tile.i) * 64);
      const j = Math.floor((f[1] * n - tile.j) * 64);
      const k = 64 * j + i;
      const middle = /** @type {[number, number]} */ ([(tile.i + (i + 0.5) / 64) / n, (tile.j + (j + 0.5) / 64) / n]);
      return {
        x: tile.x ? tile.x[i] : valueAt(this.axes.x, middle[0]),
        y: tile.y ? tile.y[j] : valueAt(this.axes.y, middle[1]),
        value: tile.values[k],
        outcome: tile.outcomes ? tile.outcomes[k] : -1,
        f: middle,
        cell: [1 / (64 * n), 1 / (64 * n)],
      };
    }
    return null;
  }

  /** Finer tiles came: look again which cell is under the pointer. */
  repoint() {
    if (!this.#pointed) return;
    this.#cell = this.cellAt(this.#pointed);
    if (this.#cell) this.tell.hover(this.#cell, false);
  }

  #listen() {
    const point = (/** @type {[number, number]|null} */ f, byKey = false) => {
      this.#pointed = f;
      this.#cell = f && this.cellAt(f);
      this.tell.hover(this.#cell, byKey);
      this.draw();
    };
    listen(this.plot, {
      box: () => this.cells.canvas.getBoundingClientRect(),
      pan: (dx, dy) => this.show(panned(this.view, dx, dy)),
      canZoom: (factor) => this.#canZoom(factor),
      zoom: (factor, at, smooth) =>
        this.#zoom(factor, this.#cursor && smooth ? this.placeOf(this.#cursor) : at, smooth),
      band: (rectangle) => {
        this.#band = rectangle;
        this.draw();
      },
      box_: (a, b) => {
        const part = partOf(this.view, a, b);
        if (part) this.show(part, true);
      },
      click: (at) => {
        const cell = this.cellAt(this.fractions(at));
        if (cell) this.tell.pin(cell);
      },
      hover: (at) => {
        if (at) this.#cursor = null;
        if (at || this.#cell) point(at && this.fractions(at));
      },
      home: () => this.home(),
      step: (dx, dy) => {
        const [w, t] = this.size;
        const { x, y } = this.view;
        const from = this.#cursor ?? this.fractions([0.5, 0.5]);
        const to = [from[0] + (dx * 8 * (x[1] - x[0])) / w, from[1] + (dy * 8 * (y[1] - y[0])) / t];
        this.#cursor = /** @type {[number, number]} */ (to.map((f) => Math.max(0, Math.min(1 - 1e-15, f))));
        const moved = panTo(this.view, this.#cursor);
        if (moved) this.show(moved);
        point(this.#cursor, true);
      },
      choose: () => {
        const cell = this.cellAt(this.#cursor ?? this.fractions([0.5, 0.5]));
        if (cell) this.tell.pin(cell);
      },
      leave: () => {
        if (!this.#cursor) return;
        this.#cursor = null;
        point(null);
      },
    });
  }

  /** @param {{x: number, y: number, label: string}[]} pins */
  pins(pins) {
    if (this.#pins.show(pins)) this.draw();
  }

  #draw() {
    if (!this.#theme || !this.axes || !this.element.isConnected) return;
    const { w, t } = this.box;
    if (w < 20 || t < 20) return;
    const { unfinished } = this;
    this.cells.draw(this.view, this.scale, w, t);
    if (this.unfinished) this.draw();
    if (this.unfinished !== unfinished) this.tell.painted();
    this.over.draw(this, this.#theme, { cell: this.#cell, cursor: this.#cursor, band: this.#band });
    this.#pins.place();
  }
}
