/** The runs that the reader chose to see: up to four pinned ones, and one that passes with the pointer. */

import { fractionOf, number } from "./numerals.js";
import { hasValue } from "./outcomes.js";
import { PASSING } from "./runs.js";
import { same } from "./state.js";
import { SIDE } from "./tiles.js";
import { placeSymbols } from "./titles.js";

const MOST = 4;
const REST = 200; // milliseconds at least between runs while a setting is dragged: they take time from the map's pictures

export class Pinned {
  #wantedAt = 0;
  /** The run that the pointer chose; until it does, the best run of the whole map is shown. @type {import("./state.js").Pin|null} */
  #pointed = null;
  /** The best run of the map, where it was asked for. @type {import("./state.js").Pin|null} */
  #best = null;

  /** @param {import("./app.js").Lab} lab */
  constructor(lab) {
    this.lab = lab;
  }

  /** @returns {import("./state.js").Pin[]} */
  get #pins() {
    return this.lab.store.state.pins;
  }

  /** Index of the run whose numbers stand in the equations: the first pinned, or the passing one. */
  get foremost() {
    return this.#pins.length ? 0 : PASSING;
  }

  /** The map's axes are others: the pointer has chosen no run on it yet. */
  forget() {
    this.#pointed = null;
    this.lab.panel.read(null, () => "", false);
    this.lab.runs.clear();
    this.lab.happened.wait();
    this.lab.runView.draw();
  }

  /** The map's ranges are others: a run that the pointer chose and that lies outside now is not shown any more. */
  keepInside() {
    const { runs, map } = this.lab;
    const shown = runs.results[PASSING];
    if (!shown || (onAxis(map.axes.x, shown.x) && onAxis(map.axes.y, shown.y))) return;
    this.#pointed = null;
    this.lab.panel.read(null, () => "", false);
    runs.want(PASSING, null);
  }

  get passingTitle() {
    const shown = this.lab.runs.results[PASSING];
    const isBest = same(this.#best, shown && { x: shown.x, y: shown.y }); // until the one under the pointer comes
    if (this.#pointed && !isBest) return "Under the pointer";
    const { better, kind } = this.lab.panel.measure;
    return better || kind === "ranks" ? "Best of the map" : "A run of the map";
  }

  /** @param {number} x @param {number} y @returns {boolean} whether there was room */
  pin(x, y) {
    const { notice, store, map } = this.lab;
    for (const [axis, value] of /** @type {[any, number][]} */ ([
      [map.axes.x, x],
      [map.axes.y, y],
    ])) {
      if (onAxis(axis, value)) continue;
      const range = `a number from ${number(axis.low)} to ${number(axis.high)}, as on this map`;
      notice.say(`To pin a run exactly, ${axis.title} must be ${range}.`, "refused");
      return false;
    }
    if (notice.kind === "refused") notice.say();
    if (this.#pins.length >= MOST) {
      notice.say("Four runs are pinned already: unpin one first.", "refused");
      return false;
    }
    store.push();
    this.lab.lead.did("pin");
    this.#set([...this.#pins, { x, y }]);
    return true;
  }

  pinPassing() {
    const run = this.lab.runs.results[PASSING];
    if (run) this.pin(run.x, run.y);
  }

  /** @param {number} k */
  unpin(k) {
    const { store, runs, map } = this.lab;
    store.push();
    if (this.lab.notice.kind === "refused") this.lab.notice.say();
    const pins = this.#pins.filter((_, n) => n !== k);
    runs.results.splice(k, 1);
    runs.results.splice(MOST - 1, 0, null);
    this.#set(pins);
    map.plot.focus({ preventScroll: true });
  }

  /** @param {number} k @param {Partial<import("./state.js").Pin>} place coordinates that change */
  move(k, place) {
    this.#set(this.#pins.map((pin, n) => (n === k ? { ...pin, ...place } : pin)));
  }

  /** @param {import("./state.js").Pin[]} pins */
  #set(pins) {
    const { store, progress } = this.lab;
    store.update({ pins });
    this.mark();
    this.want();
    store.writeSoon();
    progress.show();
  }

  /** Mark the pinned runs on the map. */
  mark() {
    const { map, store } = this.lab;
    map.pins(this.#pins.map((pin) => ({ ...pin, label: store.title(pin.x, pin.y) })));
  }

  /** Drag the start of a run: of all runs, or of this one where the map's axes are the start's coordinates. @param {[number, number]} start @param {number} k */
  dragStart(start, k) {
    const { store, changes } = this.lab;
    const { map } = store.accepted;
    const labels = store.objective?.labels ?? ["x", "y"];
    const coordinate = (/** @type {string} */ name) => (name.startsWith("start.") ? labels.indexOf(name.slice(6)) : -1);
    const [cx, cy] = [coordinate(map.x.name), coordinate(map.y.name)];
    if ((cx >= 0 || cy >= 0) && k < MOST) {
      this.move(k, { ...(cx >= 0 && { x: start[cx] }), ...(cy >= 0 && { y: start[cy] }) });
    } else if (cx < 0 || cy < 0) changes.change("start", start, true);
  }

  /** The pointer, or the cursor of the keys, is over a run. @param {any} cell null if it is over no run @param {boolean} byKey */
  hover(cell, byKey) {
    const { panel, store, runs } = this.lab;
    panel.read(cell, (x, y, digits) => store.title(x, y, digits), byKey);
    if (!cell || this.#pins.length >= MOST || runs.results[PASSING]?.whatIf) return; // a run with a what-if stays
    this.#pointed = { x: cell.x, y: cell.y };
    runs.want(PASSING, this.#pointed);
  }

  /** Ask for the runs that are not shown yet. */
  want() {
    this.#wantedAt = performance.now();
    for (let k = 0; k < MOST; k++) this.lab.runs.want(k, this.#pins[k] ?? null);
    this.#wantPassing();
  }

  /** The same while a setting is dragged, not for every picture. */
  wantPaced() {
    if (performance.now() - this.#wantedAt > REST) this.want();
  }

  #wantPassing() {
    const { runs, map, panel, theme } = this.lab;
    if (this.#pins.length >= MOST) return runs.want(PASSING, null);
    if (this.#pointed) return runs.want(PASSING, this.#pointed);
    const whole = map.tiles.get(0, 0, 0);
    if (map.tiles.stale || !whole?.x || !whole.y) return;
    const best = bestOf(whole, panel.measure, theme?.outcomes ?? []);
    this.#best = { x: whole.x[best % SIDE], y: whole.y[Math.floor(best / SIDE)] };
    runs.want(PASSING, this.#best);
  }

  /** A run came, or is not wanted any more. @param {number} k */
  came(k) {
    const { store, map, runs, runView, wishes, changes, happened, answers, progress } = this.lab;
    runView.draw();
    if (wishes.pictured && !runs.busy) changes.flush();
    if (!store.state || !map.axes) return;
    const results = runs.results.slice(0, MOST);
    if (results.slice(0, this.#pins.length).every(Boolean)) happened.show(results, map.axes, runs.results[PASSING]);
    if (k === this.foremost) answers.askSeen();
    progress.show();
  }

  /** The place of a run in symbols, where there is little room. @param {number} x @param {number} y */
  shortTitle(x, y) {
    const { map, store } = this.lab;
    return placeSymbols(map.axes, x, y) ?? store.title(x, y);
  }
}

/** Whether a value lies on an axis of the map; NaN does not. @param {any} axis @param {number} value */
function onAxis(axis, value) {
  const f = fractionOf(axis, value);
  return f >= -1e-9 && f <= 1 + 1e-9;
}

/**
 * Index of the run with the best value of those that did not fail; by its outcome where no value is better; 0 if all failed.
 * @param {import("./tiles.js").Tile} tile
 * @param {import("./outcomes.js").Measure} measure
 * @param {import("./outcomes.js").Outcome[]} outcomes
 */
function bestOf({ values, outcomes: places }, measure, outcomes) {
  const { better, kind } = measure;
  /** How bad a run is. @param {number} k */
  const badness = (k) => {
    if (kind === "ranks") return values[k] <= 0 ? -values[k] : Infinity; // the convergence measure: near 0 from below is fast
    if (better) return better === "high" ? -values[k] : values[k];
    return places?.[k] ?? 0;
  };
  let best = -1;
  for (let k = 0; k < values.length; k++) {
    if (!hasValue({ blank: true }, outcomes[places?.[k] ?? -1], values[k])) continue;
    if (best < 0 || badness(k) < badness(best)) best = k;
  }
  return Math.max(0, best);
}
