"""A model's report in a few sentences: how good it is, whether a linear model would do, which column counts, how training ended."""

from __future__ import annotations

import math

from fallline.report.fitted.findings import Findings
from fallline.views.numerals import number, percent

__all__ = ["headlines"]


def headlines(found: Findings) -> list[str]:
    """Return the sentences of the first chapter."""
    lines = [_score(found), _linear(found)]
    means = {name: float(values.mean()) for name, values in found.falls.items()}
    best = max(means, key=lambda name: means[name])
    if len(means) > 1 and means[best] > 0:
        lines.append(
            f"The most important column is {best}: with its cells shuffled, the {found.score} falls by {number(means[best], 2)}."
        )
    if found.calibration is not None:
        lines.append(
            f"Its probabilities and the shares of right answers differ by {percent(found.calibration.error)} in the mean."
        )
    return [*[line for line in lines if line], found.model.summary.outcome]


def _score(found: Findings) -> str:
    summary, kind = found.model.summary, found.model.kind
    rows = summary.test or summary.validation
    if not rows:
        return "No rows were kept to judge the networks, so this report judges them by the rows that they learned from."
    first, last = rows[0].scores, rows[-1].scores
    if kind == "values":
        told = f"a typical error (RMSE) of {number(first['rmse'] or 0.0, 3)}, where a constant has {number(last['rmse'] or 0.0, 3)}"
    else:
        told = f"{_percent(first['accuracy'])} right, where a constant answer has {_percent(last['accuracy'])}"
    return f"{found.judged.words}: {told}."


def _percent(share: float | None) -> str:
    return f"{100 * (share or 0.0):.1f} %"


def _linear(found: Findings) -> str:
    """Whether the network is better than a linear model: by more than twice the standard error of the difference, or not."""
    gain, error = found.gain
    if math.isnan(gain) or found.model.ensemble.network.hidden == 0:
        return ""
    if found.model.kind == "values":
        much = f"its squared error is {abs(100 * gain):.1f} % {'lower' if gain > 0 else 'higher'} than a linear model's"
    else:
        much = f"it is {abs(100 * gain):.1f} points {'better' if gain > 0 else 'worse'} than a linear model"
    error_text = f"± {100 * error:.1f}"
    if abs(gain) > 2 * error and gain != 0:
        return f"On the same rows {much} ({error_text}, one standard error)."
    return f"A linear model may do as well: on the same rows {much}, which is within two standard errors ({error_text} each)."
