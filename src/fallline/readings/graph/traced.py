"""Arrays of traced scalars: a page that is called with them leaves an expression graph.

NumPy passes every operation on such an array to this reading (`Scalars`), so a page of the textbook, or a user's function
written with NumPy, is traced unchanged. An operation that cannot be traced raises TraceError, which names the file and
the line and says what to write instead.
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
from fallline.readings.graph.nodes import COMPARISONS, LOGICAL, ArrayOperation, Entries, Node, as_node
from fallline.readings.numeric import numeric
from fallline.readings.scalars import Scalars

__all__ = ["Traced", "located", "tracing"]


def _function(op: str) -> Callable[..., Any]:
    def apply(*operands: Any) -> Any:
        like = next((x for x in operands if isinstance(x, Node)), None)
        if like is None:  # numbers only, such as exp(ones_like(z))
            return numeric(op, *operands)
        return like.graph.make(op, *(as_node(like, x) for x in operands))

    return apply


def _power(base: Any, exponent: Any) -> Any:
    plain = not isinstance(base, Node) and not isinstance(exponent, Node)
    return numeric("power", base, exponent) if plain else base**exponent


class Traced(Scalars):
    """An array of graph nodes. Some entries may be plain numbers.

    >>> from fallline.readings.graph import Graph
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
        return like.graph.make("select", condition, as_node(like, yes), as_node(like, no))

    def shift(self) -> Any:
        """Return each row's largest entry, as a constant that is not differentiated."""
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
            node.graph.groups.append(ArrayOperation(name, tuple(Entries.of(x) for x in inputs), Entries.of(result)))


def _constant(x: Any) -> Any:
    return x.graph.node("constant", (x,)) if isinstance(x, Node) and x.op != "constant" else x


_INSIDE = (
    str(Path(__file__).parents[1]), str(Path(__file__).parents[2] / "user_code"), str(Path(np.__file__).parent),
    "<__array_function__ internals>",
)  # fmt: skip


@contextmanager
def tracing(name: str) -> Iterator[None]:
    """Add the user's file, line and its text to a TraceError that is raised in this context."""
    try:
        yield
    except TraceError as error:
        if getattr(error, "located", False):
            raise
        raise located(error, name, str(error)) from None
    except (TypeError, AttributeError) as error:
        raise located(error, name, f"This operation cannot be traced ({error})") from error


def located(error: BaseException, name: str, message: str) -> TraceError:
    """Return a TraceError for the function `name`, with the line outside of fallline and NumPy that led to the error."""
    frames = traceback.extract_tb(error.__traceback__)
    outside = [f for f in frames if not f.filename.startswith(_INSIDE)]
    place = ""
    if outside:
        line = linecache.getline(outside[-1].filename, outside[-1].lineno or 0).strip()
        place = f" at {outside[-1].filename}, line {outside[-1].lineno}" + (f": `{line}`" if line else "")
    refusal = TraceError(f"{name} cannot be traced{place}. {message.rstrip('.')}.")
    refusal.located = True  # type: ignore[attr-defined]
    return refusal
