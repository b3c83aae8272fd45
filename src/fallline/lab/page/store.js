/** The one state: as this page shows it, as the server accepted it last, and as the address holds it. */

import { calm } from "./dom.js";
import { same, samePlane } from "./state.js";
import { placeTitle } from "./titles.js";

const REST = 250; // milliseconds without a change, then the address is written
const TOGETHER = 1500; // milliseconds between changes of one control that are undone together

export class Store {
  /** With the changes that the server has not accepted yet. @type {any} */
  state = null;
  /** @type {any} */
  accepted = null;
  /** What the address leaves out. @type {any} */
  defaults = null;
  /** The server's description of every axis that the map can have. @type {any[]} */
  axes = [];
  /** Name, title and labels of the accepted objective. @type {any} */
  objective = null;
  /** The accepted optimizer and activations, as books write them, and the number of classes. @type {{optimizer: string, layers: string[], classes?: number}} */
  labels = { optimizer: "", layers: [] };
  /** What the back button goes back to, once the server has accepted the change. @type {any} */
  #before = null;
  /** The state before the last change that can be undone. @type {any} */
  before = null;
  /** The control that was changed last, when, and whether an entry undoes it. */
  #changed = { key: "", at: -Infinity, entered: false };
  /** Whether the state was replaced as a whole, so that the server's view, pins and look are right. */
  #replaced = false;

  /** @param {import("./address.js").Address} address */
  constructor(address) {
    this.address = address;
    this.writeSoon = calm(REST, () => this.write());
  }

  /** @param {Record<string, any>} parts */
  update(parts) {
    this.state = { ...this.state, ...parts };
  }

  /** @param {any} state of another address */
  replace(state) {
    this.state = state;
    this.#replaced = true;
  }

  /** Change a part of the look. @param {string} key @param {any} value @returns {boolean} whether that is another value */
  look(key, value) {
    if (!this.state || same(this.state.look[key], value)) return false;
    this.update({ look: { ...this.state.look, [key]: value } });
    return true;
  }

  /**
   * Take over what the server accepted.
   * @param {any} content of the message "welcome" or "state"
   * @param {boolean} newer whether this page already shows a newer state
   * @returns {any} the state accepted before
   */
  accept(content, newer) {
    const before = this.accepted;
    if (this.#before && content.kind === "state") {
      this.address.push(this.#before, this.defaults);
      this.#changed.entered = true;
    }
    this.#before = null;
    this.accepted = content.state;
    this.objective = content.objective ?? this.objective;
    this.labels = content.labels ?? this.labels;
    if (!newer || !this.state) {
      const keeps = before && this.state && content.kind === "state" && !this.#replaced;
      this.state = { ...content.state, ...(keeps ? this.#local(before) : {}) };
    }
    this.#replaced = false;
    return before;
  }

  /** What only this page changes. The server moves the pins along where the axes are others. @param {any} before the state accepted before */
  #local(before) {
    const { view, look, pins } = this.state;
    return { view, look, pins: samePlane(this.accepted, before) ? pins : this.accepted.pins };
  }

  /** The state accepted last, in the present view and with the present pins. */
  get #valid() {
    const { view, look, pins } = this.state;
    return { ...this.accepted, view, look, pins };
  }

  /** Go back to the state accepted last, in the same view and with the same pins. */
  revert() {
    this.state = this.#valid;
    this.#before = null;
  }

  /** A control is about to change the state: the back button undoes it, together with what it changed just before. @param {string} key */
  willChange(key) {
    const now = performance.now();
    const { key: last, at, entered } = this.#changed;
    // A change that was refused left no entry, so the one after it needs its own.
    const together = key === last && now - at < TOGETHER && (entered || this.#before);
    this.#changed = { key, at: now, entered: Boolean(together) };
    if (!together && this.accepted) this.before = this.#before = this.#valid;
  }

  /** A place on the map in words. @param {number} x @param {number} y @param {number} [digits] */
  title(x, y, digits) {
    return placeTitle(this.axes, this.accepted.map, x, y, digits);
  }

  /** Write the address; it never holds what the server has not accepted. */
  write() {
    if (this.accepted) this.address.write(this.#valid, this.defaults);
  }

  /** Add an entry for the browser's back button. */
  push() {
    this.#changed.key = "";
    if (this.accepted) this.before = this.#valid;
    if (this.accepted) this.address.push(this.#valid, this.defaults);
  }
}
