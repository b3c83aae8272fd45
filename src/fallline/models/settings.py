"""The settings of a fit, declared once: Python, the command line and the estimators read them from here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fallline.data.preparing.scaling import Scaling
from fallline.errors import SettingError, UnknownNameError, UsageError, shown
from fallline.experiment.method import Method, method
from fallline.models.scaling import SCALINGS
from fallline.number_text import read_whole
from fallline.settings import SETTINGS, Setting, checked_dtype
from fallline.textbook.activations import Activation, activation
from fallline.textbook.initial import Initial, initial
from fallline.textbook.optimizers import Optimizer, optimizer

__all__ = ["DECLARED", "INITIAL", "FitSettings", "fit_settings", "hidden_of"]

DECLARED: dict[str, Setting] = {
    s.name: s
    for s in (
        Setting("epochs", "E", "passes over the training samples, at most", 256, 1, 10**6, whole=True),
        Setting("patience", "", "epochs without a lower validation loss after which a start ends; 0 for no such end", 64, 0,
                10**6, whole=True),
        Setting("batch", "B", "samples in a minibatch; 0 for all of them", 32, 0, whole=True),
        Setting("ensemble", "N", "starts that are trained; their answers are averaged", 32, 1, 4096, whole=True),
        Setting("folds", "", "parts of the samples, each kept from a part of the ensemble; 1 for a single split", 4, 1, 64,
                whole=True),
        Setting("validation", "", "share of the samples that judges a single split", 0.2, 0, 0.9),
        Setting("label_smoothing", "", "share of each class's target that is spread over all classes", 0.0, 0, 1,
                high_included=False),
        Setting("l2", r"\lambda_2", "L2 penalty: l2/2 times the sum of squared weights", 0.01, 0),
        SETTINGS["seed"],
    )
}  # fmt: skip
"""The settings of a fit that are numbers."""

INITIAL = "glorot_uniform"
"""The distribution of the first weights, unless the user has one."""

ADAM_RATES = {4000: 0.002, 2000: 0.005, 1000: 0.01, 500: 0.02, 0: 0.03}
"""The learning rate of Adam, unless the user has one, by the fewest steps for which it is taken. With 0.01 most starts of long runs
were best after less than ten epochs; with 0.002 those of short runs do not arrive."""


PRIOR = 2.0
"""The L2 penalty of n samples is PRIOR / n, and at most its declared default: what a normal distribution of the weights, of variance
1 / PRIOR, asks for when the mean loss is that of n samples. With many samples it is weak, with few it holds the network back."""


REFIT_MOST = 1000
"""The most samples for which starts are trained again on all of them, unless the user says so. The fewer there are, the more those of
a fold are missed; with many, the second training doubles the time for little."""


@dataclass(frozen=True)
class FitSettings:
    """Everything that decides how a network is fitted to samples.

    Attributes
    ----------
    hidden
        Units of the hidden layers; () for a linear model.
    activation, initial
        Of the hidden layers, and of the first weights.
    how, own_rate
        Optimizer and its settings; whether the learning rate is the user's. Schedule and rate are made for the length of the run.
    schedule
        Of the learning rate.
    epochs, patience, ensemble, folds, validation, label_smoothing, seed
        See `DECLARED`.
    l2
        L2 penalty: l2/2 times the sum of squared weights, added to the mean loss; None for 2 divided by the number of samples, and
        at most 0.01.
    batch
        Samples in a minibatch; 0 for all of them; None for about a sixteenth of them, from 4 to 128.
    scaling
        Of the inputs: one of `SCALINGS`.
    dtype
        Precision of the arithmetic.
    refit
        Whether the starts are trained again on all samples, up to the epoch that their fold chose; None for whether there are at
        most `REFIT_MOST` samples.
    """

    hidden: tuple[int, ...] = (64, 32)
    activation: Activation = field(default_factory=lambda: activation("relu"))
    initial: Initial = field(default_factory=lambda: initial(INITIAL))
    how: Method = field(default_factory=lambda: method("adam"))
    own_rate: bool = False
    schedule: str = "cosine"
    epochs: int = 256
    patience: int = 64
    batch: int | None = None
    ensemble: int = 32
    folds: int = 4
    validation: float = 0.2
    label_smoothing: float = 0.0
    l2: float | None = None
    seed: int = 0
    scaling: Scaling = "standard"
    dtype: str = "float64"
    refit: bool | None = None

    def rate_of(self, samples: int) -> float:
        """Return the learning rate for so many samples: the user's, or one by the number of steps.

        >>> FitSettings().rate_of(1000), FitSettings(epochs=10).rate_of(1000)
        (0.002, 0.03)
        """
        if self.own_rate or self.how.optimizer.name not in ("adam", "adamw"):
            return float(self.how.values.get("learning_rate", 1.0))  # a user's own optimizer may have none
        steps = samples // self.batch_of(samples) * self.epochs
        return next(rate for fewest, rate in ADAM_RATES.items() if steps >= fewest)

    def l2_of(self, samples: int) -> float:
        """Return the L2 penalty for so many samples.

        >>> FitSettings().l2_of(1000), FitSettings().l2_of(50), FitSettings(l2=0.1).l2_of(1000)
        (0.002, 0.01, 0.1)
        """
        if self.l2 is not None:
            return self.l2
        return min(DECLARED["l2"].default, PRIOR / samples)

    def refit_of(self, samples: int) -> bool:
        """Return whether so many samples are all learned in the end.

        >>> FitSettings().refit_of(1000), FitSettings().refit_of(1001), FitSettings(refit=True).refit_of(1001)
        (True, False, True)
        """
        return samples <= REFIT_MOST if self.refit is None else self.refit

    def batch_of(self, samples: int) -> int:
        """Return how many samples a minibatch has: a power of two, unless `batch` says otherwise.

        >>> FitSettings().batch_of(1000), FitSettings(batch=0).batch_of(1000), FitSettings().batch_of(3)
        (32, 1000, 3)
        """
        if self.batch is not None:
            return min(self.batch or samples, samples)
        power = 1 << max(0, (samples // 16).bit_length() - 1)
        return min(samples, max(4, min(128, power)))


def fit_settings(
    *,
    hidden: Any = FitSettings.hidden,
    activation_: str | Activation = "relu",
    initial_: str | Initial = INITIAL,
    optimizer_: str | Optimizer | Method = "adam",
    learning_rate: float | None = None,
    optimizer_settings: Mapping[str, Any] | None = None,
    schedule: str = "cosine",
    scaling: str = FitSettings.scaling,
    dtype: str = "float64",
    refit: bool | None = None,
    **numbers: Any,
) -> FitSettings:
    """Return checked settings from names and texts.

    Raises
    ------
    UnknownNameError
        There is no such activation, optimizer, schedule, scaling, or setting.
    SettingError
        A value is out of range.

    Examples
    --------
    >>> fit_settings(hidden="16,8", epochs=50).hidden
    (16, 8)
    >>> fit_settings(ensemble=0)
    Traceback (most recent call last):
    fallline.errors.SettingError: ensemble must be a whole number in [1, 4096]; got 0.
    """
    for name in numbers:
        if name not in DECLARED:
            raise UnknownNameError("setting of a fit", name, [*DECLARED, *FitSettings.__dataclass_fields__])
    checked = {name: DECLARED[name].check(value) for name, value in numbers.items() if value is not None}
    if scaling not in SCALINGS:
        raise UnknownNameError("scaling", scaling, SCALINGS)
    settings: Any = {**checked, "hidden": hidden_of(hidden), "activation": activation(activation_), "schedule": schedule,
                     "initial": initial(initial_), "how": _method(optimizer_, learning_rate, optimizer_settings),
                     "scaling": scaling, "dtype": checked_dtype(dtype), "refit": refit if refit is None else bool(refit),
                     "own_rate": learning_rate is not None or isinstance(optimizer_, Method)
                     or "learning_rate" in (optimizer_settings or {})}  # fmt: skip
    method("gradient_descent", schedule)  # its name is checked before any work
    return FitSettings(**settings)


def hidden_of(value: Any) -> tuple[int, ...]:
    """Return the units of hidden layers from numbers or text.

    >>> hidden_of("16,8"), hidden_of([16]), hidden_of(16), hidden_of("")
    ((16, 8), (16,), (16,), ())
    """
    units = Setting("hidden", "", "units of a hidden layer", 1, 1, 10**6, whole=True)
    if isinstance(value, str):
        parts = [part for part in value.replace("-", ",").split(",") if part.strip()]
        return tuple(int(units.check(read_whole(part, "hidden"))) for part in parts)
    if isinstance(value, list | tuple) or (hasattr(value, "ndim") and value.ndim == 1):
        return tuple(int(units.check(part)) for part in value)
    return (int(units.check(value)),)


def _method(name: str | Optimizer | Method, rate: float | None, settings: Mapping[str, Any] | None) -> Method:
    if isinstance(name, Method):
        if rate is not None or settings:
            raise UsageError("learning_rate and optimizer_settings belong into the method that is given as optimizer.")
        return name
    if settings is not None and not isinstance(settings, Mapping):
        raise SettingError(f'optimizer_settings must be settings by name, {{"momentum": 0.9}}; got {shown(settings)}.')
    own = dict(settings or {})
    record = optimizer(name)
    if rate is not None:
        own["learning_rate"] = rate
    return method(record, **own)
