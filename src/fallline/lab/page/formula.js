/** An equation as elements: outlines for the eye and MathML for assistive technology, or MathML for both. */

import { h } from "./dom.js";

const SVG = new Set(["svg", "g", "path", "rect", "line", "use", "symbol", "defs", "title", "polygon", "polyline"]);
const SVG_ATTRIBUTES = new Set([
  "viewBox",
  "width",
  "height",
  "d",
  "x",
  "y",
  "x1",
  "x2",
  "y1",
  "y2",
  "id",
  "href",
  "transform",
  "points",
  "fill",
  "stroke",
  "stroke-width",
  "preserveAspectRatio",
  "overflow",
]);
const MATH = /^(math|semantics|m[a-z]+)$/;
const MATH_ATTRIBUTES = new Set([
  "display",
  "displaystyle",
  "mathvariant",
  "stretchy",
  "columnalign",
  "fence",
  "form",
  "separator",
  "accent",
  "movablelimits",
  "scriptlevel",
  "linethickness",
]);

const LETTER = 9; // pixels of a letter of MathML, and of a line of a matrix or fraction
const LINE = 22;

/** A drawing, or MathML. @typedef {{svg: string, depth: number}|{math: string}} Piece */
/** An equation as the host wrote it; of drawings it has a text besides. @typedef {{left: Piece, right: Piece[], mathml?: string, plain?: string}} Row */

/** The glyphs that some equations share. @param {string} svg @param {number} mark of these equations */
export function glyphs(svg, mark) {
  const element = clean(svg, "image/svg+xml", SVG, SVG_ATTRIBUTES, mark);
  element?.setAttribute("class", "glyphs");
  element?.setAttribute("aria-hidden", "true");
  return element;
}

/**
 * The two sides of an equation; the right one is in pieces, and goes on in the next line where there is no room.
 * @param {Row} row
 * @param {number} mark of the glyphs
 */
export function equation({ left, right, mathml, plain }, mark) {
  if ("math" in left)
    return [
      h("div", { class: "equation-left" }, shown(left, mark)),
      h("div", { class: "equation" }, ...right.map((piece) => shown(piece, mark))),
    ];
  const maths = mathml ? math(mathml) : null;
  return [
    h("div", { class: "equation-left", "aria-hidden": "true" }, shown(left, mark)),
    h(
      "div",
      { class: "equation" },
      h("span", { "aria-hidden": "true" }, ...right.map((piece) => shown(piece, mark))),
      h("span", { class: "unseen" }, maths ?? plain),
    ),
  ];
}

/** Width and height of a piece in pixels: of MathML, about. @param {Piece} piece */
export function sizeOf(piece) {
  if ("math" in piece) {
    const lines = Math.max(1, piece.math.split("<mtr>").length - 1);
    const letters = piece.math.replace(/<[^>]*>|&#x\w+(?=;)/g, "").length;
    return { width: (LETTER * letters) / lines, height: LINE * (piece.math.includes("<mfrac>") ? 2 : lines) };
  }
  const [, width, height] = /width="([\d.]+)" height="([\d.]+)"/.exec(piece.svg) ?? ["", "0", "0"];
  return { width: Number(width), height: Number(height) };
}

/** @param {string} text */
const math = (text) => clean(text, "application/xml", MATH, MATH_ATTRIBUTES, 0);

/** @param {Piece} piece @param {number} mark */
function shown(piece, mark) {
  if ("math" in piece) return math(piece.math);
  const { svg, depth } = piece;
  const picture = /** @type {any} */ (clean(svg, "image/svg+xml", SVG, SVG_ATTRIBUTES, mark));
  picture?.setAttribute("focusable", "false");
  if (picture) picture.style.verticalAlign = `${-depth}px`; // on the base line of its neighbours
  return picture;
}

/**
 * Parse a picture or formula, and leave out every element and attribute that is not listed above.
 * @param {string} text
 * @param {DOMParserSupportedType} type
 * @param {Set<string>|RegExp} names
 * @param {Set<string>} attributes
 * @param {number} mark makes the names of glyphs this picture's own; 0 leaves them
 */
function clean(text, type, names, attributes, mark) {
  if (!text) return null;
  // A style attribute would be refused by the page's content policy, with a complaint, while it is read.
  const root = new DOMParser().parseFromString(text.replace(/ style="[^"]*"/g, ""), type).documentElement;
  if (root.querySelector("parsererror") || root.nodeName === "parsererror") return null;
  const ok = (/** @type {string} */ name) =>
    names instanceof RegExp ? names.test(name) && name !== "maction" : names.has(name);
  for (const element of [root, ...root.querySelectorAll("*")]) {
    if (!ok(element.localName)) {
      element.remove();
      continue;
    }
    for (const { name, value } of [...element.attributes]) {
      const short = name.replace("xlink:", "");
      if (name.startsWith("xmlns")) continue;
      if (!attributes.has(short) || (short === "href" && !value.startsWith("#"))) element.removeAttribute(name);
      else if (mark && short === "id") element.setAttribute("id", `e${mark}-${value}`);
      else if (mark && short === "href") {
        element.removeAttribute(name);
        element.setAttribute("href", `#e${mark}-${value.slice(1)}`);
      } else if ((short === "fill" || short === "stroke") && value !== "none")
        element.setAttribute(name, "currentColor");
    }
  }
  if (mark) root.setAttribute("fill", "currentColor");
  return /** @type {Element} */ (document.importNode(root, true));
}
