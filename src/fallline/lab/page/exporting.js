/** How far an export has come, in a line with a button that stops it. */

import { h, say } from "./dom.js";

export class Exporting {
  /** Id of the message that asked for it; 0: none. */
  #id = 0;
  #name = "";

  /** @param {(content: any) => void} send */
  constructor(send) {
    this.text = h("span", {});
    this.bar = h("progress", { max: 1, "aria-label": "Export" });
    this.element = h(
      "div",
      { class: "exporting", role: "status", hidden: true },
      this.text,
      this.bar,
      h(
        "button",
        {
          type: "button",
          class: "small",
          onclick: () => {
            send({ kind: "cancel", what: "export" });
            this.end(this.#id);
          },
        },
        "Stop",
      ),
    );
  }

  /** An export was asked for; the one before ends. It is shown when the server tells of it: most take no time. @param {number} id @param {string} name */
  begin(id, name) {
    this.#id = id;
    this.#name = name;
    this.element.hidden = true;
  }

  /** @param {{id: number, done: number}} content share of the work that is done */
  told({ id, done }) {
    if (id !== this.#id) return;
    this.element.hidden = false;
    this.bar.value = done;
    say(this.text, `${this.#name}: ${Math.round(100 * done)} %`);
  }

  /** The export came, was refused, or was stopped. @param {number} id of the message that asked for it */
  end(id) {
    if (id !== this.#id) return;
    this.#id = 0;
    this.element.hidden = true;
  }

  /** The server is another one: it makes no export. */
  lost() {
    this.end(this.#id);
  }
}
