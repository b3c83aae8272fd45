/** The tiles that are wanted: those of a new state's first picture, then finer ones while the map rests. */

import { calm } from "./dom.js";
import { coarsest, cover, nameOf, wishes } from "./tiles.js";
import { arrays } from "./wire.js";

const REFINING_REST = 120; // milliseconds without a change of the state, then the map is refined
const MOVING_REST = 60; // milliseconds without a movement of the map, or since the last tile came
const PLAYING_REST = 400; // milliseconds without a step of the player
const MOST = 500; // tiles in one message
const COARSEST = 2; // a sketch with at least every second run in both directions counts as a first picture

export class Wishes {
  /** Names of the tiles that are still to come. @type {Set<string>} */
  #wanted = new Set();
  /** How many tiles the last message asked for. */
  #asked = 0;
  /** Whether the map waits for a rest. */
  #restless = false;
  /** Share of a slow first picture that is there. */
  done = 0;
  /** Names of the tiles of the first picture that nothing shows yet. @type {Set<string>} */
  #blank = new Set();
  /** Whether the first picture of the newest state is complete. */
  pictured = false;

  #resume = () => {};

  /** @param {import("./app.js").Lab} lab */
  constructor(lab) {
    this.lab = lab;
    this.refine = this.#after(REFINING_REST);
    this.wishSoon = this.#after(MOVING_REST);
    this.#resume = this.#after(PLAYING_REST);
  }

  /** Whether tiles are still to come, or to be asked for. */
  get busy() {
    return this.waits || this.#restless;
  }

  /** Whether tiles are still to come. */
  get waits() {
    return this.#wanted.size > 0;
  }

  /** Whether every part of the first picture is on the screen, of all runs or of every other one in both directions. */
  get sketched() {
    return this.#blank.size === 0;
  }

  /** Share of the finer tiles that are there; null where there are too few to tell of. */
  get refined() {
    const left = this.#wanted.size;
    return left > 4 && this.#asked ? (this.#asked - left) / this.#asked : null;
  }

  /** A new state is on its way. @returns {number[][]} the tiles of its first picture */
  restart() {
    const { view } = this.lab.map;
    const z = coarsest(view);
    const tiles = [...(z > 0 ? [[0, 0, 0]] : []), ...cover(view, z)];
    this.#wanted = new Set(tiles.map(nameOf));
    this.#blank = new Set(this.#wanted);
    this.#asked = 0;
    this.pictured = false;
    this.done = 0;
    return tiles;
  }

  /** The server refused the newest state: the tiles of the older one are right again. */
  abandon() {
    this.pictured = true;
    this.#blank.clear();
    this.lab.map.tiles.stale = false;
    this.clear();
  }

  /** The server forgets what it was asked for. */
  clear() {
    this.#wanted.clear();
  }

  /** A function that asks for tiles, and then for what the views can wait for, after a rest. @param {number} rest milliseconds */
  #after(rest) {
    const later = calm(rest, () => {
      this.#restless = false;
      if (!this.pictured && this.waits) return this.lab.progress.show(); // the first picture goes before all else
      this.wish();
      this.lab.answers.askAtRest();
    });
    return () => {
      this.#restless = true;
      later();
    };
  }

  /** The reader watches steps: finer tiles wait, since to train them would slow down the frames. */
  hold() {
    if (!this.pictured || !this.busy || this.lab.dive.on) return;
    if (this.waits) this.#ask([]);
    this.#resume();
    this.lab.progress.show();
  }

  /** Ask for the tiles that the view lacks. */
  wish() {
    const { connection, changes, store, map, progress, dive } = this.lab;
    if (connection.open && connection.answered && changes.waiting === null && store.state) {
      const [w, t] = map.size;
      const all = dive.on ? dive.tiles : wishes(map.view, w, t);
      const lacking = all.filter(([z, i, j]) => !map.tiles.has(z, i, j));
      this.#ask(lacking.slice(0, MOST));
    }
    progress.show();
  }

  /** @param {number[][]} tiles */
  #ask(tiles) {
    const names = new Set(tiles.map(nameOf));
    if (names.size === this.#wanted.size && [...names].every((name) => this.#wanted.has(name))) return;
    this.#wanted = names;
    this.#asked = names.size;
    this.lab.connection.send({ kind: "tiles", tiles });
  }

  /** @param {any} content @param {DataView[]} buffers */
  receive(content, buffers) {
    const { map, panel, store, progress, dive } = this.lab;
    const { z, sketch } = content; // of a sketch, the distance between its runs
    const first = map.tiles.stale || !map.tiles.count;
    map.tiles.add(tileOf(content, buffers));
    const name = nameOf([z, content.i, content.j]);
    if (!sketch) {
      this.#wanted.delete(name);
      dive.counted();
    }
    if (z === 0 || (first && !map.scale) || !(this.waits || dive.on)) panel.colours(store.state.look.colours);
    map.draw();
    if ((!sketch || sketch <= COARSEST) && this.#blank.delete(name) && this.sketched) this.lab.changes.sketched();
    if (!this.pictured && this.#onlyFiner) {
      this.pictured = true;
      this.done = 0;
      this.lab.changes.pictured();
    }
    if (!this.waits) {
      map.repoint();
      this.wishSoon();
    }
    progress.show();
  }

  /** Whether every tile that is still to come is finer than those of the first picture. */
  get #onlyFiner() {
    const coarse = coarsest(this.lab.map.view);
    return [...this.#wanted].every((name) => Number(name.split("/")[0]) > coarse);
  }
}

/** @param {any} content of the message "tile" @param {DataView[]} buffers */
function tileOf(content, buffers) {
  const { values } = arrays(content, buffers);
  const { z, i, j, sketch } = content;
  const measure = content.measure ?? content.arrays[0].name;
  const { x, y, outcome: outcomes, diverged_at: steps } = values;
  return { z, i, j, values: values[measure], outcomes, x, y, steps, sketch: Boolean(sketch) };
}
