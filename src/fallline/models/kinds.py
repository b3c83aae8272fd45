"""The kinds of targets: what a model answers with, and the loss that it is trained with."""

from __future__ import annotations

from typing import Literal

__all__ = ["LOSS_OF", "SCORES", "Kind"]

Kind = Literal["classes", "labels", "values"]
"""classes
    One of several classes a row: one-hot rows of targets, and a probability of each class as the answer.
labels
    Several labels a row, each 0 or 1, and a probability of each.
values
    Numbers."""

LOSS_OF: dict[Kind, str] = {"classes": "cross_entropy", "labels": "logistic", "values": "half_squared_error"}
"""The loss for each kind of targets."""

SCORES: dict[Kind, tuple[str, str]] = {
    "classes": ("accuracy", "log_loss"), "labels": ("accuracy", "log_loss"), "values": ("rmse", "r2"),
}  # fmt: skip
"""The scores of each kind of targets."""
