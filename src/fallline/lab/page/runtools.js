/** Switches above the runs: gradient flow, confusion matrices, and the plane over which networks are drawn. */

import { h, say } from "./dom.js";
import { same } from "./state.js";

const COMPONENTS = "components";
const FLOW = "Lines: |∂L/∂w|; bars: the norm of the gradient in each layer; both on log scales.";

export class RunTools {
  /** @param {(key: string, value: any) => void} look changes a part of the look */
  constructor(look) {
    const check = (/** @type {string} */ key, /** @type {string} */ name, /** @type {string} */ title) => {
      const box = h("input", { type: "checkbox", onchange: () => look(key, box.checked) });
      return { box, label: h("label", { class: "check", title }, box, name) };
    };
    this.gradients = check(
      "gradients",
      "gradient flow",
      "Connections as wide as the size of their gradient, on a log scale; bars: the norm of each layer's gradient.",
    );
    this.confusion = check("confusion", "confusion matrix", "Samples by their class and by the predicted class.");
    const select = (/** @type {string} */ name) =>
      h("select", { "aria-label": name, title: name, onchange: () => look("plane", this.#chosen()) });
    this.across = select("Regions over");
    this.up = select("and");
    this.plane = h("span", { class: "plane-choice" }, h("span", {}, "regions over"), this.across, this.up);
    this.note = h("p", { class: "note" });
    this.element = h(
      "div",
      { class: "run-tools", role: "group", "aria-label": "What the runs show", hidden: true },
      this.gradients.label,
      this.confusion.label,
      this.plane,
      this.note,
    );
  }

  /** The two inputs that the lists show; null for components. */
  #chosen() {
    if (this.across.value === COMPONENTS) return null;
    const [x, y] = [Number(this.across.value), Number(this.up.value)];
    // The list that was not touched gives way.
    const count = this.up.options.length;
    return x === y || this.up.value === "" ? [x, (x + 1) % count] : [x, y];
  }

  /** @param {any} state @param {any} data the samples, once they are here */
  show(state, data) {
    const net = state.objective.kind === "network";
    this.element.hidden = !net;
    if (!net) return;
    this.gradients.box.checked = state.look.gradients;
    this.confusion.box.checked = state.look.confusion;
    this.confusion.label.hidden = !data?.classified;
    const inputs = state.objective.units[0];
    const there = inputs > 2 && data?.dimension === inputs;
    const notes = [state.look.gradients ? FLOW : "", there ? data.note : ""].filter(Boolean);
    this.note.hidden = !notes.length;
    say(this.note, notes.join(" "));
    this.plane.hidden = !there;
    if (!there) return;
    const plane = planeOf(state);
    const names = Array.from({ length: inputs }, (_, k) => data.columns[k] ?? `x${k + 1}`);
    const options = names.map((name, k) => ({ value: String(k), name }));
    fill(
      this.across,
      [{ value: COMPONENTS, name: "principal components" }, ...options],
      String(plane?.[0] ?? COMPONENTS),
    );
    fill(this.up, options, String(plane?.[1] ?? ""));
    this.up.hidden = !plane;
  }
}

/** The two inputs over which networks are drawn; null for the first two components, or where there are no others. @param {any} state */
export function planeOf({ objective, data, look }) {
  const count = data?.features?.length ? 2 : (objective.units?.[0] ?? 0); // features are made of two inputs
  const good = look.plane && count > 2 && look.plane[0] !== look.plane[1] && Math.max(...look.plane) < count;
  return good ? look.plane : null;
}

/** @param {HTMLSelectElement} select @param {{value: string, name: string}[]} options @param {string} value */
function fill(select, options, value) {
  const shown = [...select.options].map(({ value: v, label }) => ({ value: v, name: label }));
  if (!same(shown, options)) select.replaceChildren(...options.map((o) => h("option", { value: o.value }, o.name)));
  select.value = value;
}
