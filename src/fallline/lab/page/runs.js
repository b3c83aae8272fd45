/** The runs that are shown: asked for, kept, and dropped when a newer one is wanted. */

import { chunkOf, frameAt, tops } from "./frames.js";
import { inherited } from "./whatif.js";
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
 * @property {import("./frames.js").Chunk[]} frames
 * @property {number[]} tops the largest size of each hidden unit's answers, over the frames that are here
 * @property {number} framed steps whose frames are here
 * @property {boolean} old of an older state
 * @property {number} [request] id of the last question for its regions
 * @property {boolean} [failed] whether it was refused
 * @property {any} before whose regions are shown until the first of this run's come
 * @property {Record<string, any>} details arrays that came on request, by the name of the request; null where none will come
 * @property {Record<string, number>} asked ids of the requests, by the same name
 * @property {import("./whatif.js").WhatIf|null} whatIf
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
  /** The two inputs of that plane; null for the first two principal components. @type {number[]|null} */
  plane = null;
  /** What is shown of each run besides: "gradients", "confusion". @type {string[]} */
  wanted = [];

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
    return this.results.some(
      (result) =>
        result?.layers &&
        ((this.flat && !result.failed && result.framed <= result.steps) ||
          this.wanted.some((of) => result.details[of] === undefined)),
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

  /** The same for a detail: it is not shown. @param {number} id */
  refusedDetail(id) {
    for (const result of this.results)
      for (const of in result?.asked)
        if (result.asked[of] === id) {
          result.details[of] = null;
          return true;
        }
    return false;
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
    for (let k = 0; k < this.results.length; k++) {
      if (this.results[k]?.framed === 0) this.#frames(k);
      this.#details(k);
    }
  }

  /** Draw over another plane of the inputs. @param {number[]|null} plane @returns {boolean} whether it is another */
  replane(plane) {
    if (String(plane) === String(this.plane)) return false;
    this.plane = plane;
    this.results.forEach((result, k) => {
      if (!result) return;
      Object.assign(result, { frames: [], tops: [], framed: 0, before: null });
      if (!this.hasty) this.#frames(k);
    });
    return true;
  }

  /** Show more of each run, or less. @param {string[]} wanted */
  show(wanted) {
    this.wanted = wanted;
    if (!this.hasty) for (let k = 0; k < this.results.length; k++) this.#details(k);
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
    const result = {
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
      details: {},
      asked: {},
      whatIf: null,
    };
    result.whatIf = inherited(old, result);
    this.results[k] = result;
    this.came(k);
    if (!this.hasty) {
      this.#frames(k);
      this.#details(k);
    }
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
      plane: this.plane,
    });
  }

  /** Ask for what is wanted of a run, and has not been asked for. @param {number} k */
  #details(k) {
    const result = this.results[k];
    if (!result?.layers || result.old) return;
    for (const of of this.wanted)
      result.asked[of] ??= this.send({ kind: "detail", of, pin: k, x: result.x, y: result.y });
  }

  /** @param {any} content @param {DataView[]} buffers */
  receiveDetail(content, buffers) {
    const k = this.results.findIndex((result) => result?.asked[content.of] === content.id);
    if (k < 0) return;
    /** @type {Result} */ (this.results[k]).details[content.of] = arrays(content, buffers).values;
    this.came(k);
  }

  /** @param {any} content @param {DataView[]} buffers */
  receiveFrames(content, buffers) {
    const k = content.pin;
    const result = this.results[k];
    if (
      !result ||
      content.from !== result.framed ||
      String(content.plane ?? null) !== String(this.plane) ||
      (content.x !== undefined && (content.x !== result.x || content.y !== result.y))
    )
      return;
    const { values, shapes } = arrays(content, buffers);
    const chunk = chunkOf(content, values, shapes);
    if (!chunk.count) return;
    result.frames.push(chunk);
    result.tops = tops(result.tops, chunk.sizes, chunk.count);
    result.framed += chunk.count;
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
    return frameAt(chunk, n, owner.tops);
  }
}
