/** Which of a kernel's modules this browser can run with the native bits. */

import { Memory } from "./memory.js";

/**
 * The module with relaxed SIMD if the browser knows it and its products and sums are rounded once; otherwise the plain one, which
 * has the same bits and takes longer; null in a browser without SIMD.
 * @param {any} kernel as `fallline.live.kernels` describes it
 * @returns {Promise<{which: "relaxed"|"plain", module: WebAssembly.Module}|null>}
 */
export async function moduleFor(kernel) {
  if (typeof WebAssembly === "undefined") return null;
  for (const which of /** @type {const} */ (["relaxed", "plain"])) {
    const bytes = kernel.modules[which];
    if (!WebAssembly.validate(bytes) || (which === "relaxed" && !roundsOnce(kernel))) continue;
    return { which, module: await WebAssembly.compile(bytes) };
  }
  return null;
}

/** Try products and sums whose results differ if they are rounded twice. @param {any} kernel */
function roundsOnce({ probe, stack }) {
  const memory = new Memory(stack);
  const run = /** @type {(table: number) => void} */ (
    memory.instance(new WebAssembly.Module(probe.module)).exports.run
  );
  const { operands, results } = probe;
  const places = [...operands.map((/** @type {any} */ array) => memory.write(array)), memory.room(results.byteLength)];
  run(memory.write(BigInt64Array.from([...places, results.byteLength / 16], BigInt)));
  const found = memory.view(results.constructor, places[3], results.length);
  return results.every((/** @type {number} */ value, /** @type {number} */ k) => value === found[k]);
}
