/**
 * Training in the page: runs over axes, or from given points, on all cores, with the bits that Python has.
 *
 *     const trainer = await Trainer.open(figure.kernel, figure.problem, workerText);
 *     const { columns } = await trainer.train({ x, y, values: { momentum: 0.5 }, priority: 1, signal });
 */

import { moduleFor } from "./modules.js";
import { Pool } from "./pool.js";
import { pieces } from "./request.js";
import { scatter } from "./scatter.js";

/** @typedef {import("./kernel.js").Results} Results */

export class Trainer {
  /**
   * @param {any} kernel
   * @param {any} problem as `fallline.live.kernels` describes them, arrays as typed arrays
   * @param {string} worker the text of the worker's script
   * @param {number} [cores]
   * @returns {Promise<Trainer|null>} null if this browser runs neither module
   */
  static async open(kernel, problem, worker, cores = navigator.hardwareConcurrency || 2) {
    const found = await moduleFor(kernel);
    if (!found) return null;
    const { which, module } = found;
    const { modules, probe, test, ...described } = kernel;
    const opened = { module, kernel: described, problem, scratch: kernel.scratch[which] };
    const onTest = test && {
      module: await WebAssembly.compile(test.modules[which]),
      kernel: { ...described, lanes: test.lanes, settings: test.settings, batches: test.batches },
      problem: { ...problem, ...problem.test },
      scratch: test.scratch[which],
    };
    return new Trainer(kernel, problem, which, new Pool(worker, { ...opened, test: onTest }, cores));
  }

  /** @param {any} kernel @param {any} problem @param {"relaxed"|"plain"} which the module @param {Pool} pool */
  constructor(kernel, problem, which, pool) {
    this.kernel = kernel;
    this.problem = problem;
    this.which = which;
    this.pool = pool;
  }

  close() {
    this.pool.close();
  }

  /**
   * Train runs: those of the first cell's starts, then those of the next cell.
   * @param {import("./request.js").Request} request
   * @returns {Promise<Results>}
   */
  train(request) {
    const { priority = 0, signal, onprogress } = request;
    const { cells, starts, pieces: parts } = pieces(request, this.problem, this.kernel, this.pool.size);
    return new Promise((resolve, reject) => {
      const all = /** @type {Results} */ ({ runs: cells * starts });
      let done = 0;
      const tasks = parts.map(({ cells: places, job }) => ({
        job,
        priority,
        failed: (/** @type {Error} */ error) => end(() => reject(error)),
        done: (/** @type {Results} */ results) => {
          scatter(results, all, places, starts);
          done += places.length;
          onprogress?.(done, cells);
          if (done === cells) end(() => resolve(all));
        },
      }));
      const end = (/** @type {() => void} */ settle) => {
        this.pool.drop(tasks);
        signal?.removeEventListener("abort", abort);
        settle();
      };
      const abort = () => end(() => reject(signal?.reason));
      if (signal?.aborted) return abort();
      signal?.addEventListener("abort", abort);
      this.pool.add(tasks);
    });
  }
}
