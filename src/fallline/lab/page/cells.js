/** The cells of the map as a picture: tiles in the colours of their values, and hatches over some outcomes. */

import { inks, isLight } from "./colour.js";
import { fit, h, news } from "./dom.js";
import { hatch } from "./hatches.js";
import { cover, finest, SIDE } from "./tiles.js";

const PAINTING = 7; // milliseconds of a frame for colouring tiles
const ANY_LEVEL = 60; // deeper than any tile
const FAINT = 0.32; // opacity of the lines over outcomes

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
  /** @type {Record<number, CanvasPattern>} */
  #hatches = {};
  /** Pixels of the canvas for one of CSS. */
  #ratio = 1;
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
    if (ratio !== this.#ratio) [this.#ratio, this.#hatches] = [ratio, {}];
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
      if (placed.some(({ tile }) => isPixels(tile.masks[outcome]))) this.#hatch(c, placed, outcome);
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
      const place = { tile, x: left, y: top, w, h: t };
      for (const outcome of this.#ink.hatched) this.#fill(c, place, outcome);
      placed.push(place);
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

  /** @param {CanvasRenderingContext2D} c @param {Placed[]} placed @param {number} outcome */
  #hatch(c, placed, outcome) {
    const { width, height } = this.canvas;
    const sheet = this.#sheet;
    if (sheet.width !== width || sheet.height !== height) [sheet.width, sheet.height] = [width, height];
    const m = /** @type {CanvasRenderingContext2D} */ (sheet.getContext("2d"));
    m.globalCompositeOperation = "source-over";
    m.imageSmoothingEnabled = false;
    m.clearRect(0, 0, width, height);
    for (const { tile, x, y, w, h: t } of placed) {
      m.clearRect(x, y, w, t);
      const mask = tile.masks[outcome];
      if (isPixels(mask)) m.drawImage(mask, x, y, w, t);
    }
    m.globalCompositeOperation = "source-in";
    m.fillStyle = this.#pattern(outcome);
    m.fillRect(0, 0, width, height);
    c.globalAlpha = FAINT;
    c.drawImage(sheet, 0, 0);
    c.globalAlpha = 1;
  }

  /** Hatch the cells of an outcome in one tile, if they are few rectangles. @param {CanvasRenderingContext2D} c @param {Placed} place @param {number} outcome */
  #fill(c, { tile, x, y, w, h: t }, outcome) {
    const mask = tile.masks[outcome];
    if (!mask || isPixels(mask)) return;
    const pattern = this.#pattern(outcome);
    const cells = new DOMMatrix([w / SIDE, 0, 0, t / SIDE, x, y]);
    pattern.setTransform(cells.inverse()); // its lines stay where they are on the screen
    c.save();
    c.setTransform(cells);
    c.globalAlpha = FAINT;
    c.fillStyle = pattern;
    c.fill(mask);
    c.restore();
    pattern.setTransform(new DOMMatrix());
  }

  /** The lines over the cells of an outcome. @param {number} outcome @returns {CanvasPattern} */
  #pattern(outcome) {
    const { hatch: lines, colour } = this.#theme.outcomes[outcome];
    this.#hatches[outcome] ??= patternOf(hatch(lines, isLight(colour) ? "#14181f" : "#ffffff", this.#ratio));
    return this.#hatches[outcome];
  }
}

/** @param {Path2D|HTMLCanvasElement|undefined} mask @returns {mask is HTMLCanvasElement} */
const isPixels = (mask) => mask instanceof HTMLCanvasElement;

/** @param {HTMLCanvasElement} picture */
const patternOf = (picture) => {
  const context = /** @type {CanvasRenderingContext2D} */ (picture.getContext("2d"));
  return /** @type {CanvasPattern} */ (context.createPattern(picture, "repeat"));
};
