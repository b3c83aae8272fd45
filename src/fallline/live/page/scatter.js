/** Results of a piece of a request, put to their places among those of the whole. */

/** @typedef {import("./kernel.js").Results} Results */

/**
 * @param {Results} piece
 * @param {any} all results of the whole, whose arrays are made with the first piece
 * @param {number[]} cells the piece's cells, as places among all
 * @param {number} starts runs of a cell
 */
export function scatter(piece, all, cells, starts) {
  for (const [name, array] of Object.entries(piece)) {
    if (typeof array === "number") continue;
    all[name] ??= new /** @type {any} */ (array.constructor)((array.length / piece.runs) * all.runs);
    // the columns of a kernel are the rows of its array; of all others, the rows are the runs
    const rows = name === "columns" || name === "tested" ? array.length / piece.runs : 1;
    const width = (starts * array.length) / piece.runs / rows;
    for (let row = 0; row < rows; row++) {
      const [from, to] = [row * piece.runs, row * all.runs];
      for (const [k, cell] of cells.entries())
        all[name].set(array.subarray(from + k * width, from + (k + 1) * width), to + cell * width);
    }
  }
}
