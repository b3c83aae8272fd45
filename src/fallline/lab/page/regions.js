/** What a network answers over its two inputs at one step, with the data on top. */

import { mix, pixel } from "./colour.js";
import { fit, h } from "./dom.js";
import { sheet } from "./sheets.js";

/** @typedef {{points: Float64Array, classes: ArrayLike<number>|null, names: string[], window: number[], values: boolean, test: number}} Data the last `test` points are for the test */

export class RegionView {
  #sheet = document.createElement("canvas");
  #inked = "";
  #tints = new Uint32Array(256);

  constructor() {
    this.canvas = h("canvas", { class: "regions", role: "img", "aria-label": "Decision regions and data" });
  }

  /**
   * @param {any} theme
   * @param {Data|null} data
   * @param {{regions: Uint8Array, side: number, window: number[], scale: number[]|null}|null} frame
   */
  draw(theme, data, frame) {
    const side = this.canvas.clientWidth;
    const tall = this.canvas.clientHeight;
    if (!side) return;
    const c = fit(this.canvas, side, tall);
    c.fillStyle = theme.background;
    c.fillRect(0, 0, side, tall);
    if (frame) {
      this.#ink(theme, frame.scale !== null);
      this.#regions(frame);
      c.imageSmoothingEnabled = true;
      c.imageSmoothingQuality = "high";
      c.drawImage(this.#sheet, 0, 0, side, tall);
    }
    if (!data) return;
    const window = frame?.window ?? data.window;
    const dots = sheet(data, [theme.background, ...window], side, tall, (context) =>
      drawDots(context, theme, data, window, side, tall),
    );
    c.drawImage(dots, 0, 0, side, tall);
  }

  /** @param {any} theme @param {boolean} values */
  #ink(theme, values) {
    const key = `${theme.background} ${values}`;
    if (key === this.#inked) return;
    this.#inked = key;
    for (let k = 0; k < 256; k++) {
      const ramp = theme.values[Math.round((k / 255) * (theme.values.length - 1))];
      this.#tints[k] = pixel(
        mix(theme.background, values ? ramp : theme.series[k % theme.series.length], values ? 0.75 : 0.3),
      );
    }
  }

  /** @param {{regions: Uint8Array, side: number}} frame */
  #regions({ regions, side }) {
    if (this.#sheet.width !== side) this.#sheet.width = this.#sheet.height = side;
    const context = /** @type {CanvasRenderingContext2D} */ (this.#sheet.getContext("2d"));
    const image = context.createImageData(side, side);
    const pixels = new Uint32Array(image.data.buffer);
    for (let row = 0, k = 0; row < side; row++) {
      const to = (side - 1 - row) * side;
      for (let column = 0; column < side; column++, k++) pixels[to + column] = this.#tints[regions[k]];
    }
    context.putImageData(image, 0, 0);
  }
}

/**
 * The samples, in the colours and shapes of their classes.
 * @param {CanvasRenderingContext2D} c @param {any} theme @param {Data} data @param {number[]} window @param {number} side @param {number} tall
 */
function drawDots(c, theme, { points, classes, values, test }, [x0, x1, y0, y1], side, tall) {
  const count = points.length / 2;
  const radius = Math.max(1.6, Math.min(3.4, (side / 220) * (count > 400 ? 2 : 2.8)));
  c.lineWidth = 1;
  c.strokeStyle = theme.background;
  let low = Infinity;
  let high = -Infinity;
  if (values && classes)
    for (let k = 0; k < count; k++) [low, high] = [Math.min(low, classes[k]), Math.max(high, classes[k])];
  for (let k = 0; k < count; k++) {
    const px = ((points[2 * k] - x0) / (x1 - x0)) * side;
    const py = (1 - (points[2 * k + 1] - y0) / (y1 - y0)) * tall;
    const kind = classes ? classes[k] : 0;
    c.fillStyle = values
      ? theme.values[Math.round(((kind - low) / (high - low || 1)) * (theme.values.length - 1))]
      : theme.series[kind % theme.series.length];
    shape(c, values ? 0 : kind, px, py, radius);
    if (k < count - test) {
      c.fill();
      c.stroke();
    } else hollow(c, c.fillStyle, theme.background);
  }
}

/** A sample for the test: an outline in its colour. @param {CanvasRenderingContext2D} c @param {any} colour @param {string} background */
function hollow(c, colour, background) {
  c.fillStyle = background;
  c.fill();
  c.strokeStyle = colour;
  c.lineWidth = 1.4;
  c.stroke();
  c.strokeStyle = background;
  c.lineWidth = 1;
}

/**
 * A circle, square, diamond or triangle: classes differ without their colours.
 * @param {CanvasRenderingContext2D} c @param {number} kind @param {number} x @param {number} y @param {number} r
 */
export function shape(c, kind, x, y, r) {
  c.beginPath();
  if (kind % 4 === 0) c.arc(x, y, r, 0, 7);
  else if (kind % 4 === 1) c.rect(x - 0.9 * r, y - 0.9 * r, 1.8 * r, 1.8 * r);
  else if (kind % 4 === 2)
    polygon(
      c,
      [
        [0, -1.3],
        [1.3, 0],
        [0, 1.3],
        [-1.3, 0],
      ],
      x,
      y,
      r,
    );
  else
    polygon(
      c,
      [
        [0, -1.3],
        [1.2, 0.95],
        [-1.2, 0.95],
      ],
      x,
      y,
      r,
    );
}

/** @param {CanvasRenderingContext2D} c @param {number[][]} corners @param {number} x @param {number} y @param {number} r */
function polygon(c, corners, x, y, r) {
  for (const [u, v] of corners) c.lineTo(x + u * r, y + v * r);
  c.closePath();
}
