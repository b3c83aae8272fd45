"""The symbolic reading: a page, read with SymPy's expressions or with matrices as symbols, gives equations.

- `expressions`: arrays of SymPy expressions, to which NumPy hands the page's operations
- `cases`: derivatives of expressions with Max, Min, Abs and cases
- `names`: the symbols of a network's values, of one sample and of all samples
- `short_forms`: the shortest of several equal forms
- `matrices`: the same page in matrix form
"""

from fallline.readings.symbols.expressions import Expressions, exact, read
from fallline.readings.symbols.names import SAMPLE, SAMPLES, Partial, one_sample, over_samples, sampled, symbol
from fallline.readings.symbols.short_forms import partial, tidy, unbranch

__all__ = [
    "SAMPLE", "SAMPLES", "Expressions", "Partial", "exact", "one_sample", "over_samples", "partial", "read", "sampled",
    "symbol", "tidy", "unbranch",
]  # fmt: skip
