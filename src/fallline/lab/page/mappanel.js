/** What stands around the map: title, tools, legend, the run under the pointer in words, and a form to pin exactly. */

import { scaleOf } from "./colour.js";
import { calm, h, ICONS, icon, say } from "./dom.js";
import { ExactPin } from "./exactpin.js";
import { LOSS } from "./film.js";
import { Legend } from "./legend.js";
import { number, valueAt } from "./numerals.js";
import { valueWords } from "./outcomes.js";
import { theorySubject } from "./scene.js";
import { same } from "./state.js";
import { finest } from "./tiles.js";

const KEYS =
  "Arrow keys move a cursor over the runs, Enter pins the run there. Plus and minus zoom, Shift with arrows pans, Home shows the whole map.";

/** @typedef {{look: (key: string, value: any) => void, pin: (x: number, y: number) => boolean, finer: () => void, limit: () => void, play: (on: boolean) => void}} Acts */

export class MapPanel {
  /** @type {import("./colour.js").Theme|null} */
  #theme = null;
  /** What the map shows, as the server describes it. @type {import("./outcomes.js").Measure} */
  measure = { name: "", label: "", kind: "values", log: null, blank: false, lost_word: "", better: null, names: [] };
  /** Lines of theory. @type {{x: number[], y: number[], name: string}[]} */
  curves = [];
  /** What the lines of theory are about, as text. */
  theorySubject = "";
  #film = /** @type {any} */ (null);
  /** What the map shows while it plays. */
  #played = LOSS;
  /** Shares of the cells of the whole map. */
  #shares = { outcomes: /** @type {number[]} */ ([]), minima: /** @type {number[]} */ ([]), blank: 0 };
  #exact;

  /** @param {import("./map.js").MapView} map @param {import("./lead.js").Lead} lead @param {Acts} acts */
  constructor(map, lead, acts) {
    this.map = map;
    this.acts = acts;
    const button = (/** @type {string} */ name, /** @type {string} */ path, /** @type {() => void} */ act) =>
      h("button", { type: "button", "aria-label": name, title: name, onclick: act }, icon(path));
    this.legend = new Legend();
    this.readout = h("p", { class: "readout" });
    this.spoken = h("p", { class: "unseen", "aria-live": "polite" });
    this.depth = h("span", { class: "depth" });
    this.hint = h("p", { class: "hint-line", hidden: true });
    this.theory = h("input", {
      type: "checkbox",
      onchange: () => {
        acts.look("theory", this.theory.checked);
        this.showTheory();
      },
    });
    this.theoryLabel = h("label", { class: "check", hidden: true }, this.theory, "stability bound");
    this.step = h("output", { class: "map-step" });
    this.playButton = h(
      "button",
      {
        type: "button",
        class: "small",
        "aria-pressed": "false",
        title: "The map after each step of the player",
        onclick: () => {
          const on = this.playButton.getAttribute("aria-pressed") === "false";
          this.playButton.setAttribute("aria-pressed", String(on));
          acts.play(on);
        },
      },
      icon(ICONS.play),
      "Play the map",
    );
    this.locked = h("input", { type: "checkbox", onchange: () => this.#lock() });
    this.#exact = new ExactPin(acts.pin);
    map.plot.append(this.step);
    this.title = h("h2", { id: "map-title" }, "Map");
    this.element = h(
      "section",
      { class: "panel map-panel", "aria-labelledby": "map-title" },
      h(
        "header",
        {},
        this.title,
        h(
          "div",
          { class: "tools" },
          this.depth,
          this.playButton,
          h(
            "div",
            { class: "zoom", role: "group", "aria-label": "Zoom" },
            button("Zoom in", ICONS.plus, () => map.zoom(0.5)),
            button("Zoom out", ICONS.minus, () => (map.whole ? acts.limit() : map.zoom(2))),
            button("Whole map", ICONS.home, () => map.home()),
          ),
        ),
      ),
      lead.element,
      h(
        "div",
        { class: "legend-row" },
        this.legend.element,
        h(
          "div",
          { class: "checks" },
          this.theoryLabel,
          h(
            "label",
            { class: "check", title: "Keep the colours as they are; otherwise they span the values in view" },
            this.locked,
            "lock colours",
          ),
        ),
      ),
      map.element,
      h("div", { class: "map-foot" }, this.readout, this.#exact.element),
      this.hint,
      h("p", { class: "unseen", id: "map-keys" }, KEYS),
      this.spoken,
    );
  }

  /** The server accepted a state: lines of theory for another one are wrong here. @param {import("./store.js").Store} store */
  accepted({ accepted }) {
    const { objective, data } = accepted;
    const split = objective.kind === "network" && data.test_share > 0;
    this.#played = this.measure.played ? this.measure : split ? { ...LOSS, label: "training loss" } : LOSS;
    this.playButton.title = `The ${this.#played.label} of every run after each step of the player`;
    if (!this.curves.length || this.theorySubject === JSON.stringify(theorySubject(accepted))) return;
    this.curves = [];
    this.showTheory();
  }

  /** @param {string} title @param {string} whole the set-up in full @param {string[]} axes their titles @param {any} look */
  describe(title, whole, axes, look) {
    say(this.title, title);
    this.title.title = whole;
    this.theory.checked = look.theory;
    this.locked.checked = Boolean(look.colours);
    this.#exact.describe(axes);
  }

  /** Set the colours: those of the values in view, unless the reader locked them. @param {[number, number]|null} limits */
  colours(limits) {
    const base = this.map.tiles.get(0, 0, 0);
    if (!base || this.map.tiles.stale || !this.#theme) return;
    const { x, y } = this.map.view;
    const zoomed = !limits && Math.min(x[1] - x[0], y[1] - y[0]) < 0.999;
    const scale =
      (zoomed && this.#inView()) || scaleOf(this.measure, base.values, base.outcomes, this.#theme.outcomes, limits);
    if (!same(scale, this.map.scale)) this.map.recolour(scale);
    const { values } = base;
    const outcomes = this.#theme.outcomes.map(() => 0);
    let blank = 0;
    for (const outcome of base.outcomes ?? []) outcomes[outcome] += 1 / values.length;
    if (!scale.blank) for (const value of values) if (!Number.isFinite(value)) blank += 1 / values.length;
    const minima = this.measure.names.map(
      (_, n) => values.filter((/** @type {number} */ v) => v === n).length / values.length,
    );
    this.#shares = { outcomes, minima, blank };
    this.#showLegend();
  }

  /** @param {import("./colour.js").Theme} theme */
  set theme(theme) {
    this.#theme = theme;
    this.#showLegend();
  }

  #showLegend() {
    if (!this.#theme || !this.map.scale) return;
    const film = this.#film;
    this.legend.element.classList.toggle("filming", Boolean(film));
    this.legend.show(this.#theme, film ?? this.map.scale, film ? this.#played : this.measure, this.#shares);
  }

  /** Keep the colours as they are, or let them follow the view again. */
  #lock() {
    const { scale } = this.map;
    const limits =
      this.locked.checked && scale?.kind === "values"
        ? /** @type {[number, number]} */ ([scale.low, scale.high])
        : null;
    this.acts.look("colours", limits);
    this.locked.checked = limits !== null;
    this.colours(limits);
  }

  /** The scale of the finest runs in view. */
  #inView() {
    const [w, t] = this.map.size;
    const { x, y } = this.map.view;
    const tiles = this.map.tiles
      .within(this.map.view, finest(this.map.view, w, t))
      .filter((tile, _, all) => tile.z === all[all.length - 1].z);
    /** @type {number[]} */
    const values = [];
    const outcomes = [];
    for (const tile of tiles) {
      const n = 2 ** tile.z;
      for (let k = 0; k < tile.values.length; k++) {
        const fx = (tile.i + ((k % 64) + 0.5) / 64) / n;
        const fy = (tile.j + (Math.floor(k / 64) + 0.5) / 64) / n;
        if (fx < x[0] || fx > x[1] || fy < y[0] || fy > y[1]) continue;
        values.push(tile.values[k]);
        outcomes.push(tile.outcomes?.[k] ?? 0);
      }
    }
    if (!values.length) return null;
    return scaleOf(this.measure, values, Uint8Array.from(outcomes), this.#theme?.outcomes ?? [], null);
  }

  /** The view moved. @param {string} dtype of the runs */
  moved(dtype) {
    const { x, y } = this.map.view;
    const zoom = 1 / Math.min(x[1] - x[0], y[1] - y[0]);
    say(this.depth, zoom > 1.001 ? `${number(zoom, zoom < 1e4 ? 4 : 2)}×` : "");
    this.#grain(dtype === "float32");
  }

  /** Say so where neighbouring runs are the same number. @param {boolean} coarse */
  #grain(coarse) {
    const [w] = this.map.size;
    let said = "";
    if (coarse && this.map.axes) {
      for (const which of /** @type {("x"|"y")[]} */ (["x", "y"])) {
        const [a, b] = this.map.view[which];
        const axis = this.map.axes[which];
        const v = valueAt(axis, a);
        if (Math.abs(valueAt(axis, a + (1.5 * (b - a)) / w) - v) < 2 ** -24 * Math.abs(v))
          said = "Here neighbouring runs are the same number in float32.";
      }
    }
    this.hint.hidden = !said;
    if (said && !this.hint.textContent)
      this.hint.append(
        `${said} `,
        h("button", { type: "button", class: "small", onclick: () => this.acts.finer() }, "Go on in float64"),
      );
    else if (!said) this.hint.replaceChildren();
  }

  /**
   * The run under the pointer, in words.
   * @param {any} cell null where there is none
   * @param {(x: number, y: number, digits: number) => string} title
   * @param {boolean} byKey then it is spoken too
   */
  read(cell, title, byKey) {
    if (!cell) {
      say(this.readout, "");
      return;
    }
    const outcome = this.#theme?.outcomes[cell.outcome];
    const value = valueWords(this.measure, outcome, cell.value);
    const { x, y } = this.map.view;
    const digits = Math.min(16, 4 + Math.max(0, Math.round(-Math.log10(Math.min(x[1] - x[0], y[1] - y[0])))));
    const text = `${title(cell.x, cell.y, digits)}: ${[value, outcome?.name].filter(Boolean).join(", ")}`;
    say(this.readout, text);
    if (byKey) this.#speak(text);
  }

  #speak = calm(300, (/** @type {string} */ text) => say(this.spoken, text));

  /** The map shows an earlier step than the last. @param {number|null} step null: the last @param {any} scale its colours */
  playing(step, scale) {
    const same = this.measure.name === "final_loss" || this.#played === this.measure;
    const what = same ? "" : `${this.#played.label} `; // the map shows something else at rest
    say(this.step, step === null ? "" : `${what}after ${step} ${step === 1 ? "step" : "steps"}`);
    const film = step === null ? null : scale;
    if (film === this.#film) return;
    this.#film = film;
    this.#showLegend();
  }

  showTheory() {
    this.theoryLabel.hidden = !this.curves.length;
    this.map.curves = this.theory.checked ? this.curves : [];
    this.map.draw();
  }
}
