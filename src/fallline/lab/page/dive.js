/** The dive: a flight along the boundary, a million times deeper, while the runs on the way are trained. */

import { boundaryPlace } from "./boundary.js";
import { h, ICONS, icon, say, still } from "./dom.js";
import { number } from "./numerals.js";
import { coarsest, cover, held, NARROWEST, SIDE } from "./tiles.js";

/** @typedef {import("./tiles.js").View} View */

const DEPTH = 1e6;
const SPEED = 1.4; // doublings a second where tiles do not lag
const INERTIA = 350; // milliseconds in which the speed follows
const AIMING = 350; // milliseconds between two looks for the boundary
const REFIT = 0.7; // doublings after which the colours are refitted
const STEP = 700; // milliseconds that each picture stays where the reader asked for less motion
const ALIKE = "All runs in view are alike: there is no boundary to dive along.";
const PRECISE = "The dive trains in float64: in float32, neighbouring runs would soon be the same number.";

export class Dive {
  on = false;
  /** Runs that were trained since the dive began. */
  #trained = 0;
  /** Doublings still to come. */
  #left = 0;
  /** Doublings a second. */
  #speed = 0;
  /** Where the boundary is, as fractions of the base ranges. @type {[number, number]|null} */
  #target = null;
  /** The view that the dive set last. @type {View|null} */
  #view = null;
  /** Doublings that were still to come when the colours were refitted. */
  #refitted = 0;
  #last = 0;
  #aimed = 0;
  #began = 0;
  #listening = new AbortController();

  /** @param {import("./app.js").Lab} lab */
  constructor(lab) {
    this.lab = lab;
    this.button = h(
      "button",
      {
        type: "button",
        class: "small",
        "aria-pressed": "false",
        title: "Zoom in along the boundary, a million times",
        onclick: () => (this.on ? this.stop() : this.start()),
      },
      icon(ICONS.dive),
      "Dive",
    );
    this.count = h("p", { class: "map-step dive-count" });
    this.line = h("p", { class: "hint-line dive-line", "aria-live": "polite" });
    lab.panel.playButton.after(this.button);
    lab.panel.hint.after(this.line);
    lab.map.plot.append(this.count);
  }

  /** Begin where the map is; the back button leads back to there. */
  start() {
    const { store, changes, map, film, panel } = this.lab;
    if (!store.accepted || !map.tiles.count) return;
    if (film.on) panel.playButton.click();
    const imprecise = store.state.dtype !== "float64";
    if (imprecise) changes.change("dtype", "float64", false);
    else store.push();
    this.on = true;
    this.#trained = 0;
    this.#speed = 0;
    this.#target = null;
    map.show(map.view);
    this.#view = map.view;
    const { x, y } = map.view;
    this.#left = Math.log2(Math.min(DEPTH, Math.min(x[1] - x[0], y[1] - y[0]) / NARROWEST));
    this.#refitted = this.#left;
    this.#aimed = 0;
    this.#began = this.#last = performance.now();
    this.button.setAttribute("aria-pressed", "true");
    say(this.line, imprecise ? PRECISE : "");
    this.#listen();
    this.#tell();
    this.lab.progress.show();
    requestAnimationFrame((now) => this.#frame(now));
  }

  /** End here: the address holds this view, and its finest tiles are asked for. @param {string} [why] */
  stop(why = "") {
    if (!this.on) return;
    const { map, wishes, progress } = this.lab;
    this.on = false;
    this.#listening.abort();
    this.button.setAttribute("aria-pressed", "false");
    if (map.view === this.#view) map.show(map.view);
    this.#view = map.view;
    this.#tell();
    const seconds = Math.round((performance.now() - this.#began) / 1000);
    say(this.line, why || `${this.#runs} in ${seconds} s, on the way to a zoom of ${this.#depth}×.`);
    wishes.wishSoon();
    progress.show();
  }

  /** The map shows another place: what was said of the dive is over. */
  moved() {
    if (!this.on && this.lab.map.view !== this.#view) this.#forget();
  }

  /** There is a newer state. */
  outdate() {
    this.stop();
    this.#forget();
  }

  #forget() {
    say(this.count, "");
    say(this.line, "");
  }

  /** A click on the map, or Escape, ends the dive. */
  #listen() {
    this.#listening = new AbortController();
    const { signal } = this.#listening;
    const click = (/** @type {Event} */ e) => {
      e.stopImmediatePropagation(); // it pins no run
      this.stop();
    };
    this.lab.map.plot.addEventListener("pointerdown", click, { capture: true, signal });
    document.addEventListener("keydown", (e) => e.key === "Escape" && this.stop(), { signal });
  }

  /** The runs of a tile came. */
  counted() {
    if (!this.on) return;
    this.#trained += SIDE * SIDE * (this.lab.store.accepted.starts ?? 1);
    this.#tell();
    if (!this.lab.wishes.waits) this.lab.wishes.wish();
  }

  #tell() {
    say(this.count, `${this.#runs} · ${this.#depth}×`);
  }

  /** How many runs were trained, in words. */
  get #runs() {
    const runs = this.lab.store.accepted.objective.kind === "network" ? "networks" : "descents";
    return `${this.#trained.toLocaleString("en")} ${runs} trained`;
  }

  /** The zoom of the view, in digits. */
  get #depth() {
    const { x, y } = this.lab.map.view;
    const zoom = 1 / Math.min(x[1] - x[0], y[1] - y[0]);
    return zoom < 2e6 ? Math.round(zoom).toLocaleString("en") : number(zoom, 2);
  }

  /** @param {number} now */
  #frame(now) {
    if (!this.on) return;
    const { map, connection, film, wishes } = this.lab;
    if (map.view !== this.#view || film.on || !connection.open) return this.stop();
    requestAnimationFrame((later) => this.#frame(later));
    const passed = Math.min(100, now - this.#last);
    if (!wishes.pictured || map.tiles.stale) return;
    if (now - this.#aimed > AIMING) {
      this.#aimed = now;
      this.#aim();
    }
    if (!this.on || !this.#target) return;
    const there = this.#there(this.#ahead);
    if (still()) {
      if (there < 1 || now - this.#last < STEP) return;
      this.#last = now;
      return this.#sink(1);
    }
    this.#last = now;
    const goal = this.#there(map.view) < 1 ? 0 : SPEED * Math.max(there ** 2, 0.1);
    this.#speed += (goal - this.#speed) * (1 - Math.exp(-passed / INERTIA));
    this.#sink((this.#speed * passed) / 1000);
  }

  /** Look for the boundary in what is known of the view, refit the colours to it, and ask for what lies ahead. */
  #aim() {
    const { map, panel, store, theme, wishes } = this.lab;
    if (!this.#target || this.#there(map.view) === 1) {
      const places = Array.from({ length: SIDE * SIDE }, (_, k) => [(k % SIDE) + 0.5, Math.floor(k / SIDE) + 0.5]);
      const cells = places.map(([i, j]) => map.cellAt(map.fractions([i / SIDE, j / SIDE])));
      const at = boundaryPlace(cells, SIDE, panel.measure, theme?.outcomes ?? []);
      if (!at) return this.stop(ALIKE);
      this.#target = map.fractions(at);
    }
    if (this.#refitted - this.#left > REFIT) {
      this.#refitted = this.#left;
      panel.colours(store.state.look.colours);
    }
    wishes.wish();
  }

  /** Zoom in by some doublings about the boundary, which drifts to the middle. @param {number} doublings */
  #sink(doublings) {
    const { map } = this.lab;
    const by = Math.min(this.#left, doublings);
    if (by <= 0) return;
    this.#left -= by;
    this.#view = sunk(map.view, /** @type {[number, number]} */ (this.#target), by);
    map.set(this.#view, false);
    this.#tell();
    if (this.#left <= 0) this.stop();
  }

  /** The view one doubling deeper. */
  get #ahead() {
    return this.#target ? sunk(this.lab.map.view, this.#target, Math.min(1, this.#left)) : this.lab.map.view;
  }

  /** Share of the tiles at hand without which a view would be blurred. @param {View} view */
  #there(view) {
    const tiles = cover(view, coarsest(view) + 1);
    return tiles.filter(([z, i, j]) => this.lab.map.tiles.has(z, i, j)).length / tiles.length;
  }

  /** The tiles that the dive wants next: those of a sharp picture here, then one doubling deeper, then finer ones there. */
  get tiles() {
    const { view, tiles } = this.lab.map;
    const ahead = this.#ahead;
    const [here, deep] = [coarsest(view) + 1, coarsest(ahead) + 1];
    const to = this.#target ?? undefined;
    const lots = [cover(view, here, to), cover(ahead, deep, to), cover(ahead, deep + 1, to)];
    return lots.find((lot) => lot.some(([z, i, j]) => !tiles.has(z, i, j))) ?? [];
  }
}

/**
 * A view zoomed in about a place, which drifts to the middle.
 * @param {View} view
 * @param {[number, number]} place in fractions of the base ranges
 * @param {number} doublings
 * @returns {View}
 */
export function sunk({ x, y }, [fx, fy], doublings) {
  const side = (/** @type {[number, number]} */ [a, b], /** @type {number} */ f) => {
    const width = (b - a) * 2 ** -doublings;
    const at = 0.5 + ((f - a) / (b - a) - 0.5) * 2 ** (-1.5 * doublings);
    return held([f - at * width, f - at * width + width]);
  };
  return { x: side(x, fx), y: side(y, fy) };
}
