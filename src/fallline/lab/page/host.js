/**
 * Who carries the messages: a WebSocket beside the stand-alone page, or anywidget's custom messages in a notebook.
 *
 * A host has `send(content)`, calls `onmessage(content, buffers)` and `onstatus(status, seconds)`:
 * "open", "lost" (the next try in so many seconds) or "refused" (the server is there but does not know this page).
 */

import { unpack } from "./wire.js";

/** @typedef {import("./wire.js").Content} Content */
/** @typedef {"connecting"|"open"|"lost"|"refused"} Status */

const FIRST_WAIT = 0.25;
const LONGEST_WAIT = 5;
const ASLEEP = 20; // seconds without a tick of the clock: the machine slept, and the socket is probably dead

export class SocketHost {
  kind = "page";
  /** @type {(content: Content, buffers: DataView[]) => void} */
  onmessage = () => {};
  /** @type {(status: Status, seconds: number) => void} */
  onstatus = () => {};
  /** @type {WebSocket|null} */
  #socket = null;
  #wait = FIRST_WAIT;
  #timer = 0;
  #tries = 0;

  /** @param {string} url */
  constructor(url) {
    this.url = url;
  }

  start() {
    this.#connect();
    const wake = () => document.visibilityState === "visible" && this.#socket === null && this.#connect();
    addEventListener("online", wake);
    addEventListener("pageshow", wake);
    document.addEventListener("visibilitychange", wake);
    let last = Date.now();
    setInterval(() => {
      const now = Date.now();
      if (now - last > 1000 * ASLEEP) this.#socket?.close();
      last = now;
    }, 2000);
  }

  #connect() {
    clearTimeout(this.#timer);
    this.onstatus("connecting", 0);
    const socket = new WebSocket(this.url);
    socket.binaryType = "arraybuffer";
    this.#socket = socket;
    socket.onopen = () => {
      this.#wait = FIRST_WAIT;
      this.#tries = 0;
      this.onstatus("open", 0);
    };
    socket.onmessage = ({ data }) => {
      if (socket !== this.#socket) return;
      if (typeof data === "string") this.onmessage(JSON.parse(data), []);
      else {
        const { content, buffers } = unpack(data);
        this.onmessage(content, buffers);
      }
    };
    socket.onclose = () => {
      if (socket !== this.#socket) return;
      this.#socket = null;
      this.#tries += 1;
      this.#timer = setTimeout(() => this.#connect(), 1000 * this.#wait);
      this.onstatus("lost", this.#wait);
      if (this.#tries >= 3) this.#ask();
      this.#wait = Math.min(LONGEST_WAIT, 1.7 * this.#wait);
    };
  }

  /** Find out whether no server answers, or one that does not know this page. */
  async #ask() {
    try {
      const answer = await fetch(new URL("/", location.href), { method: "HEAD", cache: "no-store" });
      if (answer.status === 401 || answer.status === 403) this.onstatus("refused", this.#wait);
    } catch {
      // No server answers: the status "lost" has been reported already.
    }
  }

  /** @param {Content} content */
  send(content) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(content));
  }
}

export class WidgetHost {
  kind = "widget";
  /** @type {(content: Content, buffers: DataView[]) => void} */
  onmessage = () => {};
  /** @type {(status: Status, seconds: number) => void} */
  onstatus = () => {};

  /** @param {any} model */
  constructor(model) {
    this.model = model;
    this.listen = (/** @type {Content} */ content, /** @type {DataView[]} */ buffers) =>
      this.onmessage(content, (buffers ?? []).map(view));
  }

  start() {
    this.model.on("msg:custom", this.listen);
    this.onstatus("open", 0);
  }

  stop() {
    this.send({ kind: "cancel", id: 0 });
    this.model.off("msg:custom", this.listen);
  }

  /** @param {Content} content */
  send(content) {
    this.model.send(content);
  }
}

/** @param {any} buffer */
function view(buffer) {
  return buffer instanceof DataView
    ? buffer
    : ArrayBuffer.isView(buffer)
      ? new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength)
      : new DataView(buffer);
}
