/** The map's tiles: which a view needs, which are there, and their colours. */

import { paint } from "./colour.js";

export const SIDE = 64;
/** The width of the narrowest view. */
export const NARROWEST = 2 ** -36;
const DEEPEST = 40;
const MOST = 1600; // tiles kept
const MOST_RECTANGLES = 300; // a path of more takes longer to fill than pixels

/**
 * @typedef {{z: number, i: number, j: number, values: any, outcomes: Uint8Array|undefined, x: Float64Array|undefined,
 *   y: Float64Array|undefined, steps: any, sketch?: boolean, picture: HTMLCanvasElement|null, masks: Record<number, Path2D|HTMLCanvasElement>,
 *   version: number, used: number}} Tile
 */
/** @typedef {import("./plot.js").View} View */

/** The name of a tile's place. @param {number[]} place level, column, row */
export const nameOf = (place) => place.join("/");

export class Tiles {
  /** @type {Map<string, Tile>} */
  #kept = new Map();
  #clock = 0;
  version = 0;
  /** Changes whenever tiles or colours change. */
  stamp = 0;
  /** Whether the tiles belong to an older state and stay only until the first of the newer. */
  stale = false;

  /** There is a newer state: keep the older tiles on the screen until the first new tile comes. */
  outdate() {
    this.stale = true;
  }

  clear() {
    this.#kept.clear();
    this.stamp += 1;
    this.stale = false;
  }

  /** Colour every tile again when it is next drawn. */
  repaint() {
    this.version += 1;
    this.stamp += 1;
  }

  /** @param {number} z @param {number} i @param {number} j */
  has(z, i, j) {
    const tile = this.#kept.get(nameOf([z, i, j]));
    return !this.stale && tile !== undefined && !tile.sketch;
  }

  /** @param {number} z @param {number} i @param {number} j */
  get(z, i, j) {
    return this.#kept.get(nameOf([z, i, j]));
  }

  get count() {
    return this.stale ? 0 : this.#kept.size;
  }

  /** @param {Omit<Tile, "picture"|"masks"|"version"|"used">} tile */
  add(tile) {
    if (this.stale) this.clear();
    this.stamp += 1;
    this.#kept.set(nameOf([tile.z, tile.i, tile.j]), {
      ...tile,
      picture: null,
      masks: {},
      version: -1,
      used: ++this.#clock,
    });
    if (this.#kept.size > MOST) {
      const oldest = [...this.#kept.entries()].filter(([, t]) => t.z > 0).sort((a, b) => a[1].used - b[1].used);
      for (const [key] of oldest.slice(0, MOST / 8)) this.#kept.delete(key);
    }
  }

  /**
   * Tiles at hand that lie in the view, coarse first, to the given level.
   * @param {View} view
   * @param {number} deepest
   * @returns {Tile[]}
   */
  within(view, deepest) {
    const found = [];
    for (const tile of this.#kept.values()) {
      const n = 2 ** tile.z;
      if (tile.z > deepest) continue;
      if (
        tile.i + 1 <= view.x[0] * n ||
        tile.i >= view.x[1] * n ||
        tile.j + 1 <= view.y[0] * n ||
        tile.j >= view.y[1] * n
      )
        continue;
      found.push(tile);
    }
    return found.sort((a, b) => a.z - b.z);
  }

  /**
   * A tile's colours, made when they are first drawn.
   * @param {Tile} tile
   * @param {import("./colour.js").Scale} scale
   * @param {ReturnType<typeof import("./colour.js").inks>} ink
   */
  picture(tile, scale, ink) {
    tile.used = ++this.#clock;
    if (tile.picture && tile.version === this.version) return tile.picture;
    tile.picture ??= blank();
    colour(tile.picture, tile.values, tile.outcomes, scale, ink);
    if (tile.version < 0) tile.masks = masks(tile.outcomes, ink.hatched);
    tile.version = this.version;
    return tile.picture;
  }
}

/** A picture with a pixel for each cell of a tile. */
export function blank() {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = SIDE;
  return canvas;
}

/**
 * Give the pixels of a tile's picture the colours of its values.
 * @param {HTMLCanvasElement} picture
 * @param {ArrayLike<number>} values
 * @param {Uint8Array|undefined} outcomes their places
 * @param {import("./colour.js").Scale} scale
 * @param {ReturnType<typeof import("./colour.js").inks>} ink
 */
export function colour(picture, values, outcomes, scale, ink) {
  const context = /** @type {CanvasRenderingContext2D} */ (picture.getContext("2d"));
  const image = context.createImageData(SIDE, SIDE);
  paint(new Uint32Array(image.data.buffer), values, outcomes, scale, ink, SIDE);
  context.putImageData(image, 0, 0);
}

/**
 * Where each hatched outcome lies: a path of rectangles in cells from the top left; opaque pixels where they would be many.
 * @param {Uint8Array|undefined} outcomes
 * @param {number[]} hatched
 */
function masks(outcomes, hatched) {
  /** @type {Record<number, Path2D|HTMLCanvasElement>} */
  const found = {};
  if (!outcomes) return found;
  for (const outcome of hatched) {
    if (!outcomes.includes(outcome)) continue;
    const parts = rectangles(outcomes, outcome);
    found[outcome] = parts.length > MOST_RECTANGLES ? pixelsOf(outcomes, outcome) : pathOf(parts);
  }
  return found;
}

/** The cells of an outcome as rectangles [column, row, width, height], row 0 at the top. @param {Uint8Array} outcomes @param {number} outcome */
function rectangles(outcomes, outcome) {
  /** @type {number[][]} */
  const all = [];
  /** Those that reach down to the row before, by where they begin and end. @type {Map<number, number[]>} */
  let above = new Map();
  for (let row = 0; row < SIDE; row++) {
    const first = (SIDE - 1 - row) * SIDE;
    const here = new Map();
    for (let from = 0; from < SIDE; from++) {
      if (outcomes[first + from] !== outcome) continue;
      let to = from + 1;
      while (to < SIDE && outcomes[first + to] === outcome) to++;
      const key = from * (SIDE + 1) + to;
      const rectangle = above.get(key) ?? [from, row, to - from, 0];
      if (!rectangle[3]++) all.push(rectangle);
      here.set(key, rectangle);
      from = to;
    }
    above = here;
  }
  return all;
}

/** @param {number[][]} rectangles */
function pathOf(rectangles) {
  const path = new Path2D();
  for (const [x, y, w, h] of rectangles) path.rect(x, y, w, h);
  return path;
}

/** @param {Uint8Array} outcomes @param {number} outcome */
function pixelsOf(outcomes, outcome) {
  const canvas = blank();
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const image = context.createImageData(SIDE, SIDE);
  const pixels = new Uint32Array(image.data.buffer);
  for (let row = 0, k = 0; row < SIDE; row++) {
    for (let to = (SIDE - 1 - row) * SIDE, end = to + SIDE; to < end; to++, k++)
      if (outcomes[k] === outcome) pixels[to] = 0xff000000;
  }
  context.putImageData(image, 0, 0);
  return canvas;
}

/**
 * The level at which a view has about one cell to a pixel.
 * @param {View} view
 * @param {number} width of the view in pixels
 * @param {number} height
 */
export function finest(view, width, height) {
  const wanted = Math.max(width / (view.x[1] - view.x[0]), height / (view.y[1] - view.y[0])) / SIDE;
  return Math.max(0, Math.min(DEEPEST, Math.ceil(Math.log2(wanted / 1.5))));
}

/** The finest level at which few tiles cover the view. @param {View} view */
export function coarsest(view) {
  const wide = Math.max(view.x[1] - view.x[0], view.y[1] - view.y[0]);
  return Math.max(0, Math.min(DEEPEST, Math.floor(-Math.log2(wide) + 1e-9)));
}

/**
 * Tiles of a level that cover the view, nearest to a point first.
 * @param {View} view
 * @param {number} z
 * @param {[number, number]} [near]
 * @returns {[number, number, number][]}
 */
export function cover(view, z, near = [(view.x[0] + view.x[1]) / 2, (view.y[0] + view.y[1]) / 2]) {
  const n = 2 ** z;
  const from = (/** @type {number} */ f) => Math.max(0, Math.min(n - 1, Math.floor(f * n)));
  const to = (/** @type {number} */ f) => Math.max(0, Math.min(n - 1, Math.ceil(f * n) - 1));
  /** @type {[number, number, number][]} */
  const list = [];
  for (let j = from(view.y[0]); j <= to(view.y[1]); j++)
    for (let i = from(view.x[0]); i <= to(view.x[1]); i++) list.push([z, i, j]);
  const far = (/** @type {[number, number, number]} */ [, i, j]) =>
    ((i + 0.5) / n - near[0]) ** 2 + ((j + 0.5) / n - near[1]) ** 2;
  return list.sort((a, b) => far(a) - far(b));
}

/**
 * All tiles wished for a view, in order: the whole map (its colours hold everywhere), few coarse ones, then finer.
 * @param {View} view
 * @param {number} width
 * @param {number} height
 * @param {[number, number]} [near]
 */
export function wishes(view, width, height, near) {
  const coarse = coarsest(view);
  const fine = finest(view, width, height);
  const levels = [...new Set([coarse, ...(fine - coarse > 2 ? [coarse + 2] : []), fine])];
  const list = coarse === 0 ? [] : [/** @type {[number, number, number]} */ ([0, 0, 0])];
  return list.concat(...levels.map((z) => cover(view, z, near)));
}

/** A window, moved so that it lies in the map. @param {[number, number]} window @returns {[number, number]} */
export function held([a, b]) {
  const width = Math.min(1, b - a);
  const low = Math.max(0, Math.min(1 - width, a));
  return [low, low === a ? Math.min(1, b) : low + width];
}
