"""What the notebook has wrong: each slip with what it does, in numbers, and what is right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fallline.report.maths import equations_of
from fallline.report.results import Results
from fallline.report.words import fixed, joined, point, sentence, share
from fallline.views.equations.sections import Section

__all__ = ["Slip", "slips_of"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Slip:
    """A slip: what stands in the notebook, what follows from it, and the equations that are right."""

    title: str
    said: str
    shown: tuple[str, ...]
    right: Section | None = None


def slips_of(results: Results) -> list[Slip]:
    """The slips that the study wants shown, as far as it has what they need."""
    found = (_SLIPS[name](results) for name in results.study.slips)
    return [slip for slip in found if slip is not None]


def _shapes(r: Results) -> Slip | None:
    if r.forward is None:
        return None
    X, layers = r.forward.X, r.forward.network.unpack(r.forward.parameters)
    W1, V = layers[0].W, layers[-1].W
    h = np.asarray(r.forward.layers[-2][1]) if len(layers) > 1 else X
    shown = [_product("x", X.T, "W1", W1), _product("h", h, "V", V.T)]
    return Slip(
        "The matrices stand transposed to one another",
        "As printed, the example cannot run. Its x has a column for each sample, and its V a row for each unit that it leads to, "
        "while W1 has a row for each unit that it comes from.",
        (" ".join(shown), f"With a row for each sample, and for each unit that a matrix comes from, all products exist: X is "
         f"{_shape(X)}, W1 {_shape(W1)}, V {_shape(V)}. So the numbers of this report were found."),
    )  # fmt: skip


def _product(name: str, a: Floats, other: str, b: Floats) -> str:
    try:
        return f"{name} {other}, {_shape(a)} times {_shape(b)}, gives {_shape(a @ b)}."
    except ValueError:
        return f"{name} {other}, {_shape(a)} times {_shape(b)}, does not exist."


def _bias_of_h2(r: Results) -> Slip | None:
    if (
        r.forward is None
        or r.forward.network.sizes[0] < 2
        or r.forward.network.sizes[1] < 2
        or not r.forward.network.bias
    ):
        return None
    W, b = (np.asarray(part) for part in r.forward.network.unpack(r.forward.parameters)[0])
    X = r.forward.X
    f = r.forward.network.activations[0]
    right = np.asarray(r.forward.layers[0][1])[:, 1]
    slipped = np.asarray(f(W[0, 1] * X[:, 0] + W[1, 1] * X[:, 0] + b[0]))
    changed = int((right != slipped).sum())
    forward = equations_of(r.forward.network, "units").section("forward")
    return Slip(
        "The equation of h2 has the wrong indices",
        "It takes the input x1 twice, and the bias of unit 1.",
        (f"For the {len(X)} samples above, h2 is {point(right, 2)}. With the slip it would be {point(slipped, 2)}: "
         f"wrong for {changed} of {len(X)}.",),
        Section("Unit 2 of layer 1", forward.equations[1:2]),
    )  # fmt: skip


def _sign_of_loss(r: Results) -> Slip | None:
    if r.problem is None or not r.fits:
        return None
    run = r.fits[0].run
    w, rate = run.start, run.method.settings["learning_rate"]
    loss, gradient = r.problem.loss_and_gradient(w)
    down, up = r.problem.loss(w - rate * gradient), r.problem.loss(w + rate * gradient)
    return Slip(
        "The loss is printed without its minus sign",
        "What is printed is the log-likelihood. It is to be climbed, and the loss, its negative, to be descended.",
        (f"At the start the loss is {fixed(float(loss))}, so the printed quantity is {fixed(-float(loss))}. One step of learning "
         f"rate {rate:g} down the loss leads to {fixed(float(down))}; one step down the printed quantity to a loss of "
         f"{fixed(float(up))}.",),
        equations_of(r.problem.network, "units").section("loss"),
    )  # fmt: skip


def _free_indices(r: Results) -> Slip | None:
    if r.problem is None or not r.fits or not r.problem.network.bias:
        return None
    gradient = r.problem.network.unpack(r.problem.loss_and_gradient(r.fits[0].run.start)[1])
    entries = np.asarray(gradient[-1].b)
    matrix = equations_of(r.problem.network, "units").section("gradient")
    total = float(entries.sum())
    shown = (
        f"At the start of {r.fits[0].name} the gradient for the output biases is {point(entries, 2)}, one number for each class.",
        f"Summed over the classes as well, it would be the single number {fixed(total, 2) if abs(total) > 5e-3 else 'zero, but for rounding'}."
        + (
            " That is no accident: for each sample both the probabilities and the targets sum to 1, so the differences cancel, "
            "and these biases would never move."
            if abs(total) < 1e-9 * np.abs(entries).sum()
            else ""
        ),
    )
    mine = f"b^{{({r.problem.network.depth})}}"
    biases = tuple(e for e in matrix.equations if mine in e.latex.split("=")[0])
    return Slip(
        "The sums in the bias gradients run over indices that should stay free",
        "A bias has a gradient of its own for each unit: the sum is over samples alone.",
        shown,
        Section("Gradient for the output biases", biases) if biases else None,
    )


def _overflow(r: Results) -> Slip | None:
    if r.problem is None or r.problem.network.loss.targets != "classes":
        return None
    k = r.problem.network.sizes[-1]
    Z = np.zeros((1, k))
    Z[0, 0] = 1000.0
    T = np.eye(k)[[k - 1]]
    with np.errstate(all="ignore"):
        naive = np.exp(Z) / np.exp(Z).sum()
        of_naive = -np.log((naive * T).sum())
    loss, output = r.problem.network.loss.value(Z, T).item(), r.problem.network.loss.output(Z)
    return Slip(
        "The softmax overflows, and the loss takes the log of a probability",
        "exp(z) is beyond the largest number for logits above 709.78, and the log of a probability that has been rounded to 0 is "
        "not finite.",
        (f"For the logits {point(Z[0], 0)} the notebook's softmax gives {_plain(naive[0])} and, for the last class, the loss "
         f"{'not a number' if np.isnan(of_naive) else fixed(of_naive)}.",
         f"Here the loss is taken from the logits by a shifted log-sum-exp: the probabilities are {point(output[0], 0)}, the loss "
         f"{fixed(loss, 0)}."),
    )  # fmt: skip


def _one_start(r: Results) -> Slip | None:
    if len(r.fits) < 2 or not r.comparisons or len(r.comparisons[0].comparison.summaries) < 2:
        return None
    ended = sorted((f for f in r.fits if np.isfinite(f.run.loss)), key=lambda f: f.run.loss)
    given = r.comparisons[0].comparison
    order = [f.name for f in ended if f.name in given.losses]
    if len(order) < 2:
        return None
    finals = np.stack([given.losses[name][:, -1] for name in order])
    kept = float((np.diff(finals, axis=0) > 0).all(axis=0).mean())
    plain = [f for f in ended if f.run.method.optimizer.name == "gradient_descent"]
    others = [f for f in ended if f.run.method.optimizer.name.startswith("momentum")]
    shown = []
    if plain and others:
        reach = [f.name for f in plain if f.run.loss <= 1.1 * others[0].run.loss]
        told = f"{others[0].name} ends at {fixed(others[0].run.loss)}; without momentum, "
        told += (
            f"only {reach[0]} comes within a tenth of that or below"
            if len(reach) == 1
            else f"{joined(reach) or 'none'} come so low"
        )
        shown.append(f"The notebook answers that momentum reaches what only the best learning rate reaches without it. For its start "
                     f"{'that holds' if len(reach) == 1 else 'that does not hold'}: {told}.")  # fmt: skip
    pair = given.pair(order[0], order[-1])
    shown.append(
        f"Yet the order of the notebook's {len(order)} runs is found again from {100 * kept:.1f} % of {given.starts:,} random "
        f"starts. {sentence(order[0])}, the best of them there, ends lower than {order[-1]}, the worst, from {share(pair.wins)} "
        "of these starts."
    )
    shown.append(
        "The comparison above asks the question with many starts, and with each method at its best learning rate."
    )
    return Slip(
        "The answer rests on one start and four runs",
        "Whether momentum helps is judged from one random start, at learning rates picked by hand.",
        tuple(shown),
    )


def _shape(array: Floats) -> str:
    return " by ".join(str(n) for n in array.shape)


def _plain(values: Floats) -> str:
    return "(" + ", ".join("not a number" if np.isnan(v) else fixed(float(v), 0) for v in values) + ")"


_SLIPS: dict[str, Callable[[Results], Slip | None]] = {
    "shapes": _shapes,
    "bias_of_h2": _bias_of_h2,
    "sign_of_loss": _sign_of_loss,
    "free_indices": _free_indices,
    "overflow": _overflow,
    "one_start": _one_start,
}
