/** What the page does with each kind of message from the server, besides the answers to the questions of views. */

import { showAccepted } from "./accepted.js";
import { same, withoutLocal } from "./state.js";

/** @typedef {import("./app.js").Lab} Lab */
/** @typedef {(lab: Lab, content: any, buffers: DataView[]) => void} Handler */

/** @type {Record<string, Handler>} */
const HANDLERS = {
  welcome,
  state: showAccepted,
  refused: (lab, content) => lab.changes.refused(content),
  tile: (lab, content, buffers) => lab.wishes.receive(content, buffers),
  film: (lab, content, buffers) => lab.film.receive(content, buffers),
  progress(lab, content) {
    lab.wishes.done = content.done;
    lab.progress.show();
  },
  run(lab, content, buffers) {
    lab.runs.receive(content, buffers);
    lab.whatIfs.resume();
    lab.progress.show();
  },
  frames(lab, content, buffers) {
    lab.runs.receiveFrames(content, buffers);
    lab.progress.show();
  },
  detail(lab, content, buffers) {
    lab.runs.receiveDetail(content, buffers);
    lab.progress.show();
  },
  what_if: (lab, content, buffers) => lab.whatIfs.receive(content, buffers),
  csv: (lab, content) => lab.files.came(content),
  exporting: (lab, content) => lab.exporting.told(content),
  export(lab, content, buffers) {
    lab.exporting.end(content.id);
    lab.files.exported(content, buffers);
  },
  said: (lab, content) => lab.notice.say(content.sentence),
};

/** Handle one message: the answer to a view's question, if it has no handler here. @type {Handler} */
export function receive(lab, content, buffers) {
  const handler = HANDLERS[content.kind];
  if (handler) handler(lab, content, buffers);
  else lab.answers.receive(content, buffers);
}

/** The server's answer to hello. @type {Handler} */
function welcome(lab, content) {
  const { store, map, notice } = lab;
  lab.welcome = content;
  store.defaults = content.defaults ?? content.state;
  lab.bar.presets(content.presets);
  lab.dress();
  if (notice.kind === "lost") notice.say();
  const other = store.accepted && !same(withoutLocal(store.accepted), withoutLocal(content.state));
  if (map.tiles.count && other) map.tiles.outdate();
  showAccepted(lab, content);
}
