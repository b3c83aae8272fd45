"""Adapters: how the checked function wants its arguments, and how it gives its gradient back.

Ours, `gradient(parameters, X, T)`, with the parameters as layers, one flat vector, a dictionary or a list; or any
order of arguments that have the field's names (`grad_f(data, T, Y, H1, H2, V, W2, W1, b1, b2)`). Samples are rows or
columns, weights (n_in, n_out) or transposed. Which one it is, is found by names and shapes, and the verdict shows it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fallline.checks.calls import Misbehaviour, Observed, call, name_of
from fallline.checks.names import (
    Quantity,
    parameter_names,
    quantities,
    returned_names,
    source_of,
    without_prefix,
)
from fallline.textbook import network as pages
from fallline.textbook.network import Layer, Network, Parameters

__all__ = ["Adapter", "Read", "adapters"]

CONTAINERS = ("layers", "vector", "dictionary", "list")


@dataclass(frozen=True)
class Layout:
    """How matrices stand: weights as (n_in, n_out) or transposed, samples as rows or as columns."""

    weights_transposed: bool
    columns: bool

    def weight(self, W: Any) -> Any:
        return W.T if self.weights_transposed else W

    def samples(self, A: Any) -> Any:
        return A.T if self.columns else A

    def bias(self, b: Any) -> Any:
        return b[:, None] if self.columns else b

    def __str__(self) -> str:
        weights = "(n_out, n_in)" if self.weights_transposed else "(n_in, n_out)"
        return f"samples as {'columns' if self.columns else 'rows'}, weights {weights}"


LAYOUTS = (Layout(False, False), Layout(True, True), Layout(True, False), Layout(False, True))


@dataclass
class Read:
    """A gradient as it came back, brought into the order of the parameters, and what was odd about its shapes."""

    gradient: Parameters
    odd: dict[str, str] = field(default_factory=dict)
    single: bool = False


@dataclass(frozen=True)
class Adapter:
    """One way of calling the function.

    Parameters
    ----------
    names: its parameters in order, each with what it gets.
    container: what "parameters" is: layers, vector, dictionary or list.
    layout: how matrices stand.
    targets: "rows" (as T is), "numbers" (class numbers) or "flat" (one value for each sample).
    """

    function: Callable[..., Any]
    network: Network
    names: tuple[tuple[str, Quantity], ...]
    container: str
    layout: Layout
    targets: str

    def __str__(self) -> str:
        inside = ", ".join(
            f"{name}={self._container if q.kind == 'parameters' else q}" if str(q) != name else name
            for name, q in self.names
        )
        extra = {"numbers": "; targets as class numbers", "flat": "; one target for each sample"}.get(self.targets, "")
        return f"{name_of(self.function)}({inside}); {self.layout}{extra}"

    @property
    def _container(self) -> str:
        first, last = ("W1, b1", "b" if self.network.bias else "W") if self.network.bias else ("W1", "W")
        inner = f"{first}, ... {last}{self.network.depth}"
        return {"layers": "((W1, b1), ...)", "vector": "one flat vector", "dictionary": "{'W1': ..., 'b1': ...}",
                "list": f"[{inner}]"}[self.container]  # fmt: skip

    def arguments(self, w: Any, X: Any, T: Any) -> list[Any]:
        """The arguments at weights w (P,), inputs X and targets T, in the function's order."""
        parameters = self.network.unpack(w)
        Z, kept = pages.forward(self.network, parameters, X)
        layout = self.layout
        whole = {"layers": self._layers, "vector": self._vector, "dictionary": self._dictionary, "list": self._list}
        values: dict[str, Callable[[int], Any]] = {
            "X": lambda l: layout.samples(X),
            "T": lambda l: self._targets(T),
            "Y": lambda l: layout.samples(self.network.loss.output(Z)),
            "Z": lambda l: layout.samples(kept[l - 1].Z),
            "A": lambda l: layout.samples(kept[l].A if l < self.network.depth else Z),
            "W": lambda l: layout.weight(parameters[l - 1].W),
            "b": lambda l: layout.bias(parameters[l - 1].b),
            "parameters": lambda l: whole[self.container](parameters),
            "m": lambda l: len(X),
            "l2": lambda l: self.network.l2,
            "network": lambda l: self.network,
        }
        return [_own(values[q.kind](q.layer or 0)) for _, q in self.names]

    def gradient(self, w: Any, X: Any, T: Any, observed: Observed) -> Read:
        """Call the function there and read what it returns."""
        result = call(self.function, self.arguments(w, X, T), {}, [name for name, _ in self.names], observed)
        return self.read(result, len(X))

    def _targets(self, T: Any) -> Any:
        if self.targets == "numbers":
            return T.argmax(axis=-1)
        return T[:, 0] if self.targets == "flat" else self.layout.samples(T)

    def _layers(self, parameters: Parameters) -> Any:
        return tuple(Layer(self.layout.weight(W), None if b is None else self.layout.bias(b)) for W, b in parameters)

    def _list(self, parameters: Parameters) -> list[Any]:
        return [part for layer in self._layers(parameters) for part in layer if part is not None]

    def _vector(self, parameters: Parameters) -> Any:
        return np.concatenate([np.ravel(part) for part in self._list(parameters)])

    def _dictionary(self, parameters: Parameters) -> dict[str, Any]:
        named = {}
        for l, (W, b) in enumerate(self._layers(parameters), start=1):
            named[f"W{l}"] = W
            if b is not None:
                named[f"b{l}"] = b
        return named

    # Reading what comes back

    def read(self, result: Any, m: int) -> Read:
        """The gradient inside what the function returned."""
        if result is None:
            raise Misbehaviour(f"{name_of(self.function)} returns nothing. Does it lack a `return`?")
        result = _without_loss(result)
        blocks = [("W", l) for l in range(1, self.network.depth + 1)]
        if self.network.bias:
            blocks = [(kind, l) for l in range(1, self.network.depth + 1) for kind in "Wb"]
        found = self._named(result) if isinstance(result, Mapping) else self._ordered(result, blocks, m)
        lacking = [f"d{kind}{l}" for kind, l in blocks if (kind, l) not in found]
        if lacking:
            raise Misbehaviour(f"{name_of(self.function)} returns no {', '.join(lacking)}.")
        read, singles, layers = Read(()), [], []
        for l in range(1, self.network.depth + 1):
            parts = []
            for kind in "Wb":
                if (kind, l) in found:
                    value = _numbers(found[kind, l], f"d{kind}{l}", self.function)
                    singles.append(value.dtype == np.float32)
                    parts.append(self._shaped(kind, l, value, m, read.odd))
                else:
                    parts.append(None)
            layers.append(Layer(*parts))
        return Read(tuple(layers), read.odd, all(singles))

    def _named(self, result: Mapping[Any, Any]) -> dict[tuple[str, int], Any]:
        names = {str(key): without_prefix(str(key)) for key in result}
        known = quantities(list(names.values()), self.network)
        found: dict[tuple[str, int], Any] = {}
        for key, value in result.items():
            q = known[names[str(key)]]
            if q is not None and q.kind in "Wb" and q.layer is not None:
                found[q.kind, q.layer] = value
        return found

    def _ordered(self, result: Any, blocks: list[tuple[str, int]], m: int) -> dict[tuple[str, int], Any]:
        if isinstance(result, np.ndarray) or not isinstance(result, Sequence):
            return self._from_vector(np.asarray(result), blocks)
        parts = list(result)
        pairs = all(isinstance(p, tuple | list) and len(p) == 2 for p in parts)
        if pairs and len(parts) == self.network.depth:
            flat = [(kind, l, p[k]) for l, p in enumerate(parts, 1) for k, kind in enumerate("Wb")]
            return {(kind, l): value for kind, l, value in flat if value is not None}
        if len(parts) != len(blocks):
            if parts and all(np.ndim(p) == 0 for p in parts):
                return self._from_vector(np.asarray(parts), blocks)
            raise Misbehaviour(
                f"{name_of(self.function)} returns {len(parts)} arrays; the {self.network.text} network has "
                f"{len(blocks)} blocks of parameters ({', '.join(f'd{k}{l}' for k, l in blocks)})."
            )
        by_name = quantities(returned_names(self.function), self.network)
        named = [(q.kind, q.layer) for q in by_name.values() if q is not None and q.layer is not None]
        orders = [named] if sorted(named, key=str) == sorted(blocks, key=str) else []
        weights, biases = [b for b in blocks if b[0] == "W"], [b for b in blocks if b[0] == "b"]
        backward = [b for l in range(self.network.depth, 0, -1) for b in blocks if b[1] == l]
        orders += [blocks, backward, weights + biases, weights[::-1] + biases[::-1]]
        shapes = [np.shape(p) for p in parts]
        for order in orders:
            if all(_fits(s, self._shape(*b)) for s, b in zip(shapes, order, strict=True)):
                return dict(zip(order, parts, strict=True))
        return dict(zip(orders[0], parts, strict=True))

    def _from_vector(self, vector: Any, blocks: list[tuple[str, int]]) -> dict[tuple[str, int], Any]:
        vector = vector.ravel()
        if vector.size != self.network.parameter_count:
            raise Misbehaviour(
                f"{name_of(self.function)} returns {vector.size} numbers; the {self.network.text} network has "
                f"{self.network.parameter_count} parameters."
            )
        found, at = {}, 0
        for block in blocks:
            shape = self._shape(*block)
            size = int(np.prod(shape))
            found[block] = vector[at : at + size].reshape(shape)
            at += size
        return found

    def _shape(self, kind: str, l: int) -> tuple[int, ...]:
        n, m = self.network.sizes[l - 1 : l + 1]
        if kind == "b":
            return (m,)
        return (m, n) if self.layout.weights_transposed else (n, m)

    def _shaped(self, kind: str, l: int, value: Any, m: int, odd: dict[str, str]) -> Any:
        """The block in the textbook's shape; what is odd but understood is undone and noted, the rest refused."""
        name, shape = f"d{kind}{l}", self._shape(kind, l)
        if _fits(value.shape, shape):
            value = value.reshape(shape)
            return value.T if kind == "W" and self.layout.weights_transposed else value
        if kind == "W" and value.shape == shape[::-1]:
            odd[name] = (
                f"{name} comes back transposed, {value.shape} for {shape}: it must be shaped like W{l}; return its transpose"
            )
            return value if self.layout.weights_transposed else value.T
        if kind == "b":
            n = shape[0]
            if value.shape in ((m, n), (n, m)) and m != n:
                odd[name] = (
                    f"{name} is not summed over the samples: it has shape {value.shape}, one row for each sample; "
                    f"sum it to shape ({n},)"
                )
                return value.sum(axis=0 if value.shape == (m, n) else 1)
            if value.size == 1:
                odd[name] = f"{name} is a single number, summed over the units too; sum over the samples alone"
                return np.full(n, value.item())
            if value.size == m:
                raise Misbehaviour(
                    f"{name} has one number for each of the {m} samples, shape {value.shape}: it is summed over the "
                    f"units, not over the samples. Sum over the other axis, to shape ({n},).",
                    "wrong",
                )
        raise Misbehaviour(f"{name} has shape {value.shape}, but must be shaped like {kind}{l}, {shape}.", "wrong")


def adapters(function: Callable[..., Any], network: Network) -> Iterator[Adapter]:
    """Ways to call the function, the likeliest first. A sentence if its parameters' names say too little."""
    targets = ["rows"]
    if network.loss.targets == "classes":
        targets.append("numbers")
    if network.sizes[-1] == 1:
        targets.append("flat")
    for given in _signatures(function, network):
        whole = any(q.kind == "parameters" for _, q in given)
        containers: Sequence[str] = _containers(function) if whole else ("layers",)
        for how, layout, container in itertools.product(targets, LAYOUTS, containers):
            yield Adapter(function, network, given, container, layout, how)


Signature = tuple[tuple[str, Quantity], ...]


def _signatures(function: Callable[..., Any], network: Network) -> Iterator[Signature]:
    """What the function's parameters may mean: by their names, and of three also (parameters, X, T).

    In a network of one layer `w` may be its weights, or all parameters in one vector.
    """
    named = _signature(function, network)
    yield named
    if len(named) == 3 and not any(q.kind == "parameters" for _, q in named):
        kinds = (Quantity("parameters"), Quantity("X"), Quantity("T"))
        yield tuple(zip((name for name, _ in named), kinds, strict=True))


def _signature(function: Callable[..., Any], network: Network) -> Signature:
    ours = (("parameters", Quantity("parameters")), ("X", Quantity("X")), ("T", Quantity("T")))
    names = parameter_names(function)
    if names is None:
        return ours
    required, optional = names
    found = quantities(required + [n for n in optional if n.lower() in ("l2", "lam", "reg", "lambd")], network)
    unknown = [n for n in required if found[n] is None]
    weightless = not any(q is not None and q.kind in ("W", "parameters") for q in found.values())
    if (unknown or weightless) and len(
        required
    ) == 3:  # (p, X, T): p must be the parameters, whatever p means elsewhere
        return tuple(zip(required, (q for _, q in ours), strict=True))
    if unknown:
        raise Misbehaviour(
            f"{name_of(function)} has a parameter {unknown[0]!r} whose meaning is unknown. Known are parameters, X (data), "
            "T (targets), Y (outputs), W1, b1, ..., V and c (last layer), H1 or A1, Z1, m, l2; "
            "or write gradient(parameters, X, T)."
        )
    kinds = [q for q in found.values() if q is not None]
    if len(set(kinds)) < len(kinds):
        double = next(q for q in kinds if kinds.count(q) > 1)
        both = " and ".join(repr(n) for n, q in found.items() if q == double)
        raise Misbehaviour(f"{name_of(function)} has two parameters that both seem to be {double}: {both}. Rename one.")
    return tuple((n, q) for n, q in found.items() if q is not None)


def _containers(function: Callable[..., Any]) -> list[str]:
    """The containers in order of likelihood, by what the source does with them."""
    text = source_of(function)
    order = list(CONTAINERS)
    first = "layers"
    if "['" in text or '["' in text:
        first = "dictionary"
    elif any(word in text for word in (".reshape(", "theta[", "w[:", "vector[")) and "for W, b" not in text:
        first = "vector"
    order.remove(first)
    return [first, *order]


def _without_loss(result: Any) -> Any:
    """(loss, gradient), which many functions return, is read as the gradient."""
    if isinstance(result, tuple | list) and len(result) == 2 and np.ndim(result[0] if _plain(result[0]) else [0]) == 0:
        return result[1]
    return result


def _plain(x: Any) -> bool:
    return isinstance(x, int | float | np.number) or (isinstance(x, np.ndarray) and x.ndim == 0)


def _own(value: Any) -> Any:
    return np.ascontiguousarray(value) if isinstance(value, np.ndarray) else value


def _fits(shape: tuple[int, ...], wanted: tuple[int, ...]) -> bool:
    """A bias may also come as one row or one column."""
    return shape == wanted or (len(wanted) == 1 and shape in ((1, *wanted), (*wanted, 1)))


def _numbers(value: Any, name: str, function: Callable[..., Any]) -> Any:
    if hasattr(value, "detach"):  # a torch tensor
        value = value.detach().numpy()
    try:
        array = np.asarray(value)
        if array.dtype.kind not in "fiub":
            array = array.astype(float)
        return array if array.dtype in (np.float32, np.float64) else array.astype(float)
    except (TypeError, ValueError):
        raise Misbehaviour(
            f"{name} of {name_of(function)} is no array of numbers; it is {type(value).__name__}."
        ) from None
