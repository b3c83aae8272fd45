/** An axis of the map among the controls: the setting, its range and its scale. */

import { h } from "./dom.js";
import { idOf, labelOf } from "./field.js";
import { parsed, typed, words } from "./numerals.js";
import { read } from "./state.js";

/** @typedef {import("./field.js").Place} Place */
/** @typedef {import("./field.js").Field} Field */

/** Setting, range and scale of one axis. @param {any} f @param {Place} p @returns {Field} */
export function axisField(f, p) {
  const name = h("select", {
    id: idOf(f),
    title: f.meaning,
    "data-focus": `${f.key} name`,
    onchange: () => {
      const axis = p.axes().find((a) => a.name === name.value);
      p.tell({ name: axis.name, low: axis.range[0], high: axis.range[1], scale: axis.scale });
    },
  });
  /** The box in which the reader types, until the value is told. @type {any} */
  let typing = null;
  const end = (/** @type {"low"|"high"} */ which) => {
    const input = h("input", {
      type: "text",
      inputmode: "decimal",
      "aria-label": `${f.label}: ${which === "low" ? "from" : "to"}`,
      "data-focus": `${f.key} ${which}`,
      oninput: () => {
        typing = input;
      },
      onchange: () => {
        typing = null;
        const v = parsed(input.value);
        p.tell({ ...read(p.state(), f.key), [which]: Number.isNaN(v) ? input.value : v });
      },
    });
    return input;
  };
  const low = end("low");
  const high = end("high");
  const scale = h(
    "select",
    {
      "aria-label": `${f.label}: scale`,
      "data-focus": `${f.key} scale`,
      onchange: () => p.tell({ ...read(p.state(), f.key), scale: scale.value }),
    },
    h("option", { value: "linear" }, "linear"),
    h("option", { value: "log" }, "log"),
  );
  let listed = "";
  const set = (/** @type {any} */ state) => {
    const axis = read(state, f.key);
    const axes = p.axes();
    const key = axes.map((a) => a.name).join();
    if (key !== listed) {
      listed = key;
      name.replaceChildren(
        ...axes.map((a) => h("option", { value: a.name, title: a.meaning }, a.label ?? words(a.name))),
      );
    }
    name.value = axis.name;
    if (typing !== low) low.value = typed(axis.low);
    if (typing !== high) high.value = typed(axis.high);
    scale.value = axis.scale;
  };
  return {
    element: h(
      "div",
      { class: "field axis" },
      labelOf(f),
      name,
      h("div", { class: "axis-range" }, low, h("span", { "aria-hidden": "true" }, "to"), high, scale),
    ),
    set,
    forget: () => {
      typing = null;
    },
    input: name,
  };
}
