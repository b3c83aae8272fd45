/** Binary frames: uint32 length of the header, its JSON, then the buffers, each at a multiple of 8. */

/** @typedef {{kind: string, [key: string]: any}} Content */
/** @typedef {Record<string, ArrayLike<number> & {subarray: Function}> & Record<string, any>} Arrays */

const pad = (/** @type {number} */ n) => Math.ceil(n / 8) * 8;

/**
 * @param {ArrayBuffer} frame
 * @returns {{content: Content, buffers: DataView[]}}
 */
export function unpack(frame) {
  const length = new DataView(frame).getUint32(0, true);
  const content = JSON.parse(new TextDecoder().decode(new Uint8Array(frame, 4, length)));
  let at = 4 + length;
  const buffers = (content.buffers ?? []).map((/** @type {number} */ size) => {
    const view = new DataView(frame, at, size);
    at += pad(size);
    return view;
  });
  return { content, buffers };
}

/** Arrays by NumPy's names of their types. @type {Record<string, any>} */
export const KINDS = {
  float64: Float64Array,
  float32: Float32Array,
  int64: BigInt64Array,
  int32: Int32Array,
  int16: Int16Array,
  uint32: Uint32Array,
  uint16: Uint16Array,
  uint8: Uint8Array,
  int8: Int8Array,
  bool: Uint8Array,
};

/**
 * The arrays that a message brings, by name; `shapes` beside them.
 * @param {Content} content
 * @param {DataView[]} buffers
 */
export function arrays(content, buffers) {
  /** @type {Record<string, any>} */
  const values = {};
  /** @type {Record<string, number[]>} */
  const shapes = {};
  for (const [k, { name, dtype, shape }] of (content.arrays ?? []).entries()) {
    const Kind = KINDS[dtype];
    const { buffer, byteOffset, byteLength } = buffers[k];
    const count = byteLength / Kind.BYTES_PER_ELEMENT;
    // A widget's buffers need not lie at a multiple of 8: those are copied.
    const aligned = byteOffset % Kind.BYTES_PER_ELEMENT === 0;
    values[name] = aligned
      ? new Kind(buffer, byteOffset, count)
      : new Kind(buffer.slice(byteOffset, byteOffset + byteLength));
    shapes[name] = shape;
  }
  return { values, shapes };
}
