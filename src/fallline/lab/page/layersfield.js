/** The layers of a network among the controls: units and activation of each hidden layer. */

import { h, ICONS, icon } from "./dom.js";
import { optionsOf, rebuild } from "./field.js";
import { capital, parsed } from "./numerals.js";
import { read } from "./state.js";

const MOST = 8; // networks that the server may prepare for

/** @typedef {import("./field.js").Place} Place */
/** @typedef {import("./field.js").Field} Field */

/** The layers from inputs to outputs. @param {any} f @param {Place} p @returns {Field} */
export function layersField(f, p) {
  const rows = h("div", { class: "layers" });
  const add = h(
    "button",
    {
      type: "button",
      class: "small",
      "data-focus": `${f.key} add`,
      onclick: () => {
        const units = read(p.state(), f.key);
        p.tell([...units.slice(0, -1), 3, units.at(-1)]);
      },
    },
    icon(ICONS.plus),
    "layer",
  );
  let shown = "";
  let pointed = 0; // the hidden layer that the reader pointed at last
  rows.addEventListener("pointerover", (/** @type {Event} */ e) => {
    const row = /** @type {Element} */ (e.target).closest(".layer:not(.end)");
    if (row) pointed = [...rows.children].indexOf(row) - 1;
  });
  const set = (/** @type {any} */ state) => {
    const units = read(state, f.key) ?? [];
    const activations = p.activations ? (read(state, p.activations.key) ?? []) : [];
    const key = JSON.stringify([units, activations]);
    if (key === shown) return;
    shown = key;
    add.disabled = units.length - 2 >= (f.max_layers ?? 8);
    rebuild(rows, [
      h("div", { class: "layer end" }, h("span", {}, "inputs"), h("b", {}, String(units[0]))),
      ...units
        .slice(1, -1)
        .map((/** @type {number} */ _, /** @type {number} */ l) => hiddenLayer(f, p, units, activations, l)),
      h("div", { class: "layer end" }, h("span", {}, "outputs"), h("b", {}, String(units.at(-1)))),
    ]);
  };
  return {
    element: h("fieldset", { class: "field units" }, h("legend", { title: f.meaning }, capital(f.label)), rows, add),
    set,
    input: add,
    next: () => neighbours(read(p.state(), f.key) ?? [], pointed),
  };
}

/** The networks with one unit more or less in a hidden layer, those of the layer `first` before others. @param {number[]} units @param {number} first */
function neighbours(units, first) {
  const layers = units.slice(1, -1).map((_, l) => l);
  return [...layers.slice(first, first + 1), ...layers.filter((l) => l !== first)]
    .flatMap((l) => [1, -1].map((more) => units.map((u, k) => (k === l + 1 ? u + more : u))))
    .filter((other) => Math.min(...other) > 0)
    .slice(0, MOST);
}

/** A row for one hidden layer. @param {any} f @param {Place} p @param {number[]} units @param {any[]} activations @param {number} l */
function hiddenLayer(f, p, units, activations, l) {
  const options = p.activations?.options ?? [];
  const count = units[l + 1];
  const change = (/** @type {number} */ n) =>
    p.tell(units.map((/** @type {number} */ u, /** @type {number} */ k) => (k === l + 1 ? n : u)));
  const input = h("input", {
    type: "number",
    min: 1,
    max: f.max_units ?? 32,
    step: 1,
    value: count,
    "aria-label": `Units of hidden layer ${l + 1}`,
    "data-focus": `${f.key} ${l}`,
    onchange: () => change(Math.round(parsed(input.value)) || 1),
  });
  const select = options.length
    ? h(
        "select",
        {
          "aria-label": `Activation of hidden layer ${l + 1}`,
          "data-focus": `${f.key} activation ${l}`,
          onchange: () =>
            p.tell(
              activations.map((/** @type {any} */ a, /** @type {number} */ k) =>
                k === l ? options[Number(select.value)].value : a,
              ),
              false,
              p.activations.key,
            ),
        },
        ...optionsOf(options),
      )
    : null;
  if (select) select.value = String(options.findIndex((/** @type {any} */ o) => o.value === activations[l]));
  const remove = h(
    "button",
    {
      type: "button",
      class: "quiet",
      "aria-label": `Remove hidden layer ${l + 1}`,
      title: "Remove this layer",
      onclick: () => p.tell(units.filter((/** @type {number} */ _, /** @type {number} */ k) => k !== l + 1)),
    },
    icon(ICONS.close),
  );
  return h("div", { class: "layer" }, h("span", {}, `layer ${l + 1}`), input, select, remove);
}
