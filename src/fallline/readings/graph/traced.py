"""Arrays of traced scalars: what a page is called with so that it leaves a graph behind.

NumPy hands every operation on such an array to us (`Scalars`), so a page of the textbook, or a user's own function in
NumPy's vocabulary, is traced as it stands. What cannot be traced is refused, with the file, the line and the way out.
"""

from __future__ import annotations

import linecache
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from fallline.errors import TraceError
from fallline.readings.graph.nodes import COMPARISONS, LOGICAL, Entries, Graph, Group, Node, as_node, make
from fallline.readings.numeric import numeric
from fallline.readings.scalars import Scalars

__all__ = ["Traced", "located", "scalar", "tracing"]


def _function(op: str) -> Callable[..., Any]:
    def apply(*operands: Any) -> Any:
        like = next((x for x in operands if isinstance(x, Node)), None)
        if like is None:  # numbers only, such as exp(ones_like(z))
            return numeric(op, *operands)
        return make(like.graph, op, *(as_node(like, x) for x in operands))

    return apply


def _power(base: Any, exponent: Any) -> Any:
    plain = not isinstance(base, Node) and not isinstance(exponent, Node)
    return numeric("power", base, exponent) if plain else base**exponent


class Traced(Scalars):
    """An array of graph nodes (numbers may stand among them).

    >>> X = Graph().inputs("x", (1, 2))
    >>> (np.tanh(X) @ np.array([[2.0], [3.0]]))[0, 0].item()
    fma(tanh(x1), 3.0, multiply(tanh(x0), 2.0))
    """

    functions: ClassVar[dict[str, Callable[..., Any]]] = {
        name: _function(name)
        for name in (
            "exp", "log", "log1p", "tanh", "sqrt", "sin", "cos", "erf", "floor", "absolute", "maximum", "minimum",
            *COMPARISONS, *LOGICAL,
        )
    } | {
        "fabs": _function("absolute"), "bitwise_and": _function("logical_and"), "bitwise_or": _function("logical_or"),
        "invert": _function("logical_not"), "power": _power,
    }  # fmt: skip

    @staticmethod
    def conditional(condition: Any, yes: Any, no: Any) -> Any:
        like = next((x for x in (condition, yes, no) if isinstance(x, Node)), None)
        if like is None or not isinstance(condition, Node):
            return yes if condition else no
        return make(like.graph, "select", condition, as_node(like, yes), as_node(like, no))

    def shift(self) -> Any:
        """Each row's largest entry, as a constant that the reverse walk does not enter."""
        largest = np.maximum.reduce(self, axis=-1, keepdims=True)
        return np.frompyfunc(_constant, 1, 1)(np.asarray(largest, dtype=object)).view(type(self))

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, out: Any = None, **kwargs: Any) -> Any:
        result = super().__array_ufunc__(ufunc, method, *inputs, out=out, **kwargs)
        self._record(ufunc.__name__, inputs, result)
        return result

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        result = super().__array_function__(func, types, args, kwargs)
        if func is np.where:
            self._record("where", args, result)
        return result

    @staticmethod
    def _record(name: str, inputs: tuple[Any, ...], result: Any) -> None:
        flat = np.asarray(result, dtype=object).ravel()
        node = next((x for x in flat if isinstance(x, Node)), None)
        if node is not None:
            node.graph.groups.append(Group(name, tuple(Entries.of(x) for x in inputs), Entries.of(result)))


def _constant(x: Any) -> Any:
    return x.graph.node("constant", (x,)) if isinstance(x, Node) and x.op != "constant" else x


_INSIDE = (
    str(Path(__file__).parents[1]), str(Path(__file__).parents[2] / "user_code"), str(Path(np.__file__).parent),
    "<__array_function__ internals>",
)  # fmt: skip


@contextmanager
def tracing(what: str) -> Iterator[None]:
    """Within this context a refusal names the user's line: file, line, its text, and the operation."""
    try:
        yield
    except TraceError as error:
        if getattr(error, "located", False):
            raise
        raise located(error, what, str(error)) from None
    except (TypeError, AttributeError) as error:
        raise located(error, what, f"The operation is not one that can be traced ({error})") from error


def located(error: BaseException, what: str, message: str) -> TraceError:
    """The refusal of what `what` does, with the line outside of fallline and NumPy that led to the error."""
    frames = traceback.extract_tb(error.__traceback__)
    outside = [f for f in frames if not f.filename.startswith(_INSIDE)]
    place = ""
    if outside:
        line = linecache.getline(outside[-1].filename, outside[-1].lineno or 0).strip()
        place = f" at {outside[-1].filename}, line {outside[-1].lineno}" + (f": `{line}`" if line else "")
    refusal = TraceError(f"{what} cannot be traced{place}. {message.rstrip('.')}.")
    refusal.located = True  # type: ignore[attr-defined]
    return refusal


def scalar(graph: Graph, *key: Any) -> Any:
    """One traced input as an array without axes, which is what a page gets for a number."""
    return Traced.of(graph.input(*key))
