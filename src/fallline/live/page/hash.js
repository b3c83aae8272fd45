/** The hash of the map that the page was made of, over values that are trained again in the page. */

import { sha256 } from "./sha256.js";

/** @typedef {import("./model.js").Model} Model */

/** SHA-256 of the map's values: measure by measure, row by row from the bottom, little-endian. @param {Model} model @param {(share: number) => void} progress */
export async function hashOfMap(model, progress) {
  const { map, welcome } = model.figure;
  const { x, y, measures } = map;
  const names = measures.map((/** @type {any} */ m) => m.name);
  const target = measures.find((/** @type {any} */ m) => m.target !== null)?.target ?? null;
  const state = { ...welcome.defaults, map: { ...welcome.defaults.map, measure: target === null ? "" : "steps_to" } };
  const onprogress = (/** @type {number} */ done, /** @type {number} */ all) => progress(done / all);
  const wanted = { ...model.measures.wanted(names), values: { target }, priority: 4 };
  const results = await model.train(state, { x, y, ...wanted, onprogress });
  const values = model.measures.ofCells(results, state, names);
  const parts = names.map((/** @type {string} */ name) => bytesOf(values[name]));
  const whole = new Uint8Array(
    parts.reduce((/** @type {number} */ sum, /** @type {any} */ part) => sum + part.length, 0),
  );
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return sha256(whole);
}

/** The bytes of an array; all of its NaN have NumPy's bits. @param {any} values */
function bytesOf(values) {
  const view = new DataView(new ArrayBuffer(values.byteLength));
  const put = {
    1: (/** @type {number} */ k) => view.setUint8(k, values[k]),
    4: (/** @type {number} */ k) => {
      if (values instanceof Int32Array) view.setInt32(4 * k, values[k], true);
      else if (Number.isNaN(values[k])) view.setUint32(4 * k, 0x7fc00000, true);
      else view.setFloat32(4 * k, values[k], true);
    },
    8: (/** @type {number} */ k) => {
      if (Number.isNaN(values[k])) view.setBigUint64(8 * k, 0x7ff8000000000000n, true);
      else view.setFloat64(8 * k, values[k], true);
    },
  }[/** @type {1|4|8} */ (values.BYTES_PER_ELEMENT)];
  for (let k = 0; k < values.length; k++) put(k);
  return new Uint8Array(view.buffer);
}
