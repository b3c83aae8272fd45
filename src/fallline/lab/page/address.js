/** The address bar and the browser's history: the address holds the whole state. */

import { fromAddress, same, toAddress } from "./state.js";

export class Address {
  #url = "";

  /** @param {boolean} ours whether this page's address is the lab's; a widget has none */
  constructor(ours) {
    this.ours = ours;
  }

  /** The state in the address, without the defaults; null if the address has none. Throws if it cannot be read. */
  read() {
    return this.ours ? fromAddress(location.hash) : null;
  }

  /** @param {any} state @param {any} defaults */
  write(state, defaults) {
    if (!this.ours || !state || !defaults) return;
    const code = toAddress(state, defaults);
    const url = code ? `#${code}` : location.pathname;
    if (url === this.#url) return;
    this.#url = url;
    history.replaceState(null, "", url);
  }

  /** Add an entry for the browser's back button. @param {any} state @param {any} defaults */
  push(state, defaults) {
    if (!this.ours || !state) return;
    this.write(state, defaults);
    history.pushState(null, "", location.href);
  }

  /**
   * Call `changed` with the state of an address that the reader typed or went back to; with null if it cannot be read.
   * @param {() => {state: any, defaults: any}} now
   * @param {(state: any) => void} changed
   */
  listen(now, changed) {
    if (!this.ours) return;
    const look = () => {
      const { state, defaults } = now();
      if (!state) return;
      try {
        const next = { ...defaults, ...(this.read() ?? {}) };
        this.#url = location.hash || location.pathname;
        if (!same(next, state)) changed(next);
      } catch {
        changed(null);
      }
    };
    addEventListener("popstate", look);
    addEventListener("hashchange", look);
  }
}
