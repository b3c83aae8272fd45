/** What all fields of the controls share: their ids and labels, and what they know of the lab. */

import { h } from "./dom.js";
import { capital } from "./numerals.js";

/**
 * A drawn field: `set` shows the value that a state has, though not over what the reader is typing unless `forget` was called;
 * `input` is what takes the focus, `theme` is given the colours, `next` lists the values that the reader may take next and whose
 * kernels may differ.
 * @typedef {{element: HTMLElement, set: (state: any) => void, forget?: () => void, input?: HTMLElement,
 *   theme?: (theme: any) => void, next?: () => any[]}} Field
 */
/**
 * What a field can ask and tell; `activations` describes the activations of the network whose layers a field shows.
 * @typedef {{tell: (value: any, live?: boolean, key?: string) => void, state: () => any, axes: () => any[], theme: () => any,
 *   activations: any, csv: (file: File) => void}} Place
 */

/** @param {any} f the server's description of the field @param {string} [part] */
export const idOf = (f, part = "") => `control-${f.key.replaceAll(".", "-")}${part}`;

/** @param {any} f @param {string} [forId] */
export function labelOf(f, forId = idOf(f)) {
  return h(
    "label",
    { for: forId, title: f.meaning },
    h("span", {}, capital(f.label)),
    f.symbol ? h("span", { class: "symbol", "aria-hidden": "true" }, f.symbol) : null,
  );
}

/** Replace what an element holds; the same part of the same field keeps the focus. @param {HTMLElement} element @param {Node[]} children */
export function rebuild(element, children) {
  const active = /** @type {HTMLElement|null} */ (document.activeElement);
  const focused = element.contains(active) ? active?.dataset.focus : null;
  element.replaceChildren(...children);
  if (focused)
    /** @type {HTMLElement|null} */ (element.querySelector(`[data-focus="${CSS.escape(focused)}"]`))?.focus();
}

/** The options of a select element, with their index as value. @param {any[]} options */
export const optionsOf = (options) =>
  options.map((o, k) => h("option", { value: String(k), title: o.meaning }, o.label));
