/** One line above all views that says what happened. */

import { h, ICONS, icon, say } from "./dom.js";

export class Notice {
  /** What it says. */
  sentence = "";

  constructor() {
    this.element = h("div", { class: "notice", role: "alert", hidden: true });
  }

  /** What it is about: "lost", "refused", "notes", "csv" (a file is wanted), "table" (a file was read) or nothing. */
  get kind() {
    return this.element.dataset.kind ?? "";
  }

  /**
   * @param {string} [sentence] none takes the notice away
   * @param {string} [kind]
   * @param {() => void} [undo] takes back what the sentence tells of
   */
  say(sentence = "", kind = "", undo) {
    const { element } = this;
    this.sentence = sentence;
    element.hidden = !sentence;
    say(element, sentence);
    element.dataset.kind = kind;
    if (undo) element.append(h("button", { type: "button", class: "small", onclick: undo }, "Undo"));
    if (sentence && kind !== "lost")
      element.append(
        h(
          "button",
          { type: "button", class: "quiet", "aria-label": "Close", onclick: () => this.say() },
          icon(ICONS.close),
        ),
      );
  }

  /** Ask for a CSV file. @param {(file: File) => void} chosen */
  ask(chosen) {
    this.say("Choose a CSV file, or drop one on the page: a line for each sample, best below a line of names.", "csv");
    const input = /** @type {HTMLInputElement} */ (
      h("input", {
        type: "file",
        accept: ".csv,.tsv,.txt,text/csv",
        "aria-label": "CSV file",
        onchange: () => input.files?.[0] && chosen(input.files[0]),
      })
    );
    this.element.lastElementChild?.before(input);
    input.click();
  }
}
