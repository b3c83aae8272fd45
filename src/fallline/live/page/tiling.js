/** The tiles that the page wants, trained coarse first: a sketch of some of a tile's cells, and then the others. */

import { SIDE } from "../../lab/page/tiles.js";
import { allStored } from "./arrays.js";
import { valuesOf as axisValues } from "./axis.js";
import { measuresOfTile } from "./measured.js";

const SKETCHES = [4, 2]; // of a tile, one cell of so many in each direction is trained before the others
const FASTEST = 0.02; // seconds that Python takes for a tile: one that takes less is trained at once

/** @typedef {import("./host.js").KernelHost} KernelHost */

export class Tiling {
  /** What ends the work on each tile that is wanted, by its name. @type {Map<string, AbortController>} */
  #wanted = new Map();

  /** @param {KernelHost} host */
  constructor(host) {
    this.host = host;
  }

  /** Nothing is wanted any more. */
  restart() {
    for (const stop of this.#wanted.values()) stop.abort(new DOMException("not wanted", "AbortError"));
    this.#wanted.clear();
  }

  /** Train these tiles, in this order; those that were wanted before and are no longer are dropped. @param {number[][]} tiles @param {boolean} fresh whether they are the first picture of a state */
  want(tiles, fresh) {
    const names = new Set(tiles.map((place) => place.join("/")));
    for (const [name, stop] of this.#wanted) {
      if (names.has(name)) continue;
      stop.abort(new DOMException("not wanted", "AbortError"));
      this.#wanted.delete(name);
    }
    for (const place of tiles) {
      const name = place.join("/");
      if (this.#wanted.has(name)) continue;
      const stop = new AbortController();
      this.#wanted.set(name, stop);
      this.#train(place, fresh, stop.signal)
        .catch((error) => this.host.refuse(error, -1))
        .finally(() => this.#wanted.get(name) === stop && this.#wanted.delete(name));
    }
  }

  /** @param {number[]} place @param {boolean} fresh @param {AbortSignal} signal */
  async #train([z, i, j], fresh, signal) {
    const { host } = this;
    const { state, stateId, figure } = host;
    const content = { kind: "tile", state_id: stateId, z, i, j, measure: state.map.measure };
    const known = host.original && figure.stored.tiles[`${z}/${i}/${j}`];
    if (known) return host.answer(content, allStored(known));
    const tile = new Tile(host, state, [z, i, j], signal);
    if (fresh && figure.welcome.estimate.seconds > FASTEST)
      for (const apart of SKETCHES) {
        await tile.train(cellsApart(apart), apart === SKETCHES[0] ? 0 : 1);
        if (signal.aborted) return;
        host.answer({ ...content, sketch: apart }, tile.sketch(apart));
      }
    await tile.train(cellsApart(1), fresh ? 2 : 5, (done) => {
      if (fresh && !signal.aborted) host.answer({ ...content, kind: "progress", done });
    });
    if (!signal.aborted) host.answer(content, tile.whole());
  }
}

/** Columns and rows of every `apart`-th cell in both directions. @param {number} apart */
function cellsApart(apart) {
  const cells = [];
  for (let row = apart > 1 ? 1 : 0; row < SIDE; row += apart)
    for (let column = apart > 1 ? 1 : 0; column < SIDE; column += apart) cells.push(row * SIDE + column);
  return cells;
}

class Tile {
  /** By measure. @type {Record<string, any>} */
  #values = {};
  #done = new Uint8Array(SIDE * SIDE);

  /** @param {KernelHost} host @param {any} state @param {number[]} place @param {AbortSignal} signal */
  constructor(host, state, [z, i, j], signal) {
    this.model = host.model;
    this.state = state;
    this.x = host.model.axisOf(state.map.x, i, z);
    this.y = host.model.axisOf(state.map.y, j, z);
    this.signal = signal;
  }

  /** Train those of the cells that are not trained yet. @param {number[]} cells @param {number} priority @param {(done: number) => void} [progress] */
  async train(cells, priority, progress) {
    const { x, y, signal, state } = this;
    const left = cells.filter((cell) => !this.#done[cell]);
    const before = SIDE * SIDE - left.length;
    const i = left.map((cell) => cell % SIDE);
    const j = left.map((cell) => Math.floor(cell / SIDE));
    const onprogress = progress && ((/** @type {number} */ done) => progress((before + done) / (SIDE * SIDE)));
    const { model } = this;
    const names = measuresOfTile(state);
    const wanted = { ...model.measures.wanted(names), priority, signal, onprogress };
    const results = await model.train(state, { x, y, i, j, ...wanted });
    const values = model.measures.ofCells(results, state, names);
    const [first] = names;
    values[first] = model.measures.shown(first, values[first], state.steps);
    for (const [name, array] of Object.entries(values)) {
      this.#values[name] ??= new array.constructor(SIDE * SIDE);
      for (const [k, cell] of left.entries()) this.#values[name][cell] = array[k];
    }
    for (const cell of left) this.#done[cell] = 1;
  }

  /** The trained cells, each in place of those around it. @param {number} apart */
  sketch(apart) {
    const from = (/** @type {number} */ k) => Math.floor(k / apart) * apart + 1;
    const of = (/** @type {any} */ values) =>
      values.map(
        (/** @type {number} */ _, /** @type {number} */ cell) =>
          values[from(Math.floor(cell / SIDE)) * SIDE + from(cell % SIDE)],
      );
    return shaped(Object.fromEntries(Object.entries(this.#values).map(([name, values]) => [name, of(values)])));
  }

  whole() {
    const axis = (/** @type {any} */ a) => ({ values: axisValues(a, this.model.isWhole(a.name)), shape: [SIDE] });
    return { ...shaped(this.#values), x: axis(this.x), y: axis(this.y) };
  }
}

/** @param {Record<string, any>} values */
function shaped(values) {
  return Object.fromEntries(
    Object.entries(values).map(([name, array]) => [name, { values: array, shape: [SIDE, SIDE] }]),
  );
}
