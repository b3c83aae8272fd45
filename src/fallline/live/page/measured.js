/** Measures of runs from a kernel's columns. */

export function columnOf(figure, results, name) {
  const k = figure.kernel.columns[name];
  return results.columns.subarray(k * results.runs, (k + 1) * results.runs);
}
export function measured(figure, results, steps, name) {
  if (name === "last_gradient") return columnOf(figure, results, "LAST_GRADIENT").map(Math.sqrt);
  if (name === "diverged_at") return Int32Array.from(columnOf(figure, results, "DIVERGED_AT"));
  if (name === "outcome") return Uint8Array.from(columnOf(figure, results, "DIVERGED_AT"), (v) => (v >= 0 ? 4 : 1));
  return columnOf(figure, results, "LAST").map((v) => (Number.isFinite(v) ? v : Infinity));
}
export const placeOfOutcome = (figure, results, steps) => measured(figure, results, steps, "outcome")[0];
export const placesOf = (figure, state, results) => measured(figure, results, state.steps, "diverged_at");
export function cellsFor(figure, state, results, names) {
  return Object.fromEntries(names.map((name) => [name, measured(figure, results, state.steps, name)]));
}
export const cellsOf = (figure, state, results) =>
  cellsFor(figure, state, results, [...new Set([state.map.measure, "outcome", "diverged_at"])]);
