/** What the views ask the server, each question again only when what its answer depends on has changed. */

import { calm } from "./dom.js";

const REST = 220; // milliseconds without a change, then the questions of visible views are asked
const PATIENCE = 150; // milliseconds that the questions about a new state wait for its first picture

/**
 * A question of a view, and what becomes of the answer.
 * @typedef {object} Question
 * @property {string} kind of the message that asks, and of the one that answers
 * @property {"state"|"rest"|"seen"} when it is asked: as soon as the server accepted a state and its first picture is there, or
 *   takes long; when the map is complete and the reader rests; or then, but only while the view is on the screen
 * @property {() => any} about what the answer depends on; null if there is nothing to ask
 * @property {() => any} [content] what the message says besides its kind
 * @property {(content: any, buffers: DataView[]) => void} answer shows the answer
 * @property {boolean} [refusable] whether the reader hears nothing of a refusal
 */

export class Answers {
  /** By their kinds. @type {Map<string, Question>} */
  #questions = new Map();
  /** Kinds of questions whose view is not on the screen. @type {Set<string>} */
  #unseen = new Set();
  #askSoon;

  /** @param {import("./app.js").Lab} lab */
  constructor(lab) {
    this.lab = lab;
    this.askSeen = calm(REST, () => this.#ask("seen"));
    this.#askSoon = calm(PATIENCE, () => this.#ask("state"));
  }

  /** @param {import("./views.js").Entry} entry */
  add({ view, questions = [] }) {
    for (const question of questions) {
      this.#questions.set(question.kind, question);
      if (question.when === "seen") this.#watch(view.element, question.kind);
    }
  }

  /** @param {Element} element @param {string} kind */
  #watch(element, kind) {
    this.#unseen.add(kind);
    const watcher = new IntersectionObserver(
      (entries) => {
        this.#unseen.add(kind);
        if (!entries[entries.length - 1].isIntersecting) return;
        this.#unseen.delete(kind);
        this.askSeen();
      },
      { rootMargin: "200px" },
    );
    watcher.observe(element);
  }

  /** The server accepted a state, or its first picture came. */
  askAtOnce() {
    if (this.lab.wishes.sketched) this.#ask("state");
    else this.#askSoon();
  }

  /** The reader rests: ask what would have slowed down the next picture. */
  askAtRest() {
    const { pinned, runs } = this.lab;
    if (!this.#free) return;
    pinned.want();
    runs.complete();
    this.lab.film.want();
    this.lab.ahead.again();
    this.#ask("rest");
    this.askSeen();
  }

  /** Whether the server has answered the newest state. */
  get #free() {
    const { connection, changes, store } = this.lab;
    return connection.open && connection.answered && changes.waiting === null && store.accepted;
  }

  /** @param {Question["when"]} when */
  #ask(when) {
    const { questions, wishes } = this.lab;
    if (when !== "state" && !this.#free) return;
    const asked = [...this.#questions.values()].filter(({ kind, when: w }) => w === when && !this.#unseen.has(kind));
    if (when === "seen" && !wishes.pictured && asked.length) return this.askSeen(); // the map's first picture before
    for (const { kind, about, content } of asked) {
      const subject = about();
      if (subject !== null) questions.ask(kind, subject, content);
    }
  }

  /** An answer came; one that no view asked for is ignored. @param {any} content @param {DataView[]} buffers */
  receive(content, buffers) {
    this.#questions.get(content.kind)?.answer(content, buffers);
  }

  /** Whether a refusal of this question is shown to nobody. @param {string|null} kind */
  isRefusable(kind) {
    return Boolean(kind && this.#questions.get(kind)?.refusable);
  }
}
