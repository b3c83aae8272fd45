/** Small helpers for the document; the page needs no framework. */

/**
 * An element with attributes, listeners (`onclick`) and children. Attributes that are false or null are left out.
 * @param {string} tag
 * @param {Record<string, any>} [attributes]
 * @param {...(Node|string|null|undefined|false)} children
 * @returns {any}
 */
export function h(tag, attributes = {}, ...children) {
  const element = /** @type {any} */ (document.createElement(tag));
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "class") element.className = value;
    else if (name === "value" || name === "checked" || name === "disabled" || name === "selected")
      element[name] = value;
    else if (name === "hidden") element.hidden = Boolean(value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

const SVG = "http://www.w3.org/2000/svg";

/**
 * The same for SVG.
 * @param {string} tag
 * @param {Record<string, any>} [attributes]
 * @param {...(Node|string)} children
 * @returns {any}
 */
export function s(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.append(...children);
  return element;
}

/** Set an element's text if it differs: to set the same text again would cost a layout. @param {Element} element @param {string} text */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** An icon of one path on a 16 by 16 sheet. @param {string} path */
export function icon(path) {
  return s("svg", { viewBox: "0 0 16 16", class: "icon", "aria-hidden": "true" }, s("path", { d: path }));
}

export const ICONS = {
  play: "M4.5 2.8v10.4L13 8z",
  pause: "M4 3h3v10H4zM9 3h3v10H9z",
  back: "M10.5 3.5 5.5 8l5 4.5z",
  forward: "M5.5 3.5l5 4.5-5 4.5z",
  first: "M3.5 3.5h1.6v9H3.5zM12.5 3.5 6.5 8l6 4.5z",
  last: "M10.9 3.5h1.6v9h-1.6zM3.5 3.5l6 4.5-6 4.5z",
  plus: "M7.2 3h1.6v4.2H13v1.6H8.8V13H7.2V8.8H3V7.2h4.2z",
  minus: "M3 7.2h10v1.6H3z",
  home: "M2.5 2.5h4.2v1.6H4.1v2.6H2.5zM9.3 2.5h4.2v4.2h-1.6V4.1H9.3zM2.5 9.3h1.6v2.6h2.6v1.6H2.5zM11.9 9.3h1.6v4.2H9.3v-1.6h2.6z",
  dive: "M3 2.5 8 7l5-4.5v2.4L8 9.4 3 4.9zM3 7.3l5 4.5 5-4.5v2.4l-5 4.5-5-4.5z",
  close: "M4.2 3.1 8 6.9l3.8-3.8 1.1 1.1L9.1 8l3.8 3.8-1.1 1.1L8 9.1l-3.8 3.8-1.1-1.1L6.9 8 3.1 4.2z",
  link: "M6.6 9.9a2.6 2.6 0 0 1 0-3.7l2.3-2.3a2.6 2.6 0 0 1 3.7 3.7l-1 1-1-1 1-1a1.2 1.2 0 0 0-1.7-1.7L7.6 7.2a1.2 1.2 0 0 0 0 1.7zM9.4 6.1a2.6 2.6 0 0 1 0 3.7l-2.3 2.3a2.6 2.6 0 0 1-3.7-3.7l1-1 1 1-1 1a1.2 1.2 0 0 0 1.7 1.7l2.3-2.3a1.2 1.2 0 0 0 0-1.7z",
  save: "M7.2 2.5h1.6v5.7l2-2 1.1 1.1L8 11.2 4.1 7.3l1.1-1.1 2 2zM3 12h10v1.5H3z",
};

/**
 * A function that runs `work` once on the next frame, however often it is called before.
 * @param {() => void} work
 */
export function onFrame(work) {
  let asked = 0;
  return () => {
    if (!asked)
      asked = requestAnimationFrame(() => {
        asked = 0;
        work();
      });
  };
}

/**
 * A function that tells whether its arguments differ from the last call's: `plain` by content, `things` by identity.
 * A drawing is copied to the screen even if nothing changed, so views ask before they draw.
 */
export function news() {
  let last = "";
  /** @type {any[]} */
  let kept = [];
  return (/** @type {any} */ plain, /** @type {any[]} */ ...things) => {
    const text = JSON.stringify(plain);
    if (text === last && things.every((one, k) => one === kept[k])) return false;
    [last, kept] = [text, things];
    return true;
  };
}

/**
 * A function that runs `work` when it has not been called for some time.
 * @template {any[]} A
 * @param {number} wait milliseconds
 * @param {(...a: A) => void} work
 */
export function calm(wait, work) {
  let timer = 0;
  /** @param {A} a */
  const later = (...a) => {
    clearTimeout(timer);
    timer = setTimeout(() => work(...a), wait);
  };
  return later;
}

/**
 * A canvas with as many pixels as its place on the screen has; all drawing is in CSS pixels.
 * @param {HTMLCanvasElement} canvas
 * @param {number} width
 * @param {number} height
 */
export function fit(canvas, width, height) {
  const scale = Math.min(3, globalThis.devicePixelRatio || 1);
  const w = Math.max(1, Math.round(width * scale));
  const t = Math.max(1, Math.round(height * scale));
  if (canvas.width !== w || canvas.height !== t) {
    canvas.width = w;
    canvas.height = t;
  }
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.setTransform(scale, 0, 0, scale, 0, 0);
  return context;
}

/** Whether the reader asked for less motion. */
export const still = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
