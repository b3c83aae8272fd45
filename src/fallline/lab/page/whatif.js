/** What-ifs: a network with weights changed by hand at one step of its run. They change neither state, pins nor address. */

import { chunkOf, frameAt } from "./frames.js";
import { arrays } from "./wire.js";

/**
 * The what-if of a run.
 * @typedef {object} WhatIf
 * @property {number} step at which weights are changed; that of the player while none is
 * @property {number} index of the parameter that the form shows
 * @property {Map<number, number>} changes values by index
 * @property {any} answer of the server: loss, accuracy, and what is drawn; null before it comes and while nothing is changed
 * @property {string} refusal
 * @property {number} waits id of the question that is open; else 0
 * @property {boolean} newer whether the changes are newer than the open question
 */

export class WhatIfs {
  /** @param {import("./runs.js").Runs} runs @param {(content: any) => number} send @param {() => void} came */
  constructor(runs, send, came) {
    this.runs = runs;
    this.send = send;
    this.came = came;
  }

  /** Whether an answer is still to come. */
  get busy() {
    return this.runs.results.some((result) => result?.whatIf?.waits);
  }

  /** Show the form for a parameter. @param {number} k of the run @param {number} index @param {number} step of the player */
  open(k, index, step) {
    const result = this.runs.results[k];
    if (!result?.layers) return;
    const whatIf = result.whatIf;
    if (whatIf) whatIf.index = index;
    else result.whatIf = { step, index, changes: new Map(), answer: null, refusal: "", waits: 0, newer: false };
    this.came();
  }

  /** Give the parameter of the form another value. @param {number} k @param {number} value */
  change(k, value) {
    const whatIf = this.runs.results[k]?.whatIf;
    if (!whatIf) return;
    whatIf.changes.set(whatIf.index, value);
    this.#ask(k);
  }

  /** The weights are the run's own again; the form stays. @param {number} k */
  putBack(k) {
    const whatIf = this.runs.results[k]?.whatIf;
    if (!whatIf) return;
    whatIf.changes.clear();
    [whatIf.answer, whatIf.refusal, whatIf.waits, whatIf.newer] = [null, "", 0, false];
    this.came();
  }

  /** Close the form, and put everything back. @param {number} k */
  close(k) {
    const result = this.runs.results[k];
    if (result) result.whatIf = null;
    this.came();
  }

  /** Ask again for what depends on the plane of inputs. */
  renew() {
    this.runs.results.forEach((result, k) => {
      if (result?.whatIf?.changes.size) this.#ask(k);
    });
  }

  /** Ask for those that another run has taken over. */
  resume() {
    this.runs.results.forEach((result, k) => {
      if (result?.whatIf?.newer && !result.whatIf.waits) this.#ask(k);
    });
  }

  /** @param {number} k */
  #ask(k) {
    const { x, y, whatIf } = /** @type {any} */ (this.runs.results[k]);
    if (whatIf.waits) {
      whatIf.newer = true; // one question at a time; after it, the newest
      return;
    }
    whatIf.newer = false;
    const changes = [...whatIf.changes];
    whatIf.waits = this.send({ kind: "what_if", pin: k, x, y, step: whatIf.step, changes, plane: this.runs.plane });
    this.came();
  }

  /** @param {number} id of a question @returns {number} the run that it is about; -1 for none */
  #of(id) {
    return this.runs.results.findIndex((result) => result?.whatIf?.waits === id);
  }

  /** @param {any} content @param {DataView[]} buffers */
  receive(content, buffers) {
    const k = this.#of(content.id);
    const result = this.runs.results[k];
    if (!result?.whatIf) return;
    const { whatIf, tops } = result;
    const { values, shapes } = arrays(content, buffers);
    const { loss, accuracy } = content;
    const { w, gradients, layer_norms: norms } = values;
    const frame = values.regions ? frameAt(chunkOf(content, values, shapes), 0, tops) : null;
    const { confusion, test_confusion } = values;
    whatIf.answer = { loss, accuracy, w, gradients, norms, confusion, test_confusion, frame };
    whatIf.refusal = "";
    this.#next(k);
  }

  /** The server refused a message. @param {number} id @param {string} sentence @returns {boolean} whether it was about a what-if */
  refused(id, sentence) {
    const k = this.#of(id);
    const whatIf = this.runs.results[k]?.whatIf;
    if (!whatIf) return false;
    [whatIf.refusal, whatIf.answer] = [sentence, null];
    this.#next(k);
    return true;
  }

  /** @param {number} k */
  #next(k) {
    const whatIf = /** @type {WhatIf} */ (this.runs.results[k]?.whatIf);
    whatIf.waits = 0;
    if (whatIf.newer) this.#ask(k);
    this.came();
  }
}

/** The answer to a run's what-if, if weights are changed at this step. @param {any} result @param {number} step */
export function changedAt({ whatIf }, step) {
  return whatIf?.step === step && whatIf.changes.size ? whatIf.answer : null;
}

/**
 * The what-if of an older result, if the newer one has the same weights at its step.
 * @param {any} older @param {any} newer
 * @returns {WhatIf|null}
 */
export function inherited(older, newer) {
  const whatIf = older?.whatIf;
  if (!whatIf || older.dimension !== newer.dimension) return null;
  const { waits, newer: unasked } = whatIf;
  const taken = { ...whatIf, waits: 0, newer: Boolean(waits) || unasked };
  if (!whatIf.changes.size) return taken;
  const [from, to] = [whatIf.step * newer.dimension, (whatIf.step + 1) * newer.dimension];
  if (to > newer.path.length) return null;
  for (let n = from; n < to; n++) if (older.path[n] !== newer.path[n]) return null;
  return taken;
}
