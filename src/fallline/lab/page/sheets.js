/** Pictures that several cards draw, such as contours or samples: each is made once. */

import { fit } from "./dom.js";

const MOST = 4; // pictures kept

/** @typedef {{key: string, of: any, canvas: HTMLCanvasElement}} Sheet */

/** @type {Sheet[]} */
const kept = [];

/**
 * The picture of something in a size and in colours.
 * @param {any} of what it shows, by identity
 * @param {any[]} look what it depends on besides its size and the screen
 * @param {number} width
 * @param {number} height
 * @param {(context: CanvasRenderingContext2D) => void} draw
 * @returns {HTMLCanvasElement}
 */
export function sheet(of, look, width, height, draw) {
  const key = [width, height, devicePixelRatio, ...look].join();
  const known = kept.findIndex((one) => one.of === of && one.key === key);
  if (known >= 0) kept.unshift(...kept.splice(known, 1));
  else {
    const canvas = document.createElement("canvas");
    draw(fit(canvas, width, height));
    kept.unshift({ key, of, canvas });
    kept.length = Math.min(kept.length, MOST);
  }
  return kept[0].canvas;
}
