/** The lab: four linked views over one state, whoever carries the messages. */

import { Address } from "./address.js";
import { Controls } from "./controls.js";
import { calm, h, say } from "./dom.js";
import { EquationsView } from "./equations.js";
import { Files } from "./files.js";
import { HappenedView } from "./happened.js";
import { MapView } from "./map.js";
import { MapPanel } from "./mappanel.js";
import { TextDialog, TopBar } from "./menus.js";
import { Notice } from "./notice.js";
import { number, words } from "./numerals.js";
import { Questions } from "./questions.js";
import { RunsView } from "./run.js";
import { PASSING, Runs } from "./runs.js";
import { Scheme } from "./scheme.js";
import { changed, LOCAL, same } from "./state.js";
import { coarsest, cover, wishes } from "./tiles.js";
import { arrays } from "./wire.js";

const PINS = 4;
const PATIENCE = 150; // milliseconds that a newer state waits for the older one's first picture
const REST = 120; // milliseconds without a change, then the map is refined
const RUNS_REST = 200; // milliseconds at least between runs while a setting is dragged: they take time from the map's pictures
const WISHES = 500; // tiles in one message, at most

class Lab {
  /** @type {any} */
  state = null;
  /** @type {any} */
  accepted = null;
  /** @type {any} */
  defaults = null;
  /** @type {any} */
  welcome = null;
  /** @type {any[]} */
  axes = [];
  stateId = 0;
  #acceptedId = 0;
  #id = 0;
  #open = false;
  #answered = false;
  /** @type {{key: string|null, since: number}|null} */
  #waiting = null;
  #sent = 0;
  #ranAt = 0;
  /** How much of a slow first picture is there. */
  #done = 0;
  #touched = 0;
  #fresh = false;
  #first = false;
  /** @type {Set<string>} */
  #wished = new Set();
  #most = 0;
  #restless = false;
  #started = false;
  /** @type {"best"|"pointed"} */
  #passing = "best";
  #equationsSeen = false;
  /** The digest of the controls that stand here. */
  #knows = "";

  /** @param {any} host @param {HTMLElement} root */
  constructor(host, root) {
    this.host = host;
    this.root = root;
    this.scheme = new Scheme(root, host.kind === "page", () => this.#dress());
    this.questions = new Questions((content) => this.send(content));
    this.runs = new Runs(
      (content) => this.send(content),
      (k) => this.#runCame(k),
    );
    this.map = new MapView({
      moved: (view, resting) => this.#moved(view, resting),
      pin: (cell) => this.pin(cell.x, cell.y),
      unpin: (k) => this.unpin(k),
      drag: (k, cell) =>
        this.#pins(
          this.state.pins.map((/** @type {any} */ p, /** @type {number} */ n) =>
            n === k ? { x: cell.x, y: cell.y } : p,
          ),
        ),
      hover: (cell, byKey) => this.#hover(cell, byKey),
      painted: () => this.#tell(),
    });
    this.panel = new MapPanel(this.map, {
      look: (key, value) => this.#look(key, value),
      pin: (x, y) => this.pin(x, y),
      finer: () => this.change("dtype", "float64", false),
    });
    this.notice = new Notice();
    this.address = new Address(host.kind === "page");
    this.controls = new Controls({
      changed: (key, value, live) => this.change(key, value, live),
      csv: (file) => this.files.read(file),
    });
    this.runView = new RunsView(this.runs, {
      unpin: (k) => this.unpin(k),
      pinPassing: () => this.#pinPassing(),
      start: (start, k) => this.#dragStart(start, k),
      stepped: (step) => this.#look("step", step),
      title: (x, y) => this.#title(x, y),
      short: (x, y) => this.#short(x, y),
      passing: () => (this.#passing === "best" ? "Best of the map" : "Under the pointer"),
    });
    this.happened = new HappenedView(this.runView.curve.canvas);
    this.equations = new EquationsView({ changed: (key, value) => this.#look(key, value) });
    this.bar = new TopBar({
      address: host.kind === "page",
      example: (state) => this.#load({ ...this.defaults, ...state }),
      share: () => this.#share(),
      save: (what) => this.#save(what),
    });
    this.dialog = new TextDialog();
    this.files = new Files(this.notice, this.bar, this.dialog, {
      send: (content) => this.send(content),
      use: (digest, target, again) => this.#useTable(digest, target, again),
    });
    this.#build();
    this.#dress();
    this.refine = this.#soon(REST);
    this.wishSoon = this.#soon(60);
    this.askEquations = calm(220, () => this.#askEquations());
    this.writeAddress = calm(250, () => this.address.write(this.state, this.defaults));
    this.address.listen(
      () => this,
      (state) => (state ? this.#show(state) : this.notice.say("The address of this page cannot be read.")),
    );
    host.onmessage = (/** @type {any} */ content, /** @type {any} */ buffers) => this.#receive(content, buffers);
    host.onstatus = (/** @type {any} */ status, /** @type {number} */ seconds) => this.#status(status, seconds);
    host.start();
  }

  #build() {
    this.root.classList.add("fallline-lab");
    this.root.dataset.state = "busy";
    this.root.replaceChildren(
      this.bar.element,
      this.notice.element,
      h(
        "div",
        { class: "floor" },
        this.controls.element,
        this.panel.element,
        this.happened.element,
        this.runView.element,
        this.equations.element,
      ),
      this.dialog.element,
    );
    new IntersectionObserver(
      (entries) => {
        this.#equationsSeen = entries[entries.length - 1].isIntersecting;
        if (this.#equationsSeen) this.askEquations();
      },
      { rootMargin: "200px" },
    ).observe(this.equations.element);
    this.root.addEventListener("dragover", (e) => e.dataTransfer?.types.includes("Files") && e.preventDefault());
    this.root.addEventListener("drop", (e) => {
      const file = e.dataTransfer?.files[0];
      if (!file) return;
      e.preventDefault();
      this.files.read(file);
    });
  }

  /** @param {any} content @returns {number} */
  send(content) {
    const id = ++this.#id;
    this.host.send({ state_id: this.stateId, ...content, id });
    return id;
  }

  // ---- connection -------------------------------------------------------------------------------------------------

  /** @param {string} status @param {number} seconds */
  #status(status, seconds) {
    this.#open = status === "open";
    if (status === "open") {
      let state = this.state;
      if (!state) {
        try {
          state = this.address.read();
        } catch {
          this.notice.say("The address of this page cannot be read, so the lab starts as it does without one.");
        }
      }
      this.files.send();
      this.#answered = false;
      this.#sent = performance.now();
      this.stateId = ++this.#id;
      this.#wished.clear();
      this.#waiting = null;
      this.runs.outdate();
      this.questions.clear();
      this.host.send({ kind: "hello", id: this.stateId, state });
    } else if (status === "lost")
      this.notice.say(
        `The connection to the server is lost. The lab tries again${seconds >= 1 ? ` in ${Math.round(seconds)} seconds` : ""} and goes on where it was.`,
        "lost",
      );
    else if (status === "refused")
      this.notice.say(
        "The server was started anew and does not know this page. Open the address that “fallline lab” printed in its terminal.",
        "lost",
      );
    this.#tell();
  }

  /** Whether all is there that was asked for; tests and style sheets read it. */
  #tell() {
    const busy =
      !this.#answered ||
      this.#waiting !== null ||
      this.#wished.size > 0 ||
      this.#restless ||
      this.questions.waits("ranges") ||
      this.runs.busy ||
      this.runs.incomplete ||
      this.map.unfinished;
    const state = !this.#open ? "lost" : busy ? "busy" : "ready";
    if (this.root.dataset.state !== state) this.root.dataset.state = state;
    if (!this.#open) this.bar.say(this.welcome ? "not connected" : "connecting …", "bad");
    else if (this.#done) this.bar.say(`training ${Math.round(100 * this.#done)} %`, "busy");
    else if (this.#wished.size > 4 && this.#most)
      this.bar.say(`refining ${Math.round((100 * (this.#most - this.#wished.size)) / this.#most)} %`, "busy");
    else this.bar.say(this.welcome ? "live" : "starting …", this.welcome ? "good" : "busy");
  }

  /** @param {any} content @param {DataView[]} buffers */
  #receive(content, buffers) {
    if (
      content.state_id !== undefined &&
      content.state_id !== this.stateId &&
      !["csv", "export", "said", "refused"].includes(content.kind)
    )
      return;
    this.questions.answered(content.kind);
    switch (content.kind) {
      case "welcome":
        return this.#welcomed(content);
      case "state":
        return this.#stated(content);
      case "ranges":
        return this.#ranges(content);
      case "refused":
        return this.#refused(content);
      case "tile":
        return this.#tile(content, buffers);
      case "progress":
        this.#done = content.done;
        return this.#tell();
      case "run":
        this.runs.receive(content, buffers);
        return this.#tell();
      case "frames":
        this.runs.receiveFrames(content, buffers);
        return this.#tell();
      case "theory":
        this.panel.curves = content.curves ?? [];
        return this.panel.showTheory();
      case "data":
        return this.#data(content, buffers);
      case "landscape":
        return this.#landscape(content, buffers);
      case "equations":
        return this.equations.show(content);
      case "csv":
        return this.files.came(content);
      case "export":
        return this.files.exported(content, buffers);
      case "said":
        return this.notice.say(content.sentence);
      default:
    }
  }

  /** @param {any} content */
  #welcomed(content) {
    this.welcome = content;
    this.defaults = content.defaults ?? content.state;
    this.bar.presets(content.presets);
    this.#dress();
    if (this.notice.kind === "lost") this.notice.say();
    if (this.map.tiles.count && this.accepted && !same(without(this.accepted), without(content.state)))
      this.map.tiles.outdate();
    this.#stated(content);
  }

  #dress() {
    const scheme = this.scheme.dress();
    if (!this.welcome) return;
    const theme = this.welcome.themes[scheme];
    this.theme = theme;
    for (const [name, value] of Object.entries({
      background: theme.background,
      ink: theme.ink,
      muted: theme.muted,
      faint: theme.faint,
    }))
      this.root.style.setProperty(`--${name}`, String(value));
    theme.series.forEach((/** @type {string} */ colour, /** @type {number} */ k) => {
      this.root.style.setProperty(`--series-${k}`, colour);
    });
    theme.outcomes.forEach((/** @type {string} */ colour, /** @type {number} */ k) => {
      this.root.style.setProperty(`--outcome-${k}`, colour);
    });
    this.map.theme = theme;
    this.panel.theme = theme;
    this.panel.outcomes = this.welcome.outcomes;
    this.controls.theme = theme;
    this.runView.theme = theme;
    this.runView.draw();
    this.panel.showLegend();
  }

  // ---- state ------------------------------------------------------------------------------------------------------

  /** @param {any} content welcome or state */
  #stated(content) {
    this.#answered = true;
    this.#acceptedId = this.stateId;
    const before = this.accepted;
    this.accepted = content.state;
    this.panel.measure = content.measure ?? this.panel.measure;
    this.objective = content.objective ?? this.objective;
    if (!this.#waiting || !this.state) {
      const local =
        before && this.state && content.kind === "state" && !this.#fresh
          ? {
              view: this.state.view,
              look: this.state.look,
              pins: this.#samePlane(content.state, before) ? this.state.pins : content.state.pins,
            }
          : {};
      this.state = { ...content.state, ...local };
    }
    this.#fresh = false;
    this.controls.accept();
    if (content.axes) this.#ranges(content);
    else this.controls.show(null, this.state, this.axes);
    if (this.notice.kind === "refused") this.notice.say();
    const moved = before && !this.#samePlane(content.state, before);
    const axes = { x: this.#axis("x"), y: this.#axis("y") };
    if (moved && same(this.state.view, before.view)) this.state.view = { x: [0, 1], y: [0, 1] };
    if (!same(axes, this.map.axes) || !same(this.state.view, this.map.view)) {
      this.map.axes = axes;
      this.map.show(this.state.view);
    }
    this.#pinned();
    this.#describe(before);
    this.runs.age();
    this.#scene();
    if (content.kind === "welcome") this.#wish();
    this.#tell();
    this.writeAddress();
  }

  /** Axes, and controls where they are others than this page knows. @param {any} content */
  #ranges(content) {
    this.questions.told("ranges", this.stateId);
    this.axes = content.axes;
    this.#knows = content.digest;
    this.controls.show(content.controls, this.state, this.axes);
    this.#tell();
  }

  /** Whether two states have the same axes. @param {any} a @param {any} b */
  #samePlane(a, b) {
    return same(a.map.x, b.map.x) && same(a.map.y, b.map.y);
  }

  /** @param {"x"|"y"} which */
  #axisTitle(which) {
    const { name } = this.accepted.map[which],
      axis = this.axes.find((a) => a.name === name);
    return `${axis?.label ?? words(name)}${axis?.symbol ? ` ${axis.symbol}` : ""}`;
  }

  /** @param {"x"|"y"} which */
  #axis(which) {
    const axis = this.accepted.map[which];
    return {
      ...axis,
      title: this.#axisTitle(which),
      symbol: this.axes.find((a) => a.name === axis.name)?.symbol ?? null,
    };
  }

  /** @param {any} before */
  #describe(before) {
    const { accepted: state, objective } = this;
    const net = state.objective.kind === "network";
    this.runView.objective = state.objective;
    this.runs.flat = net && state.objective.units[0] === 2;
    this.runView.captions = net
      ? state.objective.units.map((/** @type {any} */ _, /** @type {number} */ l) =>
          l === 0
            ? "input"
            : l === state.objective.units.length - 1
              ? "output"
              : words(state.objective.activations[l - 1]),
        )
      : [];
    this.runView.length(state.steps, before ? null : this.state.look.step);
    const title = `${objective?.title ?? words(objective?.name ?? "Map")}, ${words(state.optimizer)}, ${state.steps} steps`;
    this.equations.set(this.state.look, net);
    this.panel.describe(title, [this.#axisTitle("x"), this.#axisTitle("y")], this.state.look);
    if (this.host.kind === "page")
      document.title = `${objective?.title ?? words(objective?.name ?? "")} · fallline lab`;
  }

  /** What stands behind the runs: samples, or contours. */
  #scene() {
    const { accepted: state } = this;
    if (state.objective.kind === "network")
      this.questions.ask("data", [
        state.data,
        state.objective.loss,
        state.objective.units[0],
        state.objective.units.at(-1),
      ]);
    else this.questions.ask("landscape", state.objective);
  }

  /** What can wait until the reader rests: it would slow down the next picture. */
  #leisure() {
    if (!this.#open || !this.#answered || this.#waiting || !this.accepted) return;
    const { accepted: state } = this;
    this.#askRuns();
    this.runs.complete();
    this.questions.ask("ranges", this.stateId, { knows: this.#knows });
    this.questions.ask("theory", [
      state.objective,
      state.data,
      state.optimizer,
      state.settings,
      state.map,
      state.start,
      state.seed,
      state.initial,
      state.dtype,
    ]);
    this.askEquations();
  }

  #askRuns() {
    this.#ranAt = performance.now();
    for (let k = 0; k < PINS; k++) this.runs.want(k, this.state.pins[k] ?? null);
    this.#askPassing();
  }

  /** A change of one control: shown at once, sent when the older picture is there. @param {string} key @param {any} value @param {boolean} live */
  change(key, value, live) {
    if (!this.state) return;
    if (key === "data.kind" && value === "table" && !this.files.digest)
      return this.notice.ask((file) => this.files.read(file));
    let next = changed(this.state, key, value);
    if (key === "objective.kind") next = changed(this.state, "objective", { kind: value });
    if (key === "data.kind") next = changed(this.state, "data", { kind: value });
    if (key === "data.name") next = changed(this.state, "data", { kind: "generated", name: value });
    if (same(next, this.state)) return;
    this.state = next;
    this.controls.show(null, next, this.axes);
    if (key.startsWith("objective")) this.#history();
    this.#touched = performance.now();
    const now = this.#waiting === null && (this.#first || performance.now() - this.#sent > PATIENCE || !live);
    if (now || !live) this.#sendState(key);
    else {
      this.#waiting ??= { key, since: performance.now() };
      this.#waiting.key = key;
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.#flush(), Math.max(0, PATIENCE - (performance.now() - this.#sent)));
    }
    this.#tell();
  }

  #flush() {
    if (!this.#waiting || !this.#open) return;
    const { key } = this.#waiting;
    this.#sendState(key);
  }

  /** @param {string|null} key what was changed; null: a whole state that has to be right as it is */
  #sendState(key) {
    clearTimeout(this.timer);
    this.#waiting = null;
    this.#sent = performance.now();
    this.#first = false;
    this.#done = 0;
    this.#answered = false;
    const view = this.map.view,
      z = coarsest(view);
    const tiles = [...(z > 0 ? [[0, 0, 0]] : []), ...cover(view, z)];
    this.stateId = this.#id + 1;
    this.map.tiles.outdate();
    this.runs.outdate();
    this.#wished = new Set(tiles.map((t) => t.join("/")));
    this.#most = 0;
    this.questions.drop();
    this.send({
      kind: "state",
      state: this.state,
      tiles,
      accepted: this.#acceptedId,
      ...(key === null ? {} : { changed: key }),
    });
    this.#tell();
  }

  /** @param {any} content */
  #refused(content) {
    const kind = this.questions.refused(content.id);
    if (kind === "theory") return; // there is no theory of this
    if (this.runs.refused(content.id)) this.#tell();
    if (content.id !== undefined && content.id === this.stateId) {
      this.#answered = true;
      this.#first = true;
      this.map.tiles.stale = false;
      this.#wished.clear();
      if (!this.accepted) {
        // an address of long ago
        this.notice.say(`${content.sentence} The lab starts as it does without an address.`);
        this.stateId = ++this.#id;
        this.host.send({ kind: "hello", id: this.stateId, state: null });
        return;
      }
      this.stateId = this.#acceptedId;
      this.state = { ...this.accepted, view: this.state.view, look: this.state.look, pins: this.state.pins };
      this.#askRuns();
      this.refine();
      if (!this.controls.refuse(content.where ?? null, content.sentence)) this.notice.say(content.sentence, "refused");
      if (this.#waiting) this.#flush();
    } else this.notice.say(content.sentence, "refused");
    this.#tell();
  }

  /** A whole state: an example, or an address. @param {any} state */
  #load(state) {
    this.#history();
    this.#show(state);
  }

  /** Wish for tiles after a while; until then the map is not at rest. @param {number} wait */
  #soon(wait) {
    const later = calm(wait, () => {
      this.#restless = false;
      if (!this.#first && this.#wished.size) return this.#tell(); // the first picture, before all else
      this.#wish();
      this.#leisure();
    });
    return () => {
      this.#restless = true;
      later();
    };
  }

  // ---- tiles ------------------------------------------------------------------------------------------------------

  #wish() {
    if (!this.#open || !this.#answered || this.#waiting || !this.state) return this.#tell();
    const [w, t] = this.map.size;
    const list = wishes(this.map.view, w, t)
      .filter(([z, i, j]) => !this.map.tiles.has(z, i, j))
      .slice(0, WISHES);
    const names = new Set(list.map((tile) => tile.join("/")));
    if (names.size === this.#wished.size && list.every((tile) => this.#wished.has(tile.join("/")))) return this.#tell();
    this.#wished = names;
    this.#most = names.size;
    this.send({ kind: "tiles", tiles: list });
    this.#tell();
  }

  /** @param {any} content @param {DataView[]} buffers */
  #tile(content, buffers) {
    const { values } = arrays(content, buffers);
    const { z, i, j } = content,
      tiles = this.map.tiles;
    const name = content.measure ?? content.arrays[0].name;
    const newest = tiles.stale || !tiles.count;
    tiles.add({
      z,
      i,
      j,
      values: values[name],
      outcomes: values.outcome,
      x: values.x,
      y: values.y,
      steps: values.diverged_at,
      sketch: content.sketch,
    });
    if (!content.sketch) this.#wished.delete(`${z}/${i}/${j}`);
    if (z === 0 || (newest && !this.map.scale)) this.panel.colours(this.state.look.colours);
    this.map.draw();
    if (!this.#first && [...this.#wished].every((wish) => Number(wish.split("/")[0]) > coarsest(this.map.view)))
      this.#pictured();
    if (!this.#wished.size) {
      this.map.repoint();
      this.wishSoon();
    }
    this.#tell();
  }

  /** The first picture of a state is complete: time for the next one. */
  #pictured() {
    this.#first = true;
    this.#done = 0;
    const since = this.#touched;
    if (!this.#started) requestAnimationFrame(() => performance.mark("lab: first picture"));
    this.#started = true;
    if (since)
      requestAnimationFrame(() =>
        performance.measure("lab: change to picture", { start: since, end: performance.now() }),
      );
    this.#touched = 0;
    this.runs.hasty = this.#waiting !== null || performance.now() - this.#sent < 2 * PATIENCE;
    if (performance.now() - this.#ranAt > RUNS_REST) this.#askRuns();
    if (!this.#waiting) this.refine();
    else if (!this.runs.busy) this.#flush();
  }

  /** @param {import("./tiles.js").View} view @param {boolean} resting */
  #moved(view, resting) {
    if (!this.state) return;
    this.state = { ...this.state, view };
    this.panel.moved(this.accepted?.dtype);
    if (resting) this.writeAddress();
    if (this.#first) this.wishSoon();
    if (this.#open && this.#answered) this.root.dataset.state = "busy";
  }

  /** @param {any} cell @param {boolean} byKey */
  #hover(cell, byKey) {
    this.panel.read(cell, (x, y, digits) => this.#title(x, y, digits), byKey);
    if (cell && this.state.pins.length < PINS) {
      this.#passing = "pointed";
      this.runs.want(PASSING, { x: cell.x, y: cell.y });
    }
  }

  // ---- runs -------------------------------------------------------------------------------------------------------

  /** @param {number} x @param {number} y @param {number} [digits] */
  #title(x, y, digits = 4) {
    const name = (/** @type {"x"|"y"} */ which) =>
      this.axes.find((a) => a.name === this.accepted.map[which].name)?.label ?? words(this.accepted.map[which].name);
    return `${name("x")} ${number(x, digits)}, ${name("y")} ${number(y, digits)}`;
  }

  /** The same with symbols, where there is little room. @param {number} x @param {number} y */
  #short(x, y) {
    const { x: a, y: b } = this.map.axes;
    return a.symbol && b.symbol ? `${a.symbol} = ${number(x)}, ${b.symbol} = ${number(y)}` : this.#title(x, y);
  }

  /** @param {number} x @param {number} y */
  pin(x, y) {
    if (this.state.pins.length >= PINS) {
      this.notice.say("Four runs are pinned already: unpin one first.");
      return false;
    }
    this.#history();
    this.#pins([...this.state.pins, { x, y }]);
    return true;
  }

  /** @param {number} k */
  unpin(k) {
    this.#history();
    const pins = this.state.pins.filter((/** @type {any} */ _, /** @type {number} */ n) => n !== k);
    this.runs.results.splice(k, 1);
    this.runs.results.splice(PINS - 1, 0, null);
    this.#pins(pins);
    this.map.plot.focus({ preventScroll: true });
  }

  #pinPassing() {
    const result = this.runs.results[PASSING];
    if (result) this.pin(result.x, result.y);
  }

  /** @param {any[]} pins */
  #pins(pins) {
    this.state = { ...this.state, pins };
    this.#pinned();
    this.#askRuns();
    this.writeAddress();
    this.#tell();
  }

  #pinned() {
    this.map.pins(this.state.pins.map((/** @type {any} */ p) => ({ ...p, label: this.#title(p.x, p.y) })));
  }

  /** The run under the pointer; before anything was pointed at, the best of the whole map. */
  #askPassing() {
    if (this.state.pins.length >= PINS) return this.runs.want(PASSING, null);
    const shown = this.runs.results[PASSING];
    if (this.#passing === "pointed" && shown) return this.runs.want(PASSING, { x: shown.x, y: shown.y });
    const base = this.map.tiles.get(0, 0, 0);
    if (!base || this.map.tiles.stale || !base.x || !base.y) return;
    let best = -1;
    for (let k = 0; k < base.values.length; k++) {
      if (base.outcomes?.[k] === 4 || !Number.isFinite(base.values[k])) continue;
      if (best < 0 || base.values[k] < base.values[best]) best = k;
    }
    if (best < 0) best = 0;
    this.runs.want(PASSING, { x: base.x[best % 64], y: base.y[Math.floor(best / 64)] });
  }

  /** @param {number} k */
  #runCame(k) {
    this.runView.draw();
    if (this.#waiting && this.#first && !this.runs.busy) this.#flush();
    if (!this.state || !this.map.axes) return;
    const pins = this.runs.results.slice(0, PINS);
    if (pins.slice(0, this.state.pins.length).every(Boolean))
      this.happened.show(pins, this.map.axes, this.runs.results[PASSING]);
    if (k === this.#numbersOf() && this.state.look.numbers) this.askEquations();
    this.#tell();
  }

  /** Drag the start of a run: of all runs, or of this one where the map's axes are the start's coordinates. @param {[number, number]} start @param {number} k */
  #dragStart(start, k) {
    const { map } = this.accepted;
    const labels = this.objective?.labels ?? ["x", "y"];
    const owns = (/** @type {string} */ name) => (name.startsWith("start.") ? labels.indexOf(name.slice(6)) : -1);
    const [cx, cy] = [owns(map.x.name), owns(map.y.name)];
    if ((cx >= 0 || cy >= 0) && k < PINS) {
      this.#pins(
        this.state.pins.map((/** @type {any} */ p, /** @type {number} */ n) =>
          n === k ? { x: cx >= 0 ? start[cx] : p.x, y: cy >= 0 ? start[cy] : p.y } : p,
        ),
      );
      return;
    }
    if (cx < 0 || cy < 0) this.change("start", start, true);
  }

  // ---- data, landscape, equations ---------------------------------------------------------------------------------

  /** @param {any} content @param {DataView[]} buffers */
  #data(content, buffers) {
    const { values } = arrays(content, buffers);
    this.runView.data = {
      points: values.points ?? new Float64Array(),
      classes: values.classes ?? values.targets ?? null,
      names: content.names ?? [],
      window: content.window ?? [-1, 1, -1, 1],
      values: Boolean(content.values),
      dimension: content.dimension ?? 2,
    };
    this.runView.draw();
  }

  /** @param {any} content @param {DataView[]} buffers */
  #landscape(content, buffers) {
    const { values, shapes } = arrays(content, buffers);
    this.runView.surface = {
      window: content.window,
      lines: content.lines ?? [],
      points: values.points ?? new Float32Array(),
      grid: values.grid,
      side: shapes.grid?.[0] ?? 0,
      minima: content.minima ?? [],
    };
    this.runView.draw();
  }

  /** The run whose numbers stand in the equations: the first pinned, or the one under the pointer. */
  #numbersOf() {
    return this.state.pins.length ? 0 : PASSING;
  }

  #askEquations() {
    if (!this.#open || !this.#answered || !this.#equationsSeen || this.#waiting) return;
    if (this.#wished.size) return void this.askEquations(); // the map first
    const { form, numbers } = this.state.look,
      k = this.#numbersOf();
    const { objective, optimizer, schedule } = this.accepted;
    const shown = numbers && this.runs.results[k];
    say(
      this.equations.note,
      shown ? `numbers of ${k === PASSING ? "the run shown" : "run 1"} at step ${this.runView.step}` : "",
    );
    const about = [
      objective,
      optimizer,
      schedule,
      form,
      shown ? [this.stateId, shown.x, shown.y, this.runView.step] : null,
    ];
    const at = shown ? { pin: k, step: this.runView.step, x: shown.x, y: shown.y } : { pin: null, step: null };
    this.questions.ask("equations", about, { form, numbers: Boolean(shown), ...at });
  }

  /** @param {string} key @param {any} value */
  #look(key, value) {
    if (!this.state || same(this.state.look[key], value)) return;
    this.state = { ...this.state, look: { ...this.state.look, [key]: value } };
    if (["form", "numbers", "step"].includes(key) && (key !== "step" || this.state.look.numbers)) this.askEquations();
    this.writeAddress();
  }

  // ---- files and address ------------------------------------------------------------------------------------------

  /** Learn the reader's table. @param {string} digest @param {string} target @param {boolean} again whether it was here before @returns {boolean} whether that is news */
  #useTable(digest, target, again) {
    if (again && this.state?.data?.digest === digest) return false;
    this.#history();
    this.state = changed(this.state, "data", { kind: "table", digest, target });
    if (this.state.objective.kind !== "network") this.state = changed(this.state, "objective", { kind: "network" });
    this.#sendState("data.digest");
    return true;
  }

  #share() {
    this.address.write(this.state, this.defaults);
    this.files.share();
  }

  /** @param {string} what */
  #save(what) {
    this.send({
      kind: "export",
      what,
      pin: this.state.pins.length ? 0 : PASSING,
      state: this.state,
      theme: this.root.dataset.theme,
    });
  }

  /** A new entry for the browser's back button. */
  #history() {
    this.address.push(this.state, this.defaults);
  }

  /** A whole state of another address. @param {any} state */
  #show(state) {
    this.state = state;
    this.#fresh = true;
    this.map.show(state.view ?? { x: [0, 1], y: [0, 1] });
    this.#sendState(null);
  }

  destroy() {
    this.scheme.stop.abort();
    this.root.replaceChildren();
  }
}

/** A state without the parts that change no run. @param {any} state */
function without(state) {
  return Object.fromEntries(Object.entries(state).filter(([key]) => !LOCAL.includes(key)));
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
