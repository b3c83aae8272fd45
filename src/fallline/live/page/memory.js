/** The memory of a module: a stack at the bottom, then arrays one behind the other, each at a multiple of 256 bytes. */

/** @typedef {Float32Array|Float64Array|BigInt64Array} Numbers */
/** @typedef {Float32ArrayConstructor|Float64ArrayConstructor|BigInt64ArrayConstructor} Kind */

const PAGE = 65536;
const APART = 256;

export class Memory {
  /** @param {number} stack bytes of the stack, which grows downwards */
  constructor(stack) {
    this.memory = new WebAssembly.Memory({ initial: Math.ceil(stack / PAGE) + 1 });
    this.stack = stack;
    this.end = stack;
  }

  /** An instance of a module that uses this memory. @param {WebAssembly.Module} module */
  instance(module) {
    const pointer = new WebAssembly.Global({ value: "i32", mutable: true }, this.stack);
    const env = { __linear_memory: this.memory, __stack_pointer: pointer };
    return new WebAssembly.Instance(module, { env });
  }

  /** The place of that many bytes behind all others. @param {number} bytes */
  room(bytes) {
    const place = this.end;
    this.end = Math.ceil((place + bytes) / APART) * APART;
    const lacking = this.end - this.memory.buffer.byteLength;
    if (lacking > 0) this.memory.grow(Math.ceil(lacking / PAGE));
    return place;
  }

  /** The place of a copy of an array. @param {Numbers} array */
  write(array) {
    const place = this.room(array.byteLength);
    new Uint8Array(this.memory.buffer, place).set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
    return place;
  }

  /**
   * The numbers at a place: a view, until the memory grows.
   * @template {Kind} K
   * @param {K} kind
   * @param {number} place
   * @param {number} count
   */
  view(kind, place, count) {
    return /** @type {InstanceType<K>} */ (new kind(this.memory.buffer, place, count));
  }
}
