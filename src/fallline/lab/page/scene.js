/** What stands around the runs: lines of theory on the map; behind the runs the samples of a network, or contours. */

import { showLook } from "./accepted.js";
import { arrays } from "./wire.js";

/** @param {import("./app.js").Lab} lab @returns {import("./answers.js").Question} */
export function theoryQuestion({ store, panel }) {
  return {
    kind: "theory",
    when: "rest",
    refusable: true, // not every state has a theory
    about: () => theorySubject(store.accepted),
    answer(content) {
      panel.curves = content.curves ?? [];
      panel.theorySubject = JSON.stringify(theorySubject(store.accepted));
      panel.showTheory();
    },
  };
}

/** What the lines of theory depend on. @param {any} state */
export function theorySubject({ objective, data, optimizer, settings, map, start, seed, initial, dtype }) {
  return [objective, data, optimizer, settings, map, start, seed, initial, dtype];
}

/** @param {import("./app.js").Lab} lab @returns {import("./answers.js").Question[]} */
export function sceneQuestions(lab) {
  const { store, runView, runs } = lab;
  const network = () => store.accepted.objective.kind === "network";
  return [
    {
      kind: "data",
      when: "state",
      about() {
        const { objective, data } = store.accepted;
        return network() ? [data, objective.loss, objective.units[0], objective.units.at(-1), runs.plane] : null;
      },
      content: () => ({ plane: runs.plane }),
      answer(content, buffers) {
        runView.data = samples(content, buffers);
        showLook(lab);
      },
    },
    {
      kind: "landscape",
      when: "state",
      about: () => (network() ? null : store.accepted.objective),
      answer(content, buffers) {
        runView.surface = surface(content, buffers);
        runView.draw();
      },
    },
  ];
}

/** @param {any} content @param {DataView[]} buffers */
function samples(content, buffers) {
  const { values } = arrays(content, buffers);
  return {
    points: values.points ?? new Float64Array(),
    classes: values.classes ?? values.targets ?? null,
    names: content.names ?? [],
    window: content.window ?? [-1, 1, -1, 1],
    values: Boolean(content.values),
    dimension: content.dimension ?? 2,
    columns: content.columns ?? [],
    axes: content.axes ?? [],
    note: content.note ?? "",
    classified: Boolean(content.classified),
    test: content.test ?? 0,
  };
}

/** @param {any} content @param {DataView[]} buffers */
function surface(content, buffers) {
  const { values, shapes } = arrays(content, buffers);
  return {
    window: content.window,
    lines: content.lines ?? [],
    points: values.points ?? new Float32Array(),
    grid: values.grid,
    side: shapes.grid?.[0] ?? 0,
    minima: content.minima ?? [],
  };
}
