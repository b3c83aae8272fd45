/** Workers on all cores that train jobs: the most urgent first, and among equals the oldest. */

/**
 * @typedef {object} Task
 * @property {import("./kernel.js").Job} job
 * @property {number} priority lower numbers come first
 * @property {(results: import("./kernel.js").Results) => void} done
 * @property {(error: Error) => void} failed
 */

const MOST_WORKERS = 16;

export class Pool {
  /** @type {Task[]} */
  #queue = [];
  /** @type {Worker[]} */
  #idle = [];
  /** @type {Map<Worker, Task|null>} */
  #workers = new Map();

  /**
   * @param {string} text the worker's program, a classic script
   * @param {any} opened what each worker is sent first
   * @param {number} cores
   */
  constructor(text, opened, cores) {
    this.url = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
    this.opened = opened;
    this.size = Math.max(1, Math.min(cores, MOST_WORKERS));
  }

  /** @param {Task[]} tasks */
  add(tasks) {
    this.#queue.push(...tasks);
    this.#queue.sort((a, b) => a.priority - b.priority);
    this.#serve();
  }

  /** Forget tasks: no worker begins them, and nobody waits for their results. @param {Task[]} tasks */
  drop(tasks) {
    const dropped = new Set(tasks);
    this.#queue = this.#queue.filter((task) => !dropped.has(task));
    for (const [worker, task] of this.#workers) if (task && dropped.has(task)) this.#workers.set(worker, null);
  }

  close() {
    for (const worker of this.#workers.keys()) worker.terminate();
    URL.revokeObjectURL(this.url);
  }

  #serve() {
    while (this.#queue.length) {
      const worker = this.#idle.pop() ?? (this.#workers.size < this.size ? this.#started() : null);
      if (!worker) return;
      const task = /** @type {Task} */ (this.#queue.shift());
      this.#workers.set(worker, task);
      worker.postMessage({ job: task.job });
    }
  }

  #started() {
    const worker = new Worker(this.url);
    this.#workers.set(worker, null);
    worker.postMessage({ opened: this.opened });
    worker.onmessage = ({ data }) => this.#finish(worker, data);
    worker.onerror = (event) => this.#finish(worker, { error: event.message || "the worker did not start" });
    return worker;
  }

  /** @param {Worker} worker @param {{results?: import("./kernel.js").Results, error?: string}} answer */
  #finish(worker, { results, error }) {
    const task = this.#workers.get(worker);
    this.#workers.set(worker, null);
    if (results) {
      this.#idle.push(worker);
      task?.done(results);
    } else {
      worker.terminate();
      this.#workers.delete(worker);
      task?.failed(new Error(error));
    }
    this.#serve();
  }
}
