/** Controls made from the server's description, which is made from the one declaration of each setting. */

import { axisField } from "./axisfield.js";
import { choiceField, toggleField } from "./choicefield.js";
import { h } from "./dom.js";
import { featuresField } from "./featuresfield.js";
import { rebuild } from "./field.js";
import { layersField } from "./layersfield.js";
import { numberField } from "./numberfield.js";
import { pointsField } from "./pointsfield.js";
import { same } from "./state.js";
import { tableField, textField } from "./textfield.js";
import { vectorField } from "./vectorfield.js";

/** @typedef {import("./field.js").Field} Field */

/** What draws the fields of each kind. @type {Record<string, (f: any, p: import("./field.js").Place) => Field>} */
const FIELDS = {
  number: numberField,
  choice: choiceField,
  text: textField,
  toggle: toggleField,
  units: layersField,
  points: pointsField,
  features: featuresField,
  table: tableField,
  vector: vectorField,
  axis: axisField,
};

export class Controls {
  /** @type {any} */
  #described = null;
  /** @type {Map<string, Field>} */
  #fields = new Map();
  /** @type {any[]} */
  #axes = [];
  #state = /** @type {any} */ (null);
  /** Hash of the controls that are shown, as the server gave it. */
  digest = "";
  #theme = /** @type {any} */ (null);
  /** @type {Set<string>} */
  #closed = new Set();

  /** @param {{changed: (key: string, value: any, live: boolean) => void, near: (key: string|null, values?: () => any[]) => void, csv: (file: File) => void}} tell */
  constructor(tell) {
    this.tell = tell;
    this.form = h("form", {
      class: "control-form",
      autocomplete: "off",
      onsubmit: (/** @type {Event} */ e) => e.preventDefault(),
    });
    this.element = h("section", { class: "panel controls", "aria-label": "Controls" }, this.form);
  }

  /** @param {any} theme */
  set theme(theme) {
    this.#theme = theme;
    for (const field of this.#fields.values()) field.theme?.(theme);
  }

  /** @param {any|null} described null if it is unchanged @param {any} state @param {any[]} axes */
  show(described, state, axes) {
    this.#state = state;
    this.#axes = axes ?? this.#axes;
    if (described && this.#described && same(lasting(described), lasting(this.#described))) {
      // Only initial values changed, such as the start that the seed draws: the fields stay as they are.
      const fields = described.groups.flatMap((/** @type {any} */ group) => group.fields);
      for (const group of this.#described.groups)
        for (const field of group.fields)
          Object.assign(
            field,
            fields.find((/** @type {any} */ f) => f.key === field.key),
          );
    } else if (described) {
      this.#described = described;
      this.#fields.clear();
      rebuild(
        this.form,
        described.groups.map((/** @type {any} */ group) => this.#group(group)),
      );
    }
    for (const field of this.#fields.values()) field.set(state);
  }

  /** A whole other state comes: what the reader was typing belongs to the old one. */
  forget() {
    for (const field of this.#fields.values()) field.forget?.();
  }

  /** Show why the server refused, at the field that it is about. Returns whether there is such a field. @param {string|null} where @param {string} sentence */
  refuse(where, sentence) {
    const key = [...this.#fields.keys()].find(
      (k) => where === k || where?.startsWith(`${k}.`) || (where && k.startsWith(`${where}.`)),
    );
    const field = key && this.#fields.get(key);
    if (!field) return false;
    field.element.querySelector(".refusal")?.remove();
    const id = `refusal-${key}`;
    field.element.append(h("p", { class: "refusal", role: "alert", id }, sentence));
    field.element.classList.add("refused");
    field.input?.setAttribute("aria-invalid", "true");
    field.input?.setAttribute("aria-describedby", id);
    return true;
  }

  accept() {
    for (const field of this.#fields.values()) {
      if (!field.element.classList.contains("refused")) continue;
      field.element.classList.remove("refused");
      field.element.querySelector(".refusal")?.remove();
      field.input?.removeAttribute("aria-invalid");
      field.input?.removeAttribute("aria-describedby");
    }
  }

  /** @param {any} group */
  #group(group) {
    const fields = group.fields.filter(
      (/** @type {any} */ f) =>
        f.kind !== "activations" || !group.fields.some((/** @type {any} */ g) => g.kind === "units"),
    );
    const activations = group.fields.find((/** @type {any} */ f) => f.kind === "activations");
    const details = h(
      "details",
      {
        class: "group",
        open: !this.#closed.has(group.name),
        ontoggle: () => {
          if (details.open) this.#closed.delete(group.name);
          else this.#closed.add(group.name);
        },
      },
      h("summary", {}, group.title),
      ...fields.map((/** @type {any} */ f) => {
        const make = FIELDS[f.kind] ?? textField;
        const field = make(f, {
          tell: (value, live = false, key = f.key) => this.tell.changed(key, value, live),
          state: () => this.#state,
          axes: () => this.#axes,
          theme: () => this.#theme,
          activations,
          csv: this.tell.csv,
        });
        field.element.dataset.key = f.key;
        if (field.next) {
          for (const came of ["pointerenter", "focusin"])
            field.element.addEventListener(came, () => this.tell.near(f.key, field.next));
          field.element.addEventListener("pointerleave", () => this.tell.near(null));
        }
        this.#fields.set(f.key, field);
        return field.element;
      }),
    );
    return details;
  }
}

/** A description without the values that change from run to run. @param {any} described */
function lasting({ groups }) {
  return groups.map((/** @type {any} */ group) => ({
    ...group,
    fields: group.fields.map((/** @type {any} */ { now, ...field }) => field),
  }));
}
