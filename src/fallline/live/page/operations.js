/**
 * The operations of portable programs as loops over columns of numbers.
 *
 * Every column is a Float64Array, whatever its type: float32, whole numbers below 2^53 and truth values (0, 1) are all among
 * its numbers, and loops over one kind of array are fast. A result of type float32 is rounded after its operation. Of sums,
 * products, quotients and roots of float32 this gives the float32 nearest to the true value, because a double has more than
 * twice as many digits.
 *
 * @typedef {Float64Array} Column
 * @typedef {(o: Column, n: number, a: Column, b: Column, c: Column) => void} Loop writes o[0], ..., o[n - 1]
 */

/** @type {Record<string, Loop>} */
export const OPERATIONS = {
  add(o, n, a, b) {
    for (let i = 0; i < n; i++) o[i] = a[i] + b[i];
  },
  subtract(o, n, a, b) {
    for (let i = 0; i < n; i++) o[i] = a[i] - b[i];
  },
  multiply(o, n, a, b) {
    for (let i = 0; i < n; i++) o[i] = a[i] * b[i];
  },
  divide(o, n, a, b) {
    for (let i = 0; i < n; i++) o[i] = a[i] / b[i];
  },
  fma(o, n, a, b, c) {
    for (let i = 0; i < n; i++) o[i] = a[i] * b[i] + c[i];
  },
  /** Of whole numbers. The remainder is exact, and so is what is divided without it. */
  floor_divide(o, n, a, b) {
    for (let i = 0; i < n; i++) {
      const rest = a[i] % b[i];
      o[i] = (a[i] - rest) / b[i] - (rest !== 0 && rest < 0 !== b[i] < 0 ? 1 : 0);
    }
  },
  negative(o, n, a) {
    for (let i = 0; i < n; i++) o[i] = -a[i];
  },
  absolute(o, n, a) {
    for (let i = 0; i < n; i++) o[i] = Math.abs(a[i]);
  },
  sqrt(o, n, a) {
    for (let i = 0; i < n; i++) o[i] = Math.sqrt(a[i]);
  },
  floor(o, n, a) {
    for (let i = 0; i < n; i++) o[i] = Math.floor(a[i]);
  },
  /** The nearest whole number; of two, the even one. */
  rint(o, n, a) {
    for (let i = 0; i < n; i++) {
      const near = Math.round(a[i]);
      o[i] = near - a[i] === 0.5 && near % 2 !== 0 ? near - 1 : near;
    }
  },
  /** 0 for both zeros, as in NumPy. */
  sign(o, n, a) {
    for (let i = 0; i < n; i++) o[i] = a[i] > 0 ? 1 : a[i] < 0 ? -1 : a[i] === 0 ? 0 : Number.NaN;
  },
  /** NaN if an operand is NaN. */
  maximum(o, n, a, b) {
    for (let i = 0; i < n; i++) o[i] = a[i] >= b[i] || Number.isNaN(a[i]) ? a[i] : b[i];
  },
  minimum(o, n, a, b) {
    for (let i = 0; i < n; i++) o[i] = a[i] <= b[i] || Number.isNaN(a[i]) ? a[i] : b[i];
  },
  isfinite(o, n, a) {
    for (let i = 0; i < n; i++) o[i] = Number.isFinite(a[i]) ? 1 : 0;
  },
  isnan(o, n, a) {
    for (let i = 0; i < n; i++) o[i] = Number.isNaN(a[i]) ? 1 : 0;
  },
  greater(o, n, a, b) {
    for (let i = 0; i < n; i++) o[i] = a[i] > b[i] ? 1 : 0;
  },
  greater_equal(o, n, a, b) {
    for (let i = 0; i < n; i++) o[i] = a[i] >= b[i] ? 1 : 0;
  },
  less(o, n, a, b) {
    for (let i = 0; i < n; i++) o[i] = a[i] < b[i] ? 1 : 0;
  },
  less_equal(o, n, a, b) {
    for (let i = 0; i < n; i++) o[i] = a[i] <= b[i] ? 1 : 0;
  },
  equal(o, n, a, b) {
    for (let i = 0; i < n; i++) o[i] = a[i] === b[i] ? 1 : 0;
  },
  not_equal(o, n, a, b) {
    for (let i = 0; i < n; i++) o[i] = a[i] !== b[i] ? 1 : 0;
  },
  logical_and(o, n, a, b) {
    for (let i = 0; i < n; i++) o[i] = a[i] && b[i] ? 1 : 0;
  },
  logical_or(o, n, a, b) {
    for (let i = 0; i < n; i++) o[i] = a[i] || b[i] ? 1 : 0;
  },
  logical_not(o, n, a) {
    for (let i = 0; i < n; i++) o[i] = a[i] ? 0 : 1;
  },
  select(o, n, a, b, c) {
    for (let i = 0; i < n; i++) o[i] = a[i] ? b[i] : c[i];
  },
  exp: each(Math.exp),
  log: each(Math.log),
  log1p: each(Math.log1p),
  tanh: each(Math.tanh),
  sin: each(Math.sin),
  cos: each(Math.cos),
  erf: each(erf),
  /** 1 to the power of anything is 1, as in C. */
  power(o, n, a, b) {
    for (let i = 0; i < n; i++) o[i] = a[i] === 1 ? 1 : a[i] ** b[i];
  },
};

/** Operations whose results may be no numbers of their type: they have more digits, or are -0 where whole numbers have 0. */
const ROUNDED = new Set(
  "add subtract multiply divide fma floor_divide negative sqrt exp log log1p tanh sin cos erf power".split(" "),
);

/**
 * The loop of an operation whose result has a type.
 *
 * @param {string} operation
 * @param {string} dtype
 * @returns {Loop}
 */
export function loopOf(operation, dtype) {
  const convert = CONVERSIONS[dtype];
  if (operation === "astype") return convert;
  const loop = OPERATIONS[operation];
  if (!loop) throw new Error(`a program has an operation that this page does not know: ${operation}`);
  if (dtype === "float64" || dtype === "bool" || !ROUNDED.has(operation)) return loop;
  return (o, n, a, b, c) => {
    loop(o, n, a, b, c);
    convert(o, n, o, o, o);
  };
}

/** @type {Record<string, Loop>} */
export const CONVERSIONS = {
  float32(o, n, a) {
    for (let i = 0; i < n; i++) o[i] = Math.fround(a[i]);
  },
  float64: copy,
  int64: whole,
  int32: whole,
  uint8: whole,
  bool(o, n, a) {
    for (let i = 0; i < n; i++) o[i] = a[i] !== 0 ? 1 : 0;
  },
};

/** @type {Loop} */
function copy(o, n, a) {
  for (let i = 0; i < n; i++) o[i] = a[i];
}

/** @type {Loop} */
function whole(o, n, a) {
  for (let i = 0; i < n; i++) o[i] = Math.trunc(a[i]) + 0; // -0 + 0 is 0
}

/**
 * @param {(x: number) => number} f
 * @returns {Loop}
 */
function each(f) {
  return (o, n, a) => {
    for (let i = 0; i < n; i++) o[i] = f(a[i]);
  };
}

/**
 * 2/sqrt(pi) exp(-x^2) sum_k 2^k x^(2k+1) / (1 3 5 ... (2k+1)), whose terms all have one sign (Abramowitz & Stegun 7.1.6).
 *
 * @param {number} x
 */
function erf(x) {
  if (!(Math.abs(x) < 6)) return Math.sign(x);
  let term = x;
  let sum = 0;
  for (let k = 1; sum + term !== sum; k++) {
    sum += term;
    term *= (2 * x * x) / (2 * k + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}
