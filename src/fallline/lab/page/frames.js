/** A network's answers over the plane of its inputs, as they come from the server: in chunks of steps. */

/**
 * @typedef {object} Chunk
 * @property {number} at its first step
 * @property {number} count of steps
 * @property {Uint8Array} regions
 * @property {number} side
 * @property {number[]} window
 * @property {number[]|null} scale
 * @property {Uint8Array|null} units
 * @property {Float32Array|null} sizes
 * @property {Uint8Array|null} dead
 * @property {number} unitSide
 */

/** @param {any} content of a message @param {any} values its arrays @param {any} shapes theirs @returns {Chunk} */
export function chunkOf(content, values, shapes) {
  const [count, side] = shapes.regions;
  return {
    at: content.from ?? 0,
    count,
    regions: values.regions,
    side,
    window: content.window,
    scale: content.scale ?? null,
    units: values.units ?? null,
    sizes: values.sizes ?? null,
    dead: values.dead ?? null,
    unitSide: content.unit_side ?? 0,
  };
}

/**
 * One step of a chunk: regions, and the planes of the hidden units.
 * @param {Chunk} chunk @param {number} n the step's place in it @param {ArrayLike<number>} tops largest sizes of the units
 */
export function frameAt(chunk, n, tops) {
  const size = chunk.side * chunk.side;
  return {
    regions: chunk.regions.subarray(n * size, (n + 1) * size),
    side: chunk.side,
    window: chunk.window,
    scale: chunk.scale,
    units: chunk.units ? unitsOf(chunk, n, tops) : null,
  };
}

/**
 * The planes of the hidden units at one step: their shades, how large each is beside its largest of the whole run, and
 * whether it is dead.
 * @param {Chunk} chunk @param {number} n the step's place in the chunk @param {ArrayLike<number>} tops
 */
function unitsOf(chunk, n, tops) {
  const { units, sizes, dead } = /** @type {any} */ (chunk);
  const cells = chunk.unitSide ** 2;
  const count = sizes.length / chunk.count;
  return Array.from({ length: count }, (_, u) => {
    const at = n * count + u;
    return {
      shades: units.subarray(at * cells, (at + 1) * cells),
      side: chunk.unitSide,
      share: tops[u] > 0 ? Math.min(1, sizes[at] / tops[u]) : 0,
      dead: dead[at] === 1,
    };
  });
}

/**
 * The largest size of each hidden unit, with those of further steps.
 * @param {number[]} before @param {Float32Array|null} sizes of those steps, unit by unit @param {number} steps
 */
export function tops(before, sizes, steps) {
  if (!sizes) return before;
  const found = Array.from({ length: sizes.length / steps }, (_, u) => before[u] ?? 0);
  for (let k = 0; k < sizes.length; k++) found[k % found.length] = Math.max(found[k % found.length], sizes[k]);
  return found;
}
