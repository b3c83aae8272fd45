/** Curvature at a point: the eigenvalues of the Hessian, and whether the loss falls along a line (`fallline.problems.curvature`). */

const SWEEPS = 30;
const SMALL = 1e-15;

/** Operations that the page spends on a Hessian. */
const MOST = 2e8;

/** @typedef {{low: number, high: number, downward: Float64Array, upward: Float64Array}} Curvature */
/** @typedef {import("./gradient.js").Gradient} Gradient */

/**
 * The extreme eigenvalues of the Hessian and their directions; null where it is not finite, or takes too long.
 * @param {Gradient} gradient @param {Float64Array} w @param {number} l2 @param {number} difference the step, as a share of the largest parameter
 * @returns {Curvature|null}
 */
export function curvatureAt(gradient, w, l2, difference) {
  const P = w.length;
  if (2 * P * gradient.work + 20 * P ** 3 > MOST || !w.every(Number.isFinite)) return null;
  const h = difference * Math.max(1, largest(w));
  const H = Array.from({ length: P }, (_, k) => {
    const [above, below] = [h, -h].map((by) => gradient.at(moved(w, k, by), l2).gradient);
    return above.map((g, j) => (g - below[j]) / (2 * h));
  });
  for (let i = 0; i < P; i++) for (let j = 0; j <= i; j++) H[i][j] = H[j][i] = (H[i][j] + H[j][i]) / 2;
  if (!H.every((row) => row.every(Number.isFinite))) return null;
  const { values, ways } = eigen(H);
  const order = Array.from(values.keys()).sort((a, b) => values[a] - values[b]);
  const [first, last] = [order[0], order[P - 1]];
  return { low: values[first], high: values[last], downward: ways[first], upward: ways[last] };
}

/**
 * Whether the loss falls along a line, to one side.
 * @param {Gradient} gradient @param {Float64Array} w @param {number} l2 @param {Float64Array} way @param {number} enough
 * @param {number[]} distances shares of the largest parameter
 * @param {import("./evaluate.js").Evaluator} rule
 */
export function leadsDown(gradient, w, l2, way, enough, distances, rule) {
  const far = Math.max(1, largest(w)) / Math.hypot(...way);
  const here = gradient.lossAt(w, l2);
  return [-1, 1].some((side) => {
    const losses = distances.map((d) =>
      gradient.lossAt(
        w.map((v, k) => v + side * far * d * way[k]),
        l2,
      ),
    );
    return rule.run({ losses, here, enough }).falls[0];
  });
}

/** @param {ArrayLike<number>} values */
export function largest(values) {
  let size = 0;
  for (let k = 0; k < values.length; k++) size = Math.max(size, Math.abs(values[k]));
  return size;
}

/** @param {Float64Array} w @param {number} k @param {number} by */
function moved(w, k, by) {
  const other = w.slice();
  other[k] += by;
  return other;
}

/** All eigenvalues and eigenvectors of a symmetric matrix, by Jacobi's rotations. @param {Float64Array[]} A which is overwritten */
function eigen(A) {
  const n = A.length;
  const ways = A.map((_, k) => Float64Array.from({ length: n }, (_v, j) => Number(j === k)));
  const size = A.reduce((all, row) => Math.max(all, largest(row)), 0);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    let rest = 0;
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        rest = Math.max(rest, Math.abs(A[p][q]));
        if (Math.abs(A[p][q]) <= SMALL * size) continue;
        const theta = (A[q][q] - A[p][p]) / (2 * A[p][q]);
        const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.hypot(theta, 1));
        const c = 1 / Math.hypot(t, 1);
        for (let k = 0; k < n; k++) rotate(A[k], p, q, c, t * c);
        rotateRows(A, p, q, c, t * c);
        rotateRows(ways, p, q, c, t * c);
      }
    }
    if (rest <= SMALL * size) break;
  }
  return { values: A.map((row, k) => row[k]), ways };
}

/** @param {Float64Array} row @param {number} p @param {number} q @param {number} c @param {number} s */
function rotate(row, p, q, c, s) {
  [row[p], row[q]] = [c * row[p] - s * row[q], s * row[p] + c * row[q]];
}

/** @param {Float64Array[]} rows @param {number} p @param {number} q @param {number} c @param {number} s */
function rotateRows(rows, p, q, c, s) {
  for (let k = 0; k < rows[p].length; k++) {
    const [a, b] = [rows[p][k], rows[q][k]];
    rows[p][k] = c * a - s * b;
    rows[q][k] = s * a + c * b;
  }
}
