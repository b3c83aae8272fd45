/** Whether everything that was asked for has come: shown to the reader, and to style sheets and tests. */

export class Progress {
  /** @param {import("./app.js").Lab} lab */
  constructor(lab) {
    this.lab = lab;
  }

  show() {
    const { root, connection } = this.lab;
    const state = !connection.open ? "lost" : this.#busy ? "busy" : "ready";
    if (root.dataset.state !== state) root.dataset.state = state;
    this.#say();
  }

  /** The map moves: it is busy until its tiles have been looked through. */
  expect() {
    const { root, connection } = this.lab;
    if (connection.open && connection.answered) root.dataset.state = "busy";
  }

  get #busy() {
    const { connection, changes, wishes, questions, runs, map } = this.lab;
    return (
      !connection.answered ||
      changes.waiting !== null ||
      wishes.busy ||
      questions.waits("ranges") ||
      runs.busy ||
      runs.incomplete ||
      this.lab.whatIfs.busy ||
      this.lab.film.waits ||
      this.lab.dive.on ||
      map.unfinished
    );
  }

  #say() {
    const { bar, connection, welcome, wishes } = this.lab;
    const { done, refined } = wishes;
    if (!connection.open) bar.say(welcome ? "not connected" : "connecting …", "bad");
    else if (done) bar.say(`training ${Math.round(100 * done)} %`, "busy");
    else if (refined !== null) bar.say(`refining ${Math.round(100 * refined)} %`, "busy");
    else bar.say(welcome ? "live" : "starting …", welcome ? "good" : "busy");
  }
}
