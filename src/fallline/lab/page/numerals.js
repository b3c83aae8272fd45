/** Numbers as people write them, and the ticks of axes. */

const RAISED = { "-": "⁻", 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹" };

const raised = (/** @type {number} */ n) =>
  [...String(n)].map((c) => RAISED[/** @type {keyof typeof RAISED} */ (c)]).join("");

/**
 * A number for reading: 232.5, 8×10⁻⁵, −0.5, ∞.
 * @param {number} value
 * @param {number} [digits] significant
 */
export function number(value, digits = 4) {
  if (Number.isNaN(value)) return "not a number";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  if (value === 0) return "0";
  const exponent = Math.floor(Math.log10(Math.abs(Number(value.toPrecision(digits)))));
  if (exponent < -4 || exponent >= digits) {
    const mantissa = Number((value / 10 ** exponent).toPrecision(digits));
    const power = `10${raised(exponent)}`;
    const text = mantissa === 1 ? power : mantissa === -1 ? `-${power}` : `${mantissa}×${power}`;
    return text.replace("-", "−");
  }
  return String(Number(value.toPrecision(digits))).replace("-", "−");
}

/** A number as one types it: 0.0063, 8e-5. @param {number} value */
export function typed(value) {
  if (!Number.isFinite(value)) return "";
  const text = String(Number(value.toPrecision(12)));
  return text.includes("e") || Math.abs(value) >= 1e-4 || value === 0 ? text : value.toExponential().replace("e+", "e");
}

/** The number that somebody typed, with a comma or a real minus sign too; NaN if the text is not a number. @param {string} text */
export function parsed(text) {
  const plain = text
    .trim()
    .replace("−", "-")
    .replace(",", ".")
    .replace(/×10\^?/, "e");
  return plain === "" ? NaN : Number(plain);
}

/** A share in percent; never "0 %" or "100 %" for what is not quite so. @param {number} share */
export function percent(share) {
  if (share > 0 && share < 0.01) return "under 1 %";
  if (share > 0.99 && share < 1) return "over 99 %";
  return `${Math.round(100 * share)} %`;
}

/** A name of the project as words. @param {string} name */
export const words = (name) => name.replaceAll("_", " ");

/** The text with a capital first letter; f(x) stays as it is. @param {string} text */
export const capital = (text) => (/^\w\(/.test(text) ? text : text.slice(0, 1).toUpperCase() + text.slice(1));

/** @typedef {{name: string, low: number, high: number, scale: "log"|"linear"}} Axis */

/** Value of a setting at a fraction of its axis. @param {Axis} axis @param {number} f */
export function valueAt(axis, f) {
  if (axis.scale !== "log") return axis.low + (axis.high - axis.low) * f;
  return Math.exp(Math.log(axis.low) + (Math.log(axis.high) - Math.log(axis.low)) * f);
}

/** Fraction of an axis at which a value lies. @param {Axis} axis @param {number} v */
export function fractionOf(axis, v) {
  if (axis.scale !== "log") return (v - axis.low) / (axis.high - axis.low);
  return Math.log(v / axis.low) / Math.log(axis.high / axis.low);
}

/** @typedef {{at: number, label: string}} Tick `at` is a fraction of the whole axis */

/**
 * Ticks of the window [from, to] (fractions) of an axis: decades where there are some, round steps elsewhere. Very deep
 * windows, whose labels would share many digits, show the shared part once as `base` and label the differences.
 * @param {Axis} axis
 * @param {number} from
 * @param {number} to
 * @param {number} most about how many ticks have room
 * @param {number} [digits] significant digits that a label has room for
 * @returns {{ticks: Tick[], base: string}}
 */
export function ticks(axis, from, to, most, digits = 5) {
  const low = valueAt(axis, from);
  const high = valueAt(axis, to);
  if (axis.scale === "log" && high / low >= 20) return { ticks: decades(axis, low, high, most), base: "" };
  const step = roundStep((high - low) / Math.max(2, most));
  const places = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const size = Math.max(Math.abs(low), Math.abs(high));
  const shared = size > 0 ? Math.floor(Math.log10(size)) - Math.floor(Math.log10(step)) : 0;
  if (shared >= digits) return offsets(axis, low, high, step, size);
  const exponent = size > 0 ? Math.floor(Math.log10(size)) : 0;
  const tiny = exponent < -3 || exponent > 5;
  const long = tiny && shared > 1;
  const out = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high * (1 + Math.sign(high) * 1e-12); k++) {
    const value = k * step;
    const label = tiny
      ? value === 0
        ? "0"
        : `${(value / 10 ** exponent).toFixed(Math.max(0, shared)).replace("-", "−")}${long ? "" : `×10${raised(exponent)}`}`
      : k === 0
        ? "0"
        : value.toFixed(places).replace("-", "−");
    out.push({ at: fractionOf(axis, value), label });
  }
  return { ticks: out, base: long ? `in units of 10${raised(exponent)}` : "" };
}

/** @param {Axis} axis @param {number} low @param {number} high @param {number} most */
function decades(axis, low, high, most) {
  const first = Math.floor(Math.log10(low));
  const last = Math.ceil(Math.log10(high));
  const inside = (/** @type {number} */ v) => v >= low * (1 - 1e-9) && v <= high * (1 + 1e-9);
  /** @type {number[]} */
  let values = [];
  for (const multiples of [[1, 2, 5], [1, 3], [1]]) {
    values = [];
    for (let e = first; e <= last; e++)
      for (const m of multiples) if (inside(m * 10 ** e)) values.push(Number(`${m}e${e}`));
    if (values.length <= most) break;
  }
  while (values.length > most) values = values.filter((_, k) => k % 2 === 0);
  return values.map((v) => ({ at: fractionOf(axis, v), label: number(v, 3) }));
}

/** @param {Axis} axis @param {number} low @param {number} high @param {number} step @param {number} size */
function offsets(axis, low, high, step, size) {
  const unit = 10 ** Math.floor(Math.log10(step) + 1e-9);
  const coarse = 1000 * unit;
  const base = Math.floor(low / coarse) * coarse;
  const digits = Math.max(1, Math.min(16, Math.ceil(Math.log10(size) - Math.log10(coarse)) + 1));
  const exponent = Math.floor(Math.log10(unit) + 1e-9);
  const out = [];
  for (let k = Math.ceil((low - base) / step - 1e-9); base + k * step <= high; k++) {
    const n = Math.round((k * step) / unit);
    out.push({ at: fractionOf(axis, base + k * step), label: (n > 0 ? `+${n}` : String(n)).replace("-", "−") });
  }
  return { ticks: out, base: `${number(base, digits)}, ticks in 10${raised(exponent)}` };
}

/** 1, 2 or 5 times a power of ten, the least that is not below the given. @param {number} raw */
function roundStep(raw) {
  const power = 10 ** Math.floor(Math.log10(raw));
  const m = raw / power;
  return power * (m <= 1.0001 ? 1 : m <= 2.0001 ? 2 : m <= 5.0001 ? 5 : 10);
}
