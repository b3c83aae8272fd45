/** Where the units of a drawn network stand, and which of its parameters lies under a pointer. */

/** @typedef {import("./parameters.js").Layer} Layer */
/** A connection on the sheet. @typedef {{index: number, layer: number, x0: number, y0: number, x1: number, y1: number}} Link */
/** A unit on the sheet; `unit` is -1 for the dots of a layer that is elided, `bias` is null where a unit has no bias. */
/** @typedef {{layer: number, unit: number, x: number, y: number, bias: number|null}} Spot */
/** @typedef {{sizes: number[], links: Link[], spots: Spot[], columns: number[], radius: number, half: number, floor: number}} Wiring */

const MOST = 9; // a layer of more units is elided: its first, dots, its last
const FIRST = 5;
const LAST = 2;
const NEAR = 7; // pixels from a connection at which it is meant

/** Units of a layer that are drawn; -1 stands for the dots. @param {number} count */
function shown(count) {
  const all = Array.from({ length: count }, (_, k) => k);
  return count <= MOST ? all : [...all.slice(0, FIRST), -1, ...all.slice(-LAST)];
}

/** Units of each layer, inputs first. @param {Layer[]} layers */
export const sizesOf = (layers) => [layers[0].W[0], ...layers.map((layer) => layer.W[1])];

/**
 * @param {Layer[]} layers
 * @param {number} width
 * @param {number} tall
 * @param {number} foot height below the units, for captions
 * @param {boolean} planes whether hidden units are drawn as planes
 * @returns {Wiring}
 */
export function wiring(layers, width, tall, foot, planes) {
  const sizes = sizesOf(layers);
  const units = sizes.map(shown);
  const floor = tall - foot;
  const gap = Math.min(44, (floor - 8) / Math.max(...units.map((u) => u.length)));
  const radius = Math.max(3, Math.min(10, 0.34 * gap));
  const half = planes ? Math.max(radius, Math.min(20, 0.44 * gap)) : radius;
  const margin = Math.max(radius + 4, 24);
  const columns = sizes.map((_, l) => margin + (l * (width - 2 * margin)) / (sizes.length - 1));
  const y = (/** @type {number} */ l, /** @type {number} */ k) => floor / 2 + (k - (units[l].length - 1) / 2) * gap;
  /** @type {Link[]} */
  const links = layers.flatMap(({ W: [, m], at }, l) =>
    units[l].flatMap((i, a) =>
      units[l + 1].flatMap((j, b) =>
        i < 0 || j < 0
          ? []
          : [{ index: at + i * m + j, layer: l, x0: columns[l], y0: y(l, a), x1: columns[l + 1], y1: y(l + 1, b) }],
      ),
    ),
  );
  const spots = units.flatMap((list, l) =>
    list.map((unit, k) => {
      const b = l ? layers[l - 1].b : null;
      return { layer: l, unit, x: columns[l], y: y(l, k), bias: b === null || unit < 0 ? null : b + unit };
    }),
  );
  return { sizes, links, spots, columns, radius, half, floor };
}

/**
 * Index of the parameter at a place of the sheet: the bias of the unit there, or the weight of the nearest connection.
 * @param {Wiring} w @param {number} x @param {number} y @param {number} [near] pixels
 * @returns {number|null}
 */
export function parameterAt({ links, spots, half }, x, y, near = NEAR) {
  const spot = spots.find((s) => Math.abs(s.x - x) <= half && Math.abs(s.y - y) <= half);
  if (spot) return spot.bias;
  let best = null;
  let least = near;
  for (const { index, x0, y0, x1, y1 } of links) {
    const [dx, dy] = [x1 - x0, y1 - y0];
    const along = Math.max(0, Math.min(1, ((x - x0) * dx + (y - y0) * dy) / (dx * dx + dy * dy)));
    const distance = Math.hypot(x0 + along * dx - x, y0 + along * dy - y);
    if (distance < least) [best, least] = [index, distance];
  }
  return best;
}
