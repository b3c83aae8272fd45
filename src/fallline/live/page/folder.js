/** The page of a folder of picture tiles: the map with its tools, and the values of the axes under the pointer. */

import { h, ICONS, icon, say } from "../../lab/page/dom.js";
import { number } from "../../lab/page/numerals.js";
import { FolderMap, valueOn } from "./foldermap.js";

const root = /** @type {HTMLElement} */ (document.getElementById("map"));
/** @type {import("./foldermap.js").Figure} */
const figure = JSON.parse(/** @type {HTMLElement} */ (document.getElementById("figure")).textContent ?? "");

const dark = matchMedia("(prefers-color-scheme: dark)");
const dress = () => {
  root.dataset.theme = dark.matches ? "dark" : "light";
};
dress();
dark.addEventListener("change", dress);

const KEYS =
  "Arrow keys move a cursor over the cells. Plus and minus zoom, Shift with arrows pans, Home shows the whole map.";

const whole = `${figure.columns.toLocaleString("en")} by ${figure.rows.toLocaleString("en")} cells`;
const readout = h("p", { class: "readout" }, "Scroll or pinch to zoom, drag to pan.");
const spoken = h("p", { class: "unseen", "aria-live": "polite" });

const map = new FolderMap(figure, (place, byKey) => {
  const text = place
    ? `${figure.x.name} ${named(figure.x, place[0])}, ${figure.y.name} ${named(figure.y, place[1])}; column ${place[0]}, row ${place[1]}`
    : whole;
  say(readout, text);
  if (byKey) say(spoken, text);
});

/** The value of an axis at a cell. @param {import("./foldermap.js").FolderAxis} axis @param {number} cell */
function named(axis, cell) {
  return number(valueOn(axis, cell, axis === figure.x ? figure.columns : figure.rows), 7);
}

const button = (/** @type {string} */ name, /** @type {string} */ path, /** @type {() => void} */ act) =>
  h("button", { type: "button", "aria-label": name, title: name, onclick: act }, icon(path));

root.append(
  h(
    "section",
    { class: "panel map-panel", "aria-label": "Map" },
    h(
      "header",
      {},
      h("h1", {}, document.title.replace(" · fallline", "")),
      h(
        "div",
        { class: "tools" },
        figure.live && h("a", { class: "small", href: "live.html" }, "Train these runs in this browser"),
        h(
          "div",
          { class: "zoom", role: "group", "aria-label": "Zoom" },
          button("Zoom in", ICONS.plus, () => map.zoom(0.5)),
          button("Zoom out", ICONS.minus, () => map.zoom(2)),
          button("Whole map", ICONS.home, () => map.home()),
        ),
      ),
    ),
    map.element,
    h("div", { class: "map-foot" }, readout),
    h("p", { class: "unseen", id: "map-keys" }, KEYS),
    spoken,
  ),
);

export default map;
