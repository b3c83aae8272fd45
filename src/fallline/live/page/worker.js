/** A worker that trains pieces of requests: it instantiates a kernel's module once, and keeps its memory. */

import { Kernel } from "./kernel.js";

const port = /** @type {any} */ (self);

/** @type {Kernel|undefined} */
let kernel;

port.onmessage = (/** @type {MessageEvent<any>} */ { data: { opened, job } }) => {
  try {
    if (opened) {
      kernel = new Kernel(opened);
      return;
    }
    const results = /** @type {Kernel} */ (kernel).train(job);
    const buffers = Object.values(results).flatMap((value) => (typeof value === "number" ? [] : [value.buffer]));
    port.postMessage({ results }, buffers);
  } catch (error) {
    port.postMessage({ error: String(error) });
  }
};
