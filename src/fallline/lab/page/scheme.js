/** Light or dark: a page of its own follows the reader's system, a widget the notebook around it. */

export class Scheme {
  #system = matchMedia("(prefers-color-scheme: dark)");

  /** @param {HTMLElement} root @param {boolean} own whether the whole page is the lab's @param {() => void} changed */
  constructor(root, own, changed) {
    this.root = root;
    this.own = own;
    this.dark = false;
    const look = () => {
      if (this.#now() !== this.dark) changed();
    };
    this.stop = new AbortController();
    this.#system.addEventListener("change", look, { signal: this.stop.signal });
    if (own) return;
    // Jupyter, VS Code and marimo change classes and data of these when their theme changes.
    const watch = new MutationObserver(look);
    for (const element of [document.documentElement, document.body]) watch.observe(element, { attributes: true });
    this.stop.signal.addEventListener("abort", () => watch.disconnect());
  }

  /** Look which scheme holds now, and put it on the root for the style sheet. */
  dress() {
    this.dark = this.#now();
    this.root.dataset.theme = this.dark ? "dark" : "light";
    return /** @type {"dark"|"light"} */ (this.root.dataset.theme);
  }

  /** Put a theme's colours on the root for the style sheet. @param {any} theme */
  paint({ background, ink, muted, faint, series }) {
    const set = (/** @type {string} */ name, /** @type {string} */ colour) =>
      this.root.style.setProperty(`--${name}`, colour);
    for (const [name, colour] of Object.entries({ background, ink, muted, faint })) set(name, String(colour));
    for (const [k, colour] of series.entries()) set(`series-${k}`, colour);
  }

  #now() {
    if (this.own) return this.#system.matches;
    const colour = behind(this.root);
    return colour ? 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2] < 128 : this.#system.matches;
  }
}

/** The colour that a widget stands on: red, green, blue from 0 to 255; null where nothing paints. @param {HTMLElement} root */
function behind(root) {
  let node = /** @type {any} */ (root.parentNode);
  for (; node; node = node.parentNode ?? node.host) {
    if (!(node instanceof Element)) continue;
    const [r, g, b, alpha = 1] = (getComputedStyle(node).backgroundColor.match(/[\d.]+/g) ?? []).map(Number);
    if (b !== undefined && alpha > 0.5) return [r, g, b];
  }
  return null;
}
