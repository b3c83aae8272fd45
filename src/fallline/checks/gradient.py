"""`check_gradient`: whether a gradient is right; if not, where it goes wrong, and why."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from fallline.checks.presentation.verdict import Verdict
from fallline.checks.reference.declarations import Declarations
from fallline.checks.reference.draws import draw
from fallline.checks.reference.user_data import Data, user_data
from fallline.checks.subjects.network import check_network
from fallline.checks.subjects.own_functions import own_settings
from fallline.checks.subjects.subject import subject_of
from fallline.errors import UsageError
from fallline.textbook.activations import Activation
from fallline.textbook.landscapes import Landscape
from fallline.textbook.losses import Loss
from fallline.textbook.network import Network, Reduction
from fallline.textbook.optimizers import Optimizer

__all__ = ["check_gradient"]

Function = Callable[..., Any]


def check_gradient(
    function: Callable[..., Any],
    network: Network | str | Sequence[int] | Landscape | Activation | Loss | Optimizer | Callable[..., Any],
    *,
    activation: str | Activation | Function | Sequence[str | Activation | Function] = "relu",
    loss: str | Loss | Function = "cross_entropy",
    reduction: Reduction | None = None,
    l2: float = 0.0,
    bias: bool = True,
    ascent: bool = True,
    data: Data | None = None,
    seed: int = 0,
    tolerance: float | None = None,
) -> Verdict:
    """Check a gradient: where it goes wrong, and why.

    Parameters
    ----------
    function
        The gradient. `gradient(parameters, X, T)`, which returns the structure of the parameters (layers, a flat
        vector, a dictionary, a list), or a function whose arguments have the field's names (W1, b1, ..., V, H1, Y).
        Of a landscape: a function of its coordinates. Of an activation: its slope(z), or a class with that method. Of a
        loss: its delta(Z, T). Of an optimizer: its step(w, g, state, t, **settings), a function of w, g, m, v, t and
        settings by their usual names, or a class.
    network
        The subject of the gradient: a network or its sizes; a landscape, a function of coordinates, or its name;
        an activation, a loss, an optimizer, or its name.
    activation, loss, reduction, l2, bias
        Of the network, if `network` is its sizes. An activation may be a function of z, and a loss a function of logits
        and targets, `f(Z, T)`, which returns one number for each sample, or the sum or mean of all; or of the parameters,
        `f(parameters, X, T)`, which then decides alone. Without `reduction`, the sum and the mean over the samples are both
        right; if it is given, the other is a fault.
    ascent
        Whether the gradient of minus the loss is right, too, for those who climb.
    data
        Samples to check it on: a `Dataset`, (X, T), or a file. Without it they are drawn at random.
    seed
        Key of the random weights and samples.
    tolerance
        Relative error that counts as rounding; 1e-9 unless given, 2e-5 for results in single precision.

    Notes
    -----
    Conventions are not faults: sum or mean over the samples, ascent or descent, half or full squared error, samples as
    rows or columns. The verdict names them. A setting that is given binds: with `reduction="mean"` the gradient of the
    sum is wrong, with `loss="half_squared_error"` that of the whole squared error, and with `ascent=False` that of minus
    the loss.

    Examples
    --------
    >>> from fallline import Network
    >>> from fallline.textbook.network import loss_and_gradient
    >>> network = Network.of("2-3-2-3")
    >>> def gradient(parameters, X, T):
    ...     (W1, b1), (W2, b2), (V, c) = loss_and_gradient(network, parameters, X, T)[1]
    ...     return (W1, b1), (-W2, b2), (V, c)
    >>> verdict = check_gradient(gradient, network)
    >>> verdict.right, verdict.faults
    (False, ('the sign of dW2 is wrong',))
    >>> check_gradient(lambda x, y: (2 * x, 3 * y), lambda x, y: x**2 + y**2).faults
    ('∂f/∂y is 1.5 times what it should be',)
    """
    if not callable(function):
        raise UsageError(f"function must be a gradient that can be called; got {function!r}.")
    own = own_settings(network, activation, loss, reduction)
    reduction = own.reduction
    settings = {"activation": own.activation, "loss": own.loss, "reduction": reduction or "sum", "l2": l2, "bias": bias}
    subject = subject_of(network, function, **settings)
    if isinstance(subject, Network) and reduction is not None:
        subject = subject.with_(reduction=reduction)
    declared = Declarations.of(
        reduction=reduction, loss=own.loss, ascent=ascent, of_parameters=own.of_parameters is not None
    )
    if not isinstance(subject, Network):
        from fallline.checks.subjects.rules import check_rule

        return check_rule(function, subject, declared, seed=seed, tolerance=tolerance)
    groups = draw(subject, user_data(data, subject), seed, declared)
    return check_network(function, subject, groups, tolerance, own.of_parameters)
