"""The symbolic reading: a page, read with SymPy expressions or with matrices as symbols, gives equations."""

from fallline.readings.symbols.expressions import (
    SAMPLE,
    SAMPLES,
    Expressions,
    Partial,
    exact,
    one_sample,
    over_samples,
    partial,
    read,
    sampled,
    symbol,
    tidy,
    unbranch,
)

__all__ = [
    "SAMPLE", "SAMPLES", "Expressions", "Partial", "exact", "one_sample", "over_samples", "partial", "read", "sampled",
    "symbol", "tidy", "unbranch",
]  # fmt: skip
