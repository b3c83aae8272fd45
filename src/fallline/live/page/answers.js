/** Messages of a host: their content with arrays described, and the bytes of the arrays. */

/** @type {Record<string, any>} */
const KINDS = {
  float64: Float64Array,
  float32: Float32Array,
  int64: BigInt64Array,
  int32: Int32Array,
  uint32: Uint32Array,
  uint16: Uint16Array,
  uint8: Uint8Array,
  int8: Int8Array,
  bool: Uint8Array,
};

/** @typedef {{values: any, shape: number[]}} Shaped */

/** An array of the figure. @param {{dtype: string, shape: number[], base64: string}} stored @returns {Shaped} */
export function stored({ dtype, shape, base64 }) {
  const text = atob(base64);
  const bytes = Uint8Array.from(text, (c) => c.charCodeAt(0));
  return { values: new KINDS[dtype](bytes.buffer), shape };
}

/** Arrays of the figure by name. @param {Record<string, any>} arrays */
export function allStored(arrays) {
  return Object.fromEntries(Object.entries(arrays).map(([name, array]) => [name, stored(array)]));
}

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
