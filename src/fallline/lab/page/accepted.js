/** A state that the server accepted, shown in all views. */

import { words } from "./numerals.js";
import { showRanges } from "./ranges.js";
import { planeOf } from "./runtools.js";
import { longest, same, samePlane } from "./state.js";
import { axisTitle, titledAxis } from "./titles.js";

/** @typedef {import("./app.js").Lab} Lab */

/** @param {Lab} lab @param {any} content of the message "welcome" or "state" */
export function showAccepted(lab, content) {
  const { store, changes, controls, notice } = lab;
  lab.connection.accept();
  const before = store.accept(content, changes.waiting !== null);
  lab.panel.measure = content.measure ?? lab.panel.measure;
  controls.accept();
  if (content.axes) showRanges(lab, content);
  else controls.show(null, store.state, store.axes);
  if (content.notes?.length) {
    const read = notice.kind === "table" ? [notice.sentence] : []; // the file that brought the change
    notice.say([...read, ...content.notes].join(" "), "notes", () => changes.undo());
  } else if (["refused", "notes"].includes(notice.kind)) notice.say(); // cured, or told of an older change
  showPlane(lab, before);
  lab.pinned.mark();
  describe(lab, before);
  lab.runs.age();
  lab.answers.askAtOnce();
  if (content.kind === "welcome") lab.wishes.wish();
  lab.progress.show();
  store.writeSoon();
}

/** Show the map's axes and the part of the plane in view. @param {Lab} lab @param {any} before the state accepted before */
function showPlane({ store, map, pinned }, before) {
  const { accepted } = store;
  const moved = before && !samePlane(accepted, before);
  const renamed = before && ["x", "y"].some((key) => accepted.map[key].name !== before.map[key].name);
  if (renamed || (before && accepted.objective.kind !== before.objective.kind)) pinned.forget();
  if (moved && same(store.state.view, before.view)) store.update({ view: { x: [0, 1], y: [0, 1] } });
  const axes = { x: titledAxis(store.axes, accepted.map.x), y: titledAxis(store.axes, accepted.map.y) };
  if (same(axes, map.axes) && same(store.state.view, map.view)) return;
  map.axes = axes;
  pinned.keepInside();
  map.show(store.state.view);
}

/** What the runs show besides, and the plane over which networks are drawn. @param {Lab} lab */
export function showLook({ store, runView, runs, whatIfs, answers }) {
  const state = { ...store.accepted, look: store.state.look };
  runView.look = state.look;
  runView.tools.show(state, runView.data);
  runs.show(
    ["gradients", "confusion"].filter((of) => state.look[of] && (of === "gradients" || runView.data?.classified)),
  );
  if (runs.replane(planeOf(state))) {
    answers.askAtOnce();
    whatIfs.renew();
  }
  runView.draw();
}

/** Titles and captions of the views. @param {Lab} lab @param {any} before the state accepted before */
function describe(lab, before) {
  const { welcome, bar, connection, store, lead, panel, runView, runs, entries } = lab;
  const { accepted: state, objective, labels } = store;
  const net = state.objective.kind === "network";
  runView.objective = state.objective;
  runs.flat = net && (state.objective.units[0] > 1 || state.data.features?.length > 0);
  runView.captions = net ? ["input", ...labels.layers, "output"] : [];
  runView.length(longest(state), before ? null : store.state.look.step);
  showLook(lab);
  lead.describe(state, panel.measure);
  bar.film(welcome.film, state.steps);
  const whole = `${objective?.title ?? words(objective?.name ?? "Map")}, ${labels.optimizer}, ${state.steps} steps`;
  for (const { view } of entries) view.accepted?.(store);
  const axisTitles = [axisTitle(store.axes, state.map.x), axisTitle(store.axes, state.map.y)];
  panel.describe(shortTitle(state, objective, labels), whole, axisTitles, store.state.look);
  if (connection.ownsPage) document.title = `${objective?.title ?? words(objective?.name ?? "")} · fallline lab`;
}

/** The set-up in a few words: classes of the data or values, hidden layers, optimizer. @param {any} state @param {any} objective @param {{optimizer: string, classes?: number}} labels */
function shortTitle(state, objective, labels) {
  const { optimizer } = labels;
  const { kind, units, loss } = state.objective;
  if (kind !== "network") return `${objective?.title ?? words(objective?.name ?? "Map")}, ${optimizer}`;
  const outputs = units.at(-1);
  const layers = units.length - 2;
  const classes = labels.classes || (loss === "cross_entropy" ? outputs : loss === "logistic" ? 2 : 0);
  const answer = classes ? `${classes} classes` : "Regression";
  return `${answer}, ${layers} hidden ${layers === 1 ? "layer" : "layers"}, ${optimizer}`;
}
