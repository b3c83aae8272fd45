/** Functions on states of the lab: read, change, compare, and write as an address. */

/** @typedef {{x: number, y: number}} Pin */
/**
 * @typedef {{objective: any, data: any, optimizer: string, settings: Record<string, number>, map: any,
 *   view: {x: [number, number], y: [number, number]}, pins: Pin[], look: any, steps: number, [key: string]: any}} State
 */

/** Value under a dotted key. @param {any} state @param {string} key */
export function read(state, key) {
  return key.split(".").reduce((value, part) => value?.[part], state);
}

/**
 * A copy of a state with one value changed.
 * @template T
 * @param {T} state
 * @param {string} key dotted
 * @param {any} value
 * @returns {T}
 */
export function changed(state, key, value) {
  const [first, ...rest] = key.split(".");
  /** @type {any} */
  const copy = Array.isArray(state) ? [...state] : { .../** @type {any} */ (state) };
  copy[first] = rest.length ? changed(copy[first] ?? {}, rest.join("."), value) : value;
  return copy;
}

/** Whether two values are equal; the order of keys does not matter. @param {any} a @param {any} b @returns {boolean} */
export function same(a, b) {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || !a || !b || Array.isArray(a) !== Array.isArray(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => key in b && same(a[key], b[key]));
}

/** Parts that change no run, so the server need not hear of them at once. */
const LOCAL = ["view", "pins", "look"];

/** A state without the parts that change no run. @param {any} state */
export function withoutLocal(state) {
  return Object.fromEntries(Object.entries(state).filter(([key]) => !LOCAL.includes(key)));
}

/** The steps of the longest runs of a state's map. @param {any} state @returns {number} */
export function longest({ map, steps }) {
  return [map.x, map.y].find(({ name }) => name === "steps")?.high ?? steps;
}

/** Whether the maps of two states have the same axes. @param {any} a @param {any} b */
export function samePlane(a, b) {
  return same(a.map.x, b.map.x) && same(a.map.y, b.map.y);
}

/**
 * The state as the text behind the address's #: what differs from the defaults, as base64url of JSON.
 * @param {State} state
 * @param {State} defaults
 */
export function toAddress(state, defaults) {
  const told = Object.fromEntries(Object.entries(state).filter(([key, value]) => !same(value, defaults[key])));
  if (!Object.keys(told).length) return "";
  const bytes = new TextEncoder().encode(JSON.stringify(told));
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** The state in an address, or null if the address is empty. Throws if the text is not an address of the lab. @param {string} text */
export function fromAddress(text) {
  const code = text.replace(/^#/, "");
  if (!code) return null;
  const bytes = Uint8Array.from(atob(code.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
  const state = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  if (typeof state !== "object" || state === null || Array.isArray(state)) throw new Error("no state");
  return state;
}
