/** Wheel, drag, pinch, box and keys on a plot, told as pans and zooms of a view. */

/**
 * @typedef {object} Taker
 * @property {() => DOMRect} box where the plot stands on the screen
 * @property {(dx: number, dy: number) => void} pan by fractions of the view, to the right and upwards
 * @property {(factor: number, at: [number, number], smooth?: boolean) => void} zoom about a place of the view, 0..1 each
 * @property {(factor: number) => boolean} canZoom whether a zoom by that factor would change the view
 * @property {(a: [number, number], b: [number, number]) => void} box_ zoom to a rectangle
 * @property {(rectangle: [[number, number], [number, number]]|null) => void} band the rectangle being drawn
 * @property {(at: [number, number]) => void} click
 * @property {(at: [number, number]|null) => void} hover
 * @property {() => void} home
 * @property {(dx: number, dy: number) => void} step the cursor by cells
 * @property {() => void} choose the cell under the cursor
 * @property {() => void} leave
 */

const SLOP = 4; // pixels that a click may wander
const DECIDED = 12; // pixels after which two fingers pinch the map or scroll the page

/**
 * @param {HTMLElement} element
 * @param {Taker} taker
 */
export function listen(element, taker) {
  /** @type {Map<number, [number, number]>} */
  const down = new Map();
  let moved = false;
  /** Two fingers: where they came down, and what they do. @type {{apart: number, middle: [number, number], scrolls: boolean|null}|null} */
  let pair = null;
  /** @type {[number, number]|null} */
  let corner = null;

  const at = (/** @type {MouseEvent} */ e) =>
    /** @type {[number, number]} */ (inside(taker.box(), e.clientX, e.clientY));

  element.addEventListener(
    "wheel",
    (e) => {
      const pixels = e.deltaMode === 1 ? 32 * e.deltaY : e.deltaMode === 2 ? 400 * e.deltaY : e.deltaY;
      const factor = Math.exp(Math.max(-400, Math.min(400, pixels)) * (e.ctrlKey ? 0.01 : 0.002));
      if (!taker.canZoom(factor) && !e.ctrlKey) return; // at its limit, the map lets the page scroll
      e.preventDefault();
      taker.zoom(factor, at(e));
    },
    { passive: false },
  );

  element.addEventListener("pointerdown", (e) => {
    if (e.button !== 0) return;
    element.setPointerCapture(e.pointerId);
    down.set(e.pointerId, [e.clientX, e.clientY]);
    if (down.size === 1) {
      moved = false;
      corner = e.shiftKey ? at(e) : null;
    } else {
      moved = true;
      const [a, b] = [...down.values()];
      pair = { apart: distance(a, b), middle: between(a, b), scrolls: null };
    }
  });

  element.addEventListener("pointermove", (e) => {
    const last = down.get(e.pointerId);
    if (!last) {
      if (e.pointerType !== "touch") taker.hover(at(e));
      return;
    }
    const box = taker.box();
    const now = /** @type {[number, number]} */ ([e.clientX, e.clientY]);
    if (!moved && Math.hypot(now[0] - last[0], now[1] - last[1]) < SLOP) return;
    moved = true;
    if (corner) taker.band([corner, at(e)]);
    else if (down.size === 1) {
      taker.hover(null);
      taker.pan(-(now[0] - last[0]) / box.width, (now[1] - last[1]) / box.height);
      down.set(e.pointerId, now);
    } else {
      const other = [...down].find(([id]) => id !== e.pointerId)?.[1] ?? now;
      const before = distance(last, other);
      const after = distance(now, other);
      const middle = between(now, other);
      down.set(e.pointerId, now);
      if (pair && pair.scrolls === null) {
        const [pinched, dragged] = [Math.abs(after - pair.apart), distance(middle, pair.middle)];
        if (Math.max(pinched, dragged) < DECIDED) return;
        pair.scrolls = dragged > pinched;
      }
      if (pair?.scrolls) return scrollBy(0, (last[1] - now[1]) / 2); // two fingers side by side scroll the page
      taker.pan(-(now[0] - last[0]) / 2 / box.width, (now[1] - last[1]) / 2 / box.height);
      if (before > 8 && after > 8) taker.zoom(before / after, inside(box, middle[0], middle[1]));
    }
  });

  const up = (/** @type {PointerEvent} */ e) => {
    if (!down.delete(e.pointerId)) return;
    if (corner && moved) taker.box_(corner, at(e));
    else if (!moved && e.type === "pointerup") taker.click(at(e));
    if (corner) taker.band(null);
    if (!down.size) corner = null;
    if (down.size < 2) pair = null;
  };
  element.addEventListener("pointerup", up);
  element.addEventListener("pointercancel", up);
  element.addEventListener("pointerleave", () => taker.hover(null));
  element.addEventListener("blur", () => taker.leave());

  element.addEventListener("keydown", (e) => {
    if (e.target !== element || e.ctrlKey || e.metaKey || e.altKey) return;
    const arrow = ARROWS[/** @type {keyof typeof ARROWS} */ (e.key)];
    const middle = /** @type {[number, number]} */ ([0.5, 0.5]);
    if (arrow && e.shiftKey) taker.pan(0.15 * arrow[0], 0.15 * arrow[1]);
    else if (arrow) taker.step(arrow[0], arrow[1]);
    else if (e.key === "+" || e.key === "=") taker.zoom(0.5, middle, true);
    else if (e.key === "-" || e.key === "_") taker.zoom(2, middle, true);
    else if (e.key === "Home" || e.key === "0") taker.home();
    else if (e.key === "Enter" || e.key === " ") taker.choose();
    else if (e.key === "Escape") taker.leave();
    else return;
    e.preventDefault();
  });
}

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

/** @typedef {[number, number]} Place */

/** @param {Place} a @param {Place} b */
const distance = (a, b) => Math.hypot(a[0] - b[0], a[1] - b[1]);

/** @param {Place} a @param {Place} b @returns {Place} */
const between = (a, b) => [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];

/** @param {DOMRect} box @param {number} x @param {number} y @returns {[number, number]} from the lower left */
function inside(box, x, y) {
  return [(x - box.left) / box.width, 1 - (y - box.top) / box.height];
}
