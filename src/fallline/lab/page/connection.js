/** The connection to the server: it numbers the messages, knows which state they are about, and greets after a loss. */

import { receive } from "./handlers.js";

/** Answers that are right whatever state is newest. */
const TIMELESS = ["csv", "export", "exporting", "said", "refused"];

export class Connection {
  open = false;
  /** Whether the server has answered the newest state. */
  answered = false;
  /** Id of the message that carried the newest state; every message about this state repeats it. */
  stateId = 0;
  /** The same id for the state that the server accepted last. */
  #acceptedId = 0;
  /** Id of the newest message. */
  #id = 0;

  /** @param {import("./app.js").Lab} lab @param {any} host see host.js */
  constructor(lab, host) {
    this.lab = lab;
    this.host = host;
  }

  /** Whether the page has a browser tab and an address of its own; a widget has neither. */
  get ownsPage() {
    return this.host.kind === "page";
  }

  start() {
    this.host.onmessage = (/** @type {any} */ content, /** @type {DataView[]} */ buffers) =>
      this.#receive(content, buffers);
    this.host.onstatus = (/** @type {string} */ status, /** @type {number} */ seconds) => this.#status(status, seconds);
    this.host.start();
  }

  /** @param {any} content @returns {number} id of the message */
  send(content) {
    const id = ++this.#id;
    this.host.send({ state_id: this.stateId, ...content, id });
    return id;
  }

  /** Send a new state. @param {any} content */
  propose(content) {
    this.answered = false;
    this.stateId = this.#id + 1;
    this.send({ kind: "state", accepted: this.#acceptedId, ...content });
  }

  /** The server accepted the newest state. */
  accept() {
    this.answered = true;
    this.#acceptedId = this.stateId;
  }

  /** The server refused the newest state: the one accepted last is the newest again. */
  revert() {
    this.stateId = this.#acceptedId;
  }

  /** Introduce this page to a server. @param {any|null} state null: the server chooses */
  hello(state) {
    this.stateId = ++this.#id;
    this.host.send({ kind: "hello", id: this.stateId, state });
  }

  /** @param {string} status @param {number} seconds until the next try */
  #status(status, seconds) {
    const { notice, progress } = this.lab;
    this.open = status === "open";
    if (status === "open") this.#greet();
    else if (status === "lost") {
      const wait = seconds >= 1 ? ` in ${Math.round(seconds)} seconds` : "";
      notice.say(`The connection to the server is lost. The lab tries again${wait} and goes on where it was.`, "lost");
    } else if (status === "refused")
      notice.say(
        "The server was started anew and does not know this page. Open the address that “fallline lab” printed in its terminal.",
        "lost",
      );
    progress.show();
  }

  /** A new connection: the server may be another one, so nothing that was asked before will be answered. */
  #greet() {
    const { store, files, changes, wishes, runs, questions, exporting } = this.lab;
    const state = store.state ?? this.#addressed();
    files.send();
    this.answered = false;
    changes.restart();
    wishes.clear();
    runs.outdate();
    questions.clear();
    exporting.lost();
    this.hello(state);
  }

  /** The state in the page's address, if there is one that can be read. */
  #addressed() {
    try {
      return this.lab.store.address.read();
    } catch {
      this.lab.notice.say("The address of this page cannot be read, so the lab starts as it does without one.");
      return null;
    }
  }

  /** @param {any} content @param {DataView[]} buffers */
  #receive(content, buffers) {
    const outdated = content.state_id !== undefined && content.state_id !== this.stateId;
    if (outdated && !TIMELESS.includes(content.kind)) return;
    this.lab.questions.answered(content.kind);
    receive(this.lab, content, buffers);
  }
}
