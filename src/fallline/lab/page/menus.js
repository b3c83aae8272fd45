/** The bar at the top: examples, share, export; and what the connection does. */

import { h, ICONS, icon, say } from "./dom.js";
import { number } from "./numerals.js";

/** @type {[string, string, string][]} */
const EXPORTS = [
  ["png", "Picture (PNG)", "the map as shown"],
  ["svg", "Picture (SVG)", "with axes and legend, for print"],
  ["gif", "Moving picture (GIF)", ""],
  ["mp4", "Moving picture (MP4)", ""],
  ["live", "Live page (HTML)", "trains in any browser, without a server; it holds the samples"],
  ["map", "Map file", "values and settings, for fallline map"],
  ["study", "Study (TOML)", "the whole set-up as text"],
  ["python", "Python lines", "that make the same result, to the bit"],
  ["weights", "Weights", "of the first pinned run"],
];

/** A button with a panel that opens under it. @param {string} name @param {string|null} path @param {...any} children */
function menu(name, path, ...children) {
  const panel = h("div", { class: "menu-panel" }, ...children);
  const element = h(
    "details",
    { class: "menu" },
    h("summary", { "aria-label": name }, path ? icon(path) : null, h("span", {}, name)),
    panel,
  );
  element.addEventListener("keydown", (/** @type {KeyboardEvent} */ e) => {
    if (e.key !== "Escape" || !element.open) return;
    element.open = false;
    element.querySelector("summary").focus();
  });
  element.addEventListener("focusout", (/** @type {FocusEvent} */ e) => {
    if (e.relatedTarget && !element.contains(e.relatedTarget)) element.open = false;
  });
  document.addEventListener("pointerdown", (e) => {
    if (!e.composedPath().includes(element)) element.open = false;
  });
  return { element, panel };
}

export class TopBar {
  /** @param {{example: (state: any) => void, share: () => void, save: (what: string, name: string) => void, address: boolean}} tell */
  constructor(tell) {
    this.tell = tell;
    this.examples = menu("Examples", null);
    this.examples.panel.classList.add("examples");
    this.exports = menu(
      "Export",
      ICONS.save,
      ...EXPORTS.map(([what, name, meaning]) =>
        h(
          "button",
          {
            type: "button",
            "data-what": what,
            onclick: () => {
              this.exports.element.open = false;
              tell.save(what, name);
            },
          },
          h("b", {}, name),
          h("span", {}, meaning),
        ),
      ),
    );
    this.share = h(
      "button",
      { type: "button", class: "share", onclick: () => tell.share() },
      icon(ICONS.link),
      h("span", {}, "Copy link"),
    );
    this.status = h("p", { class: "status", role: "status" });
    this.element = h(
      "header",
      { class: "top" },
      h("h1", {}, logo(), "fallline ", h("span", {}, "lab")),
      this.status,
      h("nav", { "aria-label": "Lab" }, this.examples.element, tell.address ? this.share : null, this.exports.element),
    );
  }

  /** @param {{label: string, meaning?: string, picture?: string, state: any}[]} presets */
  presets(presets) {
    this.examples.element.hidden = !presets?.length;
    this.examples.panel.replaceChildren(
      ...(presets ?? []).map((preset) =>
        h(
          "button",
          {
            type: "button",
            onclick: () => {
              this.examples.element.open = false;
              this.tell.example(preset.state);
            },
          },
          // A widget has no files beside it.
          preset.picture && this.tell.address
            ? h("img", { src: preset.picture, alt: "", width: 64, height: 64, loading: "lazy" })
            : null,
          h("b", {}, preset.label),
          preset.meaning ? h("span", {}, preset.meaning) : null,
        ),
      ),
    );
  }

  /** How long a moving picture is. @param {{frames: number, fps: number, ffmpeg: boolean}} film at most @param {number} steps of the runs */
  film({ frames, fps, ffmpeg }, steps) {
    const count = Math.min(frames, steps + 1);
    const length = `the map step by step: ${count} frames, ${number((count - 1) / fps + 1, 2)} s`;
    const meaning = (/** @type {string} */ what) => this.exports.panel.querySelector(`[data-what=${what}] span`);
    say(meaning("gif"), length);
    say(meaning("mp4"), ffmpeg ? length : "needs ffmpeg, which is not installed");
  }

  /** @param {string} text @param {"good"|"busy"|"bad"} kind */
  say(text, kind) {
    say(this.status, text);
    if (this.status.dataset.kind !== kind) this.status.dataset.kind = kind;
  }
}

function logo() {
  const ns = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(ns, "svg");
  svg.setAttribute("viewBox", "0 0 32 32");
  svg.setAttribute("class", "logo");
  svg.setAttribute("aria-hidden", "true");
  for (const [tag, attributes] of /** @type {[string, Record<string, string>][]} */ ([
    ["rect", { width: "32", height: "32", rx: "8", class: "logo-ground" }],
    ["path", { d: "M6 8c7 0 7 16 13 16 4 0 5-5 8-5", class: "logo-line" }],
    ["circle", { cx: "6.6", cy: "8", r: "3", class: "logo-dot" }],
  ])) {
    const part = document.createElementNS(ns, tag);
    for (const [key, value] of Object.entries(attributes)) part.setAttribute(key, value);
    svg.append(part);
  }
  return svg;
}

/** Hand a file to the reader. @param {string} name @param {string} mime @param {BlobPart} content */
export function download(name, mime, content) {
  const url = URL.createObjectURL(new Blob([content], { type: mime }));
  const link = h("a", { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}

/** Text to be read, copied or saved. */
export class TextDialog {
  constructor() {
    this.title = h("h2", { id: "text-title" });
    this.text = h("pre", { tabindex: "0", role: "region", "aria-labelledby": "text-title" });
    this.copied = h("span", { class: "note", role: "status" });
    this.save = h("button", { type: "button" }, "Save");
    this.element = h(
      "dialog",
      { class: "text-dialog", "aria-labelledby": "text-title" },
      h(
        "header",
        {},
        this.title,
        h(
          "button",
          { type: "button", class: "quiet", "aria-label": "Close", onclick: () => this.element.close() },
          icon(ICONS.close),
        ),
      ),
      this.text,
      h(
        "footer",
        {},
        this.copied,
        this.save,
        h(
          "button",
          {
            type: "button",
            class: "primary",
            onclick: async () => {
              this.copied.textContent = (await copy(this.text.textContent))
                ? "Copied."
                : "Select the text and copy it.";
            },
          },
          "Copy",
        ),
      ),
    );
  }

  /** @param {string} title @param {string} text @param {string} name @param {string} mime */
  show(title, text, name, mime) {
    this.title.textContent = title;
    this.text.textContent = text;
    this.copied.textContent = "";
    this.save.onclick = () => download(name, mime, text);
    this.element.showModal();
  }
}

/** @param {string} text */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
