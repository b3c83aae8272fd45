/** A host without a server: the answers to the lab's messages are stored in the page's figure, or computed in the page. */

import { same, withoutLocal } from "../../lab/page/state.js";
import { about } from "./about.js";
import { accepted, Refusal } from "./accept.js";
import { message } from "./answers.js";
import { allStored } from "./arrays.js";
import { controlsOf, digestOf, sameControls, summary } from "./described.js";
import { detail, whatIf } from "./details.js";
import { film } from "./film.js";
import { Model } from "./model.js";
import { numbered } from "./numbered.js";
import { frames, run } from "./runs.js";
import { Tiling } from "./tiling.js";

/** @typedef {import("./answers.js").Shaped} Shaped */
/** @typedef {(host: KernelHost, content: any) => void|Promise<void>} Handler */

export class KernelHost {
  /** A page in another one, such as a notebook, has no address of its own. */
  kind = window.parent === window ? "page" : "widget";
  shared =
    "This address opens what you see, wherever this file is at the same place. To share it, send the file itself.";
  /** @type {(content: any, buffers: DataView[]) => void} */
  onmessage = () => {};
  /** @type {(status: "connecting"|"open"|"lost"|"refused", seconds: number) => void} */
  onstatus = () => {};
  /** The state that was accepted last, and the id of the message that brought it. @type {any} */
  state = null;
  stateId = 0;
  /** Ends what is computed for the accepted state. */
  stop = new AbortController();

  /** @param {any} figure */
  constructor(figure) {
    this.figure = figure;
    this.model = new Model(figure);
    this.tiling = new Tiling(this);
  }

  /** The panel of the page about itself. @param {import("../../lab/page/app.js").Lab} lab */
  entries(lab) {
    return [about(this, lab)];
  }

  start() {
    this.onstatus("open", 0);
  }

  /** @param {any} content */
  send(content) {
    queueMicrotask(() => this.#receive(content));
  }

  /** @param {any} content */
  async #receive(content) {
    try {
      await MESSAGES[content.kind]?.(this, content);
    } catch (error) {
      if (content.state_id === undefined || content.state_id === this.stateId || content.kind === "state")
        this.refuse(error, content.id);
    }
  }

  /** @param {any} error @param {number} id of the message that is refused */
  refuse(error, id) {
    if (error?.name === "AbortError") return;
    const known = error instanceof Refusal;
    const sentence = known ? error.message : `This page could not compute that: ${error?.message ?? error}.`;
    if (!known) console.error(error);
    this.onmessage({ kind: "refused", id, state_id: this.stateId, sentence, where: known ? error.where : null }, []);
  }

  /** @param {any} content @param {Record<string, Shaped>} [arrays] */
  answer(content, arrays) {
    this.onmessage(...message({ state_id: this.stateId, ...content }, arrays));
  }

  /** Whether a message is about an older state. @param {any} content */
  isOld(content) {
    return (content.state_id ?? this.stateId) !== this.stateId;
  }

  /** Whether the accepted state has the runs of the figure. */
  get original() {
    return same(withoutLocal(this.state), withoutLocal(this.figure.welcome.defaults));
  }

  /** Show another state; work for the old one is dropped. @param {any} state @param {number} id */
  take(state, id) {
    this.stop.abort(new DOMException("another state", "AbortError"));
    this.stop = new AbortController();
    this.state = state;
    this.stateId = id;
    this.tiling.restart();
  }
}

/** @type {Handler} */
function hello(host, { id, state }) {
  const { welcome } = host.figure;
  host.take(state ? accepted(host.figure, state, welcome.defaults).state : welcome.defaults, id);
  host.answer({ ...welcome, ...summary(host.figure, host.state), ...controls(host), kind: "welcome", id });
}

/** Controls and axes of the accepted state. @param {KernelHost} host */
function controls({ figure, state }) {
  return { axes: figure.welcome.axes, controls: controlsOf(figure, state), digest: digestOf(figure, state) };
}

/** @type {Handler} */
function newState(host, { id, state: proposed, tiles = [] }) {
  const before = host.state;
  const { state, notes } = accepted(host.figure, proposed, before);
  host.take(state, id);
  const more = sameControls(host.figure, state, before) ? {} : controls(host);
  host.answer({ kind: "state", id, ...summary(host.figure, state), ...more, notes });
  host.tiling.want(tiles, true);
}

/** @type {Handler} */
function ranges(host, { id, knows }) {
  const found = controls(host);
  host.answer({ kind: "ranges", id, ...found, controls: found.digest === knows ? null : found.controls });
}

/** An answer that was stored for the figure's state, if that has the same subject. @param {(host: KernelHost) => boolean} fits @returns {Handler} */
const fromFigure = (fits) => (host, content) => {
  if (host.isOld(content)) return;
  const scene = host.figure.stored.scenes[content.kind];
  if (!scene || !fits(host)) throw new Refusal(`The page holds no ${content.kind} for these numbers.`);
  host.answer({ kind: content.kind, ...scene.content }, allStored(scene.arrays));
};

/** @type {Handler} */
async function equations(host, content) {
  if (host.isOld(content)) return;
  const { stateId: state_id, figure } = host;
  const form = figure.equations[content.form] ? content.form : "matrix";
  const { numbers } = content;
  const found = numbers ? { blocks: await numbered(host, { ...content, form }), glyphs: "" } : figure.equations[form];
  host.answer({ kind: "equations", state_id, ...found, form, numbers });
}

/** A handler of what only Python can do. @param {string} what @returns {Handler} */
const refused = (what) => (host) => {
  const { command } = host.figure;
  throw new Refusal(`A page by itself ${what}.${command ? ` It was made by: ${command}` : ""}`);
};

/** @type {Record<string, Handler>} */
const MESSAGES = {
  hello,
  state: newState,
  ranges,
  tiles: (host, content) => host.tiling.want(content.tiles, false),
  film,
  run,
  frames,
  data: fromFigure(() => true),
  landscape: fromFigure(() => true),
  theory: fromFigure((host) => host.original),
  equations,
  csv: refused("cannot train on another table"),
  export: refused("writes no files"),
  detail,
  what_if: whatIf,
  cancel: (host) => host.tiling.restart(),
};
