/** The ranges of controls and axes: they follow the curvature at the start, so each state has its own. */

/** @typedef {import("./app.js").Lab} Lab */

/** @param {Lab} lab @returns {import("./answers.js").Question} */
export function rangesQuestion(lab) {
  return {
    kind: "ranges",
    when: "rest",
    about: () => lab.connection.stateId,
    content: () => ({ knows: lab.controls.digest }),
    answer: (content) => showRanges(lab, content),
  };
}

/** Show axes, and the controls if they differ from those shown. @param {Lab} lab @param {any} content */
export function showRanges({ connection, questions, store, controls, progress }, content) {
  questions.told("ranges", connection.stateId);
  store.axes = content.axes;
  controls.digest = content.digest;
  controls.show(content.controls, store.state, store.axes);
  progress.show();
}
