"""The step of an optimizer: checked along a few steps, and its fault named as a mutation of the optimizer's own page.

Each mutation changes one operation of the page: a sign turned, an operand left out. They are made from the page's own
source, so a new optimizer brings its faults along.
"""

from __future__ import annotations

import ast
import copy
import inspect
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from fallline import random
from fallline.checks.calls import Misbehaviour, Observed, call, name_of
from fallline.checks.numbers import TOLERANCE, Block, Comparison
from fallline.checks.verdict import Verdict
from fallline.settings import Setting
from fallline.textbook import operations
from fallline.textbook.optimizers import OPTIMIZERS, Optimizer

__all__ = ["check"]

STEPS, WEIGHTS = 5, 4

CONVENTIONS = (
    ("momentum", "momentum_outside"), ("nesterov", "nesterov_outside"), ("adam", "adam_epsilon_hat"),
)  # fmt: skip
"""Pairs of update rules of the same name in different systems: either is right."""

_TURNED = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult}


def check(
    step: Callable[..., Any], subject: Optimizer, seed: int, tolerance: float | None, observed: Observed
) -> Verdict:
    """The verdict: `step(w, g, state, t, **settings)` against the page's, each going on with its own state."""
    tolerance, name = tolerance or TOLERANCE, name_of(step)
    paths = _Paths(seed)
    right = paths.run(subject)
    got = paths.run(subject, lambda *a, **s: call(step, a, s, ["w", "g", "state", "t"], observed), name)
    common: dict[str, Any] = {
        "name": name, "subject": repr(subject), "called": f"{name}(w, g, state, t, {', '.join(subject.settings)})",
        "reference": (f"the textbook's {subject.name}, {STEPS} steps at changing learning rates",),
    }  # fmt: skip
    errors = np.abs(got - right).max(axis=1) / np.abs(right).max()
    block = Comparison(
        Block(("w", "")), float(np.abs(got - right).max()), float(errors.max()), bool(errors.max() <= tolerance)
    )
    if observed.changed:
        sentence = f"{name} changes its argument {', '.join(observed.changed)} in place. Work on a copy."
        return Verdict("wrong", sentence=sentence, faults=(sentence,), blocks=(block,), **common)
    if block.agrees:
        return Verdict("right", sentence=f"{name} is right.", **common)
    for other in OPTIMIZERS.values():
        if other.name != subject.name and paths.same(got, other, tolerance):
            if any({other.name, subject.name} == set(pair) for pair in CONVENTIONS):
                return Verdict("right", sentence=f"{name} is right, in the convention of {other.name}.", **common)
            fault = f"it is the update of {other.name}, not of {subject.name}"
            return Verdict("wrong", sentence=f"{name} is wrong: {fault}.", faults=(fault,), blocks=(block,), **common)
    found = [m for m in _mutants(subject) if paths.same(got, m[2], tolerance)]
    if found:
        (before, after, _), *others = found
        fault = f"`{after}` stands where `{before}` belongs"
        return Verdict(
            "wrong", sentence=f"{name} is wrong: {fault}.", faults=(fault,), blocks=(block,), rules=((before, after),),
            evidence=f"The textbook's {subject.name} with this change gives the same weights on all {STEPS} steps.",
            others=tuple(f"`{a}` for `{b}`" for b, a, _ in others), **common,
        )  # fmt: skip
    first = int((errors > tolerance).argmax())
    finding = f"its weights differ first after step {first + 1}, by {float(np.abs(got - right)[first].max()):.3g}"
    sentence = f"{name} is wrong, and no single changed operation explains it: {finding}."
    return Verdict("wrong", sentence=sentence, findings=(finding,), blocks=(block,), **common)


class _Paths:
    """The same gradients and settings for every rule; the learning rate changes from step to step."""

    def __init__(self, seed: int) -> None:
        self.w = random.normal(seed, "update check weights", WEIGHTS)
        self.g = random.normal(seed, "update check gradients", WEIGHTS, np.arange(STEPS))

    def run(self, rule: Optimizer, step: Callable[..., Any] | None = None, name: str = "") -> Any:
        """The weights after each step, (steps, weights)."""
        settings = {name: _typical(declared) for name, declared in rule.declared.items()}
        w, state, path = self.w, rule.init(self.w, **settings), []
        for t, g in enumerate(self.g, start=1):
            rates = {"learning_rate": 0.1 / t} if "learning_rate" in settings else {}
            result = (step or rule.step)(w, g, state, t, **{**settings, **rates})
            try:
                w, state = result
                w = np.asarray(w, dtype=float)
            except (TypeError, ValueError):
                raise Misbehaviour(f"{name} must return (w, state), as an optimizer's step does.") from None
            if w.shape != self.w.shape or not np.isfinite(w).all():
                raise Misbehaviour(
                    f"{name} must return finite weights shaped like w; after step {t} they are {w}.", "wrong"
                )
            path.append(w)
        return np.stack(path)

    def same(self, got: Any, rule: Optimizer, tolerance: float) -> bool:
        try:
            with np.errstate(all="ignore"):
                path = self.run(rule)
        except (Misbehaviour, ArithmeticError, TypeError, ValueError, NameError):
            return False
        return bool(np.abs(path - got).max() <= tolerance * np.abs(got).max())


def _typical(declared: Setting) -> float:
    """A value at which every term counts: the declared default, but nothing so small that it hides."""
    special = {"epsilon": 0.05, "learning_rate": 0.1, "initial_accumulator": 0.3, "weight_decay": 0.2, "momentum": 0.7}
    return special.get(declared.name, float(declared.default))


def _mutants(rule: Optimizer) -> Iterator[tuple[str, str, Optimizer]]:
    """The page with one operation changed: the expression before and after, and the changed rule."""
    source = textwrap.dedent(inspect.getsource(rule.step))
    tree = ast.parse(source)
    places = [n for n in ast.walk(tree) if isinstance(n, ast.BinOp) and not isinstance(n.op, ast.BitOr)]
    for k, node in enumerate(places):
        changes: list[ast.expr] = [node.left, node.right]
        turned = _TURNED.get(type(node.op))
        if turned is not None:
            changes.append(ast.BinOp(node.left, turned(), node.right))
        if isinstance(node.op, ast.Add) and isinstance(node.left, ast.Call):  # sqrt(v) + e coded as sqrt(v + e)
            inside = copy.deepcopy(node.left)
            inside.args[0] = ast.BinOp(inside.args[0], ast.Add(), node.right)
            changes.append(inside)
        for change in changes:
            mutant = copy.deepcopy(tree)
            target = [n for n in ast.walk(mutant) if isinstance(n, ast.BinOp) and not isinstance(n.op, ast.BitOr)][k]
            changed = _Swap(target, change).visit(mutant)
            namespace: dict[str, Any] = dict(vars(operations)) | {"np": np}
            module = inspect.getmodule(rule.step)
            namespace |= vars(module) if module else {}
            code = compile(ast.fix_missing_locations(changed), "<an optimizer's page, changed>", "exec", dont_inherit=True,
                           flags=__import__("__future__").annotations.compiler_flag)  # fmt: skip
            exec(code, namespace)  # noqa: S102  # the page's own source, with one operation changed
            yield (
                ast.unparse(node), ast.unparse(change),
                replace(rule, step=namespace[rule.step.__name__]),
            )  # fmt: skip


class _Swap(ast.NodeTransformer):
    def __init__(self, target: ast.AST, change: ast.expr) -> None:
        self.target, self.change = target, change

    def visit(self, node: ast.AST) -> Any:
        return copy.deepcopy(self.change) if node is self.target else self.generic_visit(node)
