/** The equations of exactly this objective and optimizer: outlines for the eye, MathML for assistive technology. */

import { h, say } from "./dom.js";
import { PASSING } from "./runs.js";

const SVG = new Set(["svg", "g", "path", "rect", "line", "use", "symbol", "defs", "title", "polygon", "polyline"]);
const DRAWING = 6; // milliseconds of a frame for equations

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
          const run = numbered();
          const { step } = runView;
          const numbers = run ? [connection.stateId, pinned.foremost, run.x, run.y, step] : null;
          return [subjectOf(store.accepted), store.state.look.form, numbers];
        },
        content() {
          const run = numbered();
          const pin = pinned.foremost;
          const { step } = runView;
          view.waits(run ? `numbers of ${pin === PASSING ? "the run shown" : "run 1"} at step ${step}` : "");
          const at = run ? { pin, step, x: run.x, y: run.y } : { pin: null, step: null };
          return { form: store.state.look.form, numbers: Boolean(run), ...at };
        },
        answer: (content) => view.show(content),
      },
    ],
  };
}

/** What the equations are about. @param {any} state */
function subjectOf({ objective, optimizer, schedule, batch, data }) {
  return [objective, optimizer, schedule, batch, batch ? data : null];
}

class EquationsView {
  #shown = "";
  /** What the equations that are shown, or on their way, are about. */
  #subject = "";
  /** What the note says once the equations are here. */
  #told = "";
  #drawing = 0;

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
    const subject = JSON.stringify(subjectOf(accepted));
    if (subject !== this.#subject) this.waits(this.#told);
    this.#subject = subject;
  }

  /** Other equations come: those that are here are of before. @param {string} told what the note says then */
  waits(told) {
    this.#told = told;
    this.body.classList.add("old");
    say(this.note, "being written …");
  }

  /** @param {any} content */
  show(content) {
    say(this.note, this.#told);
    this.body.classList.remove("old");
    const key = JSON.stringify(content.blocks);
    if (key === this.#shown) return;
    this.#shown = key;
    const mark = ++count;
    const glyphs = clean(content.glyphs, "image/svg+xml", SVG, SVG_ATTRIBUTES, mark);
    glyphs?.setAttribute("class", "glyphs");
    glyphs?.setAttribute("aria-hidden", "true");
    this.#build(mark, glyphs, content.blocks, content.numbers);
  }

  /** Make the equations, some in each frame, and then show them all. @param {number} mark @param {Element|null} glyphs @param {any[]} blocks @param {boolean} numbers whether matrices need room */
  #build(mark, glyphs, blocks, numbers) {
    cancelAnimationFrame(this.#drawing);
    const groups = grouped(blocks).map(({ title, rows }) => ({
      grid: h("div", { class: "equations-grid" }),
      title,
      rows,
    }));
    const rows = groups.flatMap(({ grid, rows: own }) => own.map((row) => ({ grid, row })));
    let n = 0;
    const go = () => {
      const until = performance.now() + DRAWING;
      while (n < rows.length && performance.now() < until) {
        const { grid, row } = rows[n++];
        grid.append(...equation(row, mark));
      }
      if (n < rows.length) {
        this.#drawing = requestAnimationFrame(go);
        return;
      }
      const titled = groups.map(({ grid, title }) =>
        h("div", { class: "equation-block" }, title ? h("h3", {}, title) : null, grid),
      );
      this.body.classList.toggle("numbers", numbers);
      this.body.replaceChildren(...(glyphs ? [glyphs] : []), ...titled);
    };
    go();
  }
}

/** Equations that stand one after another under the same title, together. @param {any[]} blocks @returns {{title: string, rows: any[]}[]} */
function grouped(blocks) {
  /** @type {{title: string, rows: any[]}[]} */
  const groups = [];
  for (const { title, rows } of blocks) {
    if (groups.at(-1)?.title !== title) groups.push({ title, rows: [] });
    groups.at(-1)?.rows.push(...rows);
  }
  return groups;
}

/**
 * The two sides of an equation; the right one is in pieces, and goes on in the next line where there is no room.
 * @param {{left: any, right: any[], mathml: string, plain: string}} row
 * @param {number} mark of the glyphs
 */
function equation({ left, right, mathml, plain }, mark) {
  const maths = mathml ? clean(mathml, "application/xml", MATH, MATH_ATTRIBUTES, 0) : null;
  return [
    h("div", { class: "equation-left", "aria-hidden": "true" }, outline(left, mark)),
    h(
      "div",
      { class: "equation" },
      h("span", { "aria-hidden": "true" }, ...right.map((piece) => outline(piece, mark))),
      h("span", { class: "unseen" }, maths ?? plain),
    ),
  ];
}

/** @param {{svg: string, depth: number}} piece @param {number} mark */
function outline({ svg, depth }, mark) {
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
