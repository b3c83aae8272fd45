/** SHA-256 (FIPS 180-4). Browsers have it for secure addresses only; a page may also be read from a plain http server. */

const ROUNDS = 64;

/** The first 32 bits behind the point of a number. @param {number} value */
const fraction = (value) => ((value - Math.floor(value)) * 2 ** 32) | 0;

/** The first prime numbers, one for each round. */
const PRIMES = /** @type {number[]} */ ([]);
for (let n = 2; PRIMES.length < ROUNDS; n++) if (PRIMES.every((p) => n % p)) PRIMES.push(n);

const START = PRIMES.slice(0, 8).map((p) => fraction(Math.sqrt(p)));
const ADDED = Int32Array.from(PRIMES, (p) => fraction(Math.cbrt(p)));

/** @param {number} x @param {number} n */
const rotated = (x, n) => (x >>> n) | (x << (32 - n));

/** The hash of some bytes, in hexadecimal digits. @param {Uint8Array} bytes */
export function sha256(bytes) {
  const padded = new Uint8Array(64 * Math.ceil((bytes.length + 9) / 64));
  padded.set(bytes);
  padded[bytes.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setBigUint64(padded.length - 8, 8n * BigInt(bytes.length));
  const state = Int32Array.from(START);
  const w = new Int32Array(ROUNDS);
  for (let at = 0; at < padded.length; at += 64) {
    for (let t = 0; t < 16; t++) w[t] = view.getInt32(at + 4 * t);
    addBlock(state, w);
  }
  return Array.from(state, (word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
}

/** Take a block into the state. @param {Int32Array} state @param {Int32Array} w the block's 16 words, and room for those made of them */
function addBlock(state, w) {
  for (let t = 16; t < ROUNDS; t++) {
    const x = w[t - 15];
    const y = w[t - 2];
    const s0 = rotated(x, 7) ^ rotated(x, 18) ^ (x >>> 3);
    const s1 = rotated(y, 17) ^ rotated(y, 19) ^ (y >>> 10);
    w[t] = w[t - 16] + s0 + w[t - 7] + s1;
  }
  let [a, b, c, d, e, f, g, h] = state;
  for (let t = 0; t < ROUNDS; t++) {
    const chosen = (e & f) ^ (~e & g);
    const majority = (a & b) ^ (a & c) ^ (b & c);
    const first = (h + (rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25)) + chosen + ADDED[t] + w[t]) | 0;
    const second = ((rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22)) + majority) | 0;
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + first) | 0, c, b, a, (first + second) | 0];
  }
  for (const [k, word] of [a, b, c, d, e, f, g, h].entries()) state[k] += word;
}
