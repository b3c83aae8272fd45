/** The page of a map's picture tiles: the map with its tools, and the values of the axes under the pointer. */

import { h, ICONS, icon, say } from "../../lab/page/dom.js";
import { number } from "../../lab/page/numerals.js";
import { TileMap, valueOn } from "./tilemap.js";

/** @typedef {import("./tilemap.js").Figure} Figure */
/** @typedef {import("./tilemap.js").Pair} Pair */

const KEYS =
  "Arrow keys move a cursor over the cells. Plus and minus zoom, Shift with arrows pans, Home shows the whole map.";

/** What the page's document says of its map. @returns {Figure} */
export function figureOfPage() {
  return JSON.parse(/** @type {HTMLElement} */ (document.getElementById("figure")).textContent ?? "");
}

export class TilePage {
  #readout = h("p", { class: "readout" }, "Scroll or pinch to zoom, drag to pan.");
  #spoken = h("p", { class: "unseen", "aria-live": "polite" });
  /** The cell that the page reads, and what it says of its place. @type {{cell: Pair|null, text: string, byKey: boolean}} */
  #read = { cell: null, text: "", byKey: false };

  /**
   * @param {Figure} figure
   * @param {object} [more]
   * @param {Element[]} [more.tools] beside the title
   * @param {string} [more.keys] what else keys do
   * @param {(cell: Pair|null) => void} [more.read] the cell under the pointer or the cursor
   * @param {(cell: Pair) => void} [more.choose] a cell is chosen by a click or by Enter
   */
  constructor(figure, { tools = [], keys = "", read = () => {}, choose } = {}) {
    this.figure = figure;
    const root = /** @type {HTMLElement} */ (document.getElementById("map"));
    this.root = root;
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const dress = () => {
      root.dataset.theme = dark.matches ? "dark" : "light";
    };
    dress();
    dark.addEventListener("change", dress);
    const whole = `${figure.columns.toLocaleString("en")} by ${figure.rows.toLocaleString("en")} cells`;
    this.map = new TileMap(figure, {
      point: (cell, byKey) => {
        const text = cell ? `${this.place(cell)}; column ${cell[0]}, row ${cell[1]}` : whole;
        this.#read = { cell, text, byKey };
        this.#say(text);
        read(cell);
      },
      choose,
    });
    const button = (/** @type {string} */ name, /** @type {string} */ path, /** @type {() => void} */ act) =>
      h("button", { type: "button", "aria-label": name, title: name, onclick: act }, icon(path));
    root.append(
      h(
        "section",
        { class: "panel map-panel", "aria-label": "Map" },
        h(
          "header",
          {},
          h("h1", {}, document.title.replace(" · fallline", "")),
          h(
            "div",
            { class: "tools" },
            ...tools,
            h(
              "div",
              { class: "zoom", role: "group", "aria-label": "Zoom" },
              button("Zoom in", ICONS.plus, () => this.map.zoom(0.5)),
              button("Zoom out", ICONS.minus, () => this.map.zoom(2)),
              button("Whole map", ICONS.home, () => this.map.home()),
            ),
          ),
        ),
        this.map.element,
        h("div", { class: "map-foot" }, this.#readout),
        h("p", { class: "unseen", id: "map-keys" }, KEYS + keys),
        this.#spoken,
      ),
    );
  }

  /** Say more of the cell that is read. @param {Pair} cell @param {string} text */
  add(cell, text) {
    if (this.#read.cell === cell) this.#say(`${this.#read.text}: ${text}`);
  }

  /** The values of the axes at a cell. @param {Pair} cell */
  place([column, row]) {
    const { x, y, columns, rows } = this.figure;
    return `${x.name} ${number(valueOn(x, column, columns), 7)}, ${y.name} ${number(valueOn(y, row, rows), 7)}`;
  }

  /** @param {string} text */
  #say(text) {
    say(this.#readout, text);
    if (this.#read.byKey) say(this.#spoken, text);
  }
}
