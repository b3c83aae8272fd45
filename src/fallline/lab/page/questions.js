/** Questions that are asked again only when what the answer depends on changes: samples, contours, equations, theory. */

export class Questions {
  /** Ids of the questions that are open, by kind. @type {Map<string, number>} */
  #open = new Map();
  /** What each kind was last asked about. @type {Map<string, string>} */
  #about = new Map();

  /** @param {(content: any) => number} send returns the message's id */
  constructor(send) {
    this.send = send;
  }

  /** Ask, unless the last question of this kind was about the same. @param {string} kind @param {any} about what the answer depends on @param {() => any} [content] called only then */
  ask(kind, about, content) {
    const text = JSON.stringify(about);
    if (text === this.#about.get(kind)) return;
    this.#about.set(kind, text);
    this.#open.set(kind, this.send({ kind, ...content?.() }));
  }

  /** Record an answer that the server sent unasked. @param {string} kind @param {any} about */
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

  /** The server refused to answer: do not ask again. @param {number} id @returns {string|null} the kind of the question; null if the message was none */
  refused(id) {
    const kind = [...this.#open].find(([, open]) => open === id)?.[0] ?? null;
    if (kind) this.#open.delete(kind);
    return kind;
  }

  /** Drop the open questions of an older state, so that they are asked again. */
  drop() {
    for (const kind of this.#open.keys()) this.#about.delete(kind);
    this.#open.clear();
  }

  /** Forget everything: another server knows none of the questions. */
  clear() {
    this.#open.clear();
    this.#about.clear();
  }
}
