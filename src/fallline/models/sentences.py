"""How a fit ended, in words."""

from __future__ import annotations

import numpy as np

from fallline.models.fitting import Fit
from fallline.models.settings import FitSettings

__all__ = ["outcome_sentence", "settings_words"]


def outcome_sentence(fit: Fit) -> str:
    """Return what became of the starts: their best epochs, their validation losses, how many diverged, what to change.

    Examples
    --------
    >>> from fallline.models.fitting import FitSettings, fit_samples
    >>> X = np.linspace(-1, 1, 40)[:, None]
    >>> fitted = fit_samples(X, X**2, "values", FitSettings(hidden=(4,), ensemble=4, folds=2, epochs=20))
    >>> outcome_sentence(fitted)[:40]
    '4 starts of the network 1-4-1, trained f'
    """
    members, network = fit.members, fit.ensemble.network
    starts = len(members.best_epoch)
    words = [f"{starts:,} start{'s' if starts != 1 else ''} of the network {network.text}, trained for "
             f"{_range(members.last_epoch)} epochs"]  # fmt: skip
    alive = fit.alive
    if members.validation_curve.size:
        best = members.kept_losses[alive]
        kept = "and then on all samples up to" if fit.judges is not fit.ensemble else "kept at"
        words.append(
            f"{kept} the best epoch of their fold ({_range(members.best_epoch[alive])}, median {np.median(members.best_epoch[alive]):.0f}); "
            f"validation loss {np.median(best):.4g} in the median, {best.min():.4g} to {best.max():.4g}"
        )
    else:
        words.append("each at its last epoch, because no samples were kept for validation")
    text = ", ".join(words) + "."
    dead, late = int(members.diverged.sum()), int((members.best_epoch >= 0.98 * fit.settings.epochs).sum())
    if dead:
        text += (
            f" {dead} diverged{'' if alive.all() else f', {int((~alive).sum())} at once: they are left out'}; "
            f"take a smaller learning rate than {fit.settings.rate_of(len(fit.kept)):g}."
        )
    if members.validation_curve.size and late > starts / 2:
        text += f" {late} still improved at the end: more epochs may help."
    if members.arithmetic == "numpy":
        text += " No kernel can be compiled for the network; it was trained with NumPy, whose last bits depend on the machine."
    return text


def _range(values: np.ndarray) -> str:
    low, high = int(values.min()), int(values.max())
    return f"{low}" if low == high else f"{low} to {high}"


def settings_words(settings: FitSettings, samples: int) -> str:
    """Return the settings of a fit in words.

    >>> settings_words(FitSettings(), 150)
    'ReLU, Adam, learning rate 0.002, schedule cosine, batch 8, at most 256 epochs, 4 folds'
    """
    words = [settings.activation.label] if settings.hidden else []
    words.append(str(settings.how.with_({"learning_rate": settings.rate_of(samples)})))
    if settings.schedule != "constant":
        words.append(f"schedule {settings.schedule}")
    words += [f"batch {settings.batch_of(samples)}", f"at most {settings.epochs} epochs"]
    words.append(f"{settings.folds} folds" if settings.folds > 1 else f"validation share {settings.validation:g}")
    return ", ".join(words)
