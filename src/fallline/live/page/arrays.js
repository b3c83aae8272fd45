/** Arrays in the JSON of a figure, see `fallline.live.arrays`. */

/** @type {Record<string, any>} */
export const KINDS = {
  float64: Float64Array,
  float32: Float32Array,
  int64: BigInt64Array,
  int32: Int32Array,
  int16: Int16Array,
  uint32: Uint32Array,
  uint16: Uint16Array,
  uint8: Uint8Array,
  int8: Int8Array,
  bool: Uint8Array,
};

/** The same value with typed arrays in place of their JSON. @param {any} value @returns {any} */
export function decoded(value) {
  if (Array.isArray(value)) return value.map(decoded);
  if (value === null || typeof value !== "object") return value;
  if (typeof value.base64 !== "string")
    return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, decoded(part)]));
  const bytes = Uint8Array.from(atob(value.base64), (letter) => letter.charCodeAt(0));
  return new KINDS[value.dtype](bytes.buffer);
}
