/** The plot of a map: its elements, where they stand, and the part of the plane that is in view. */

import { h } from "./dom.js";

/** @typedef {[number, number]} Pair */
/** The part of the plane in view, in fractions of its ranges. @typedef {{x: Pair, y: Pair}} View */
/** In CSS pixels: width and height of the whole, place and size (w, t) of the plot. @typedef {{width: number, height: number, left: number, top: number, w: number, t: number}} Box */
/** What the overlay draws over. @typedef {{element: HTMLElement, box: Box, view: View, axes: any, curves: {x: number[], y: number[], name: string}[]}} Plotted */

/** A canvas for the axes, and within them the plot. @param {HTMLCanvasElement} over @param {Element[]} content of the plot */
export function plotElements(over, ...content) {
  const plot = h(
    "div",
    {
      class: "map-plot",
      tabindex: "0",
      role: "application",
      "aria-roledescription": "map",
      "aria-label": "Map of runs",
      "aria-describedby": "map-keys",
    },
    ...content,
  );
  return { plot, element: h("div", { class: "map" }, over, plot) };
}

/** @param {HTMLElement} element @param {HTMLElement} plot @returns {Box} */
export function boxOf(element, plot) {
  return {
    width: element.clientWidth,
    height: element.clientHeight,
    left: plot.offsetLeft,
    top: plot.offsetTop,
    w: plot.clientWidth,
    t: plot.clientHeight,
  };
}

/** Fractions of the plane at a place of the view. @param {View} view @param {Pair} at @returns {Pair} */
export function fractionsAt({ x, y }, [u, v]) {
  return [x[0] + u * (x[1] - x[0]), y[0] + v * (y[1] - y[0])];
}

/** The place in the view of fractions of the plane. @param {View} view @param {Pair} f @returns {Pair} */
export function placeIn({ x, y }, [fx, fy]) {
  return [(fx - x[0]) / (x[1] - x[0]), (fy - y[0]) / (y[1] - y[0])];
}

/** The view moved by fractions of itself. @param {View} view @param {number} dx @param {number} dy @returns {View} */
export function panned({ x, y }, dx, dy) {
  const moved = (/** @type {Pair} */ [a, b], /** @type {number} */ by) =>
    /** @type {Pair} */ ([a + by * (b - a), b + by * (b - a)]);
  return { x: moved(x, dx), y: moved(y, dy) };
}

/** The view moved by half of itself where a place lies outside of it. @param {View} view @param {Pair} f @returns {View|null} null if the place is in view */
export function panTo(view, f) {
  const by = placeIn(view, f).map((p) => (p < 0 ? -0.5 : p > 1 ? 0.5 : 0));
  return by[0] || by[1] ? panned(view, by[0], by[1]) : null;
}

/** The part of a view between two of its places; null if they are too near to each other. @param {View} view @param {Pair} a @param {Pair} b @returns {View|null} */
export function partOf(view, a, b) {
  if (Math.abs(a[0] - b[0]) <= 0.01 || Math.abs(a[1] - b[1]) <= 0.01) return null;
  const [p, q] = [fractionsAt(view, a), fractionsAt(view, b)];
  const side = (/** @type {number} */ k) => /** @type {Pair} */ ([Math.min(p[k], q[k]), Math.max(p[k], q[k])]);
  return { x: side(0), y: side(1) };
}
