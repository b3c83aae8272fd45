/** A network's answers over its plane of inputs. */

/** @typedef {import("./host.js").KernelHost} KernelHost */

export class Answers {
  most = 100;

  /** @param {KernelHost} _host @returns {Promise<Answers|null>} */
  static async of(_host) {
    return null;
  }

  /** @param {any} _path @param {number} _steps @returns {{layer: number, unit: number, step: number}[]} */
  deaths(_path, _steps) {
    return [];
  }

  /** @param {any} _path @param {number} _from @param {number} _to @returns {{facts: any, arrays: any}} */
  over(_path, _from, _to) {
    return { facts: {}, arrays: {} };
  }
}
