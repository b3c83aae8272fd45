/** The runs side by side at one step, their losses on one pair of axes, and the player over the steps. */

import { CurveView } from "./curve.js";
import { h, ICONS, icon, onFrame, say } from "./dom.js";
import { LandscapeView } from "./landscape.js";
import { NetworkView } from "./network.js";
import { number, words } from "./numerals.js";
import { marker } from "./pins.js";
import { RegionView } from "./regions.js";
import { PASSING } from "./runs.js";

const SECONDS = 3; // that a whole run takes to play, at most
const SLOWEST = 12; // steps a second, at least

export class RunsView {
  step = 0;
  #last = true; // whether the player stays at the last step, however many there are
  #playing = 0;
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

  /**
   * @param {import("./runs.js").Runs} runs
   * @param {{unpin: (k: number) => void, pinPassing: () => void, start: (start: [number, number], k: number) => void, stepped: (step: number|null) => void,
   *   frame: (step: number|null) => void, title: (x: number, y: number) => string, short: (x: number, y: number) => string, passing: () => string}} tell
   */
  constructor(runs, tell) {
    this.runs = runs;
    this.tell = tell;
    this.steps = 0;
    this.cards = [0, 1, 2, 3, PASSING].map((k) => this.#card(k));
    this.curve = new CurveView((step) => this.#go(step));
    this.grid = h("div", { class: "run-grid" }, ...this.cards.map((card) => card.element));
    this.element = h(
      "section",
      { class: "panel runs", "aria-labelledby": "runs-title" },
      h("header", {}, h("h2", { id: "runs-title" }, "Runs"), this.#player()),
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

  /** @param {number} k */
  #card(k) {
    const passing = k === PASSING;
    const title = h("h3", {}, passing ? "" : `Run ${k + 1}`);
    const chip = h("span", { class: "chip" });
    const close = h(
      "button",
      {
        type: "button",
        class: "quiet",
        "aria-label": passing ? "Pin this run" : `Unpin run ${k + 1}`,
        title: passing ? "Pin this run" : "Unpin",
        onclick: () => (passing ? this.tell.pinPassing() : this.tell.unpin(k)),
      },
      icon(passing ? ICONS.plus : ICONS.close),
    );
    const regions = new RegionView();
    const network = new NetworkView();
    const landscape = new LandscapeView((start) => this.tell.start(start, k));
    const note = h("p", { class: "note" });
    const body = h("div", { class: "run-body" }, regions.canvas, landscape.element, network.canvas, note);
    const element = h(
      "article",
      { class: `run-card ${passing ? "passing" : ""}`, hidden: true },
      h("header", {}, passing ? null : marker(k), title, chip, close),
      body,
    );
    return { k, element, title, chip, regions, network, landscape, note };
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
        this.#go(Number(this.range.value));
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
    this.#go(step);
  }

  /** @param {number} step */
  #go(step) {
    this.step = Math.max(0, Math.min(this.steps, step));
    this.#last = this.step === this.steps;
    this.draw();
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

  /** The cards whose runs are there. */
  #visible() {
    return this.cards.filter(({ k }) => this.runs.results[k]);
  }

  #draw() {
    if (!this.#theme) return;
    this.tell.frame(this.step === this.steps ? null : this.step);
    this.range.value = String(this.step);
    this.range.setAttribute("aria-valuetext", `step ${this.step} of ${this.steps}`);
    say(this.count, `${this.step} / ${this.steps}`);
    const visible = this.#visible();
    this.grid.dataset.count = String(visible.length);
    const net = this.objective?.kind === "network";
    this.grid.classList.toggle("landscapes", !net);
    const lines = [];
    /** @type {Record<string, string>} */
    const colours = Object.fromEntries(this.#theme.outcomes.map((/** @type {any} */ o) => [o.name, o.colour]));
    for (const card of this.cards) {
      const result = /** @type {any} */ (this.runs.results[card.k]);
      card.element.hidden = !result;
      if (!result) continue;
      const passing = card.k === PASSING;
      const colour = passing ? this.#theme.muted : this.#theme.series[card.k];
      if (result.testLosses) lines.push({ losses: result.testLosses, colour, label: "", faint: passing, test: true });
      lines.push({ losses: result.losses, colour, label: passing ? "" : String(card.k + 1), faint: passing });
      const title = passing
        ? `${this.tell.passing()}: ${this.tell.short(result.x, result.y)}`
        : this.tell.short(result.x, result.y);
      say(card.title, title);
      card.title.title = this.tell.title(result.x, result.y);
      const name = result.outcome?.name ?? "";
      say(card.chip, words(name));
      card.chip.dataset.outcome = name;
      card.chip.style.setProperty("--outcome", colours[name] ?? "transparent");
      this.#drawCard(card, result, colour, net);
    }
    this.curve.draw(this.#theme, lines, this.steps, this.step);
    const told = lines
      .filter((line) => line.label)
      .map(
        (line) => `run ${line.label} from ${number(line.losses[0])} to ${number(line.losses[line.losses.length - 1])}`,
      );
    const label = `Loss over ${this.steps} steps${told.length ? `: ${told.join("; ")}` : ""}`;
    if (this.curve.canvas.getAttribute("aria-label") !== label) this.curve.canvas.setAttribute("aria-label", label);
  }

  /** @param {any} card @param {any} result @param {string} colour @param {boolean} net */
  #drawCard(card, result, colour, net) {
    const w = result.path.subarray(this.step * result.dimension, (this.step + 1) * result.dimension);
    const flat = net && this.data && this.data.dimension === 2;
    const drawn = !net && result.dimension === 2;
    toggle(card.regions.canvas, flat);
    toggle(card.network.canvas, net);
    toggle(card.landscape.element, drawn);
    const note =
      net && this.data && !flat
        ? `${this.data.dimension} inputs: no plane to draw regions on.`
        : !net && !drawn
          ? `${result.dimension} coordinates: no plane to draw the path on.`
          : "";
    card.note.hidden = !note;
    say(card.note, note);
    const frame = flat ? this.runs.frame(result, this.step) : null;
    if (flat) {
      card.regions.draw(this.#theme, this.data, frame);
      const label = `Decision regions of ${card.k === PASSING ? "the run under the pointer" : `run ${card.k + 1}`} and ${this.data.points.length / 2} samples`;
      if (card.regions.canvas.getAttribute("aria-label") !== label)
        card.regions.canvas.setAttribute("aria-label", label);
    }
    if (net && result.layers && w.length) {
      card.network.draw(this.#theme, result.layers, w, result.largest, this.captions, frame?.units ?? null);
      if (!this.#playing) card.network.describe(result.layers, w);
    }
    if (drawn) {
      card.landscape.draw(this.#theme, this.surface, result.path, result.dimension, this.step, colour);
      const end = `(${number(w[0])}, ${number(w[1])})`;
      card.landscape.canvas.setAttribute(
        "aria-label",
        `Contours; the path from (${number(result.path[0])}, ${number(result.path[1])}) to ${end} at step ${this.step}`,
      );
    }
  }
}

/** @param {HTMLElement} element @param {boolean} there */
function toggle(element, there) {
  if (element.hidden === there) element.hidden = !there;
}
