/** What a stranger needs: one sentence above the map that says what a pixel is, and three hints that go away when done. */

import { h, say } from "./dom.js";
import { number } from "./numerals.js";

const KEPT = "fallline lab: hints done";

/** @typedef {{key: string, text: string}} Hint */

/** @type {Hint[]} */
const HINTS = [
  { key: "pin", text: "Click the map to pin a run" },
  { key: "change", text: "Drag a slider: all of it trains again" },
  { key: "play", text: "Play the map" },
];

export class Lead {
  #done = kept();

  /** @param {boolean} remembers whether the hints that were done stay away on the next visit */
  constructor(remembers) {
    this.remembers = remembers;
    if (!remembers) this.#done = new Set();
    this.sentence = h("span", {});
    this.list = h("ol", { class: "hints", "aria-label": "First steps" });
    this.recall = h(
      "button",
      { type: "button", class: "quiet recall", title: "Show the hints again", onclick: () => this.#recall() },
      "hints",
    );
    this.element = h("div", { class: "lead" }, h("p", {}, this.sentence, " ", this.recall), this.list);
    this.#show();
  }

  /** @param {any} state accepted by the server @param {import("./outcomes.js").Measure} measure */
  describe(state, measure) {
    say(this.sentence, leadOf(state, measure));
  }

  /** The reader did what a hint says. @param {string} key */
  did(key) {
    if (this.#done.has(key)) return;
    this.#done.add(key);
    this.#keep();
    this.#show();
  }

  #recall() {
    this.#done.clear();
    this.#keep();
    this.#show();
  }

  #keep() {
    if (!this.remembers) return;
    try {
      localStorage.setItem(KEPT, JSON.stringify([...this.#done]));
    } catch {
      // A browser that keeps nothing shows the hints again.
    }
  }

  #show() {
    const left = HINTS.filter(({ key }) => !this.#done.has(key));
    this.list.hidden = !left.length;
    this.recall.hidden = left.length === HINTS.length;
    this.list.replaceChildren(
      ...HINTS.map(({ key, text }, n) => {
        const button = h(
          "button",
          { type: "button", class: "quiet", "aria-label": `Dismiss hint ${n + 1}`, onclick: () => this.did(key) },
          "×",
        );
        return this.#done.has(key) ? null : h("li", { value: n + 1, "data-hint": key }, h("span", {}, text), button);
      }).filter((item) => item !== null),
    );
  }
}

/** @returns {Set<string>} */
function kept() {
  try {
    return new Set(JSON.parse(localStorage.getItem(KEPT) ?? "[]"));
  } catch {
    return new Set();
  }
}

/** What a pixel of the map is, and what its colours mean. @param {any} state @param {import("./outcomes.js").Measure} measure */
export function leadOf(state, measure) {
  const { objective, map, starts } = state;
  const spread = [map.x, map.y].find(({ name }) => name === "steps");
  const steps = spread ? `${number(spread.low)} to ${number(spread.high)}` : state.steps;
  const thing = objective.kind === "network" ? "network" : "descent";
  const places = [map.x.name, map.y.name].every((name) => name.startsWith("start."));
  const each = places
    ? `Every pixel is one start, descended for ${steps} steps.`
    : starts > 1
      ? `Every pixel is ${starts} ${thing}s, trained for ${steps} steps each.`
      : objective.kind === "network"
        ? `Every pixel is one network, trained for ${steps} steps.`
        : `Every pixel is one descent of ${steps} steps.`;
  return `${each} ${colourWords(objective.kind === "network", measure)}`;
}

/** @param {boolean} network @param {import("./outcomes.js").Measure} measure */
function colourWords(network, { kind, better }) {
  if (kind === "outcomes") return "Its colour says how it ended.";
  if (kind === "minima") return "Its colour says which minimum it reached.";
  if (kind === "ranks") return "Blue: it converged, darker is faster. Orange: it diverged, darker is later.";
  if (!better) return "Its colour is the value of the measure.";
  return network ? "Dark: it learned. Click the cliff." : "Dark: it came low. Click a pixel to see its path.";
}
