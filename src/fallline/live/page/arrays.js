/** Arrays in the JSON of a figure, see `fallline.live.arrays`. */

import { KINDS } from "../../lab/page/wire.js";

/** The same value with typed arrays in place of their JSON. @param {any} value @returns {any} */
export function decoded(value) {
  if (Array.isArray(value)) return value.map(decoded);
  if (value === null || typeof value !== "object") return value;
  if (typeof value.base64 !== "string")
    return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, decoded(part)]));
  const bytes = Uint8Array.from(atob(value.base64), (letter) => letter.charCodeAt(0));
  return new KINDS[value.dtype](bytes.buffer);
}

/** Arrays of the figure by name. @param {Record<string, any>} arrays */
export function allStored(arrays) {
  return Object.fromEntries(
    Object.entries(arrays).map(([name, array]) => [name, { values: decoded(array), shape: array.shape }]),
  );
}
