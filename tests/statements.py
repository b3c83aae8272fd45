"""Every statement of an outcome's sentence, checked against the run and what is known of it, for tests of outcomes."""

import re
from dataclasses import dataclass

import numpy as np

from fallline.problems import NetworkObjective


@dataclass(frozen=True)
class Truth:
    """What is known of a run beforehand.

    lowest: the lowest loss of the landscape; point: what the run's end is, where its gradient vanishes or is 0;
    bound: the stability bound of its learning rate; unstable: whether it can never converge; kinds: what the outcome may be.
    """

    lowest: float | None = None
    point: str | None = None
    bound: float | None = None
    unstable: bool = False
    kinds: tuple[str, ...] = ()


def false_statements(run, truth):
    """The statements of the run's outcome that are not so; [] if all are."""
    kind, said = run.outcome.kind, run.outcome.sentence
    losses, steps = run.losses, run.steps
    w = min(steps, max(8, steps // 4))
    late = losses[-w - 1 :]
    rises = int((np.diff(late) > 0).sum())
    wrong = []

    def claim(text, holds):
        if re.search(text, said) and not holds:
            wrong.append(text)

    def number(text):
        found = re.search(text, said)
        return float(found.group(1)) if found else None

    if truth.kinds and kind not in truth.kinds:
        wrong.append(f"{kind} is not one of {truth.kinds}")
    if kind != "diverged" and not np.isfinite(losses).all():
        wrong.append("a loss is not finite")
    if kind == "diverged" and np.isfinite(losses).all() and np.abs(losses).max() <= 1e6 * max(1, abs(losses[0])):
        wrong.append("no loss passed the cap")
    claim("Rising:", late[-1] > late[0])
    claim("at every step", rises == w)
    claim("Still descending", late[-1] < late[0])
    claim("It is above its start", losses[-1] > losses[0])
    claim("Oscillating", 0 < rises < w)
    claim("did not change", np.ptp(late) == 0)
    for text, value in (
        (r"It rose in (\d+) of", rises), (r"the loss rose (\d+) times", rises), (r", by (\S+) over the last", late[0] - late[-1]),
        (r"by only (\S+) in \d+ steps?;", np.ptp(losses)), (r"by only (\S+) in the last", np.ptp(late)),
        (r"Diverged(?: downward)? at step (\d+):", run.outcome.step), (r"gradient norm fell from (\S+) to", np.max(run.gradient_norms)),
        (r"gradient norm fell from \S+ to (\S+?)[ ,]", run.gradient_norms[-1]), (r"gradient norm (\d\S*)\.", run.gradient_norms[-1]),
    ):  # fmt: skip
        told = number(text)
        if told is not None and not np.isclose(told, value, rtol=6e-3, atol=1e-300):
            wrong.append(f"{text}: {value}")
    if truth.lowest is not None:
        claim("Converged", losses[-1] - truth.lowest <= 1e-6 * max(1, losses[0] - truth.lowest))
    claim("Converged", not truth.unstable and truth.point in (None, "minimum"))
    for text, point in (("on a saddle", "saddle"), ("at a maximum", "maximum"), ("at a minimum", "minimum"),
                        ("leads further down", "no minimum")):  # fmt: skip
        claim(text, truth.point == point)
    told = number(r"stability bound .* = (\S+) at")
    if told is not None:
        rate, bound = run.method.settings["learning_rate"], truth.bound
        if bound is None or not np.isclose(told, bound, rtol=6e-3):
            wrong.append(f"bound {told}")
        else:
            claim("lies above", rate > bound)
            claim("is the stability bound", np.isclose(rate, bound, rtol=2e-5))
            claim("lies far below", rate < bound / 10)
    claim("higher learning rate|larger learning rate|smaller learning rate|Try ", False)
    if isinstance(run.objective, NetworkObjective) and np.isfinite(run.path[-1]).all():
        wrong += _false_deaths(run)
    return wrong


def _false_deaths(run):
    """Deaths counted anew, step by step with plain loops over layers."""
    network, X = run.objective.network, run.objective.data.X
    alive = []  # by step: (layer, unit) of the living
    for w in run.path:
        A, here = X.astype(w.dtype), set()
        for layer, (weights, activation) in enumerate(
            zip(network.unpack(w), network.activations, strict=False), start=1
        ):
            Z = A @ weights[0] + (0 if weights[1] is None else weights[1])
            here |= {
                (layer, unit + 1)
                for unit in range(Z.shape[1])
                if (np.broadcast_to(activation.slope(Z), Z.shape)[:, unit] != 0).any()
            }
            A = activation(Z)
        alive.append(here)
    units = {(layer, unit + 1) for layer, n in enumerate(network.sizes[1:-1], start=1) for unit in range(n)}
    died = {}
    for who in units - alive[-1]:
        died[who] = max((t + 1 for t, here in enumerate(alive) if who in here), default=0)
    told = {(d["layer"], d["unit"]): d["step"] for d in run.outcome.evidence["died"]}
    wrong = [] if told == died else [f"died {told}, not {died}"]
    named = re.match(r".*?slope 0 for every sample", run.outcome.sentence)
    if bool(died) != bool(named):
        wrong.append("a death is not what the sentence begins with")
    for layer in re.findall(r"ll units of layer (\d+)", run.outcome.sentence):
        if {(int(layer), u + 1) for u in range(network.sizes[int(layer)])} - set(died):
            wrong.append(f"layer {layer} lives")
    return wrong
