/** Changes of the state on their way to the server, at the pace at which its pictures come back. */

import { changed, same } from "./state.js";

const PATIENCE = 150; // milliseconds that a newer state waits for the older one's first picture

/** When one of these changes, the other settings of its part start afresh: the part, and its new value. @type {Record<string, (value: any, state: any) => [string, any]>} */
const AFRESH = {
  "objective.kind": (kind) => ["objective", { kind }],
  "data.kind": (kind, { data }) => ["data", { ...ofEverySource(data), kind }],
  "data.name": (name, { data }) => ["data", { ...ofEverySource(data), kind: "generated", name }],
};

const OF_EVERY_SOURCE = ["features", "test_share", "split_seed", "label_noise", "subset", "draw_seed"];

/** The settings that every source of data has. @param {any} data */
const ofEverySource = (data) => Object.fromEntries(OF_EVERY_SOURCE.map((name) => [name, data[name]]));

export class Changes {
  /** Key of the change that waits to be sent. @type {string|null} */
  waiting = null;
  #sentAt = 0;
  /** When the reader made the change that no picture shows yet; else 0. */
  #changedAt = 0;
  #timer = 0;
  #everPictured = false;

  /** @param {import("./app.js").Lab} lab */
  constructor(lab) {
    this.lab = lab;
  }

  /** A change of one control: shown at once, sent when the older state's picture is there. @param {string} key @param {any} value @param {boolean} live */
  change(key, value, live) {
    const { store, files, controls, wishes } = this.lab;
    if (!store.state) return;
    if (key === "data.kind" && value === "table" && !files.digest) {
      controls.show(null, store.state, store.axes); // the data stay what they are until there is a table
      return this.lab.notice.ask((file) => files.read(file));
    }
    const now = performance.now();
    const next = changed(
      store.state,
      ...(AFRESH[key]?.(value, store.state) ?? /** @type {[string, any]} */ ([key, value])),
    );
    if (same(next, store.state)) return controls.accept(); // back at what is valid: nothing is refused any more
    store.willChange(key);
    store.state = next;
    this.#changedAt = now;
    const free = this.waiting === null && (wishes.sketched || performance.now() - this.#sentAt > PATIENCE);
    if (free || !live) this.#send(key);
    else this.#wait(key);
    controls.show(null, next, store.axes); // while the server works already
    if (key !== "dtype") this.lab.lead.did("change");
    this.lab.progress.show();
  }

  /** @param {string} key */
  #wait(key) {
    this.waiting = key;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.flush(), Math.max(0, PATIENCE - (performance.now() - this.#sentAt)));
  }

  /** Send the change that waits, if there is one. */
  flush() {
    if (this.waiting !== null && this.lab.connection.open) this.#send(this.waiting);
  }

  /** @param {string|null} key what was changed; null: a whole state that has to be right as it is */
  #send(key) {
    const { connection, store, map, wishes, runs, questions, progress } = this.lab;
    clearTimeout(this.#timer);
    this.restart();
    map.tiles.outdate();
    this.lab.film.outdate();
    this.lab.dive.outdate();
    runs.outdate();
    questions.drop();
    const tiles = wishes.restart();
    connection.propose({ state: store.state, tiles, ...(key === null ? {} : { changed: key }) });
    progress.show();
  }

  /** The newest state is on its way: nothing waits any more. */
  restart() {
    this.waiting = null;
    this.#sentAt = performance.now();
  }

  /** A first picture of a state is there, of some of its runs: time for the next state, if the reader goes on. */
  sketched() {
    const { runs, pinned } = this.lab;
    this.#measure("lab: change to first picture");
    if (this.lab.connection.answered) this.lab.answers.askAtOnce();
    if (this.waiting === null) return;
    runs.hasty = true;
    pinned.wantPaced();
    if (!runs.busy) this.flush();
  }

  /** The first picture of a state is complete: time for the next one. */
  pictured() {
    const { wishes, runs, pinned } = this.lab;
    if (!this.#everPictured) requestAnimationFrame(() => performance.mark("lab: first picture"));
    this.#everPictured = true;
    this.#measure("lab: change to picture");
    if (this.waiting === null) this.#changedAt = 0;
    runs.hasty = this.waiting !== null || performance.now() - this.#sentAt < 2 * PATIENCE;
    pinned.wantPaced();
    if (this.waiting === null) wishes.refine();
    else if (!runs.busy) this.flush();
  }

  /** Take back the last change: as the browser's back button does, or in a widget without one. */
  undo() {
    const { connection, store } = this.lab;
    if (connection.ownsPage) history.back();
    else if (store.before) this.show(store.before);
  }

  /** Note how long the reader waited from a change to a picture on the screen. @param {string} name */
  #measure(name) {
    const start = this.#changedAt;
    if (start && this.waiting === null)
      requestAnimationFrame(() => performance.measure(name, { start, end: performance.now() }));
  }

  /** Show a whole state: an example, or an address. @param {any} state */
  show(state) {
    this.#changedAt = performance.now();
    this.lab.store.replace(state);
    this.lab.controls.forget();
    this.lab.map.show(state.view ?? { x: [0, 1], y: [0, 1] });
    this.#send(null);
  }

  /** Train on the reader's table. @param {string} digest @param {string} target @param {boolean} again whether it was here before @returns {boolean} whether the state changed */
  useTable(digest, target, again) {
    const { store } = this.lab;
    if (again && store.state?.data?.digest === digest) return false;
    store.push();
    store.state = changed(store.state, "data", { ...ofEverySource(store.state.data), kind: "table", digest, target });
    if (store.state.objective.kind !== "network") store.state = changed(store.state, "objective", { kind: "network" });
    this.#send("data.digest");
    return true;
  }

  /** The server refused a message. @param {any} content */
  refused(content) {
    const { connection, files, questions, answers, runs, whatIfs, notice, progress, exporting } = this.lab;
    exporting.end(content.id);
    files.refused(content.id);
    if (answers.isRefusable(questions.refused(content.id))) return;
    if (whatIfs.refused(content.id, content.sentence) || runs.refusedDetail(content.id)) return progress.show();
    if (runs.refused(content.id)) progress.show();
    if (content.id !== undefined && content.id === connection.stateId) return this.#stateRefused(content);
    notice.say(content.sentence, "refused");
    progress.show();
  }

  /** @param {any} content */
  #stateRefused(content) {
    const { connection, store, controls, wishes, pinned, notice, progress } = this.lab;
    connection.answered = true;
    wishes.abandon();
    if (!store.accepted) {
      // The address is of an older version, or was changed by hand.
      notice.say(`${content.sentence} The lab starts as it does without an address.`);
      return connection.hello(null);
    }
    connection.revert();
    store.revert();
    if (notice.kind === "table") notice.say(); // it promised what is refused now
    pinned.want();
    wishes.refine();
    if (!controls.refuse(content.where ?? null, content.sentence)) notice.say(content.sentence, "refused");
    this.flush();
    progress.show();
  }
}
