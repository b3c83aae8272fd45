/** Tells the server which control the reader's pointer is on, so that what its next values need is made while he looks. */

import { calm } from "./dom.js";

const REST = 80; // milliseconds that the pointer rests on a control

export class Ahead {
  /** Key of the control under the pointer, and the values that it is likely to take. @type {{key: string, values: () => any[]}|null} */
  #near = null;
  /** What was asked last: the control and the state. */
  #asked = "";
  #ask;

  /** @param {import("./app.js").Lab} lab */
  constructor(lab) {
    this.lab = lab;
    this.#ask = calm(REST, () => this.again());
  }

  /** The pointer or the focus is on a control, or on none. @param {string|null} key @param {() => any[]} [values] */
  near(key, values = () => []) {
    this.#near = key === null ? null : { key, values };
    if (this.#near) this.#ask();
  }

  /** Ask if nothing more urgent is under way. */
  again() {
    const { connection, changes, wishes } = this.lab;
    if (!this.#near || !connection.open || !connection.answered || changes.waiting !== null || !wishes.pictured) return;
    const { key, values } = this.#near;
    const asked = `${key} ${connection.stateId}`;
    if (asked === this.#asked) return;
    this.#asked = asked;
    connection.send({ kind: "ahead", key, values: values() });
  }
}
