"""AVX-512's own instructions for scaling, for exponent and mantissa, and for special values.

All of them belong to AVX-512's foundation (`avx512f`), so every processor with AVX-512 has them. IEEE 754 fixes each
result (a scaling rounds once; exponent and mantissa are exact), so the longer code that `elementary` writes for other
machines gives the same bits. A test compares them for every function.
"""

from __future__ import annotations

from fallline.readings.machine.vectors.instructions import Vectors

__all__ = ["exponent", "log_ends", "mantissa", "scale"]

_LOG_ENDS = 0x03530422
"""The value of log(x) for each kind of x, four bits each, from the lowest: quiet and signalling NaN: that NaN, quiet (2); zero:
-infinity (4); one: as computed (0); -infinity: the indefinite NaN (3); infinity: itself (5); negative: NaN (3); positive:
as computed (0)."""


def scale(v: Vectors, y: str, k: str) -> str:
    """y 2^k for whole k, rounded once."""
    return _call(v, "scalef", (y, k), (_register(v), "zeroinitializer"))


def exponent(v: Vectors, x: str) -> str:
    """e of x = m 2^e with 1 <= |m| < 2, as a number; for subnormal x, too."""
    return _call(v, "getexp", (x,), (_register(v), "zeroinitializer"))


def mantissa(v: Vectors, x: str) -> str:
    """m of x = m 2^e with 1 <= |m| < 2."""
    return _call(v, "getmant", (x,), ("i32", "0"), (_register(v), "zeroinitializer"))


def log_ends(v: Vectors, x: str, y: str) -> str:
    """y = log(x), replaced by log's values where x is 0, negative, infinite or NaN."""
    return _call(v, "fixupimm", (y, x), (f"<{512 // v.bits} x i{v.bits}>", v.whole(_LOG_ENDS)), ("i32", "0"))


def _register(v: Vectors) -> str:
    return f"<{512 // v.bits} x {v.scalar}>"


def _call(v: Vectors, name: str, vectors: tuple[str, ...], *others: tuple[str, str]) -> str:
    """Apply the instruction to each register of the vectors, in all lanes, with the current rounding mode (4)."""
    n, register = 512 // v.bits, _register(v)
    full = f"@llvm.x86.avx512.mask.{name}.{'pd' if v.bits == 64 else 'ps'}.512"
    others = (*others, (f"i{n}", "-1"), ("i32", "4"))
    kinds = [register] * len(vectors) + [kind for kind, _ in others]
    v.declared.add(f"declare {register} {full}({', '.join(kinds)})")
    parts = []
    for first in range(0, v.width, n):
        here = [(register, _piece(v, x, first, n)) for x in vectors]
        parts.append(v.let(f"call {register} {full}({', '.join(f'{kind} {x}' for kind, x in (*here, *others))})"))
    while len(parts) > 1:
        parts = [_joined(v, a, b, v.width // len(parts)) for a, b in zip(parts[::2], parts[1::2], strict=True)]
    return parts[0]


def _piece(v: Vectors, x: str, first: int, n: int) -> str:
    if n == v.width:
        return x
    lanes = ", ".join(f"i32 {k}" for k in range(first, first + n))
    return v.let(f"shufflevector {v.type} {x}, {v.type} poison, <{n} x i32> <{lanes}>")


def _joined(v: Vectors, a: str, b: str, n: int) -> str:
    lanes = ", ".join(f"i32 {k}" for k in range(2 * n))
    part = f"<{n} x {v.scalar}>"
    return v.let(f"shufflevector {part} {a}, {part} {b}, <{2 * n} x i32> <{lanes}>")
