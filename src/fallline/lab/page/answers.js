/** The answers that the views want besides tiles and runs: samples, contours, ranges, theory and equations. */

import { calm, say } from "./dom.js";
import { PASSING } from "./runs.js";
import { arrays } from "./wire.js";

const EQUATIONS_REST = 220; // milliseconds without a change, then the equations are asked for

export class Answers {
  /** Whether the equations are on the screen, or nearly. */
  #equationsSeen = false;
  /** Digest of the controls that are shown. */
  #digest = "";

  /** @param {import("./app.js").Lab} lab */
  constructor(lab) {
    this.lab = lab;
    this.askEquations = calm(EQUATIONS_REST, () => this.#askEquations());
  }

  /** Ask for equations only while the reader can see them. @param {Element} element */
  watch(element) {
    const seen = (/** @type {IntersectionObserverEntry[]} */ entries) => {
      this.#equationsSeen = entries[entries.length - 1].isIntersecting;
      if (this.#equationsSeen) this.askEquations();
    };
    new IntersectionObserver(seen, { rootMargin: "200px" }).observe(element);
  }

  /** Whether nothing more urgent is under way. */
  get #free() {
    const { connection, changes } = this.lab;
    return connection.open && connection.answered && changes.waiting === null;
  }

  /** What stands behind the runs: samples, or contours. */
  askScene() {
    const { questions, store } = this.lab;
    const { objective, data } = store.accepted;
    if (objective.kind === "network")
      questions.ask("data", [data, objective.loss, objective.units[0], objective.units.at(-1)]);
    else questions.ask("landscape", objective);
  }

  /** What can wait until the reader rests: it would slow down the next picture. */
  askAtRest() {
    const { connection, store, runs, pinned, questions } = this.lab;
    if (!this.#free || !store.accepted) return;
    const { objective, data, optimizer, settings, map, start, seed, initial, dtype } = store.accepted;
    pinned.want();
    runs.complete();
    questions.ask("ranges", connection.stateId, { knows: this.#digest });
    questions.ask("theory", [objective, data, optimizer, settings, map, start, seed, initial, dtype]);
    this.askEquations();
  }

  #askEquations() {
    const { connection, store, runs, runView, equations, wishes, pinned, questions } = this.lab;
    if (!this.#free || !this.#equationsSeen) return;
    if (wishes.waits) return this.askEquations(); // the map first
    const { form, numbers } = store.state.look;
    const { objective, optimizer, schedule } = store.accepted;
    const k = pinned.foremost;
    const { step } = runView;
    const run = numbers && runs.results[k];
    say(equations.note, run ? `numbers of ${k === PASSING ? "the run shown" : "run 1"} at step ${step}` : "");
    const about = [objective, optimizer, schedule, form, run ? [connection.stateId, run.x, run.y, step] : null];
    const at = run ? { pin: k, step, x: run.x, y: run.y } : { pin: null, step: null };
    questions.ask("equations", about, { form, numbers: Boolean(run), ...at });
  }

  /** Axes, and the controls if they differ from those shown. @param {any} content */
  ranges(content) {
    const { connection, questions, store, controls, progress } = this.lab;
    questions.told("ranges", connection.stateId);
    store.axes = content.axes;
    this.#digest = content.digest;
    controls.show(content.controls, store.state, store.axes);
    progress.show();
  }

  /** @param {any} content @param {DataView[]} buffers */
  data(content, buffers) {
    const { runView } = this.lab;
    const { values } = arrays(content, buffers);
    runView.data = {
      points: values.points ?? new Float64Array(),
      classes: values.classes ?? values.targets ?? null,
      names: content.names ?? [],
      window: content.window ?? [-1, 1, -1, 1],
      values: Boolean(content.values),
      dimension: content.dimension ?? 2,
    };
    runView.draw();
  }

  /** @param {any} content @param {DataView[]} buffers */
  landscape(content, buffers) {
    const { runView } = this.lab;
    const { values, shapes } = arrays(content, buffers);
    runView.surface = {
      window: content.window,
      lines: content.lines ?? [],
      points: values.points ?? new Float32Array(),
      grid: values.grid,
      side: shapes.grid?.[0] ?? 0,
      minima: content.minima ?? [],
    };
    runView.draw();
  }
}
