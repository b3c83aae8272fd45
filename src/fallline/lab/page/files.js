/** Files in and out: a CSV table that the reader brings, the link, and whatever is exported. */

import { copy, download } from "./menus.js";
import { number } from "./numerals.js";

const LARGEST = 1e6; // bytes of a table

/** Text of a file: by its byte order mark, else UTF-8, else Windows-1252, as the reader of files has it. @param {Uint8Array} bytes */
function decoded(bytes) {
  const [a, b] = bytes;
  const even = bytes.slice(0, 200).filter((byte, k) => k % 2 === 0 && !byte).length;
  const odd = bytes.slice(0, 200).filter((byte, k) => k % 2 === 1 && !byte).length;
  const most = 0.35 * Math.min(200, bytes.length); // 0.7 of every other byte
  if ((a === 0xff && b === 0xfe) || (odd > most && even < most / 4)) return new TextDecoder("utf-16le").decode(bytes);
  if ((a === 0xfe && b === 0xff) || (even > most && odd < most / 4)) return new TextDecoder("utf-16be").decode(bytes);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("windows-1252").decode(bytes);
  }
}

export class Files {
  /** The reader's table, kept to be sent again to a server that was restarted. @type {{name: string, text: string, digest: string}|null} */
  #table = null;

  /** The table before it, to go back to if the server refuses the new one. @type {{name: string, text: string, digest: string}|null} */
  #kept = null;
  /** Id of the message that brought the table. */
  #sent = 0;

  /**
   * @param {import("./notice.js").Notice} notice
   * @param {import("./menus.js").TopBar} bar
   * @param {import("./menus.js").TextDialog} dialog
   * @param {{send: (content: any) => number, use: (digest: string, target: string, again: boolean) => boolean, shared?: string}} tell
   */
  constructor(notice, bar, dialog, tell) {
    this.notice = notice;
    this.bar = bar;
    this.dialog = dialog;
    this.tell = tell;
  }

  /** The digest by which states name the reader's table; empty without a table. */
  get digest() {
    return this.#table?.digest ?? "";
  }

  /** @param {File} file */
  async read(file) {
    if (file.size > LARGEST)
      return this.notice.say(
        `${file.name} has ${number(file.size / 1e6, 2)} MB; the lab takes tables of at most 1 MB. Take fewer rows.`,
      );
    this.#kept = this.#table;
    this.#table = { name: file.name, text: decoded(new Uint8Array(await file.arrayBuffer())), digest: "" };
    this.send();
  }

  /** Send the table to the server, if there is one. */
  send() {
    if (this.#table) this.#sent = this.tell.send({ kind: "csv", name: this.#table.name, text: this.#table.text });
  }

  /** The server refused a message. @param {number} id */
  refused(id) {
    if (this.#table && !this.#table.digest && id === this.#sent) this.#table = this.#kept;
  }

  /** The server has read the table. @param {any} content */
  came(content) {
    if (!this.#table) return;
    const again = this.#table.digest === content.digest;
    this.#table.digest = content.digest;
    if (this.tell.use(content.digest, content.target ?? content.columns.at(-1), again))
      this.notice.say(content.sentence, "table");
  }

  async share() {
    const done = await copy(location.href);
    this.bar.share.lastElementChild.textContent = done ? "Copied" : "Copy the address above";
    this.notice.say(
      this.tell.shared ??
        "This address opens in a lab on this machine. On another one, start “fallline lab” and put the part from # on behind its " +
          "address. For those without fallline, Export saves a live page, a picture or a film.",
    );
    setTimeout(() => (this.bar.share.lastElementChild.textContent = "Copy link"), 1800);
  }

  /** An export came: show a text first, hand over any other file. @param {any} content @param {DataView[]} buffers */
  exported({ name, mime, text, frames, seconds }, buffers) {
    if (text)
      this.dialog.show(name.endsWith(".py") ? "Python lines that make the same result" : name, text, name, mime);
    else if (buffers.length) download(name, mime, /** @type {any} */ (buffers[0]));
    if (!frames) return;
    const size = number(buffers[0].byteLength / 1e6, 2);
    this.notice.say(`${name}: ${frames} frames, ${number(seconds, 2)} s, ${size} MB.`);
  }
}
