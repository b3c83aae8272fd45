/** The form of a what-if: which weight, its value, and what comes of it. */

import { h, ICONS, icon, say } from "./dom.js";
import { numberField } from "./numberfield.js";
import { number, percent } from "./numerals.js";
import { indexOf, nameOf, placeOf, wordsOf } from "./parameters.js";

/** @typedef {import("./parameters.js").Layer} Layer */

const DIGITS = 4; // of a weight that is not changed
const ROOM = 2; // the slider goes to this many times the largest weight of the run

export class WhatIfForm {
  #built = "";
  #layers = /** @type {Layer[]} */ ([]);
  /** @type {import("./field.js").Field|null} */
  #field = null;
  #focusing = false;

  /**
   * @param {number} k of the run
   * @param {{choose: (index: number) => void, change: (value: any) => void, putBack: () => void, close: () => void,
   *   goTo: (step: number) => void}} tell
   */
  constructor(k, tell) {
    this.k = k;
    this.tell = tell;
    const select = (/** @type {string} */ name) =>
      h("select", { "aria-label": name, title: name, onchange: () => tell.choose(this.#chosen()) });
    this.layer = select("Layer");
    this.from = select("From");
    this.to = select("To");
    this.value = h("div", { class: "what-if-value" });
    this.told = h("p", { class: "what-if-told", role: "status" });
    this.refusal = h("p", { role: "alert", hidden: true });
    this.back = h("button", { type: "button", class: "small", onclick: () => tell.putBack() }, "Put back");
    this.there = h("button", { type: "button", class: "small", hidden: true }, "");
    this.inputs = h("fieldset", {}, h("div", { class: "what-if-place" }, this.layer, this.from, this.to), this.value);
    this.element = h(
      "div",
      { class: "what-if", role: "group", hidden: true },
      h(
        "header",
        {},
        h("b", {}, "What if"),
        h(
          "button",
          {
            type: "button",
            class: "quiet",
            "aria-label": "Close the what-if",
            title: "Close",
            onclick: () => tell.close(),
          },
          icon(ICONS.close),
        ),
      ),
      this.inputs,
      this.refusal,
      this.told,
      h("div", { class: "what-if-buttons" }, this.back, this.there),
    );
    this.element.addEventListener("keydown", (/** @type {KeyboardEvent} */ e) => {
      if (e.key === "Escape") tell.close();
    });
  }

  /** Focus the number, once it is there. */
  focus() {
    this.#focusing = true;
  }

  /** Index of the parameter that the lists show. */
  #chosen() {
    const layer = Number(this.layer.value);
    const { W, b } = this.#layers[layer];
    const from = this.from.value === "bias" && b !== null ? null : Math.min(Number(this.from.value) || 0, W[0] - 1);
    return indexOf(this.#layers, { layer, from, to: Math.min(Number(this.to.value) || 0, W[1] - 1) });
  }

  /**
   * @param {string} run its name
   * @param {any} result
   * @param {import("./whatif.js").WhatIf|null} whatIf
   * @param {number} step of the player
   */
  show(run, result, whatIf, step) {
    if (this.element.hidden !== !whatIf) this.element.hidden = !whatIf;
    if (!whatIf) return;
    const { index, changes, answer, refusal } = whatIf;
    const title = `What if: ${run}`;
    if (this.element.getAttribute("aria-label") !== title) this.element.setAttribute("aria-label", title);
    this.#build(result, index);
    const own = result.path[whatIf.step * result.dimension + index];
    this.#field?.set({ value: changes.get(index) ?? Number(own.toPrecision(DIGITS)) });
    const here = whatIf.step === step;
    this.inputs.disabled = !here;
    if (this.#focusing) this.#field?.input?.focus();
    this.#focusing = false;
    this.back.disabled = !changes.size;
    this.there.hidden = here;
    say(this.there, `Go to step ${whatIf.step}`);
    this.there.onclick = () => this.tell.goTo(whatIf.step);
    this.refusal.hidden = !refusal;
    this.refusal.className = refusal ? "refusal" : "";
    say(this.refusal, refusal);
    const place = placeOf(result.layers, index);
    const name = nameOf(place);
    const before = `${name} is ${number(own)} at step ${whatIf.step}.`;
    if (refusal) say(this.told, "");
    else if (!here)
      say(this.told, `The weights are changed at step ${whatIf.step}; this is the run itself at step ${step}.`);
    else say(this.told, answer && changes.size ? sentenceOf(answer, changes.size) : before);
  }

  /** Lists and number for a parameter. @param {any} result @param {number} index */
  #build({ layers, largest }, index) {
    const place = placeOf(layers, index);
    const { layer, from, to } = place;
    const key = JSON.stringify([layers, index, largest]);
    if (key === this.#built) return;
    this.#built = key;
    this.#layers = layers;
    const [n, m] = layers[layer].W;
    const list = (/** @type {number} */ count, /** @type {string} */ name) =>
      Array.from({ length: count }, (_, k) => ({ value: String(k), label: `${name} ${k + 1}` }));
    fill(this.layer, list(layers.length, "layer"), String(layer));
    const bias = layers[layer].b === null ? [] : [{ value: "bias", label: "bias" }];
    fill(this.from, [...list(n, layer ? "from unit" : "from input"), ...bias], from === null ? "bias" : String(from));
    fill(this.to, list(m, from === null ? "of unit" : "to unit"), String(to));
    const edge = Number((ROOM * Math.max(1, largest)).toPrecision(1));
    this.#field = numberField(
      {
        key: "value",
        label: "value",
        meaning: wordsOf(place),
        slider: { low: -edge, high: edge, scale: "linear" },
      },
      /** @type {any} */ ({ tell: (/** @type {any} */ value) => this.tell.change(value) }),
    );
    const { element, input } = this.#field;
    const label = /** @type {HTMLLabelElement} */ (element.querySelector("label"));
    label.textContent = nameOf(place);
    label.htmlFor = /** @type {HTMLElement} */ (input).id = `what-if-${this.k}`;
    this.value.replaceChildren(element);
  }
}

/** @param {HTMLSelectElement} select @param {{value: string, label: string}[]} options @param {string} value */
function fill(select, options, value) {
  const key = JSON.stringify(options);
  if (select.dataset.options !== key)
    select.replaceChildren(...options.map((o) => h("option", { value: o.value }, o.label)));
  select.dataset.options = key;
  select.value = value;
}

/** What comes of the changes. @param {any} answer @param {number} count of changed weights */
function sentenceOf({ loss, accuracy }, count) {
  const of = (/** @type {any} */ value) => (value === null ? "not finite" : number(value));
  const what = `With ${count === 1 ? "this weight" : `${count} weights`} changed`;
  const right = accuracy ? `; right answers ${percent(accuracy[0])} → ${percent(accuracy[1])}` : "";
  return `${what}: loss ${of(loss[0])} → ${of(loss[1])}${right}.`;
}
