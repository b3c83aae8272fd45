/** A form beside the map: pin the run at exactly these values of its axes. */

import { h } from "./dom.js";
import { parsed } from "./numerals.js";

export class ExactPin {
  /** @param {(x: number, y: number) => boolean} pin returns whether the run was pinned */
  constructor(pin) {
    this.inputs = [0, 1].map((k) =>
      h("input", {
        type: "text",
        inputmode: "decimal",
        size: 8,
        "aria-label": k ? "y of the run to pin" : "x of the run to pin",
      }),
    );
    this.element = h(
      "form",
      {
        class: "exact",
        onsubmit: (/** @type {Event} */ e) => {
          e.preventDefault();
          const [x, y] = this.inputs.map((input) => parsed(input.value));
          if (pin(x, y)) for (const input of this.inputs) input.value = "";
        },
      },
      h("span", { class: "exact-name" }, "Pin exactly"),
      ...this.inputs,
      h("button", { type: "submit", class: "small" }, "Pin"),
    );
  }

  /** @param {string[]} axes their titles */
  describe(axes) {
    this.inputs.forEach((input, k) => {
      const short = axes[k].split(" ").at(-1) ?? axes[k];
      if (input.placeholder === short) return;
      input.placeholder = short;
      input.setAttribute("aria-label", `${axes[k]} of the run to pin`);
    });
  }
}
