"""The objective of a network with another width, depth, activation, loss or parametrization, or on changed data."""

from __future__ import annotations

from collections.abc import Iterable

from fallline.data.dataset import Dataset
from fallline.errors import SettingError, UsageError
from fallline.problems import NetworkObjective, Objective
from fallline.textbook.activations import Activation
from fallline.textbook.losses import Loss
from fallline.textbook.parametrizations import Parametrization

__all__ = ["architecture_text", "with_architecture", "with_data"]


def with_architecture(
    objective: Objective,
    *,
    width: int | None = None,
    depth: int | None = None,
    activation: Activation | None = None,
    loss: Loss | None = None,
    parametrization: Parametrization | None = None,
) -> NetworkObjective:
    """The same data and a network of the same inputs and outputs, changed where a value is given.

    Parameters
    ----------
    width
        Units of all hidden layers.
    depth
        Number of hidden layers, of the width and activation that all hidden layers share.
    activation
        Of all hidden layers.
    loss
        What is minimised.
    parametrization
        How first weights and learning rates depend on the width.

    Raises
    ------
    SettingError
        The network has no hidden layers, or hidden layers of different width or activation, so that a layer more would
        have no definite one.

    Examples
    --------
    >>> from fallline.data import generate
    >>> from fallline.textbook.network import Network
    >>> problem = NetworkObjective(Network.of("2-3-3"), generate("three-gaussians"))
    >>> with_architecture(problem, width=5, depth=2).network.text
    '2-5-5-3'
    """
    if not isinstance(objective, NetworkObjective):
        raise UsageError(
            f"{objective.name} is no network, and has no width, depth, activation, loss or parametrization to choose."
        )
    network = objective.network
    inputs, *hidden, outputs = network.sizes
    activations, scales = network.activations, network.scales
    of_layers = [name for name, value in (("width", width), ("activation", activation)) if value is not None]
    if (of_layers or depth) and not hidden:
        raise SettingError(
            f"{' and '.join([*of_layers, *(['depth'] if depth else [])])} is that of hidden layers; {network.text} has none."
        )
    if of_layers and depth == 0:
        raise SettingError(f"{of_layers[0]} is that of hidden layers; a network of depth 0 has none.")
    if width is not None:
        hidden = [width] * len(hidden)
    if activation is not None:
        activations = (activation,) * len(hidden)
    if depth is not None:
        for what, values in (("width", hidden), ("activation", [a.name for a in activations]), ("scale", scales)):
            if len(set(values)) > 1:
                raise SettingError(
                    f"depth adds hidden layers like the others; those of {network.text} have different "
                    f"{what}s: {', '.join(map(str, values))}."
                )
        hidden, activations, scales = hidden[:1] * depth, activations[:1] * depth, scales[:1] * (depth + 1)
    changed = network.with_(
        sizes=(inputs, *hidden, outputs), activations=activations, scales=scales, loss=loss or network.loss,
        parametrization=parametrization or network.parametrization,
    )  # fmt: skip
    return NetworkObjective(changed, objective.data)


def with_data(
    objective: NetworkObjective, data: Dataset, seed: int, *, samples: int | None = None, label_noise: float = 0.0
) -> NetworkObjective:
    """The same network on that data with label noise, and on so many of its samples, drawn by the seed.

    The noise comes first: the label of a sample does not depend on how many others there are.

    Raises
    ------
    DataError
        There are fewer samples, or so much noise is impossible.

    Examples
    --------
    >>> from fallline.data import generate
    >>> from fallline.textbook.network import Network
    >>> problem = NetworkObjective(Network.of("2-3-3"), generate("three-gaussians"))
    >>> with_data(problem, problem.data, 0, samples=20, label_noise=0.5).data
    Dataset('three Gaussians with label noise 0.5', 20 samples, 2 inputs, 3 classes)
    """
    data = data.with_label_noise(label_noise, seed)
    return NetworkObjective(objective.network, data if samples is None else data.subset(samples, seed))


def architecture_text(objective: Objective, axes: Iterable[str]) -> str:
    """The objective's name, where width and depth stand as words if they are axes: "2-width-3 on three Gaussians".

    >>> from fallline.data import generate
    >>> from fallline.textbook.network import Network
    >>> problem = NetworkObjective(Network.of("2-8-8-3"), generate("three-gaussians"))
    >>> architecture_text(problem, ("width",)), architecture_text(problem, ("depth", "seed"))
    ('2-width-width-3 on three Gaussians', '2-8-...-8-3 on three Gaussians')
    """
    if not isinstance(objective, NetworkObjective) or not {"width", "depth"} & set(axes):
        return objective.name
    inputs, *hidden, outputs = map(str, objective.network.sizes)
    if "width" in axes:
        hidden = ["width"] * len(hidden)
    if "depth" in axes:
        hidden = [hidden[0], "...", hidden[0]]
    return f"{'-'.join([inputs, *hidden, outputs])} on {objective.data.name}"
