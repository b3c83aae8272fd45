/** A map of picture tiles, z/x/y.png, that pans and zooms with axes around it. */

import { fit, h, onFrame } from "../../lab/page/dom.js";
import { listen } from "../../lab/page/gestures.js";
import { valueAt } from "../../lab/page/numerals.js";
import { Overlay } from "../../lab/page/overlay.js";
import { boxOf, fractionsAt, panned, panTo, partOf, placeIn, plotElements } from "../../lab/page/plot.js";

/** @typedef {{title: string, name: string, scale: "log"|"linear", low: number, high: number, values?: number[]}} TileAxis */
/** @typedef {{side: number, levels: number, columns: number, rows: number, x: TileAxis, y: TileAxis, live: boolean, measures?: string[], absent?: string[]}} Figure */
/** @typedef {import("../../lab/page/plot.js").Pair} Pair */

const MOST = 600; // pictures that are kept
const CLOSEST = 8; // cells in the narrowest view

/** The value of an axis at one of its `count` cells. @param {TileAxis} axis @param {number} cell @param {number} count */
export function valueOn(axis, cell, count) {
  return axis.values ? axis.values[cell] : valueAt(axis, (cell + 0.5) / count);
}

/** The nearest of `count` cells. @param {number} cell @param {number} count */
const within = (cell, count) => Math.max(0, Math.min(count - 1, cell));

export class TileMap {
  /** @type {import("../../lab/page/plot.js").View} */
  view = { x: [0, 1], y: [0, 1] };
  /** Lines of theory: tiles have none. @type {any[]} */
  curves = [];
  #folder = "";
  /** The cell that was chosen. @type {Pair|null} */
  #chosen = null;
  #mark = h("div", { class: "chosen-cell", hidden: true });
  /** Tiles that the folder does not have, nor any finer one there. @type {Set<string>} */
  #absent;
  /** By their names. @type {Map<string, HTMLImageElement>} */
  #pictures = new Map();
  /** @type {Pair|null} */
  #cell = null;
  #byKey = false;
  /** @type {[Pair, Pair]|null} */
  #band = null;
  #over = new Overlay();
  #canvas = h("canvas", { class: "map-cells" });

  /**
   * @param {Figure} figure
   * @param {{point: (cell: Pair|null, byKey: boolean) => void, choose?: (cell: Pair) => void}} tell
   */
  constructor(figure, tell) {
    this.figure = figure;
    this.tell = tell;
    this.axes = { x: figure.x, y: figure.y };
    this.#absent = new Set(figure.absent);
    const { plot, element } = plotElements(this.#over.canvas, this.#canvas, this.#mark);
    this.plot = plot;
    this.element = element;
    this.draw = onFrame(() => this.#draw());
    this.#listen();
    new ResizeObserver(() => this.draw()).observe(this.element);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  get box() {
    return boxOf(this.element, this.plot);
  }

  /** Where the tiles are, with a slash at its end; "" beside the page. @param {string} folder */
  set folder(folder) {
    this.#folder = folder;
    this.#pictures.clear();
    this.draw();
  }

  /** Zoom about the middle, or a place of the view. @param {number} factor @param {Pair} [at] */
  zoom(factor, at = [0.5, 0.5]) {
    const { columns, rows } = this.figure;
    const about = (/** @type {Pair} */ [a, b], /** @type {number} */ t, /** @type {number} */ count) => {
      const width = Math.max(Math.min(1, CLOSEST / count), Math.min(1, (b - a) * factor));
      const first = a + t * (b - a - width);
      return /** @type {Pair} */ ([first, first + width]);
    };
    this.show({ x: about(this.view.x, at[0], columns), y: about(this.view.y, at[1], rows) });
  }

  home() {
    this.show({ x: [0, 1], y: [0, 1] });
  }

  /** @param {import("../../lab/page/plot.js").View} view */
  show({ x, y }) {
    const inside = (/** @type {Pair} */ [a, b]) => {
      const first = Math.max(0, Math.min(1 - (b - a), a));
      return /** @type {Pair} */ ([first, first + b - a]);
    };
    this.view = { x: inside(x), y: inside(y) };
    this.plot.style.touchAction = this.#canZoom(2) ? "none" : "pan-y";
    this.draw();
  }

  /** @param {number} factor */
  #canZoom(factor) {
    const { columns, rows } = this.figure;
    const { x, y } = this.view;
    const [wide, high] = [(x[1] - x[0]) * columns, (y[1] - y[0]) * rows];
    return factor > 1 ? wide < columns - 1e-6 || high < rows - 1e-6 : Math.max(wide, high) > CLOSEST + 1e-6;
  }

  /** The cell at a place of the view. @param {Pair} at @returns {Pair} */
  #cellAt(at) {
    const { columns, rows } = this.figure;
    const [fx, fy] = fractionsAt(this.view, at);
    return [within(Math.floor(fx * columns), columns), within(Math.floor(fy * rows), rows)];
  }

  /** @param {Pair|null} cell @param {boolean} byKey */
  #point(cell, byKey) {
    this.#cell = cell;
    this.#byKey = byKey;
    this.tell.point(cell, byKey);
    this.draw();
  }

  /** @param {Pair} cell */
  #choose(cell) {
    if (!this.tell.choose) return;
    this.#chosen = cell;
    this.draw();
    this.tell.choose(cell);
  }

  #listen() {
    listen(this.plot, {
      box: () => this.#canvas.getBoundingClientRect(),
      pan: (dx, dy) => this.show(panned(this.view, dx, dy)),
      canZoom: (factor) => this.#canZoom(factor),
      zoom: (factor, at) => this.zoom(factor, at),
      band: (rectangle) => {
        this.#band = rectangle;
        this.draw();
      },
      box_: (a, b) => {
        const part = partOf(this.view, a, b);
        if (part) this.show(part);
      },
      click: (at) => {
        const cell = this.#cellAt(at);
        this.#point(cell, true);
        this.#choose(cell);
      },
      hover: (at) => this.#point(at && this.#cellAt(at), false),
      home: () => this.home(),
      step: (dx, dy) => {
        const { columns, rows } = this.figure;
        const { x, y } = this.view;
        const [i, j] = this.#cell ?? this.#cellAt([0.5, 0.5]);
        const by = (/** @type {Pair} */ [a, b], /** @type {number} */ n) => Math.max(1, Math.round(((b - a) * n) / 64));
        const cell = /** @type {Pair} */ ([
          within(i + dx * by(x, columns), columns),
          within(j + dy * by(y, rows), rows),
        ]);
        const moved = panTo(this.view, [(cell[0] + 0.5) / columns, (cell[1] + 0.5) / rows]);
        if (moved) this.show(moved);
        this.#point(cell, true);
      },
      choose: () => this.#choose(this.#cell ?? this.#cellAt([0.5, 0.5])),
      leave: () => this.#point(null, false),
    });
  }

  /** The picture of a tile, requested when it is first needed; null until it is there. @param {number} z @param {number} i @param {number} j */
  #picture(z, i, j) {
    for (let up = 0; this.#absent.size && up <= z; up++)
      if (this.#absent.has(`${z - up}/${i >> up}/${(2 ** z - 1 - j) >> up}`)) return null;
    const name = `${z}/${i}/${2 ** z - 1 - j}.png`;
    let picture = this.#pictures.get(name);
    if (!picture) {
      picture = new Image();
      picture.onload = () => this.draw();
      picture.src = this.#folder + name;
    } else this.#pictures.delete(name);
    this.#pictures.set(name, picture); // the last in the order of use
    const [oldest] = this.#pictures.keys();
    if (this.#pictures.size > MOST) this.#pictures.delete(oldest);
    return picture.complete && picture.naturalWidth ? picture : null;
  }

  #draw() {
    const { w, t } = this.box;
    if (w < 20 || t < 20) return;
    const { columns, rows, side, levels } = this.figure;
    const { x, y } = this.view;
    const c = fit(this.#canvas, w, t);
    c.clearRect(0, 0, w, t);
    c.imageSmoothingEnabled = false;
    const cells = Math.max(((x[1] - x[0]) * columns) / w, ((y[1] - y[0]) * rows) / t) / devicePixelRatio;
    const deepest = Math.max(0, Math.min(levels, levels - Math.floor(Math.log2(Math.max(cells, 1e-9)))));
    for (let z = 0; z <= deepest; z++) {
      if (z > 0 && z < deepest - 2) continue; // coarser pictures stand for those that are not there yet
      const wide = side * 2 ** (levels - z);
      const range = (/** @type {Pair} */ [a, b], /** @type {number} */ count) => [
        Math.floor((a * count) / wide),
        Math.min(Math.ceil(count / wide), Math.ceil((b * count) / wide)),
      ];
      const [left, right] = range(x, columns);
      const [low, high] = range(y, rows);
      for (let j = low; j < high; j++)
        for (let i = left; i < right; i++) {
          const picture = this.#picture(z, i, j);
          if (!picture) continue;
          const [u0, v0] = placeIn(this.view, [(i * wide) / columns, (j * wide) / rows]);
          const [u1, v1] = placeIn(this.view, [((i + 1) * wide) / columns, ((j + 1) * wide) / rows]);
          const [px, py] = [Math.round(u0 * w), Math.round((1 - v1) * t)];
          c.drawImage(picture, px, py, Math.round(u1 * w) - px, Math.round((1 - v0) * t) - py);
        }
    }
    const style = getComputedStyle(this.element);
    const theme = { ink: style.getPropertyValue("--ink"), muted: style.getPropertyValue("--muted") };
    const at = this.#cell;
    const f = /** @type {Pair} */ (at ? [(at[0] + 0.5) / columns, (at[1] + 0.5) / rows] : [0, 0]);
    if (this.#chosen) {
      const [i, j] = this.#chosen;
      const [u, v] = placeIn(this.view, [(i + 0.5) / columns, (j + 0.5) / rows]);
      this.#mark.hidden = u < 0 || u > 1 || v < 0 || v > 1;
      this.#mark.style.transform = `translate(${u * w}px, ${(1 - v) * t}px)`;
    }
    const cell = at && { f, cell: /** @type {Pair} */ ([1 / columns, 1 / rows]) };
    this.#over.draw(this, theme, { cell, cursor: this.#byKey && at ? f : null, band: this.#band });
  }
}
