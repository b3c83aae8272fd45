"""The same work by other libraries. Each peer is a function from a workload and a number of runs to seconds a call."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from fallline.bench.workloads import Workload, program_and_plan
from fallline.experiment.method import method
from fallline.experiment.setting_names import layer_rate
from fallline.runs.execution import Execution
from fallline.runs.training import Training
from fallline.runs.trajectory import trajectory

__all__ = ["PEERS", "Timed", "ours"]

Timed = Callable[[], float]
"""Does the work once; returns microseconds for one run's step."""


def ours(
    w: Workload, threads: int | None = None, clock: Callable[[], float] = time.perf_counter,
    instruction_set: str = "native",
) -> Timed:  # fmt: skip
    """All runs of the workload in lanes."""
    from fallline.runs.lanes import train

    _, plan = program_and_plan(w, instruction_set)
    training = Training(w.objective, method(w.optimizer).with_(w.settings), w.steps, w.start, dtype=w.dtype)

    def call() -> float:
        begin = clock()
        train(training, execution=Execution(threads, plan=plan))
        return (clock() - begin) / (w.cells * (w.steps + 1)) * 1e6

    return call


def _microseconds(begin: float, count: int) -> float:
    return (time.perf_counter() - begin) / count * 1e6


def _numpy(w: Workload, runs: int, together: bool) -> Timed:
    settings = {name: np.asarray(values[:runs], w.dtype) for name, values in w.settings.items()}
    start, steps = w.start.astype(w.dtype), min(w.steps, 60)

    def descend(cells: slice, w0: Any) -> None:
        how = method(w.optimizer).with_({name: values[cells] for name, values in settings.items()})
        for _ in trajectory(w.objective, how, w0, steps):
            pass

    def call() -> float:
        begin = time.perf_counter()
        if together:
            descend(slice(None), np.tile(start, (runs, 1)))
        else:
            for i in range(runs):
                descend(slice(i, i + 1), start[None])
        return _microseconds(begin, runs * (steps + 1))

    return call


def numpy_loop(w: Workload) -> Timed:
    """NumPy, one network after another, as in the notebook."""
    return _numpy(w, 8, together=False)


def numpy_batched(w: Workload) -> Timed:
    """NumPy with the runs as a leading axis."""
    return _numpy(w, 64, together=True)


def _forward(xp: Any, w: Workload, maximum: Any) -> Callable[..., Any]:
    """The mean or summed loss of one run as a function of its layers, for libraries that differentiate it."""
    network = w.objective.network
    relu = network.activations[0].name == "relu"
    n = len(w.objective.data) if network.reduction == "mean" else 1

    def loss(layers: Any, X: Any, T: Any) -> Any:
        A = X
        for l, (W, b) in enumerate(layers):
            Z = network.scales[l] * (A @ W)
            Z = Z if b is None else Z + b
            A = (maximum(Z) if relu else xp.tanh(Z)) if l < network.hidden else Z
        if network.loss.name == "cross_entropy":
            top = xp.max(Z, axis=-1, keepdims=True) if xp.__name__ != "torch" else Z.amax(-1, keepdim=True)
            return ((top[:, 0] + xp.log(xp.exp(Z - top).sum(-1))) - (T * Z).sum(-1)).sum() / n
        return ((Z - T) ** 2).sum() / n

    return loss


@dataclass(frozen=True)
class _Jax:
    """The parts that both JAX peers share: the step of one run, and the settings and the start of each run."""

    step: Callable[..., Any]
    columns: dict[str, Any]
    start: Any
    runs: int


def _jax(w: Workload, runs: int) -> _Jax:
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", w.dtype == "float64")
    network, dtype = w.objective.network, jnp.dtype(w.dtype)
    loss = _forward(jnp, w, lambda z: jnp.maximum(z, 0))
    X, T = jnp.asarray(w.objective.data.X, dtype), jnp.asarray(w.objective.data.T, dtype)
    layers = [tuple(None if p is None else jnp.asarray(p, dtype) for p in layer) for layer in network.unpack(w.start)]
    names = ["learning_rate"] + [layer_rate(l) for l in range(1, network.depth + 1)] + ["momentum"]
    columns = {k: jnp.asarray(np.resize(w.settings[k], runs), dtype) for k in names if k in w.settings}

    def step(own: Any, carry: Any) -> Any:
        layers, v = carry
        value, gradient = jax.value_and_grad(loss)(layers, X, T)
        rates = [own.get(layer_rate(l), own["learning_rate"]) for l in range(1, network.depth + 1)]
        mu = own.get("momentum", 0)
        v = [
            tuple(None if g is None else mu * a + r * g for a, g in zip(va, ga, strict=True))
            for va, ga, r in zip(v, gradient, rates, strict=True)
        ]
        layers = [
            tuple(None if p is None else p - a for p, a in zip(la, va, strict=True))
            for la, va in zip(layers, v, strict=True)
        ]
        return (layers, v), value

    return _Jax(step, columns, (layers, jax.tree_util.tree_map(jnp.zeros_like, layers)), runs)


def jax_scan(w: Workload) -> Timed:
    """JAX, jit(vmap(scan)): one compiled loop over the steps, in chunks of runs that suit the caches best."""
    import jax

    j = _jax(w, min(w.cells, 4096 if w.dtype == "float32" else 256))

    def run(own: Any) -> Any:
        return jax.lax.scan(lambda carry, _: j.step(own, carry), j.start, None, length=w.steps + 1)[1][-1]

    compiled = jax.jit(jax.vmap(run))

    def call() -> float:
        begin = time.perf_counter()
        compiled(j.columns).block_until_ready()
        return _microseconds(begin, j.runs * (w.steps + 1))

    begin = time.perf_counter()
    call()
    w.notes["jax_first_seconds"] = time.perf_counter() - begin
    return call


PLANE = 4096
"""Runs side by side in `jax_step`: all those of a plane of 64 x 64."""


def jax_step(w: Workload) -> Timed:
    """JAX, jit(vmap(step)) over the plane, called once for each step from Python, as in the fractal paper's notebook."""
    import jax
    import jax.numpy as jnp

    j = _jax(w, PLANE)
    compiled = jax.jit(jax.vmap(j.step))
    steps = min(w.steps, 10)

    def call() -> float:
        carry = jax.tree_util.tree_map(lambda p: jnp.broadcast_to(p, (j.runs, *p.shape)), j.start)
        begin = time.perf_counter()
        for _ in range(steps):
            carry, value = compiled(j.columns, carry)
        value.block_until_ready()
        return _microseconds(begin, j.runs * steps)

    call()
    return call


def torch_vmap(w: Workload) -> Timed:
    """PyTorch, vmap(grad) over the runs, eager."""
    import torch
    from torch.func import grad, vmap

    network, dtype = w.objective.network, getattr(torch, w.dtype)
    loss = _forward(torch, w, torch.relu)
    X, T = (torch.tensor(a, dtype=dtype) for a in (w.objective.data.X, w.objective.data.T))
    runs, steps = min(w.cells, 256), 8
    rate = torch.tensor(w.settings["learning_rate"][:runs], dtype=dtype)
    mu = torch.tensor(w.settings.get("momentum", np.zeros(w.cells))[:runs], dtype=dtype)
    parts = [p for layer in network.unpack(w.start) for p in layer if p is not None]
    shaped = [torch.tensor(np.ascontiguousarray(p), dtype=dtype).expand(runs, *p.shape).clone() for p in parts]

    def flat(arrays: Any, X: Any, T: Any) -> Any:
        it = iter(arrays)
        return loss([(next(it), next(it) if network.bias else None) for _ in range(network.depth)], X, T)

    slopes = vmap(grad(flat), in_dims=(0, None, None))

    def call() -> float:
        begin = time.perf_counter()
        here, v = [p.clone() for p in shaped], [torch.zeros_like(p) for p in shaped]
        with torch.no_grad():
            for _ in range(steps):
                for i, g in enumerate(slopes(tuple(here), X, T)):
                    view = (runs,) + (1,) * (g.ndim - 1)
                    v[i] = mu.view(view) * v[i] + rate.view(view) * g
                    here[i] = here[i] - v[i]
        return _microseconds(begin, runs * steps)

    call()
    return call


def scikit_learn(w: Workload) -> Timed:
    """scikit-learn's MLP, one network after another, full batch; it has float64 paths inside and its own start."""
    import warnings

    from sklearn.neural_network import MLPClassifier, MLPRegressor

    network, data = w.objective.network, w.objective.data
    classes = network.loss.name == "cross_entropy"
    kind = MLPClassifier if classes else MLPRegressor
    y = data.T.argmax(axis=-1) if classes else data.T[:, 0]
    X = data.X.astype(w.dtype)
    steps = 30

    def call() -> float:
        begin = time.perf_counter()
        for i in range(4):
            model = kind(
                hidden_layer_sizes=network.sizes[1:-1], activation=network.activations[0].name, solver="sgd", batch_size=len(X),
                learning_rate_init=float(w.settings["learning_rate"][i]), max_iter=steps, n_iter_no_change=steps + 1,
                tol=0, alpha=0, shuffle=False, random_state=0,
            )  # fmt: skip
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # it did not converge, which is not measured here
                model.fit(X, y)
        return _microseconds(begin, 4 * steps)

    return call


def _installed(name: str) -> bool:
    return importlib.util.find_spec(name) is not None


PEERS: dict[str, tuple[Callable[[], bool], Callable[[Workload], Timed]]] = {
    "numpy": (lambda: True, numpy_loop),
    "numpy_batched": (lambda: True, numpy_batched),
    "scikit_learn": (lambda: _installed("sklearn"), scikit_learn),
    "torch": (lambda: _installed("torch"), torch_vmap),
    "jax": (lambda: _installed("jax"), jax_scan),
    "jax_step": (lambda: _installed("jax"), jax_step),
}
"""Name to (whether it is there, the work)."""
