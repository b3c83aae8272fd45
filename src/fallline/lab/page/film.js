/** The map step by step: the loss of every run after each step, or the map's own measure, drawn in place of the tiles while the player plays. */

import { scaleOf } from "./colour.js";
import { blank, coarsest, colour, cover, nameOf, SIDE } from "./tiles.js";
import { arrays } from "./wire.js";

/** @typedef {{z: number, i: number, j: number, steps: Int32Array, values: Float32Array, divergedAt: Int32Array, picture: HTMLCanvasElement, shown: number, version: number, scale: any}} Reel */

const BEYOND = 3; // times the highest colour that the usual first loss may be, before the colours span it
const SPAN = 1e6; // the largest ratio of colours that span the first losses

/** How the loss of a step is coloured; a loss that is not finite has no colour. @type {import("./outcomes.js").Measure} */
export const LOSS = {
  name: "loss",
  label: "loss",
  kind: "values",
  log: null,
  blank: true,
  lost_word: "",
  better: "low",
  names: [],
};

export class Film {
  /** Whether the map follows the player. */
  on = false;
  /** The step that the map shows; null: the last. @type {number|null} */
  step = null;
  /** By name of the tile. @type {Map<string, Reel>} */
  #reels = new Map();
  /** @type {Set<string>} */
  #wanted = new Set();
  #ready = () => {};
  /** The colours of the losses at the end, and what they were made of. @type {{reel: Reel|undefined, base: any, scale: any}} */
  #colours = { reel: undefined, base: null, scale: null };
  /** Changes whenever another picture is due. */
  stamp = 0;

  /** @param {import("./app.js").Lab} lab */
  constructor(lab) {
    this.lab = lab;
  }

  /** Whether parts of the film are still to come. */
  get waits() {
    return this.on && this.#wanted.size > 0;
  }

  /** Show the map at the player's step, or at the last one again. @param {boolean} on @param {() => void} [ready] called when the film is here */
  turn(on, ready = () => {}) {
    this.on = on;
    this.stamp += 1;
    this.#ready = ready;
    if (on) this.want();
    if (on && !this.waits) this.#start();
    this.lab.map.draw();
    this.#tell();
  }

  #tell() {
    this.lab.panel.playing(this.filming ? this.step : null, this.scale);
  }

  #start() {
    this.#ready();
    this.#ready = () => {};
  }

  /** There is a newer state: its film is another. */
  outdate() {
    this.#reels.clear();
    this.#wanted.clear();
    this.stamp += 1;
  }

  /** Ask for what the view lacks: few tiles that cover it. */
  want() {
    const { connection, map, store } = this.lab;
    if (!this.on || !store.accepted || !connection.open || !connection.answered) return;
    const lacking = cover(map.view, coarsest(map.view)).filter(
      (place) => !this.#reels.has(nameOf(place)) && !this.#wanted.has(nameOf(place)),
    );
    if (!lacking.length) return;
    for (const place of lacking) this.#wanted.add(nameOf(place));
    connection.send({ kind: "film", tiles: lacking });
    this.lab.progress.show();
  }

  /** @param {any} content @param {DataView[]} buffers */
  receive(content, buffers) {
    const { z, i, j } = content;
    const { steps, values, diverged_at: divergedAt } = arrays(content, buffers).values;
    const name = nameOf([z, i, j]);
    this.#reels.set(name, {
      z,
      i,
      j,
      steps,
      values,
      divergedAt,
      picture: blank(),
      shown: -1,
      version: -1,
      scale: null,
    });
    this.#wanted.delete(name);
    this.stamp += 1;
    this.lab.map.draw();
    this.lab.progress.show();
    if (!this.waits) this.#start();
  }

  /** The step of the player. @param {number|null} step null: the last */
  show(step) {
    if (step === this.step) return;
    this.step = step;
    if (!this.on) return;
    this.stamp += 1;
    this.lab.map.draw();
    this.#tell();
  }

  /** Whether the map shows an earlier step than the last. */
  get filming() {
    return this.on && this.step !== null && this.#reels.size > 0;
  }

  /** The colours of all steps: those of the values at the end, and of the first ones where these are far beyond. @returns {any} */
  get scale() {
    const { map, panel, store } = this.lab;
    const { measure } = panel;
    const base = measure.name === "final_loss" || measure.played ? map.scale : null;
    const reel = this.#reels.values().next().value;
    if (!reel || (base && store.state.look.colours)) return map.scale;
    if (this.#colours.reel !== reel || this.#colours.base !== base)
      this.#colours = { reel, base, scale: colours(reel, base, base ? measure : LOSS) };
    return this.#colours.scale;
  }

  /**
   * The tiles at the step shown, coloured.
   * @param {ReturnType<typeof import("./colour.js").inks>} ink
   * @param {number} version changes with the colours
   */
  pictures(ink, version) {
    const { scale } = this;
    const step = /** @type {number} */ (this.step);
    for (const reel of this.#reels.values()) {
      const frame = frameAt(reel.steps, step);
      if (reel.shown === frame && reel.version === version && reel.scale === scale) continue;
      const values = reel.values.slice(frame * SIDE * SIDE, (frame + 1) * SIDE * SIDE);
      reel.divergedAt.forEach((at, k) => {
        if (at >= 0 && at <= reel.steps[frame]) values[k] = Number.NaN;
      });
      colour(reel.picture, values, undefined, { ...scale, blank: true }, ink);
      [reel.shown, reel.version, reel.scale] = [frame, version, scale];
    }
    return [...this.#reels.values()];
  }
}

/** @param {Reel} reel @param {any} base the colours of the last values, if the map shows them @param {import("./outcomes.js").Measure} measure of the values */
function colours({ values, divergedAt }, base, measure) {
  const last = values.slice(-SIDE * SIDE).map((v, k) => (divergedAt[k] >= 0 ? Number.NaN : v));
  const scale = base ?? scaleOf(LOSS, last, undefined, [], null);
  const first = values
    .slice(0, SIDE * SIDE)
    .filter(Number.isFinite)
    .sort();
  const usual = first[first.length >> 1] ?? scale.low;
  if (measure.better !== "low") return { ...scale, low: Math.min(scale.low, usual), high: Math.max(scale.high, usual) };
  if (scale.high < 0 || !(usual > BEYOND * scale.high)) return scale;
  const low = scale.low >= 0 ? Math.max(scale.low, usual / SPAN) : scale.low;
  return { ...scale, low, high: usual, log: low > 0 && usual > 20 * low, beyond: true };
}

/** The last frame whose step is at most this one. @param {Int32Array} steps @param {number} step */
function frameAt(steps, step) {
  let a = 0;
  let b = steps.length - 1;
  while (a < b) {
    const m = (a + b + 1) >> 1;
    if (steps[m] <= step) a = m;
    else b = m - 1;
  }
  return a;
}
