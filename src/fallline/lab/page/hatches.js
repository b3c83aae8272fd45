/** Hatches: marks that tell the outcomes of runs apart without colour. */

/** A pattern draws its marks on a square sheet that repeats. @typedef {(c: CanvasRenderingContext2D, side: number, scale: number) => void} Pattern */

/** @type {Record<string, Pattern>} */
const PATTERNS = {
  rows: (c, side) => line(c, 0, side / 2, side, side / 2),
  columns: (c, side) => line(c, side / 2, 0, side / 2, side),
  diagonals(c, side) {
    for (const d of [-side, 0, side]) line(c, d - 1, side + 1, d + side + 1, -1);
  },
  dots(c, side, scale) {
    for (const at of [0.25, 0.75]) c.rect(at * side - 0.8 * scale, at * side - 0.8 * scale, 1.6 * scale, 1.6 * scale);
    c.fill();
    c.beginPath(); // dots have no outline
  },
};

/**
 * A sheet of a pattern, to be repeated.
 * @param {string} name of the pattern, as the server gives it
 * @param {string} colour
 * @param {number} scale pixels of the screen for one of CSS
 */
export function hatch(name, colour, scale) {
  const canvas = document.createElement("canvas");
  const side = Math.round(8 * scale);
  canvas.width = canvas.height = side;
  const c = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  c.strokeStyle = c.fillStyle = colour;
  c.lineWidth = scale;
  c.beginPath();
  PATTERNS[name]?.(c, side, scale);
  c.stroke();
  return canvas;
}

/** @param {CanvasRenderingContext2D} c @param {number} x0 @param {number} y0 @param {number} x1 @param {number} y1 */
function line(c, x0, y0, x1, y1) {
  c.moveTo(x0, y0);
  c.lineTo(x1, y1);
}
