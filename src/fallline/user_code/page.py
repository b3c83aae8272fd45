"""A user's function of a point as a page, which every reading calls in the same way.

The function is traced once, at one point, and the graph defines it: numbers, values for whole arrays of points, and
derivatives come from the graph. So f(x) may take a vector, sum over it, or return [value], and a batch of points never
enters a sum over coordinates. A function that cannot be traced is called for one point after another.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from fallline.errors import OwnCodeError, TraceError, shown
from fallline.readings.graph import COMPARISONS, Graph, Node, evaluate, topological
from fallline.readings.graph.traced import located
from fallline.readings.scalars import Scalars
from fallline.user_code.calling import describe_error, file_of, name_of, output_aside

__all__ = ["Elementwise", "Page", "is_analytic"]

Function = Callable[..., Any]


class Page:
    """A user's function as page(x, y, ...), a function of a fixed number of coordinates.

    Parameters
    ----------
    function
        The user's function.
    names
        A name for each coordinate.
    vector
        Whether the function takes them as one array.
    values
        Number of values that it returns for a point, as a list; None for a single number.

    Attributes
    ----------
    outputs
        The nodes of the values; None if the function cannot be traced.
    """

    def __init__(self, function: Function, names: Sequence[str], *, vector: bool, values: int | None = None) -> None:
        functools.update_wrapper(self, function)
        self.function, self.names, self.vector, self.values = function, tuple(names), vector, values
        self.__name__: str = name_of(function)
        self.__qualname__: str = getattr(function, "__qualname__", self.__name__)
        kind = inspect.Parameter.POSITIONAL_ONLY
        self.__signature__ = inspect.Signature([inspect.Parameter(n, kind) for n in _identifiers(self.names)])
        self.outputs = self._traced()
        self._key = (self.names, self.values, id(function) if self.outputs is None else _structure(self.outputs))

    def __call__(self, *x: Any) -> Any:
        """Return the value, or the list of values, at a point of numbers, arrays, or scalars of another reading."""
        like = next((v for v in x if isinstance(v, Scalars)), None)
        if like is not None:
            wrapped = [like.of(v) for v in self._called(x)]
            return wrapped[0] if self.values is None else wrapped
        numbers = self._evaluated(x) if self.outputs is not None else self._point_by_point(x)
        return numbers[0] if self.values is None else numbers

    def __eq__(self, other: object) -> bool:
        """Pages with the same graph are equal, so that they share compiled code."""
        return isinstance(other, Page) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    def __reduce__(self) -> tuple[Any, ...]:
        """A page is pickled as its function, and traced again where it arrives."""
        return _page_again, (self.function, self.names, self.vector, self.values)

    def __repr__(self) -> str:
        return f"<page {self.__name__}({', '.join(self.names)})>"

    @property
    def dimension(self) -> int:
        """Number of coordinates."""
        return len(self.names)

    def uses(self, k: int) -> bool:
        """Whether the value depends on coordinate k. Without a trace the answer is yes."""
        return self.outputs is None or any(n.op == "input" and n.payload == ("x", k) for n in topological(self.outputs))

    def _traced(self) -> list[Node] | None:
        """Trace the function. A second trace must give the same nodes; otherwise the function is random or has a memory."""
        graph = Graph()
        point = [graph.scalar("x", k) for k in range(self.dimension)]
        try:
            first = [_node(graph, v) for v in self._called(point)]
            second = [_node(graph, v) for v in self._called(point, silent=True)]
        except TraceError:
            self._called(
                [np.float64(v) for v in self._somewhere()], silent=True
            )  # raises the error of the function itself, if it has one
            return None
        if any(a is not b and repr(a) != repr(b) for a, b in zip(first, second, strict=True)):
            raise OwnCodeError(
                f"{self.__name__} returns another value each time it is called: it draws random numbers or keeps a memory. "
                "Draw them once, outside the function."
            )
        return first

    def _somewhere(self) -> list[float]:
        return [0.5 + 0.25 * k for k in range(self.dimension)]

    def _called(self, x: Sequence[Any], *, silent: bool = False) -> list[Any]:
        """Call the user's function at one point, and return its numbers."""
        traced = any(isinstance(v, Scalars) for v in x)
        return self._numbers_in(self._result(x, silent=silent), complex_allowed=not traced and np.iscomplexobj(x))

    def _result(self, x: Sequence[Any], *, silent: bool = False) -> Any:
        """Call the user's function at one point, and return its result. Raises OwnCodeError or TraceError."""
        like = next((v for v in x if isinstance(v, Scalars)), None)
        arguments: Sequence[Any] = [
            v.copy() if isinstance(v, Scalars) else v for v in x
        ]  # the function may write into its arguments
        if self.vector:
            entries = [v.item() if isinstance(v, Scalars) else v for v in x]
            arguments = [np.array(entries) if like is None else like.of(entries)]
        try:
            with output_aside(silent=silent):
                value = self.function(*arguments)
        except (Exception, SystemExit) as error:
            if like is not None and (isinstance(error, TraceError) or self._answers_numbers()):
                raise _untraceable(error, self.__name__) from error
            raise OwnCodeError(f"{self.__name__} {describe_error(error, file_of(self.function))}.") from error
        if value is None:
            raise OwnCodeError(f"{self.__name__} returns nothing. Does it lack a `return`?")
        return value

    def _answers_numbers(self) -> bool:
        """Whether the function can be called with plain numbers, so that its error comes from the tracing."""
        point: Sequence[Any] = [np.float64(v) for v in self._somewhere()]
        try:
            with output_aside(silent=True), np.errstate(all="ignore"):
                self.function(*([np.array(point)] if self.vector else point))
        except (Exception, SystemExit):
            return False
        return True

    def _numbers_in(self, value: Any, *, complex_allowed: bool) -> list[Any]:
        name, wanted = self.__name__, 1 if self.values is None else self.values
        try:
            entries = list(np.asarray(value, dtype=object).ravel())
        except ValueError:
            entries = []
        wanted_text = "one number" if self.values is None else f"{wanted} numbers, one for each coordinate,"
        entries = [e.item() if isinstance(e, np.ndarray) and e.ndim == 0 else e for e in entries]
        for entry in entries:
            if isinstance(entry, bool | np.bool_) or (isinstance(entry, Node) and entry.op in COMPARISONS):
                raise OwnCodeError(f"{name} must return {wanted_text} for each point; it returned a truth value.")
            if isinstance(entry, complex | np.complexfloating) and not complex_allowed:
                raise OwnCodeError(f"{name} must return {wanted_text} for each point; it returned the complex {entry}.")
            if entry is None or isinstance(entry, str | bytes | dict | set | list | tuple):
                raise OwnCodeError(f"{name} must return {wanted_text} for each point; it returned {shown(value)}.")
            if not isinstance(entry, Node | int | float | complex | np.number) and not hasattr(entry, "free_symbols"):
                raise OwnCodeError(f"{name} must return {wanted_text} for each point; it returned {shown(value)}.")
        if len(entries) != wanted:
            raise OwnCodeError(f"{name} must return {wanted_text} for each point; it returned {len(entries)}.")
        return entries

    def _evaluated(self, x: Sequence[Any]) -> list[Any]:
        """Evaluate the graph at numbers or arrays. A constant also takes the shape and type of the point."""
        assert self.outputs is not None
        point = [np.float64(v) if isinstance(v, int | float) else v for v in x]
        with np.errstate(all="ignore"):  # an overflow shows as a value that is not finite
            values = evaluate(self.outputs, {("x", k): v for k, v in enumerate(point)})
        if all(isinstance(v, int | float) for v in x):
            return [float(v) for v in values]
        shape, dtype = np.broadcast_shapes(*(np.shape(v) for v in x)), np.result_type(np.float32, *x)
        return [np.broadcast_to(np.asarray(v, dtype=dtype), shape)[()] for v in values]

    def _point_by_point(self, x: Sequence[Any]) -> list[Any]:
        columns = np.broadcast_arrays(*(np.asarray(v) for v in x))
        dtype = np.result_type(np.float32, *x)
        out = [np.empty(columns[0].shape, dtype=dtype) for _ in range(self.values or 1)]
        for index in np.ndindex(columns[0].shape):
            for column, value in zip(out, self._called([c[index] for c in columns]), strict=True):
                column[index] = value
        return [column[()] for column in out]


class Elementwise(Page):
    """A function of one number, called with whole arrays of them too, as an activation is."""

    def __init__(self, function: Function, name: str) -> None:
        super().__init__(function, (name,), vector=False)
        if self.outputs is None:
            return
        graph = Graph()
        both = graph.inputs("z", (1, 2))
        together = np.asarray(self(both), dtype=object).ravel()
        if any(_node(graph, self(both[0, k]).item()) is not _node(graph, together[k]) for k in range(2)):
            raise OwnCodeError(
                f"{self.__name__} must be a function of one number, applied to each entry of an array by itself; it mixes the "
                "entries."
            )

    def __reduce__(self) -> tuple[Any, ...]:
        return Elementwise, (self.function, self.names[0])

    def __call__(self, *x: Any) -> Any:
        (z,) = x
        if not isinstance(z, Scalars) or not z.shape:
            return super().__call__(z)
        value = self._result(x)
        if np.shape(value) == z.shape:
            return value
        if np.size(value) != 1:
            raise OwnCodeError(
                f"{self.__name__} must return an array shaped like its argument, {z.shape}; it returned {np.shape(value)}."
            )
        return value + 0 * z  # a constant


def is_analytic(function: Function) -> bool:
    """Whether complex numbers may go through the function: it is traced, or fallline's own.

    A user's own code may take a modulus or a real part, and so lose the imaginary part without an error.

    >>> from fallline.textbook.activations import relu
    >>> is_analytic(relu), is_analytic(abs)
    (True, False)
    """
    if isinstance(function, Page):
        return function.outputs is not None
    return str(getattr(function, "__module__", "")).startswith("fallline.")


def _page_again(function: Function, names: Sequence[str], vector: bool, values: int | None) -> Page:
    return Page(function, names, vector=vector, values=values)


def _untraceable(error: BaseException, name: str) -> BaseException:
    """Return the TraceError, with the user's line."""
    if not isinstance(error, TraceError):
        return located(error, name, f"This operation cannot be traced ({error})")
    return error if getattr(error, "located", False) else located(error, name, str(error))


def _node(graph: Graph, value: Any) -> Node:
    return value if isinstance(value, Node) else graph.number(float(value))


def _structure(outputs: Sequence[Node]) -> tuple[Any, ...]:
    """Return the graph as plain data, which is equal for equal expressions of different graphs."""
    order = topological(outputs)
    place = {node.index: k for k, node in enumerate(order)}
    rows = tuple((n.op, n.payload, tuple(place[a.index] for a in n.args)) for n in order)
    return rows, tuple(place[o.index] for o in outputs)


def _identifiers(names: Sequence[str]) -> list[str]:
    return [n if n.isidentifier() else f"x{k + 1}" for k, n in enumerate(names)]
