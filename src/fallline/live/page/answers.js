/** Messages of a host: their content with arrays described, and the bytes of the arrays. */

import { KINDS } from "../../lab/page/wire.js";

/** @typedef {{values: any, shape: number[]}} Shaped */

/**
 * A message: its content, and the arrays' bytes beside it.
 * @param {any} content
 * @param {Record<string, Shaped>} [arrays]
 * @returns {[any, DataView[]]}
 */
export function message(content, arrays = {}) {
  const named = Object.entries(arrays);
  const told = named.map(([name, { values, shape }]) => ({ name, dtype: dtypeOf(values), shape }));
  const views = named.map(([, { values }]) => new DataView(values.buffer, values.byteOffset, values.byteLength));
  return [{ ...content, arrays: told }, views];
}

/** @param {any} values */
function dtypeOf(values) {
  for (const [name, Kind] of Object.entries(KINDS)) if (values instanceof Kind) return name;
  throw new TypeError("an array of this kind has no name");
}
