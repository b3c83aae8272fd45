/** The panel of a page about itself: what it cannot change and what can, its map's hash, and a button that checks it. */

import { h, say } from "../../lab/page/dom.js";
import { number } from "../../lab/page/numerals.js";
import { hashOfMap } from "./hash.js";

const HOW = {
  relaxed: "Runs are trained in this browser, with the bits that fallline has on every machine.",
  plain: "Runs are trained in this browser without relaxed SIMD: more slowly, with the same bits.",
  none: "This browser runs no WebAssembly with SIMD, so the page shows what was stored in it and trains nothing.",
};

/** @param {import("./host.js").KernelHost} host @param {import("../../lab/page/app.js").Lab} lab @returns {import("../../lab/page/views.js").Entry} */
export function about(host, lab) {
  const { fixed, command, map, holds } = host.figure;
  const how = h("p", {});
  const told = h("p", { role: "status" });
  const [rows, columns] = map.shape;
  const cells = `${number(columns)} × ${number(rows)}`;
  const button = h(
    "button",
    { type: "button", class: "check-hash", onclick: () => check(host, button, told) },
    "Train all of them here and compare",
  );
  const facts = fixed.map((/** @type {{label: string, value: string}} */ { label, value }) =>
    h("div", {}, h("dt", {}, label), h("dd", {}, value)),
  );
  const element = h(
    "section",
    { class: "panel about", "aria-labelledby": "about-title" },
    h("header", {}, h("h2", { id: "about-title" }, "This page")),
    how,
    h("p", {}, "Its sliders change every number. These stay as they are:"),
    h("dl", {}, ...facts),
    command ? h("p", {}, "This command made the page, and makes others: ", h("code", {}, command)) : null,
    map.sha256 ? h("p", {}, `SHA-256 of the map's ${cells} cells: `, h("code", { class: "sha256" }, map.sha256)) : null,
    map.sha256 ? h("p", {}, button) : null,
    told,
    holds ? h("p", {}, holds) : null,
  );
  host.model.trainer().then(
    (trainer) => {
      say(how, HOW[trainer?.which ?? "none"]);
      button.hidden = !trainer;
    },
    () => say(how, HOW.none),
  );
  lab.root.classList.add("live-page");
  return { view: { element } };
}

/** @param {import("./host.js").KernelHost} host @param {any} button @param {HTMLElement} told */
async function check(host, button, told) {
  button.disabled = true;
  say(told, "Training: 0 %");
  try {
    const found = await hashOfMap(host.model, (share) => say(told, `Training: ${Math.round(100 * share)} %`));
    const equal = found === host.figure.map.sha256;
    told.dataset.equal = String(equal);
    say(told, equal ? `Equal: this browser trained the same bits.` : `Different: this browser's values have ${found}.`);
  } catch (error) {
    say(told, `The map could not be trained here: ${/** @type {Error} */ (error).message}`);
  }
  button.disabled = false;
}
