/** The gradient of a network drawn as a flow: connections by |∂L/∂w|, and the norm of each layer as a bar on a log scale. */

import { number } from "./numerals.js";

const DECADES = 3; // below the largest |∂L/∂w| of the step, down to which connections differ in width
const LEAST = 3; // decades that the bars span at least
const MOST = 12;

/** Height of the bars with their numbers. */
export const FLOW_FOOT = 46;

/** Shares from 0 to 1 of entries of a gradient: 1 for the largest, 0 for three decades less. @param {ArrayLike<number>} gradient */
export function shares(gradient) {
  let top = 0;
  for (let k = 0; k < gradient.length; k++)
    if (Number.isFinite(gradient[k])) top = Math.max(top, Math.abs(gradient[k]));
  return (/** @type {number} */ k) => {
    const size = Math.abs(gradient[k]);
    return size > 0 && top > 0 ? Math.max(0, Math.min(1, 1 + Math.log10(size / top) / DECADES)) : 0;
  };
}

/** The ends of the scale of the bars: powers of ten around the norms of all steps. @param {ArrayLike<number>} norms */
export function scaleOf(norms) {
  let low = Infinity;
  let high = 0;
  for (let k = 0; k < norms.length; k++) {
    if (!(norms[k] > 0 && norms[k] < Infinity)) continue;
    [low, high] = [Math.min(low, norms[k]), Math.max(high, norms[k])];
  }
  if (!high) return { low: 0, high: 1 };
  const top = Math.ceil(Math.log10(high) + 1e-9);
  return { low: Math.max(top - MOST, Math.min(top - LEAST, Math.floor(Math.log10(low)))), high: top };
}

/**
 * The bars, one between each two columns of units.
 * @param {CanvasRenderingContext2D} c @param {any} theme @param {import("./wiring.js").Wiring} wiring
 * @param {ArrayLike<number>} norms of the layers @param {{low: number, high: number}} scale
 */
export function drawBars(c, theme, { columns, floor }, norms, { low, high }) {
  const tall = FLOW_FOOT - 20;
  const base = floor + FLOW_FOOT - 4;
  c.textAlign = "center";
  c.textBaseline = "middle";
  for (let l = 0; l < norms.length; l++) {
    const x = (columns[l] + columns[l + 1]) / 2;
    const width = Math.min(26, 0.4 * (columns[l + 1] - columns[l]));
    c.fillStyle = theme.faint;
    c.fillRect(x - width / 2, base - tall, width, tall);
    const share = norms[l] > 0 ? Math.max(0.04, Math.min(1, (Math.log10(norms[l]) - low) / (high - low))) : 0;
    c.fillStyle = theme.ink;
    c.fillRect(x - width / 2, base - tall * share, width, tall * share);
    c.fillText(number(Number(norms[l].toPrecision(2))), x, base - tall - 9); // two digits: 270, 0.012, 1.2×10⁻⁵
  }
}
