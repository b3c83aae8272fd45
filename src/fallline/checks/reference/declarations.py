"""What the caller has declared about the loss, and what is therefore no convention."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from fallline.textbook.losses import LOSSES

__all__ = ["NOTHING", "Declarations"]


@dataclass(frozen=True)
class Declarations:
    """The settings that the caller gave explicitly. A gradient that departs from one of them is wrong.

    Parameters
    ----------
    reduction
        "sum" or "mean" over the samples, where it was given. Otherwise it is "", and either is right.
    constant
        Whether the constant factor of the loss was given: "half_squared_error" says that there is a 1/2, and that the
        loss is not divided by the number of outputs; a loss of the user's own has its factor. "squared_error" is used
        with and without both.
    ascent
        Whether the gradient of minus the loss is allowed, for those who climb.
    of_parameters
        Whether the caller gave a loss of the parameters, which decides alone. The network's own loss is then not declared.

    Examples
    --------
    >>> Declarations.of(reduction="mean", loss="squared_error")
    Declarations(reduction='mean', constant=False, ascent=True, of_parameters=False)
    """

    reduction: Literal["sum", "mean", ""] = ""
    constant: bool = False
    ascent: bool = True
    of_parameters: bool = False

    @classmethod
    def of(
        cls,
        *,
        reduction: Literal["sum", "mean"] | None = None,
        loss: Any = None,
        ascent: bool = True,
        of_parameters: bool = False,
    ) -> Declarations:
        """The declarations of those settings; None stands for a setting that was not given."""
        name = loss if isinstance(loss, str) else next((l.name for l in LOSSES.values() if l is loss), "")
        return cls(reduction or "", name in ("half_squared_error", ""), ascent, of_parameters)

    def allow(self, *, sign: int, constant: float, per_sample: int) -> bool:
        """Whether a gradient with these factors (see `Convention`) is the declared one."""
        return (
            (sign > 0 or self.ascent)
            and (per_sample == 0 or not self.reduction)
            and (constant == 1 or not self.constant)
        )


NOTHING = Declarations()
"""Nothing was declared: every convention is right."""
