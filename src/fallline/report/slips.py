"""The mistakes of the notebook: for each, its effect in numbers, and the correct equations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fallline.report.maths import equations_of
from fallline.report.results import Results
from fallline.report.words import fixed, point, share
from fallline.sentences import capital
from fallline.views.equations.sections import Section
from fallline.views.numerals import listed

__all__ = ["Slip", "slips_of"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Slip:
    """A mistake: what the notebook says, what follows from it, and the correct equations."""

    title: str
    said: str
    shown: tuple[str, ...]
    right: Section | None = None


def slips_of(results: Results) -> list[Slip]:
    """The slips that the study lists, without those for which it lacks the runs or the example."""
    slips = (_SLIPS[name](results) for name in results.study.slips)
    return [slip for slip in slips if slip is not None]


def _shapes(r: Results) -> Slip | None:
    if r.forward is None:
        return None
    X, layers = r.forward.X, r.forward.network.unpack(r.forward.parameters)
    W1, V = layers[0].W, layers[-1].W
    h = np.asarray(r.forward.layers[-2][1]) if len(layers) > 1 else X
    shown = [_product("x", X.T, "W1", W1), _product("h", h, "V", V.T)]
    return Slip(
        "The matrices are transposed inconsistently",
        "The example cannot run as printed. Its x has one column for each sample. Its V has one row for each unit of the next "
        "layer, but its W1 has one row for each unit of the layer before.",
        (" ".join(shown), f"With one row of X for each sample, and one row of W1 and V for each unit of the layer before, all products exist: X "
         f"is {_shape(X)}, W1 {_shape(W1)}, V {_shape(V)}. The numbers in this report were computed in this way."),
    )  # fmt: skip


def _product(name: str, a: Floats, other: str, b: Floats) -> str:
    try:
        return f"The product {name} {other}, {_shape(a)} times {_shape(b)}, gives {_shape(a @ b)}."
    except ValueError:
        return f"The product {name} {other}, {_shape(a)} times {_shape(b)}, does not exist."


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
        "It uses the input x1 twice, and the bias of unit 1 in place of the bias of unit 2.",
        (f"For the {len(X)} samples above, h2 is {point(right, 2)}. With the wrong indices it would be "
         f"{point(slipped, 2)}, which is wrong for {changed} of the {len(X)}.",),
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
        "The printed formula is the log-likelihood, which is maximised. The loss is its negative, and is minimised.",
        (f"At the start the loss is {fixed(float(loss))}, so the printed quantity is {fixed(-float(loss))}. One step of "
         f"gradient descent on the loss, with learning rate {rate:g}, leads to loss {fixed(float(down))}; the same step on the "
         f"printed quantity leads to loss {fixed(float(up))}.",),
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
        f"Summed over the classes as well, it would be a single number, {fixed(total, 2) if abs(total) > 5e-3 else 'zero up to rounding'}."
        + (
            " For each sample both the probabilities and the targets sum to 1, so their differences cancel: these biases would "
            "never change."
            if abs(total) < 1e-9 * np.abs(entries).sum()
            else ""
        ),
    )
    mine = f"b^{{({r.problem.network.depth})}}"
    biases = tuple(e for e in matrix.equations if mine in e.latex.split("=")[0])
    return Slip(
        "The sums in the bias gradients run over indices that should stay free",
        "The bias of each unit has its own gradient, which is a sum over the samples only.",
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
        "exp(z) overflows for logits above 709.78, and the logarithm of a probability that was rounded to 0 is not finite.",
        (f"For the logits {point(Z[0], 0)} the notebook's softmax gives {_plain(naive[0])}, and the loss for the last class is "
         f"{'not a number' if np.isnan(of_naive) else fixed(of_naive)}.",
         f"fallline computes the loss from the logits, with a shifted log-sum-exp: the probabilities are {point(output[0], 0)}, "
         f"the loss is {fixed(loss, 0)}."),
    )  # fmt: skip


def _one_start(r: Results) -> Slip | None:
    if len(r.fits) < 2 or not r.comparisons or len(r.comparisons[0].comparison.summaries) < 2:
        return None
    ended = sorted((f for f in r.fits if np.isfinite(f.run.loss)), key=lambda f: f.run.loss)
    comparison = r.comparisons[0].comparison
    order = [f.name for f in ended if f.name in comparison.losses]
    if len(order) < 2:
        return None
    finals = np.stack([comparison.losses[name][:, -1] for name in order])
    kept = float((np.diff(finals, axis=0) > 0).all(axis=0).mean())
    plain = [f for f in ended if f.run.method.optimizer.name == "gradient_descent"]
    others = [f for f in ended if f.run.method.optimizer.name.startswith("momentum")]
    shown = []
    if plain and others:
        reach = [f.name for f in plain if f.run.loss <= 1.1 * others[0].run.loss]
        ends = f"{others[0].name} ends at {fixed(others[0].run.loss)}; without momentum, "
        ends += (
            f"only {reach[0]} ends at most a tenth above that"
            if len(reach) == 1
            else f"{listed(reach) or 'none'} end at most a tenth above that"
        )
        shown.append(f"The notebook concludes that momentum reaches a loss that gradient descent without momentum reaches only with its best learning rate. For its start "
                     f"{'this is true' if len(reach) == 1 else 'this is not true'}: {ends}.")  # fmt: skip
    pair = comparison.pair(order[0], order[-1])
    shown.append(
        f"But from {100 * kept:.1f} % of {comparison.starts:,} random starts the {len(order)} runs end in the same order. "
        f"{capital(order[0])}, the best from the notebook's start, ends lower than {order[-1]}, the worst, from "
        f"{share(pair.wins)} of the random starts."
    )
    shown.append(
        "The comparison above answers the question from many starts, with each method at its best learning rate."
    )
    return Slip(
        "The answer rests on one start and four runs",
        "The notebook judges whether momentum helps from one random start, at hand-picked learning rates.",
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
