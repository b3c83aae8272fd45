/** One run at the step of the player: its regions, its network or its path, and what is shown of it on request. */

import { ConfusionView } from "./confusion.js";
import { h, ICONS, icon, say } from "./dom.js";
import { scaleOf } from "./flow.js";
import { LandscapeView } from "./landscape.js";
import { NetworkView } from "./network.js";
import { number, words } from "./numerals.js";
import { marker } from "./pins.js";
import { RegionView } from "./regions.js";
import { PASSING } from "./runs.js";
import { changedAt } from "./whatif.js";
import { WhatIfForm } from "./whatifform.js";

/**
 * What all cards share while they are drawn.
 * @typedef {object} Scene
 * @property {any} theme
 * @property {number} step of the player
 * @property {boolean} playing
 * @property {any} objective
 * @property {any} data the samples, and the plane that they lie on
 * @property {any} surface of a landscape
 * @property {string[]} captions of the layers
 * @property {Record<string, boolean>} look which switches are on
 */

export class RunCard {
  /** @param {number} k @param {import("./run.js").RunsView} view */
  constructor(k, view) {
    const { tell, runs, whatIfs } = view;
    this.k = k;
    this.runs = runs;
    const passing = k === PASSING;
    this.title = h("h3", {}, passing ? "" : `Run ${k + 1}`);
    this.chip = h("span", { class: "chip" });
    const close = h(
      "button",
      {
        type: "button",
        class: "quiet",
        "aria-label": passing ? "Pin this run" : `Unpin run ${k + 1}`,
        title: passing ? "Pin this run" : "Unpin",
        onclick: () => (passing ? tell.pinPassing() : tell.unpin(k)),
      },
      icon(passing ? ICONS.plus : ICONS.close),
    );
    const open = (/** @type {number} */ index) => whatIfs.open(k, index, view.step);
    this.regions = new RegionView();
    this.axes = h("p", { class: "plane-axes" });
    this.network = new NetworkView((index, byTouch) => {
      open(index);
      if (!byTouch) this.form.focus(); // a finger would raise the keyboard
    });
    this.opener = h(
      "button",
      {
        type: "button",
        class: "small what-if-open",
        "aria-label": `Change a weight of ${this.#name}`,
        title: "What if a weight were another?",
        onclick: () => {
          open(0);
          this.form.focus();
        },
      },
      "Change a weight",
    );
    this.form = new WhatIfForm(k, {
      choose: open,
      change: (value) => whatIfs.change(k, value),
      putBack: () => {
        whatIfs.putBack(k);
        this.form.focus(); // the button is of no more use
      },
      close: () => {
        whatIfs.close(k);
        this.opener.hidden = false;
        this.opener.focus();
      },
      goTo: (step) => view.go(step),
    });
    this.confusions = ["confusion", "test_confusion"].map((name) => ({ name, view: new ConfusionView() }));
    this.landscape = new LandscapeView((start) => tell.start(start, k));
    this.note = h("p", { class: "note" });
    this.side = h("div", { class: "run-side" }, this.network.element, this.opener, this.form.element);
    this.plane = h("div", { class: "run-plane" }, this.regions.canvas, this.axes);
    const parts = h("div", { class: "run-parts" }, this.plane, this.landscape.element, this.side, this.note);
    this.side.append(h("div", { class: "confusions" }, ...this.confusions.map(({ view }) => view.element)));
    this.element = h(
      "article",
      { class: `run-card ${passing ? "passing" : ""}`, hidden: true },
      h("header", {}, passing ? null : marker(k), this.title, this.chip, close),
      h("div", { class: "run-body" }, parts),
    );
  }

  get #name() {
    return this.k === PASSING ? "the run under the pointer" : `run ${this.k + 1}`;
  }

  /** @param {any} result @param {string} title @param {string} whole title @param {string} colour of the outcome */
  head(result, title, whole, colour) {
    say(this.title, title);
    if (this.title.title !== whole) this.title.title = whole;
    const name = result.outcome?.name ?? "";
    say(this.chip, words(name));
    this.chip.dataset.outcome = name;
    this.chip.style.setProperty("--outcome", colour);
  }

  /** @param {Scene} shown @param {any} result @param {string} colour of the run */
  draw(shown, result, colour) {
    const { objective, data } = shown;
    const step = Math.min(shown.step, result.steps); // a shorter run stays at its end
    const scene = { ...shown, step };
    const net = objective?.kind === "network";
    const w = result.path.subarray(step * result.dimension, (step + 1) * result.dimension);
    const flat = net && data && data.dimension > 1;
    const drawn = !net && result.dimension === 2;
    toggle(this.plane, flat);
    toggle(this.side, net);
    toggle(this.landscape.element, drawn);
    const note =
      net && data && !flat
        ? "One input: no plane to draw regions on."
        : !net && !drawn
          ? `${result.dimension} coordinates: no plane to draw the path on.`
          : "";
    this.note.hidden = !note;
    say(this.note, note);
    const whatIf = result.whatIf;
    if (whatIf && !whatIf.changes.size) whatIf.step = step; // it follows the player until a weight is changed
    const changed = changedAt(result, step);
    this.element.classList.toggle("changed", Boolean(changed));
    const frame = changed?.frame ?? (flat ? this.runs.frame(result, step) : null);
    if (flat) this.#drawRegions(scene, frame, changed);
    if (net && result.layers && w.length) this.#drawNetwork(scene, result, changed, changed?.w ?? w, frame);
    if (drawn) this.#drawPath(scene, result, w, colour);
  }

  /** @param {Scene} scene @param {any} frame @param {any} changed the answer to a what-if */
  #drawRegions({ theme, data }, frame, changed) {
    this.regions.draw(theme, data, frame);
    const about = changed ? " with weights changed" : "";
    const label = `Decision regions of ${this.#name}${about} and ${data.points.length / 2} samples`;
    if (this.regions.canvas.getAttribute("aria-label") !== label) this.regions.canvas.setAttribute("aria-label", label);
    const more = data.dimension > 2;
    this.axes.hidden = !more;
    if (more) say(this.axes, `${data.axes[0]} →, ${data.axes[1]} ↑`);
  }

  /** @param {Scene} scene @param {any} result @param {any} changed @param {ArrayLike<number>} w @param {any} frame */
  #drawNetwork({ theme, data, captions, look, playing, step }, result, changed, w, frame) {
    const { layers, largest, dimension, details, whatIf } = result;
    const gradients = look.gradients ? details.gradients : null;
    if (gradients) gradients.scale ??= scaleOf(gradients.layer_norms);
    const flow = gradients && {
      of: changed?.gradients ?? gradients.gradients.subarray(step * dimension, (step + 1) * dimension),
      norms: changed?.norms ?? gradients.layer_norms.subarray(step * layers.length, (step + 1) * layers.length),
      scale: gradients.scale,
    };
    const planes = frame?.units ?? null;
    const chosen = whatIf?.index ?? null;
    const picture = { layers, w, largest, captions, planes, flow, chosen };
    this.network.canvas.classList.toggle("flow", look.gradients);
    this.network.draw(theme, picture);
    if (!playing) this.network.describe(picture);
    toggle(this.opener, !whatIf);
    this.form.show(this.#name, result, whatIf, step);
    const counts = look.confusion ? details.confusion : null;
    for (const { name, view } of this.confusions) {
      const all = counts?.[name];
      toggle(view.element, Boolean(all));
      if (!all) continue;
      const cells = all.length / (result.steps + 1);
      const shown = changed?.[name] ?? all.subarray(step * cells, (step + 1) * cells);
      const set = counts.test_confusion ? (name === "confusion" ? "training" : "test") : "";
      view.show(shown, data?.names ?? [], this.#name, set);
    }
  }

  /** @param {Scene} scene @param {any} result @param {ArrayLike<number>} w @param {string} colour */
  #drawPath({ theme, surface, step }, result, w, colour) {
    this.landscape.draw(theme, surface, result.path, result.dimension, step, colour);
    const end = `(${number(w[0])}, ${number(w[1])})`;
    this.landscape.canvas.setAttribute(
      "aria-label",
      `Contours; the path from (${number(result.path[0])}, ${number(result.path[1])}) to ${end} at step ${step}`,
    );
  }
}

/** @param {HTMLElement} element @param {boolean} there */
function toggle(element, there) {
  if (element.hidden === there) element.hidden = !there;
}
