/** The page of a map's file that is served: a folder of tiles, with the values of cells and their runs trained again. */

import { calm, h } from "../../lab/page/dom.js";
import { number } from "../../lab/page/numerals.js";
import { RunPanel } from "./runpanel.js";
import { figureOfPage, TilePage } from "./tilepage.js";

/** @typedef {import("./tilepage.js").Pair} Pair */

const REST = 60; // milliseconds that the pointer stays on a cell before its values are requested

const figure = figureOfPage();
const measures = figure.measures ?? [];
const choice = h(
  "select",
  { "aria-label": "Measure", onchange: () => show(Number(choice.value)) },
  ...measures.map((name, k) => h("option", { value: String(k) }, name)),
);

/** @type {Pair|null} */
let read = null;

const values = calm(REST, async (/** @type {Pair|null} */ cell) => {
  if (!cell || read !== cell) return;
  const { sentence, values = [] } = await answer(`cell/${cell[0]}/${cell[1]}`);
  page.add(cell, (sentence ?? valuesAsText(values)) || "not computed yet");
});

const panel = new RunPanel();

const page = new TilePage(figure, {
  tools: measures.length > 1 ? [choice] : [],
  keys: " Enter trains the run under the cursor again.",
  read: (cell) => {
    read = cell;
    values(cell);
  },
  choose: async (cell) => {
    panel.wait(page.place(cell));
    const told = await answer(`run/${cell[0]}/${cell[1]}`);
    panel.show(page.place(cell), told, valuesAsText(told.values ?? []));
  },
});
page.root.append(panel.element);
show(0);

/** Show a measure, by its place. @param {number} measure */
function show(measure) {
  page.map.folder = `tiles/${measure}/`;
  const legend = /** @type {HTMLImageElement} */ (document.querySelector(".legend-picture img"));
  if (!legend.src.endsWith(`picture/${measure}.png`)) legend.src = `picture/${measure}.png`;
}

/** What the server answers; {sentence} if it cannot. @param {string} address @returns {Promise<any>} */
async function answer(address) {
  try {
    const response = await fetch(address);
    if (response.headers.get("content-type")?.startsWith("application/json")) return await response.json();
    return { sentence: await response.text() };
  } catch {
    return { sentence: "The lab has ended: start it again in the terminal, and open the address that it prints." };
  }
}

/** @param {{label: string, value: number|string}[]} values */
function valuesAsText(values) {
  return values
    .map(({ label, value }) => `${label} ${typeof value === "number" ? number(value, 7) : value}`)
    .join(", ");
}

export default page;
