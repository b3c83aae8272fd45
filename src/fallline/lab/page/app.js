/** The lab: four linked views over one state, whoever carries the messages. */

import { showLook } from "./accepted.js";
import { Address } from "./address.js";
import { Ahead } from "./ahead.js";
import { Answers } from "./answers.js";
import { Changes } from "./changes.js";
import { Connection } from "./connection.js";
import { Controls } from "./controls.js";
import { Dive } from "./dive.js";
import { h } from "./dom.js";
import { Exporting } from "./exporting.js";
import { Files } from "./files.js";
import { Film } from "./film.js";
import { HappenedView } from "./happened.js";
import { Lead } from "./lead.js";
import { MapView } from "./map.js";
import { MapPanel } from "./mappanel.js";
import { TextDialog, TopBar } from "./menus.js";
import { Notice } from "./notice.js";
import { coloured } from "./outcomes.js";
import { Pinned } from "./pinned.js";
import { Progress } from "./progress.js";
import { Questions } from "./questions.js";
import { RunsView } from "./run.js";
import { Runs } from "./runs.js";
import { Scheme } from "./scheme.js";
import { Store } from "./store.js";
import { views } from "./views.js";
import { WhatIfs } from "./whatif.js";
import { Wishes } from "./wishes.js";

export class Lab {
  /** What the server told of itself: outcomes, presets, themes. @type {any} */
  welcome = null;
  /** The colours of the present scheme. @type {import("./colour.js").Theme|null} */
  theme = null;

  /** @param {any} host see host.js @param {HTMLElement} root */
  constructor(host, root) {
    this.root = root;
    this.connection = new Connection(this, host);
    this.store = new Store(new Address(this.connection.ownsPage));
    this.changes = new Changes(this);
    this.wishes = new Wishes(this);
    this.answers = new Answers(this);
    this.pinned = new Pinned(this);
    this.progress = new Progress(this);
    const send = (/** @type {any} */ content) => this.connection.send(content);
    this.questions = new Questions(send);
    this.runs = new Runs(send, (k) => this.pinned.came(k));
    this.whatIfs = new WhatIfs(this.runs, send, () => {
      this.runView.draw();
      this.progress.show();
    });
    this.scheme = new Scheme(root, this.connection.ownsPage, () => this.dress());
    this.notice = new Notice();
    this.exporting = new Exporting(send);
    this.map = this.#mapView();
    this.film = new Film(this);
    this.map.cells.film = this.film;
    this.lead = new Lead(this.connection.ownsPage);
    this.panel = new MapPanel(this.map, this.lead, {
      look: (key, value) => this.look(key, value),
      pin: (x, y) => this.pinned.pin(x, y),
      limit: () => this.notice.say("This is the whole map. To see more, change the ends of its axes: Controls, Map."),
      finer: () => this.changes.change("dtype", "float64", false),
      play: (on) => this.#playMap(on),
    });
    this.dive = new Dive(this);
    this.ahead = new Ahead(this);
    this.controls = new Controls({
      changed: (key, value, live) => this.changes.change(key, value, live),
      near: (key, values) => this.ahead.near(key, values),
      csv: (file) => this.files.read(file),
    });
    this.runView = this.#runsView();
    this.happened = new HappenedView(this.runView.curve.canvas);
    this.runView.element.append(this.happened.table);
    this.bar = this.#topBar();
    this.dialog = new TextDialog();
    this.files = new Files(this.notice, this.bar, this.dialog, {
      send,
      use: (digest, target, again) => this.changes.useTable(digest, target, again),
      shared: host.shared,
    });
    /** The views on the floor. */
    this.entries = views(this);
    for (const entry of this.entries) this.answers.add(entry);
    this.#build();
    this.dress();
    this.store.address.listen(
      () => this.store,
      (state) => (state ? this.changes.show(state) : this.notice.say("The address of this page cannot be read.")),
    );
    this.connection.start();
  }

  #mapView() {
    const { pinned, progress } = this;
    return new MapView({
      moved: (view, resting) => this.#moved(view, resting),
      pin: (cell) => pinned.pin(cell.x, cell.y),
      unpin: (k) => pinned.unpin(k),
      drag: (k, cell) => pinned.move(k, { x: cell.x, y: cell.y }),
      hover: (cell, byKey) => pinned.hover(cell, byKey),
      painted: () => progress.show(),
    });
  }

  #runsView() {
    const { pinned, store } = this;
    return new RunsView(this.runs, this.whatIfs, {
      unpin: (k) => pinned.unpin(k),
      pinPassing: () => pinned.pinPassing(),
      start: (start, k) => pinned.dragStart(start, k),
      stepped: (step) => this.look("step", step),
      moving: () => this.wishes.hold(),
      look: (key, value) => {
        this.look(key, value);
        showLook(this);
        this.progress.show();
      },
      frame: (step) => this.film.show(step),
      title: (x, y) => store.title(x, y),
      short: (x, y) => pinned.shortTitle(x, y),
      passing: () => pinned.passingTitle,
    });
  }

  /** Let the map follow the player, from the first step on. @param {boolean} on */
  #playMap(on) {
    if (on) this.lead.did("play");
    if (on) this.film.turn(true, () => this.runView.play(0));
    else {
      this.runView.pause();
      this.film.turn(false);
    }
  }

  #topBar() {
    const { connection, store, changes, pinned } = this;
    return new TopBar({
      address: connection.ownsPage,
      example: (state) => {
        store.push();
        changes.show({ ...store.defaults, ...state });
      },
      share: () => {
        store.write();
        this.files.share();
      },
      save: (what, name) => {
        const { theme } = this.root.dataset;
        const id = connection.send({ kind: "export", what, pin: pinned.foremost, state: store.state, theme });
        this.exporting.begin(id, name);
      },
    });
  }

  #build() {
    const { root, bar, notice, exporting, dialog, entries } = this;
    const panels = entries.map(({ view }) => view.element);
    root.classList.add("fallline-lab");
    root.dataset.state = "busy";
    const skip = h(
      "a",
      {
        class: "skip",
        href: "#",
        onclick: (/** @type {Event} */ e) => {
          e.preventDefault();
          this.map.plot.focus();
        },
      },
      "Skip to the map",
    );
    const sheet = h(
      "button",
      {
        type: "button",
        class: "primary sheet-button",
        "aria-expanded": "false",
        onclick: () => {
          const open = root.dataset.sheet !== "open";
          root.dataset.sheet = open ? "open" : "closed";
          sheet.setAttribute("aria-expanded", String(open));
          sheet.textContent = open ? "Close" : "Controls";
          if (open) this.panel.element.scrollIntoView({ block: "start" });
        },
      },
      "Controls",
    );
    root.replaceChildren(
      skip,
      bar.element,
      notice.element,
      exporting.element,
      h("div", { class: "floor" }, ...panels),
      sheet,
      dialog.element,
    );
    root.addEventListener("dragover", (e) => e.dataTransfer?.types.includes("Files") && e.preventDefault());
    root.addEventListener("drop", (e) => {
      const file = e.dataTransfer?.files[0];
      if (!file) return;
      e.preventDefault();
      this.files.read(file);
    });
  }

  /** Give every view the colours of the present scheme. */
  dress() {
    const { scheme, welcome, map, entries } = this;
    const name = scheme.dress();
    if (!welcome) return;
    const told = welcome.themes[name];
    const theme = { ...told, name, outcomes: coloured(welcome.outcomes, told.outcomes) };
    this.theme = theme;
    scheme.paint(theme);
    map.theme = theme;
    for (const { view } of entries) if ("theme" in view) view.theme = theme;
  }

  /** @param {import("./tiles.js").View} view @param {boolean} resting */
  #moved(view, resting) {
    const { store, panel, wishes, progress, dive } = this;
    if (!store.state) return;
    dive.moved();
    store.update({ view });
    panel.moved(store.accepted?.dtype);
    if (resting) {
      store.writeSoon();
      panel.colours(store.state.look.colours);
      this.film.want();
    }
    if (wishes.pictured && !dive.on) wishes.wishSoon();
    progress.expect();
  }

  /** Change a part of the look. @param {string} key @param {any} value */
  look(key, value) {
    const { store, answers } = this;
    if (!store.look(key, value)) return;
    answers.askSeen();
    store.writeSoon();
  }

  destroy() {
    this.scheme.stop.abort();
    this.root.replaceChildren();
  }
}

/**
 * Put the lab into an element.
 * @param {any} host
 * @param {HTMLElement} root
 * @returns {() => void} takes it away again
 */
export function mount(host, root) {
  const lab = new Lab(host, root);
  return () => lab.destroy();
}
