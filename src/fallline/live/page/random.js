/**
 * Random numbers that depend on their seed, purpose and index alone, as `fallline.random` has them: Philox4x32-10 and AS 241.
 *
 * A purpose is the number that Python makes of its name. Floats come from operations that every browser rounds in the same way.
 */

/**
 * Numerator and denominator of the rational functions of AS 241, lowest power first.
 * @typedef {{centre: number[][], near: number[][], far: number[][]}} Coefficients
 */

const ROUNDS = 10;
const TWO_32 = 2 ** 32;

/** The upper half of a product of two 32-bit numbers. @param {number} a @param {number} b */
function upper(a, b) {
  const [al, ah, bl, bh] = [a & 0xffff, a >>> 16, b & 0xffff, b >>> 16];
  const middle = ah * bl + ((al * bl) >>> 16);
  const other = al * bh + (middle & 0xffff);
  return ah * bh + Math.floor(middle / 65536) + Math.floor(other / 65536);
}

/**
 * Four random words for a counter.
 * @param {number[]} counter four words
 * @param {number} k0
 * @param {number} k1 the key
 */
export function philox([c0, c1, c2, c3], k0, k1) {
  for (let round = 0; round < ROUNDS; round++) {
    const [p0, p1] = [Math.imul(c0, 0xd2511f53) >>> 0, Math.imul(c2, 0xcd9e8d57) >>> 0];
    const [h0, h1] = [upper(c0, 0xd2511f53), upper(c2, 0xcd9e8d57)];
    [c0, c1, c2, c3] = [(h1 ^ c1 ^ k0) >>> 0, p1, (h0 ^ c3 ^ k1) >>> 0, p0];
    k0 = (k0 + 0x9e3779b9) >>> 0;
    k1 = (k1 + 0xbb67ae85) >>> 0;
  }
  return [c0, c1, c2, c3];
}

/**
 * Numbers in (0, 1).
 * @param {number} seed
 * @param {number} purpose
 * @param {number} count
 * @param {number} index
 */
export function uniform(seed, purpose, count, index) {
  const numbers = new Float64Array(count);
  const [low, high] = [index % TWO_32, Math.floor(index / TWO_32)];
  for (let k = 0; k < count; k += 2) {
    const words = philox([k / 2, purpose, low, high], seed % TWO_32, Math.floor(seed / TWO_32));
    for (let half = 0; half < 2 && k + half < count; half++) {
      const bits = words[2 * half] * 2 ** 21 + (words[2 * half + 1] >>> 11);
      numbers[k + half] = (bits + 0.5) * 2 ** -53;
    }
  }
  return numbers;
}

/**
 * Standard normal numbers.
 * @param {number} seed
 * @param {number} purpose
 * @param {number} count
 * @param {number} index
 * @param {Coefficients} coefficients
 */
export function normal(seed, purpose, count, index, coefficients) {
  return uniform(seed, purpose, count, index).map((u) => quantile(u, coefficients));
}

/**
 * The samples that each step sees, one step after another.
 * @param {number} seed
 * @param {number} purpose
 * @param {number} rows
 * @param {number} batch
 * @param {number} steps
 * @param {boolean} replacement whether each sample is drawn from all samples; otherwise each epoch is a shuffle
 */
export function batches(seed, purpose, rows, batch, steps, replacement) {
  const order = new BigInt64Array(steps * batch);
  if (replacement) {
    for (let step = 0; step < steps; step++)
      uniform(seed, purpose, batch, step).forEach((u, k) => {
        order[step * batch + k] = BigInt(Math.floor(u * rows));
      });
    return order;
  }
  const used = Math.floor(rows / batch) * batch; // those left over at the end of an epoch are not used in it
  for (let epoch = 0, at = 0; at < order.length; epoch++) {
    const keys = uniform(seed, purpose, rows, epoch);
    const shuffled = Array.from(keys.keys()).sort((a, b) => keys[a] - keys[b]);
    for (let k = 0; k < used && at < order.length; k++) order[at++] = BigInt(shuffled[k]);
  }
  return order;
}

/** @param {number[][]} coefficients @param {number} r */
function rational(coefficients, r) {
  const [over, under] = coefficients.map((row) => row.reduceRight((value, c) => value * r + c));
  return over / under;
}

/** The number below which a standard normal number lies with probability u. @param {number} u @param {Coefficients} coefficients */
function quantile(u, { centre, near, far }) {
  const q = u - 0.5;
  if (Math.abs(q) <= 0.425) return q * rational(centre, 0.180625 - q * q);
  const tail = Math.sqrt(-logarithm(Math.min(u, 1 - u)));
  const size = tail <= 5 ? rational(near, tail - 1.6) : rational(far, tail - 5);
  return q < 0 ? -Math.abs(size) : Math.abs(size);
}

const word = new DataView(new ArrayBuffer(8));

/** log of a positive normal number, from exactly rounded operations only: `Math.log` differs between browsers. @param {number} x */
function logarithm(x) {
  word.setFloat64(0, x);
  const upper = word.getUint32(0);
  let exponent = (upper >>> 20) - 1022; // x = m 2^exponent, and m is between 1/2 and 1
  word.setUint32(0, (upper & 0x000fffff) | 0x3fe00000);
  let m = word.getFloat64(0);
  if (m < Math.SQRT1_2) {
    m *= 2;
    exponent -= 1;
  }
  const s = (m - 1) / (m + 1);
  const s2 = s * s;
  let series = 0;
  for (let k = 21; k > 0; k -= 2) series = series * s2 + 1 / k;
  return exponent * Math.LN2 + 2 * s * series;
}
