"""What the user's code may mean by the declared network: class numbers as targets, and errors of squashed outputs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from fallline.checks.calling.point import Form
from fallline.checks.reference.draws import Group
from fallline.checks.reference.loss_family import FAMILY, scaled
from fallline.textbook.network import Network

__all__ = ["in_form", "networks_meant"]

_SQUARED = {"half_squared_error": (1.0,), "squared_error": (2.0, 1.0)}
"""What half the squared error is multiplied by; "squared_error" is said of both."""


def networks_meant(network: Network) -> Iterator[tuple[str, Network]]:
    """The declared network, and what it may mean too, with its words.

    A squared error is that of the last layer's outputs, which people squash as they do the hidden ones.
    """
    yield "", network
    for factor in _SQUARED.get(network.loss.name, ()):
        for member in FAMILY:
            squashed = member.loss.name.startswith("half_squared_error_of_")
            if squashed and not (
                network.sizes[-1] == 1 and "softmax" in member.loss.name
            ):  # a single softmax is always 1
                words = member.words if factor == 1 else member.words.removeprefix("half ")
                yield words, network.with_(loss=scaled(member.loss, factor))


def in_form(group: Group, form: Form) -> Group:
    """The draws as that form has them: labels of several outputs are one-hot where the function takes class numbers."""
    outputs = group.network.sizes[-1]
    if group.network.loss.targets != "labels" or outputs == 1 or "numbers" not in form.targets:
        return group
    powers = 2 ** np.arange(outputs)
    loss = replace(group.network.loss, targets="classes")
    network = group.network.with_(loss=loss)
    return replace(group, network=network, T=np.eye(outputs)[(group.T @ powers).astype(np.int64) % outputs])
