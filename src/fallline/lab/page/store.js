/** The one state: as this page shows it, as the server accepted it last, and as the address holds it. */

import { calm } from "./dom.js";
import { same, samePlane } from "./state.js";
import { placeTitle } from "./titles.js";

const REST = 250; // milliseconds without a change, then the address is written

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
    this.accepted = content.state;
    this.objective = content.objective ?? this.objective;
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

  /** Go back to the state accepted last, in the same view and with the same pins. */
  revert() {
    const { view, look, pins } = this.state;
    this.state = { ...this.accepted, view, look, pins };
  }

  /** A place on the map in words. @param {number} x @param {number} y @param {number} [digits] */
  title(x, y, digits) {
    return placeTitle(this.axes, this.accepted.map, x, y, digits);
  }

  write() {
    this.address.write(this.state, this.defaults);
  }

  /** Add an entry for the browser's back button. */
  push() {
    this.address.push(this.state, this.defaults);
  }
}
