"""Operations of a graph as machine code over arrays: what tests of single operations call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from fallline.readings.graph import Graph
from fallline.readings.machine import target
from fallline.readings.machine.compiled import assemble, compile_text
from fallline.readings.machine.emit import Writer
from fallline.readings.machine.vectors import Vectors


def text_of(op: str, arguments: int, v: Vectors, *, narrow: bool = False) -> str:
    """A module whose function takes a table: the addresses of the operands, of the results, and the number of vectors."""
    graph = Graph()
    pointers = [v.fresh(f"load ptr, ptr {v.at('%args', i, 'i64')}") for i in range(arguments + 1)]
    count = v.load_scalar("%args", arguments + 1, "i64")
    with v.loop(count) as i:
        node = graph.node(op, tuple(graph.input("x", k) for k in range(arguments)))
        writer = Writer(v, lambda key: v.load(pointers[key[1]], i), narrow={node.index} if narrow else ())
        v.store(writer.write([node])[0], pointers[-1], i)
    return assemble(v)


def elementwise(
    op: str, dtype: Any, arguments: int, instruction_set: str = "native", registers: int = 1, narrow: bool = False
) -> Callable[..., Any]:
    """The operation of arrays, with that many vector registers side by side; `narrow`: for a part of its range."""
    bits = 8 * np.dtype(dtype).itemsize
    lanes = registers * target.vector_bytes(instruction_set) * 8 // bits
    code = compile_text(
        text_of(op, arguments, target.vectors(bits, lanes, instruction_set), narrow=narrow), instruction_set
    )

    def call(*xs: Any) -> Any:
        blocks = -(-len(xs[0]) // lanes)
        arrays = [_aligned(blocks * lanes, dtype) for _ in range(arguments + 1)]
        for array, x in zip(arrays, xs, strict=False):
            array[: len(x)] = x
        table = np.array([a.ctypes.data for a in arrays] + [blocks], dtype=np.int64)
        code.call(table.ctypes.data)
        return arrays[-1][: len(xs[0])].copy()

    return call


def _aligned(n: int, dtype: Any) -> Any:
    raw = np.zeros(n * np.dtype(dtype).itemsize + 256, np.uint8)
    start = -raw.ctypes.data % 256
    return raw[start : start + n * np.dtype(dtype).itemsize].view(dtype)
