/** The equations of exactly this objective and optimizer: outlines for the eye, MathML for assistive technology. */

import { EquationColumns } from "./columns.js";
import { h, say } from "./dom.js";
import { PASSING } from "./runs.js";

/** @param {import("./app.js").Lab} lab @returns {import("./views.js").Entry} */
export function equations(lab) {
  const { connection, store, runs, runView, pinned } = lab;
  const view = new EquationsView({ changed: (key, value) => lab.look(key, value) });
  /** The run whose numbers are put in, if there is one. */
  const numbered = () => (store.state.look.numbers ? runs.results[pinned.foremost] : null);
  return {
    view,
    questions: [
      {
        kind: "equations",
        when: "seen",
        about() {
          const run = numbered();
          const { step } = runView;
          const numbers = run ? [connection.stateId, pinned.foremost, run.x, run.y, step] : null;
          return [subjectOf(store.accepted), store.state.look.form, numbers];
        },
        content() {
          const run = numbered();
          const pin = pinned.foremost;
          const { step } = runView;
          view.waits(run ? `numbers of ${pin === PASSING ? "the run shown" : "run 1"} at step ${step}` : "");
          const at = run ? { pin, step, x: run.x, y: run.y } : { pin: null, step: null };
          return { form: store.state.look.form, numbers: Boolean(run), ...at };
        },
        answer: (content) => view.show(content),
      },
    ],
  };
}

/** What the equations are about. @param {any} state */
function subjectOf({ objective, optimizer, schedule, batch, data }) {
  return [objective, optimizer, schedule, batch, batch ? data : null];
}

class EquationsView {
  #shown = "";
  /** What the equations that are shown, or on their way, are about. */
  #subject = "";
  /** What the note says once the equations are here. */
  #told = "";
  /** Counts the times that other equations were waited for. */
  #waited = 0;
  columns = new EquationColumns();

  /** @param {{changed: (key: string, value: any) => void}} tell */
  constructor(tell) {
    this.form = h(
      "select",
      { "aria-label": "Form of the equations", onchange: () => tell.changed("form", this.form.value) },
      h("option", { value: "matrix" }, "matrix form"),
      h("option", { value: "units" }, "unit by unit"),
    );
    this.numbers = h("input", { type: "checkbox", onchange: () => tell.changed("numbers", this.numbers.checked) });
    this.note = h("span", { class: "note" });
    this.element = h(
      "section",
      { class: "panel equations", "aria-labelledby": "equations-title" },
      h(
        "header",
        {},
        h("h2", { id: "equations-title" }, "Equations"),
        this.note,
        h("div", { class: "tools" }, this.form, h("label", { class: "check" }, this.numbers, "put the numbers in")),
      ),
      this.columns.element,
    );
  }

  /** @param {import("./store.js").Store} store */
  accepted({ state, accepted }) {
    this.form.value = state.look.form;
    this.form.hidden = accepted.objective.kind !== "network";
    this.numbers.checked = state.look.numbers;
    const subject = JSON.stringify(subjectOf(accepted));
    if (subject !== this.#subject) this.waits(this.#told);
    this.#subject = subject;
  }

  /** Other equations come: those that are here are of before. @param {string} told what the note says then */
  waits(told) {
    this.#told = told;
    this.#waited += 1;
    this.columns.element.classList.add("old");
    say(this.note, "being written …");
  }

  /** @param {any} content */
  show(content) {
    const waited = this.#waited;
    const done = () => {
      if (waited !== this.#waited) return; // the next ones are on their way already
      say(this.note, this.#told);
      this.columns.element.classList.remove("old");
    };
    const key = JSON.stringify(content.blocks);
    if (key === this.#shown) return done();
    this.#shown = key;
    this.columns.show(content.blocks, content.glyphs, content.numbers, done);
  }
}
