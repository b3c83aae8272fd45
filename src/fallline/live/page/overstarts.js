/** One number for each cell of a map from those of its starts, as `fallline.measures.measure.over_starts` has it. */

/**
 * @param {ArrayLike<number>} values those of the first cell's starts, then those of the next cell
 * @param {number} starts
 * @param {string} how "mean", "mode" or "median"
 * @param {string} dtype the type of the values: "float32", "int64", ...
 * @returns {Float64Array}
 */
export function overStarts(values, starts, how, dtype) {
  const cells = new Float64Array(values.length / starts);
  const some = new Float64Array(starts);
  const rule = starts === 1 ? first : RULES[how];
  for (let cell = 0; cell < cells.length; cell++) {
    for (let k = 0; k < starts; k++) some[k] = values[cell * starts + k];
    cells[cell] = rule(some, dtype);
  }
  return cells;
}

/** @param {Float64Array} some */
function first(some) {
  return some[0];
}

/** @type {Record<string, (some: Float64Array, dtype: string) => number>} */
const RULES = {
  mean(some) {
    let sum = 0;
    for (const value of some) sum += value;
    return sum / some.length;
  },

  /** The most frequent whole number; of several, the smallest. */
  mode(some) {
    some.sort();
    let best = some[0];
    let most = 0;
    for (let k = 0, from = 0; k < some.length; k++) {
      if (some[k] !== some[from]) from = k;
      if (k - from + 1 > most) [best, most] = [some[k], k - from + 1];
    }
    return best;
  },

  /** Of whole numbers, -1 is never, and comes last. NaN comes last of all. */
  median(some, dtype) {
    const whole = !dtype.startsWith("float");
    const rounded = dtype === "float32" ? Math.fround : Number;
    if (whole) for (let k = 0; k < some.length; k++) if (some[k] === -1) some[k] = Number.POSITIVE_INFINITY;
    some.sort();
    const low = some[(some.length - 1) >> 1];
    const high = some[some.length >> 1];
    const middle = low === high ? low : rounded(low + high) / 2;
    if (!whole) return middle;
    return Number.isFinite(middle) ? Math.ceil(middle) : -1;
  },
};
