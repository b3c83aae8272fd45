/** What is asked of the server once for each thing that it depends on: the samples, the contours, the equations, the theory. */

export class Questions {
  /** Ids of the questions that are open, by kind. @type {Map<string, number>} */
  #open = new Map();
  /** What each kind was last asked about. @type {Map<string, string>} */
  #about = new Map();

  /** @param {(content: any) => number} send tells the message's id */
  constructor(send) {
    this.send = send;
  }

  /** Ask, unless this was asked already. @param {string} kind @param {any} about what the answer depends on @param {any} [content] */
  ask(kind, about, content = {}) {
    const text = JSON.stringify(about);
    if (text === this.#about.get(kind)) return;
    this.#about.set(kind, text);
    this.#open.set(kind, this.send({ kind, ...content }));
  }

  /** The answer is here without a question. @param {string} kind @param {any} about */
  told(kind, about) {
    this.#about.set(kind, JSON.stringify(about));
    this.#open.delete(kind);
  }

  /** @param {string} kind of an answer that came */
  answered(kind) {
    this.#open.delete(kind);
  }

  /** @param {string} kind */
  waits(kind) {
    return this.#open.has(kind);
  }

  /** The server will not answer; it is not asked again. @param {number} id @returns {string|null} the kind, where it was a question of these */
  refused(id) {
    const kind = [...this.#open].find(([, open]) => open === id)?.[0] ?? null;
    if (kind) this.#open.delete(kind);
    return kind;
  }

  /** Open questions are dropped with an older state: they have to be asked again. */
  drop() {
    for (const kind of this.#open.keys()) this.#about.delete(kind);
    this.#open.clear();
  }

  /** Another server: it knows of nothing. */
  clear() {
    this.#open.clear();
    this.#about.clear();
  }
}
