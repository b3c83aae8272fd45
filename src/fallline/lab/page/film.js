/** The map step by step: the loss of every run after each step, drawn in place of the tiles while the player plays. */

import { scaleOf } from "./colour.js";
import { blank, coarsest, colour, cover, nameOf, SIDE } from "./tiles.js";
import { arrays } from "./wire.js";

/** @typedef {{z: number, i: number, j: number, steps: Int32Array, losses: Float32Array, picture: HTMLCanvasElement, shown: number, version: number}} Reel */

/** How the loss of a step is coloured; a loss that is not finite has no colour. @type {import("./outcomes.js").Measure} */
const LOSS = {
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
    this.lab.panel.playing(this.filming ? this.step : null);
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
    const { steps, losses } = arrays(content, buffers).values;
    const name = nameOf([z, i, j]);
    this.#reels.set(name, { z, i, j, steps, losses, picture: blank(), shown: -1, version: -1 });
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
    this.lab.panel.playing(this.filming ? step : null);
  }

  /** Whether the map shows an earlier step than the last. */
  get filming() {
    return this.on && this.step !== null && this.#reels.size > 0;
  }

  /** The colours of all steps: those of the map where it shows losses, else those of the losses at the end. @param {import("./colour.js").Scale} scale */
  #scale(scale) {
    if (this.lab.panel.measure.name === "final_loss" && scale.kind === "values") return scale;
    const reel = this.#reels.values().next().value;
    return reel ? scaleOf(LOSS, reel.losses.subarray(-SIDE * SIDE), undefined, [], null) : scale;
  }

  /**
   * The tiles at the step shown, coloured.
   * @param {import("./colour.js").Scale} scale of the map
   * @param {ReturnType<typeof import("./colour.js").inks>} ink
   * @param {number} version changes with the colours
   */
  pictures(scale, ink, version) {
    const colours = this.#scale(scale);
    for (const reel of this.#reels.values()) {
      const frame = frameAt(reel.steps, /** @type {number} */ (this.step));
      if (reel.shown === frame && reel.version === version) continue;
      const losses = reel.losses.subarray(frame * SIDE * SIDE, (frame + 1) * SIDE * SIDE);
      colour(reel.picture, losses, undefined, { ...colours, blank: true }, ink);
      reel.shown = frame;
      reel.version = version;
    }
    return [...this.#reels.values()];
  }
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
