"""The `equations` command."""

from __future__ import annotations

from typing import Any, Literal

from fallline.cli.encoding import print_document
from fallline.cli.method_flags import Assigned, MethodFlags, chosen_settings, optimizer_of
from fallline.cli.options import Whole
from fallline.errors import UsageError

__all__ = ["equations"]


def equations(
    what: str,
    *,
    form: Literal["units", "matrix"] = "matrix",
    format: Literal["text", "latex", "mathml"] = "text",
    activation: str = "relu",
    loss: str = "cross_entropy",
    reduction: Literal["sum", "mean"] = "sum",
    parametrization: str = "standard",
    base_width: Whole = 1,
    optimizer: str | None = None,
    schedule: str = "",
    flags: MethodFlags = None,
    assigned: Assigned = (),
) -> int:
    """Write the equations of a network, landscape, optimizer, activation, loss or schedule.

    With --optimizer, those of the step by which a network or landscape is trained, too.

    Args:
        what: 2-3-2-3, rosenbrock, momentum, relu, cross_entropy, cosine, ..., or FILE.py:NAME for your own landscape.
        form: Unit by unit, or in matrices.
        format: Plain text, LaTeX or MathML.
        activation: Of a network's hidden layers.
        loss: Of a network.
        reduction: Sum or mean of a network's loss over the samples.
        parametrization: How learning rates depend on the width of a network: standard, ntk, mean_field, mup.
        base_width: Width at which all parametrizations agree.
        optimizer: Of the step: a name, or one of your own, FILE.py:NAME. Layers have learning rates by --set learning_rate.2=0.1
        schedule: Of the learning rate: constant, step_decay, exponential, inverse_time, cosine, warmup.
    """
    from fallline.cli.textbook_object import textbook_object
    from fallline.experiment.method import method
    from fallline.views.equations import equations as written

    network: dict[str, Any] = {"activation": activation, "loss": loss, "reduction": reduction}
    network |= {"parametrization": parametrization, "base_width": base_width}
    settings, decay = chosen_settings(schedule or "constant", flags, assigned)
    how = None if optimizer is None else method(optimizer_of(optimizer), decay, **settings)
    if how is None and (settings or schedule):
        raise UsageError(
            f"{'a schedule' if schedule else next(iter(settings))} needs --optimizer, the step that has it."
        )
    result = written(textbook_object(what, **network), form=form, method=how)
    if format == "text":
        print(result.text())
    else:
        print_document({"latex": result.latex, "mathml": result.mathml}[format]() + "\n")
    return 0
