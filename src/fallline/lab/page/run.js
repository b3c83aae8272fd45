/** The runs side by side at one step, their losses on one pair of axes, and the player over the steps. */

import { RunCard } from "./card.js";
import { CurveView } from "./curve.js";
import { h, ICONS, icon, onFrame, say } from "./dom.js";
import { number } from "./numerals.js";
import { PASSING } from "./runs.js";
import { RunTools } from "./runtools.js";
import { changedAt } from "./whatif.js";

const SECONDS = 3; // that a whole run takes to play, at most
const SLOWEST = 12; // steps a second, at least
const DRAWING = 12; // milliseconds of a frame for cards

export class RunsView {
  step = 0;
  #last = true; // whether the player stays at the last step, however many there are
  #playing = 0;
  /** The first card that the last frame had no time for. */
  #next = 0;
  /** @type {any} */
  #theme = null;
  /** @type {any} */
  data = null;
  /** @type {any} */
  surface = null;
  /** @type {any} */
  objective = null;
  /** @type {string[]} */
  captions = [];
  /** Which switches are on. @type {any} */
  look = {};

  /**
   * @param {import("./runs.js").Runs} runs
   * @param {import("./whatif.js").WhatIfs} whatIfs
   * @param {{unpin: (k: number) => void, pinPassing: () => void, start: (start: [number, number], k: number) => void, stepped: (step: number|null) => void, moving: () => void,
   *   look: (key: string, value: any) => void, frame: (step: number|null) => void, title: (x: number, y: number) => string, short: (x: number, y: number) => string, passing: () => string}} tell
   */
  constructor(runs, whatIfs, tell) {
    this.runs = runs;
    this.whatIfs = whatIfs;
    this.tell = tell;
    this.steps = 0;
    this.cards = [0, 1, 2, 3, PASSING].map((k) => new RunCard(k, this));
    this.curve = new CurveView((step) => this.go(step));
    this.tools = new RunTools((key, value) => tell.look(key, value));
    this.grid = h("div", { class: "run-grid" }, ...this.cards.map((card) => card.element));
    this.element = h(
      "section",
      { class: "panel runs", "aria-labelledby": "runs-title" },
      h("header", {}, h("h2", { id: "runs-title" }, "Runs"), this.#player()),
      this.tools.element,
      this.grid,
    );
    this.draw = onFrame(() => this.#draw());
    const sized = new ResizeObserver(() => this.draw());
    sized.observe(this.grid);
    sized.observe(this.curve.canvas);
  }

  /** @param {import("./colour.js").Theme} theme */
  set theme(theme) {
    this.#theme = theme;
    this.draw();
  }

  #player() {
    const button = (/** @type {string} */ name, /** @type {string} */ path, /** @type {() => void} */ act) =>
      h("button", { type: "button", "aria-label": name, title: name, onclick: act }, icon(path));
    this.playButton = button("Play", ICONS.play, () => (this.#playing ? this.pause() : this.play()));
    this.range = h("input", {
      type: "range",
      min: 0,
      max: 1,
      step: 1,
      "aria-label": "Step",
      oninput: () => {
        this.pause();
        this.go(Number(this.range.value));
      },
    });
    this.count = h("output", { class: "step" });
    return h(
      "div",
      { class: "player", role: "group", "aria-label": "Steps" },
      button("First step", ICONS.first, () => this.#stop(0)),
      button("Step back", ICONS.back, () => this.#stop(this.step - 1)),
      this.playButton,
      button("Step forward", ICONS.forward, () => this.#stop(this.step + 1)),
      button("Last step", ICONS.last, () => this.#stop(this.steps)),
      this.range,
      this.count,
    );
  }

  /** @param {number} step */
  #stop(step) {
    this.pause();
    this.go(step);
  }

  /** Show a step. @param {number} step */
  go(step) {
    this.step = Math.max(0, Math.min(this.steps, step));
    this.#last = this.step === this.steps;
    this.draw();
    this.tell.moving();
    this.tell.stepped(this.#last ? null : this.step);
  }

  /** @param {number} [first] the step to begin with, if not the present one */
  play(first = this.step >= this.steps ? 0 : this.step) {
    this.pause();
    this.step = first;
    const rate = Math.max(SLOWEST, this.steps / SECONDS);
    const from = this.step;
    const start = performance.now();
    const tick = (/** @type {number} */ now) => {
      const step = Math.min(this.steps, from + Math.floor(((now - start) / 1000) * rate));
      this.step = step;
      this.#last = step === this.steps;
      this.#draw();
      this.tell.moving();
      if (step < this.steps) this.#playing = requestAnimationFrame(tick);
      else this.pause();
    };
    this.#playing = requestAnimationFrame(tick);
    this.#playLook(true);
  }

  pause() {
    if (!this.#playing) return;
    cancelAnimationFrame(this.#playing);
    this.#playing = 0;
    this.#playLook(false);
    this.tell.stepped(this.#last ? null : this.step);
  }

  /** @param {boolean} playing */
  #playLook(playing) {
    this.playButton.replaceChildren(icon(playing ? ICONS.pause : ICONS.play));
    this.playButton.setAttribute("aria-label", playing ? "Pause" : "Play");
    this.playButton.title = playing ? "Pause" : "Play";
  }

  /** @param {number} steps @param {number|null} step */
  length(steps, step) {
    const before = `${this.steps} ${this.step}`;
    this.steps = steps;
    this.range.max = String(steps);
    if (step !== null) [this.step, this.#last] = [Math.min(step, steps), step >= steps];
    else if (this.#last || this.step > steps) [this.step, this.#last] = [steps, true];
    if (before !== `${steps} ${this.step}`) this.draw();
  }

  /** Draw the cards that there is time for, and the others in the next frame. @param {import("./card.js").Scene} scene @param {RunCard[]} cards */
  #drawCards(scene, cards) {
    const until = performance.now() + DRAWING;
    const late = cards.findIndex(({ k }) => k >= this.#next);
    const first = Math.max(0, late);
    this.#next = 0;
    for (const card of [...cards.slice(first), ...cards.slice(0, first)]) {
      if (performance.now() > until) {
        this.#next = card.k;
        return this.draw();
      }
      card.draw(scene, this.runs.results[card.k], this.#colour(card));
    }
  }

  /** The colour of a card's run. @param {RunCard} card */
  #colour({ k }) {
    return k === PASSING ? this.#theme.muted : this.#theme.series[k];
  }

  #draw() {
    if (!this.#theme) return;
    this.tell.frame(this.step === this.steps ? null : this.step);
    this.range.value = String(this.step);
    this.range.setAttribute("aria-valuetext", `step ${this.step} of ${this.steps}`);
    say(this.count, `${this.step} / ${this.steps}`);
    const visible = this.cards.filter(({ k }) => this.runs.results[k]);
    this.grid.dataset.count = String(visible.length);
    this.grid.classList.toggle("landscapes", this.objective?.kind !== "network");
    const scene = {
      theme: this.#theme,
      step: this.step,
      playing: Boolean(this.#playing),
      objective: this.objective,
      data: this.data,
      surface: this.surface,
      captions: this.captions,
      look: this.look,
    };
    const lines = [];
    /** @type {Record<string, string>} */
    const colours = Object.fromEntries(this.#theme.outcomes.map((/** @type {any} */ o) => [o.name, o.colour]));
    for (const card of this.cards) {
      const result = /** @type {any} */ (this.runs.results[card.k]);
      if (card.element.hidden !== !result) card.element.hidden = !result;
      if (!result) continue;
      const passing = card.k === PASSING;
      const colour = this.#colour(card);
      if (result.testLosses) lines.push({ losses: result.testLosses, colour, label: "", faint: passing, test: true });
      const whatIf = changedAt(result, this.step)?.loss[1] ?? null;
      lines.push({ losses: result.losses, colour, label: passing ? "" : String(card.k + 1), faint: passing, whatIf });
      const short = this.tell.short(result.x, result.y);
      const title = passing ? `${this.tell.passing()}: ${short}` : short;
      card.head(result, title, this.tell.title(result.x, result.y), colours[result.outcome?.name] ?? "transparent");
    }
    this.#drawCards(scene, visible);
    this.curve.draw(this.#theme, lines, this.steps, this.step);
    const told = lines
      .filter((line) => line.label)
      .map(
        (line) => `run ${line.label} from ${number(line.losses[0])} to ${number(line.losses[line.losses.length - 1])}`,
      );
    const label = `Loss over ${this.steps} steps${told.length ? `: ${told.join("; ")}` : ""}`;
    if (this.curve.canvas.getAttribute("aria-label") !== label) this.curve.canvas.setAttribute("aria-label", label);
  }
}
