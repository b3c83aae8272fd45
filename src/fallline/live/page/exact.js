/**
 * Exact values of axes, as `fallline.exact.between` has them: computed with whole numbers, and rounded once to the nearest float.
 *
 * A straight axis is a quotient of whole numbers. A logarithmic one takes an exponential with 256 bits after the point. No value is
 * so near to the middle between two floats that more bits would round it differently.
 */

const POINT = 256n;
const ONE = 1n << POINT;
const HALVINGS = 8n;
const SPARE = 64;

const word = new DataView(new ArrayBuffer(8));

/**
 * @param {number} low
 * @param {number} high
 * @param {bigint[]} places
 * @param {bigint} parts
 * @param {boolean} logarithmic in equal ratios
 * @returns {Float64Array} the values at the fractions place/parts of the way from low to high
 */
export function between(low, high, places, parts, logarithmic) {
  return Float64Array.from((logarithmic ? ratios : straight)(low, high, places, parts));
}

/** @param {number} low @param {number} high @param {bigint[]} places @param {bigint} parts */
function straight(low, high, places, parts) {
  const [a, b] = [parted(low), parted(high)];
  const exponent = Math.min(a.exponent, b.exponent);
  const [from, to] = [a, b].map((x) => x.whole << BigInt(x.exponent - exponent));
  return places.map((k) => quotient(from * parts + (to - from) * k, parts, exponent));
}

/** @param {number} low @param {number} high @param {bigint[]} places @param {bigint} parts */
function ratios(low, high, places, parts) {
  const start = parted(low);
  const ratio = logarithm(high) - logarithm(low);
  return places.map((k) => {
    if (k === 0n) return low;
    if (k === parts) return high;
    const power = (ratio * k) / parts;
    const twos = power / LOG_OF_2;
    return rounded(start.whole * exponential(power - twos * LOG_OF_2), start.exponent + Number(twos - POINT));
  });
}

/** A float as whole * 2^exponent. @param {number} x */
function parted(x) {
  word.setFloat64(0, x);
  const bits = word.getBigUint64(0);
  const field = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & 0xfffffffffffffn;
  const size = field === 0 ? fraction : fraction | (1n << 52n);
  return { whole: x < 0 ? -size : size, exponent: Math.max(field, 1) - 1075 };
}

/** The float nearest to (over / under) 2^exponent. @param {bigint} over @param {bigint} under @param {number} exponent */
function quotient(over, under, exponent) {
  const shift = Math.max(0, length(under) - length(over) + SPARE);
  const scaled = over << BigInt(shift);
  const whole = scaled / under;
  // one more bit stands for all that follow: it decides what looks like a tie
  const rest = scaled === whole * under ? 0n : over < 0n ? -1n : 1n;
  return rounded(2n * whole + rest, exponent - shift - 1);
}

/**
 * The float nearest to whole * 2^exponent; of two that are as near, the one whose last bit is 0.
 * @param {bigint} whole
 * @param {number} exponent
 * @returns {number}
 */
function rounded(whole, exponent) {
  if (whole < 0n) return -rounded(-whole, exponent);
  const last = Math.max(exponent + length(whole) - 53, -1074);
  const drop = BigInt(last - exponent);
  if (drop <= 0n) return Number(whole << -drop) * powerOfTwo(last);
  const half = 1n << (drop - 1n);
  const rest = whole & ((half << 1n) - 1n);
  const kept = whole >> drop;
  return Number(rest > half || (rest === half && kept & 1n) ? kept + 1n : kept) * powerOfTwo(last);
}

/** The number of bits. @param {bigint} whole */
function length(whole) {
  return (whole < 0n ? -whole : whole).toString(2).length;
}

/** 2^exponent, for exponents of floats' last bits. @param {number} exponent */
function powerOfTwo(exponent) {
  word.setBigUint64(0, exponent < -1022 ? 1n << BigInt(exponent + 1074) : BigInt(exponent + 1023) << 52n);
  return word.getFloat64(0);
}

/** log x as a whole number of 2^-POINT. @param {number} x */
function logarithm(x) {
  const { whole, exponent } = parted(x);
  const bits = length(whole);
  const unit = 1n << BigInt(bits); // whole / unit is between 1/2 and 1
  return atanh2(((whole - unit) << POINT) / (whole + unit)) + BigInt(bits + exponent) * LOG_OF_2;
}

/** 2 atanh s. @param {bigint} s at most 1/3 */
function atanh2(s) {
  const square = (s * s) >> POINT;
  let sum = 0n;
  for (let power = s, k = 1n; power !== 0n && power !== -1n; power = (power * square) >> POINT, k += 2n)
    sum += power / k;
  return 2n * sum;
}

const LOG_OF_2 = atanh2(ONE / 3n);

/** exp x by the series of exp(x / 2^HALVINGS). @param {bigint} x between -1 and 1 */
function exponential(x) {
  const small = x >> HALVINGS;
  let value = ONE;
  for (let term = small, k = 2n; term !== 0n && term !== -1n; term = ((term * small) >> POINT) / k, k += 1n)
    value += term;
  for (let k = 0n; k < HALVINGS; k += 1n) value = (value * value) >> POINT;
  return value;
}
