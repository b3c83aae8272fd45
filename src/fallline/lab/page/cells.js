/** The cells of the map as a picture: tiles in the colours of their values, and hatches over some outcomes. */

import { inks, isLight } from "./colour.js";
import { fit, h, news } from "./dom.js";
import { hatch } from "./hatches.js";
import { cover, finest } from "./tiles.js";

const PAINTING = 7; // milliseconds of a frame for colouring tiles
const ANY_LEVEL = 60; // deeper than any tile

/** A tile's place on the canvas, in its pixels. @typedef {{tile: import("./tiles.js").Tile, x: number, y: number, w: number, h: number}} Placed */

export class Cells {
  canvas = h("canvas", { class: "map-cells", "aria-hidden": "true" });
  /** Whether tiles are at hand that the next frames have yet to colour. */
  unfinished = false;
  /** A canvas to cut hatches out on. */
  #sheet = document.createElement("canvas");
  /** @type {any} */
  #theme = null;
  /** @type {any} */
  #ink = null;
  /** @type {Record<number, HTMLCanvasElement>} */
  #hatches = {};
  #other = news();

  /** What is drawn in place of the tiles while the player plays. @type {import("./film.js").Film|null} */
  film = null;

  /** @param {import("./tiles.js").Tiles} tiles */
  constructor(tiles) {
    this.tiles = tiles;
  }

  /** @param {any} theme */
  set theme(theme) {
    this.#theme = theme;
    this.#ink = inks(theme);
    this.#hatches = {};
  }

  /**
   * Draw what changed since the last time.
   * @param {import("./tiles.js").View} view
   * @param {import("./colour.js").Scale|null} scale
   * @param {number} width in CSS pixels
   * @param {number} height
   */
  draw(view, scale, width, height) {
    const other = this.#other(
      [view, width, height, devicePixelRatio, this.tiles.stamp, this.film?.stamp ?? 0],
      this.#theme,
      scale,
    );
    if (other || this.unfinished) this.#draw(view, scale, width, height);
  }

  /** @param {import("./tiles.js").View} view @param {import("./colour.js").Scale|null} scale @param {number} width @param {number} height */
  #draw(view, scale, width, height) {
    const c = fit(this.canvas, width, height);
    const ratio = this.canvas.width / width;
    c.setTransform(1, 0, 0, 1, 0, 0);
    c.imageSmoothingEnabled = false;
    c.fillStyle = this.#theme.faint;
    c.fillRect(0, 0, this.canvas.width, this.canvas.height);
    if (!scale) return;
    if (this.film?.filming) {
      for (const reel of this.film.pictures(this.#ink, this.tiles.version))
        c.drawImage(reel.picture, ...this.#place(reel, view));
      return;
    }
    const placed = this.#drawTiles(c, this.#visible(view, finest(view, width, height)), view, scale);
    if (scale.kind === "minima") return; // a colour for each minimum says enough
    for (const outcome of this.#ink.hatched) {
      if (placed.some(({ tile }) => tile.masks[outcome])) this.#hatch(c, placed, outcome, ratio);
    }
  }

  /** The tiles to draw: of the finest level that covers the view, and finer ones. @param {import("./tiles.js").View} view @param {number} level the finest wanted */
  #visible(view, level) {
    const { tiles } = this;
    if (tiles.stale) return tiles.within(view, ANY_LEVEL);
    let whole = level;
    while (whole > 0 && !cover(view, whole).every(([z, i, j]) => tiles.has(z, i, j))) whole--;
    return tiles.within(view, level).filter(({ z }) => z >= whole);
  }

  /** @param {CanvasRenderingContext2D} c @param {import("./tiles.js").Tile[]} tiles @param {import("./tiles.js").View} view @param {import("./colour.js").Scale} scale */
  #drawTiles(c, tiles, view, scale) {
    const until = performance.now() + PAINTING;
    this.unfinished = false;
    /** @type {Placed[]} */
    const placed = [];
    for (const tile of tiles) {
      const late = !(tile.picture && tile.version === this.tiles.version) && performance.now() > until;
      this.unfinished ||= late;
      const picture = late ? tile.picture : this.tiles.picture(tile, scale, this.#ink);
      if (!picture) continue;
      const [left, top, w, t] = this.#place(tile, view);
      c.drawImage(picture, left, top, w, t);
      placed.push({ tile, x: left, y: top, w, h: t });
    }
    return placed;
  }

  /** Left, top, width and height of a tile on the canvas, in its pixels. @param {{z: number, i: number, j: number}} tile @param {import("./tiles.js").View} view @returns {[number, number, number, number]} */
  #place({ z, i, j }, { x, y }) {
    const { width, height } = this.canvas;
    const across = (/** @type {number} */ f) => Math.round(((f - x[0]) / (x[1] - x[0])) * width);
    const down = (/** @type {number} */ f) => Math.round((1 - (f - y[0]) / (y[1] - y[0])) * height);
    const n = 2 ** z;
    const [left, right] = [across(i / n), across((i + 1) / n)];
    const [top, bottom] = [down((j + 1) / n), down(j / n)];
    return [left, top, right - left, bottom - top];
  }

  /** @param {CanvasRenderingContext2D} c @param {Placed[]} placed @param {number} outcome @param {number} ratio */
  #hatch(c, placed, outcome, ratio) {
    const { width, height } = this.canvas;
    const sheet = this.#sheet;
    if (sheet.width !== width || sheet.height !== height) [sheet.width, sheet.height] = [width, height];
    const m = /** @type {CanvasRenderingContext2D} */ (sheet.getContext("2d"));
    m.globalCompositeOperation = "source-over";
    m.imageSmoothingEnabled = false;
    m.clearRect(0, 0, width, height);
    for (const { tile, x, y, w, h: t } of placed) {
      m.clearRect(x, y, w, t);
      if (tile.masks[outcome]) m.drawImage(tile.masks[outcome], x, y, w, t);
    }
    const { hatch: pattern, colour } = this.#theme.outcomes[outcome];
    this.#hatches[outcome] ??= hatch(pattern, isLight(colour) ? "#14181f" : "#ffffff", ratio);
    m.globalCompositeOperation = "source-in";
    m.fillStyle = /** @type {CanvasPattern} */ (m.createPattern(this.#hatches[outcome], "repeat"));
    m.fillRect(0, 0, width, height);
    c.globalAlpha = 0.32;
    c.drawImage(sheet, 0, 0);
    c.globalAlpha = 1;
  }
}
