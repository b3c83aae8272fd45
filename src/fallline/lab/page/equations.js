/** The equations of exactly this objective and optimizer: outlines for the eye, MathML for assistive technology. */

import { h, say } from "./dom.js";
import { PASSING } from "./runs.js";

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

let count = 0;

/** @param {import("./app.js").Lab} lab @returns {import("./views.js").Entry} */
export function equations(lab) {
  const { connection, store, runs, runView, pinned } = lab;
  const view = new EquationsView({ changed: (key, value) => lab.look(key, value) });
  /** The run whose numbers are put in, if there is one. */
  const numbered = () => (store.state.look.numbers ? runs.results[pinned.foremost] : null);
  return {
    view,
    questions: [
      {
        kind: "equations",
        when: "seen",
        about() {
          const { objective, optimizer, schedule } = store.accepted;
          const run = numbered();
          const { step } = runView;
          const numbers = run ? [connection.stateId, pinned.foremost, run.x, run.y, step] : null;
          return [objective, optimizer, schedule, store.state.look.form, numbers];
        },
        content() {
          const run = numbered();
          const pin = pinned.foremost;
          const { step } = runView;
          say(view.note, run ? `numbers of ${pin === PASSING ? "the run shown" : "run 1"} at step ${step}` : "");
          const at = run ? { pin, step, x: run.x, y: run.y } : { pin: null, step: null };
          return { form: store.state.look.form, numbers: Boolean(run), ...at };
        },
        answer: (content) => view.show(content),
      },
    ],
  };
}

class EquationsView {
  #shown = "";

  /** @param {{changed: (key: string, value: any) => void}} tell */
  constructor(tell) {
    this.form = h(
      "select",
      { "aria-label": "Form of the equations", onchange: () => tell.changed("form", this.form.value) },
      h("option", { value: "matrix" }, "matrix form"),
      h("option", { value: "units" }, "unit by unit"),
    );
    this.numbers = h("input", { type: "checkbox", onchange: () => tell.changed("numbers", this.numbers.checked) });
    this.note = h("span", { class: "note" });
    this.body = h("div", { class: "equation-list" });
    this.element = h(
      "section",
      { class: "panel equations", "aria-labelledby": "equations-title" },
      h(
        "header",
        {},
        h("h2", { id: "equations-title" }, "Equations"),
        this.note,
        h("div", { class: "tools" }, this.form, h("label", { class: "check" }, this.numbers, "put the numbers in")),
      ),
      this.body,
    );
  }

  /** @param {import("./store.js").Store} store */
  accepted({ state, accepted }) {
    this.form.value = state.look.form;
    this.form.hidden = accepted.objective.kind !== "network";
    this.numbers.checked = state.look.numbers;
  }

  /** @param {any} content */
  show(content) {
    const key = JSON.stringify(content.blocks);
    if (key === this.#shown) return;
    this.#shown = key;
    this.body.replaceChildren(...grouped(content.blocks).map(block));
  }
}

/** Equations that stand one after another under the same title, together. @param {any[]} blocks @returns {{title: string, equations: any[]}[]} */
function grouped(blocks) {
  /** @type {{title: string, equations: any[]}[]} */
  const groups = [];
  for (const b of blocks) {
    if (groups.at(-1)?.title !== b.title) groups.push({ title: b.title, equations: [] });
    groups.at(-1)?.equations.push(b);
  }
  return groups;
}

/** @param {{title: string, equations: any[]}} group */
function block({ title, equations }) {
  return h("div", { class: "equation-block" }, title ? h("h3", {}, title) : null, ...equations.map(equation));
}

/** @param {{svg: string, mathml: string, plain: string}} e */
function equation({ svg, mathml, plain }) {
  const picture = clean(svg, "image/svg+xml", SVG, SVG_ATTRIBUTES, ++count);
  const maths = mathml ? clean(mathml, "application/xml", MATH, MATH_ATTRIBUTES, 0) : null;
  if (!picture) return h("div", { class: "equation" }, maths ?? plain);
  picture.setAttribute("aria-hidden", "true");
  picture.setAttribute("focusable", "false");
  return h("div", { class: "equation" }, picture, h("span", { class: "unseen" }, maths ?? plain));
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
