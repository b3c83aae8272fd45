/** The runs that are shown: asked for, kept, and dropped when a newer one is wanted. */

import { arrays } from "./wire.js";

/** The place of the run under the pointer, beside the pins 0..3. */
export const PASSING = 4;

/**
 * @typedef {object} Result
 * @property {number} x
 * @property {number} y
 * @property {number} steps
 * @property {any} outcome
 * @property {{label: string, value: number|null}[]} numbers
 * @property {any[]|null} layers
 * @property {string[]} labels
 * @property {any} losses
 * @property {any} testLosses on the test samples; null if there are none
 * @property {any} norms
 * @property {any} path
 * @property {number} dimension
 * @property {number} largest weight
 * @property {{at: number, count: number, regions: Uint8Array, side: number, window: number[], scale: any,
 *   units: Uint8Array|null, sizes: Float32Array|null, dead: Uint8Array|null, unitSide: number}[]} frames
 * @property {number[]} tops the largest size of each hidden unit's answers, over the frames that are here
 * @property {number} framed steps whose frames are here
 * @property {boolean} old of an older state
 * @property {number} [request] id of the last question for its regions
 * @property {boolean} [failed] whether it was refused
 * @property {any} before whose regions are shown until the first of this run's come
 */

export class Runs {
  /** @type {(Result|null)[]} */
  results = [null, null, null, null, null];
  /** @type {({x: number, y: number}|null)[]} */
  #waiting = [null, null, null, null, null];
  /** @type {{x: number, y: number}|null} */
  #next = null;
  /** @type {number[]} */
  #asked = [0, 0, 0, 0, 0];
  hasty = false;
  /** Whether there is a plane of two inputs to draw regions on. */
  flat = true;

  /** @param {(content: any) => number} send @param {(k: number) => void} came */
  constructor(send, came) {
    this.send = send;
    this.came = came;
  }

  /** There is a newer state: drop answers about the older; shown runs stay until new ones replace them. */
  outdate() {
    this.#waiting.fill(null);
    this.#next = null;
  }

  /** The map's axes are others: the runs that are shown lie on no place of it. */
  clear() {
    this.outdate();
    this.results.fill(null);
  }

  get busy() {
    return this.#waiting.some((wish) => wish);
  }

  /** Whether regions are still to come. */
  get incomplete() {
    return (
      this.flat && this.results.some((result) => result?.layers && !result.failed && result.framed <= result.steps)
    );
  }

  /** The server refused a message. @param {number} id @returns {boolean} whether it was about a run */
  refused(id) {
    const k = this.#asked.indexOf(id);
    if (k >= 0 && this.#waiting[k]) {
      this.#waiting[k] = null;
      this.results[k] = null;
      return true;
    }
    const owner = this.results.find((result) => result && result.request === id);
    if (owner) owner.failed = true;
    return Boolean(owner);
  }

  /** @param {number} k @param {{x: number, y: number}|null} wish */
  want(k, wish) {
    if (!wish) {
      this.results[k] = null;
      this.#waiting[k] = null;
      if (k === PASSING) this.#next = null;
      return this.came(k);
    }
    const waits = this.#waiting[k];
    if (waits && waits.x === wish.x && waits.y === wish.y) return;
    const shown = this.results[k];
    if (!waits && shown && shown.x === wish.x && shown.y === wish.y && !shown.old) return;
    if (k === PASSING && waits) {
      this.#next = wish; // one at a time; after it, the newest
      return;
    }
    this.#waiting[k] = wish;
    this.#asked[k] = this.send({ kind: "run", pin: k, x: wish.x, y: wish.y });
  }

  /** Ask for the frames of all runs that lack them; while settings are dragged, runs come without. */
  complete() {
    this.hasty = false;
    for (let k = 0; k < this.results.length; k++) if (this.results[k]?.framed === 0) this.#frames(k);
  }

  /** Mark all shown runs as those of an older state, so that they are asked for again. */
  age() {
    for (const result of this.results) if (result) result.old = true;
  }

  /** @param {any} content @param {DataView[]} buffers */
  receive(content, buffers) {
    const k = content.pin;
    const wish = this.#waiting[k];
    if (!wish || wish.x !== content.x || wish.y !== content.y) return;
    this.#waiting[k] = null;
    const { values, shapes } = arrays(content, buffers);
    const dimension = shapes.path?.[1] ?? 0;
    let largest = 0;
    const path = values.path ?? [];
    for (const end of [0, path.length - dimension]) {
      for (let n = end; n < end + dimension; n++)
        if (Number.isFinite(path[n])) largest = Math.max(largest, Math.abs(path[n]));
    }
    const old = this.results[k];
    this.results[k] = {
      ...content,
      losses: values.losses,
      testLosses: values.test_losses ?? null,
      norms: values.norms,
      path,
      dimension,
      largest: Math.min(largest, 50),
      old: false,
      frames: [],
      tops: [],
      framed: 0,
      before: old?.frames?.length ? old : (old?.before ?? null),
    };
    this.came(k);
    if (!this.hasty) this.#frames(k);
    if (k === PASSING && this.#next) {
      const next = this.#next;
      this.#next = null;
      this.want(k, next);
    }
  }

  /** @param {number} k */
  #frames(k) {
    const result = /** @type {any} */ (this.results[k]);
    if (!this.flat || !result?.layers || result.old || result.framed > result.steps) return;
    result.request = this.send({
      kind: "frames",
      pin: k,
      x: result.x,
      y: result.y,
      from: result.framed,
      to: result.steps,
    });
  }

  /** @param {any} content @param {DataView[]} buffers */
  receiveFrames(content, buffers) {
    const k = content.pin;
    const result = this.results[k];
    if (
      !result ||
      content.from !== result.framed ||
      (content.x !== undefined && (content.x !== result.x || content.y !== result.y))
    )
      return;
    const { values, shapes } = arrays(content, buffers);
    const [count, side] = shapes.regions;
    if (!count) return;
    result.frames.push({
      at: content.from,
      count,
      regions: values.regions,
      side,
      window: content.window,
      scale: content.scale ?? null,
      units: values.units ?? null,
      sizes: values.sizes ?? null,
      dead: values.dead ?? null,
      unitSide: content.unit_side ?? 0,
    });
    result.tops = tops(result.tops, values.sizes, count);
    result.framed += count;
    result.before = null;
    this.came(k);
    this.#frames(k);
  }

  /** The regions of a run at a step, or at the nearest step that is here. @param {any} result @param {number} step */
  frame(result, step) {
    const owner = result.frames.length ? result : result.before;
    if (!owner?.frames.length) return null;
    const chunk = owner.frames.findLast((/** @type {any} */ f) => f.at <= step) ?? owner.frames[0];
    const n = Math.max(0, Math.min(chunk.count - 1, step - chunk.at));
    const size = chunk.side * chunk.side;
    return {
      regions: chunk.regions.subarray(n * size, (n + 1) * size),
      side: chunk.side,
      window: chunk.window,
      scale: chunk.scale,
      units: chunk.units ? unitsOf(owner, chunk, n) : null,
    };
  }
}

/**
 * The planes of the hidden units at one step: their shades, how large each is beside its largest of the whole run, and
 * whether it is dead.
 * @param {any} owner of the frames
 * @param {any} chunk of frames
 * @param {number} n the step's place in the chunk
 */
function unitsOf(owner, chunk, n) {
  const cells = chunk.unitSide ** 2;
  const count = chunk.sizes.length / chunk.count;
  return Array.from({ length: count }, (_, u) => {
    const largest = owner.tops[u];
    const at = n * count + u;
    return {
      shades: chunk.units.subarray(at * cells, (at + 1) * cells),
      side: chunk.unitSide,
      share: largest > 0 ? chunk.sizes[at] / largest : 0,
      dead: chunk.dead[at] === 1,
    };
  });
}

/**
 * The largest size of each hidden unit, with those of further steps.
 * @param {number[]} before
 * @param {Float32Array|undefined} sizes of those steps, unit by unit
 * @param {number} steps
 */
function tops(before, sizes, steps) {
  if (!sizes) return before;
  const found = Array.from({ length: sizes.length / steps }, (_, u) => before[u] ?? 0);
  for (let k = 0; k < sizes.length; k++) found[k % found.length] = Math.max(found[k % found.length], sizes[k]);
  return found;
}
