/**
 * Equations in columns of about the same height, made a few in each frame. The browser's own columns would lay all of them out
 * several times, in one long task.
 */

import { h } from "./dom.js";
import { equation, glyphs, sizeOf } from "./formula.js";

const DRAWING = 5; // milliseconds of a frame for equations
const NARROW = 300; // pixels of a column, at least
const WIDE = 420; // the same where matrices need room
const GAP = 36; // between columns
const INDENT = 20; // of lines that go on
const TITLE = 26;
const BETWEEN = 2; // equations
const AFTER = 14; // a section

/** @typedef {{row: import("./formula.js").Row, cells: Element[]|null}} Equation with its elements, once they are made */
/** Equations under one title. @typedef {{title: string, equations: Equation[]}} Section */

export class EquationColumns {
  /** @type {Section[]} */
  #sections = [];
  #mark = 0;
  /** @type {Element|null} */
  #glyphs = null;
  #least = NARROW;
  /** How many columns there are. */
  #count = 0;
  /** @type {HTMLElement|null} */
  #sheet = null;
  #frame = 0;
  #done = () => {};

  constructor() {
    this.element = h("div", { class: "equation-list" });
    new ResizeObserver(() => this.#resized()).observe(this.element);
  }

  /**
   * Make equations, and then show them all in place of those that are here.
   * @param {{title: string, rows: import("./formula.js").Row[]}[]} blocks
   * @param {string} symbols the glyphs that they share, as a picture
   * @param {boolean} matrices whether they need room
   * @param {() => void} done called when they are here
   */
  show(blocks, symbols, matrices, done) {
    this.#mark += 1;
    this.#sections = sectionsOf(blocks);
    this.#glyphs = glyphs(symbols, this.#mark);
    this.#least = matrices ? WIDE : NARROW;
    this.#done = done;
    cancelAnimationFrame(this.#frame);
    const work = this.#made();
    const go = () => {
      const until = performance.now() + DRAWING;
      while (performance.now() < until) if (work.next().done) return;
      this.#frame = requestAnimationFrame(go);
    };
    go();
  }

  /** Other columns for another width, at once. */
  #resized() {
    if (!this.#sections.length || this.#columns().count === this.#count) return;
    cancelAnimationFrame(this.#frame);
    for (const _ of this.#made());
  }

  /** How many columns there is room for, and how wide they are. */
  #columns() {
    const style = getComputedStyle(this.element);
    const room = this.element.clientWidth - 2 * Number.parseFloat(style.paddingLeft);
    const count = Math.max(1, Math.floor((room + GAP) / (this.#least + GAP)));
    return { count, width: (room - (count - 1) * GAP) / count };
  }

  /** Make the equations, with a pause after each; at the end they are shown. */
  *#made() {
    const { count, width } = this.#columns();
    const sheet = h("div", { class: "equation-columns coming" }, this.#glyphs);
    for (const unfinished of this.element.querySelectorAll(":scope > .coming")) unfinished.remove();
    this.element.append(sheet);
    for (const sections of inColumns(this.#sections, count, width)) {
      const column = h("div", {});
      sheet.append(column);
      for (const { title, equations } of sections) {
        const grid = h("div", { class: "equations-grid" });
        column.append(h("div", { class: "equation-block" }, title ? h("h3", {}, title) : null, grid));
        for (const one of equations) {
          one.cells ??= equation(one.row, this.#mark);
          grid.append(...one.cells);
          yield;
        }
      }
    }
    this.#sheet?.remove();
    this.#sheet = sheet;
    this.#count = count;
    sheet.classList.remove("coming");
    this.#done();
  }
}

/** Equations that stand one after another under the same title, together. @param {{title: string, rows: import("./formula.js").Row[]}[]} blocks */
function sectionsOf(blocks) {
  /** @type {Section[]} */
  const sections = [];
  for (const { title, rows } of blocks) {
    if (sections.at(-1)?.title !== title) sections.push({ title, equations: [] });
    sections.at(-1)?.equations.push(...rows.map((row) => ({ row, cells: null })));
  }
  return sections;
}

/**
 * Sections in columns, one after another; a section may go on in the next column, without its title.
 * @param {Section[]} sections @param {number} count of columns @param {number} width of each
 * @returns {Section[][]}
 */
export function inColumns(sections, count, width) {
  const heights = sections.map((section) => heightsOf(section, width));
  const rest = TITLE + AFTER;
  const total = heights.reduce((sum, list) => sum + rest + list.reduce((a, b) => a + b, 0), 0);
  /** @type {Section[][]} */
  const columns = Array.from({ length: count }, () => []);
  let above = 0;
  let last = 0;
  sections.forEach(({ title, equations }, n) => {
    above += TITLE;
    /** @type {Section|null} */
    let part = null;
    equations.forEach((one, k) => {
      const middle = (above + heights[n][k] / 2) / total;
      const alone = k > 0 && (k === 1 || k === equations.length - 1); // one equation does not stand in a column by itself
      const column = alone ? last : Math.max(last, Math.min(count - 1, Math.floor(middle * count)));
      if (!part || column !== last) {
        part = { title: part ? "" : title, equations: [] };
        columns[column].push(part);
      }
      part.equations.push(one);
      last = column;
      above += heights[n][k];
    });
    above += AFTER;
  });
  return columns;
}

/** About how tall the equations of a section are. @param {Section} section @param {number} width of the column */
function heightsOf({ equations }, width) {
  const sizes = equations.map(({ row }) => ({ left: sizeOf(row.left), right: row.right.map(sizeOf) }));
  const room = width - INDENT - Math.max(0, ...sizes.map(({ left }) => left.width));
  return sizes.map(({ left, right }) => {
    let lines = 1;
    let used = 0;
    for (const piece of right) {
      if (used && used + piece.width > room) [lines, used] = [lines + 1, 0];
      used += piece.width;
    }
    return Math.max(left.height, lines * Math.max(...right.map((piece) => piece.height))) + BETWEEN;
  });
}
