"""A map around a fit: its network on its training samples, over two settings."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from fallline.errors import UsageError
from fallline.maps.map import Map
from fallline.maps.mapping import map as train_map
from fallline.models.fitting import Fit
from fallline.problems import NetworkObjective

__all__ = ["plane_of"]

Floats = NDArray[Any]


def plane_of(fit: Fit, X: Floats, T: Floats, x: Any, y: Any, **settings: Any) -> Map:
    """Return a map of the fitted network, trained on its samples with the fit's optimizer and batch.

    Parameters
    ----------
    fit
        The fit.
    X, T
        Samples, such as those that it was fitted to.
    x, y
        Axes, as `fallline.map` takes them.
    **settings
        Further arguments of `fallline.map`.

    Raises
    ------
    UsageError
        A setting is given that the fit has.
    """
    e, how = fit.ensemble, fit.settings.how
    for name in ("optimizer", "data"):
        if name in settings:
            raise UsageError(f"{name} is that of the fit: leave it out.")
    samples = NetworkObjective(e.network, (e.scaling(X), (T - e.centre) / e.spread))
    batch = fit.settings.batch_of(len(X))
    own = {name: value for name, value in how.values.items() if not name.startswith("schedule.")}
    for axis in (x, y):
        own.pop(str(axis[0] if isinstance(axis, tuple) else axis).partition("=")[0], None)
    defaults: dict[str, Any] = {
        "size": 64, "steps": 200, "starts": 1, "seed": fit.settings.seed, "initial": fit.settings.initial,
        "batch": None if batch == len(X) else batch, "dtype": "float32",
    }  # fmt: skip
    chosen = {name: value for name, value in (own | defaults).items() if value is not None} | settings
    return train_map(samples, x=x, y=y, optimizer=how.optimizer, **chosen)
