/** From values to colours: one ramp over all tiles of a map. */

import { hasValue } from "./outcomes.js";

/** @typedef {{background: string, ink: string, muted: string, faint: string, series: string[], heights: string[],
 *   values: string[], diverged: string[], outcomes: import("./outcomes.js").Outcome[]}} Theme */

/** "#rrggbb" as the 32 bits of a canvas pixel. @param {string} hex */
export function pixel(hex) {
  const [r, g, b] = rgb(hex);
  return ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0;
}

/** @param {string} hex @returns {[number, number, number]} */
export function rgb(hex) {
  const at = (/** @type {number} */ k) => parseInt(hex.slice(k, k + 2), 16);
  return [at(1), at(3), at(5)];
}

/** A mixture in sRGB, for tints. @param {string} a @param {string} b @param {number} share of b */
export function mix(a, b, share) {
  const [p, q] = [rgb(a), rgb(b)];
  return `#${p
    .map((v, k) =>
      Math.round(v + (q[k] - v) * share)
        .toString(16)
        .padStart(2, "0"),
    )
    .join("")}`;
}

/** Whether dark ink reads better than white on this colour. @param {string} hex */
export function isLight(hex) {
  const [r, g, b] = rgb(hex).map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.3;
}

/**
 * How a map's values become places on its ramp.
 * @typedef {{kind: "values"|"outcomes"|"minima"|"ranks", low: number, high: number, log: boolean, beyond: boolean, blank: boolean,
 *   down?: boolean, sorted?: Float64Array, away?: Float64Array}} Scale `blank`: whether failed runs have no value;
 *   `down`: whether high values are dark, because they are better
 */

const OUTLIERS = 0.98;
const OF_SIGNED = 5; // times the usual size that the ends of values of both signs may be, before they count as outliers

/**
 * The colour scale that suits some values: from the lowest to the highest, but a few outliers do not stretch it;
 * logarithmic where values are positive and span a factor of 20.
 * @param {import("./outcomes.js").Measure} measure
 * @param {ArrayLike<number>} values
 * @param {Uint8Array|undefined} places of the runs' outcomes
 * @param {import("./outcomes.js").Outcome[]} outcomes
 * @param {[number, number]|null} limits given by the reader
 * @returns {Scale}
 */
export function scaleOf(measure, values, places, outcomes, limits) {
  const { blank, kind } = measure;
  if (kind === "outcomes" || kind === "minima") return { kind, low: 0, high: 1, log: false, beyond: false, blank };
  const kept = [];
  for (let k = 0; k < values.length; k++)
    if (hasValue(measure, outcomes[places?.[k] ?? -1], values[k])) kept.push(values[k]);
  const sorted = Float64Array.from(kept).sort();
  if (kind === "ranks") {
    return {
      kind,
      low: 0,
      high: 1,
      log: false,
      beyond: false,
      blank,
      sorted: sorted.filter((v) => v <= 0),
      away: sorted.filter((v) => v > 0),
    };
  }
  let low = 0;
  let high = 1;
  let beyond = false;
  if (sorted.length) {
    low = sorted[0];
    high = sorted[sorted.length - 1];
    const most = sorted[Math.min(sorted.length - 1, Math.floor(OUTLIERS * (sorted.length - 1)))];
    const least = sorted[Math.ceil((1 - OUTLIERS) * (sorted.length - 1))];
    const usual = low >= 0 ? 20 * most : OF_SIGNED * Math.max(Math.abs(least), Math.abs(most));
    if (high > usual && most > low) [high, beyond] = [most, true];
    if (low < -usual && low < 0) low = least;
  }
  if (limits) [low, high] = limits;
  const log = measure.log ?? (low > 0 && high > 20 * low);
  if (high <= low) high = low + (Math.abs(low) || 1);
  return { kind, low, high, log: log && low > 0, beyond, blank, down: measure.better === "high" };
}

/** Place on the ramp, 0..1, clipped. @param {Scale} scale @param {number} v */
export function place(scale, v) {
  const t = scale.log
    ? Math.log(v / scale.low) / Math.log(scale.high / scale.low)
    : (v - scale.low) / (scale.high - scale.low);
  return Number.isNaN(t) ? 0 : Math.max(0, Math.min(1, t));
}

/** Values shown on a ramp at places 0..1. @param {Scale} scale @param {number} t */
export function valueAtPlace(scale, t) {
  return scale.log ? scale.low * (scale.high / scale.low) ** t : scale.low + (scale.high - scale.low) * t;
}

/** Share of sorted values below v. @param {Float64Array} sorted @param {number} v */
function rank(sorted, v) {
  let a = 0;
  let b = sorted.length;
  while (a < b) {
    const m = (a + b) >> 1;
    if (sorted[m] < v) a = m + 1;
    else b = m;
  }
  return sorted.length > 1 ? Math.min(1, a / (sorted.length - 1)) : 0;
}

/** A theme's ramps, and the colours of outcomes, as pixels; `lost` is for cells without a value. @param {Theme} theme */
export function inks(theme) {
  const failed = theme.outcomes.map((outcome) => outcome.failed);
  const outcomes = Uint32Array.from(theme.outcomes, ({ colour }) => pixel(colour));
  return {
    values: Uint32Array.from(theme.values, pixel),
    diverged: Uint32Array.from(theme.diverged, pixel),
    outcomes,
    minima: Uint32Array.from(theme.series, pixel),
    failed,
    hatched: theme.outcomes.flatMap((outcome, place) => (outcome.hatch ? [place] : [])),
    lost: outcomes[failed.indexOf(true)],
    faint: pixel(theme.faint),
  };
}

/**
 * Colours of a tile's cells, top row first as pictures have it (tiles come lowest row first).
 * @param {Uint32Array} pixels
 * @param {ArrayLike<number>} values
 * @param {Uint8Array|undefined} outcomes their places
 * @param {Scale} scale
 * @param {ReturnType<typeof inks>} ink
 * @param {number} side
 */
export function paint(pixels, values, outcomes, scale, ink, side) {
  const last = ink.values.length - 1;
  const factor = scale.log ? last / Math.log(scale.high / scale.low) : last / (scale.high - scale.low);
  for (let row = 0; row < side; row++) {
    let to = (side - 1 - row) * side;
    for (let k = row * side; k < (row + 1) * side; k++, to++) {
      const v = values[k];
      const outcome = outcomes ? outcomes[k] : 0;
      if (scale.kind === "outcomes") pixels[to] = ink.outcomes[outcome] ?? ink.lost;
      else if (scale.kind === "minima") pixels[to] = v >= 0 ? ink.minima[v % ink.minima.length] : ink.faint;
      else if (scale.kind === "ranks") {
        const away = v > 0 || !Number.isFinite(v);
        const ramp = away ? ink.diverged : ink.values;
        const share = rank(/** @type {any} */ (away ? scale.away : scale.sorted), v);
        pixels[to] = ramp[Math.floor((ramp.length - 1) * (1 - share))]; // high is better: faster, or lost later
      } else if (scale.blank && ink.failed[outcome]) pixels[to] = ink.outcomes[outcome];
      else if (!Number.isFinite(v)) pixels[to] = scale.blank ? ink.lost : ink.faint;
      else {
        const t = factor * (scale.log ? Math.log(v / scale.low) : v - scale.low);
        const shade = t <= 0 || Number.isNaN(t) ? 0 : t >= last ? last : Math.round(t);
        pixels[to] = ink.values[scale.down ? last - shade : shade];
      }
    }
  }
}
