"""Rules: a network and its data fit each other."""

from __future__ import annotations

from fallline.experiment.part import PartError
from fallline.experiment.records import Network
from fallline.experiment.rules.change import Change, E, counted, data_of
from fallline.experiment.sources import KeptTable
from fallline.textbook.activations import ACTIVATIONS
from fallline.textbook.losses import LOSSES

__all__ = ["fit_activations", "fit_features", "fit_loss", "fit_table", "fit_units"]


def fit_table(change: Change[E]) -> None:
    """The table is present and has the target column."""
    source, kept = change.now.data, change.files.kept
    if not isinstance(source, KeptTable) or not change.now.is_network:
        return
    if source.digest not in kept:
        if not kept:
            if change.key == "data.kind":
                raise PartError(
                    "choose a CSV file: click the field below, or drop the file on the page.", "data.digest"
                )
            return
        source = source.model_copy(update={"digest": [*kept][-1]})
        change.set("data.digest", f"The table is {kept[source.digest].name}.", data=source)
    columns = kept[source.digest].columns
    if source.target not in columns:
        source = source.model_copy(update={"target": columns[-1]})
        change.set("data.target", f"The column to be learned is {columns[-1]}.", data=source)


def fit_features(change: Change[E]) -> None:
    """Features are made of two inputs."""
    source, key = change.now.data, change.key
    if not change.now.is_network or not source.features or key == "data.features":
        return
    plain = change.now.model_copy(update={"data": source.model_copy(update={"features": ()})})
    data = data_of(plain, change.files)
    if data is not None and data.X.shape[1] != 2:
        has = counted(data.X.shape[1], "input")
        change.set("data.features", f"The features are gone: {data.name} has {has}, not two.", data=plain.data)


def fit_units(change: Change[E]) -> None:
    """The network has as many inputs and outputs as the data."""
    network, data = change.now.objective, data_of(change.now, change.files)
    if not isinstance(network, Network) or data is None:
        return
    units = (data.X.shape[1], *network.units[1:-1], data.T.shape[1])
    if units != network.units:
        sentence = f"The network has {counted(units[0], 'input')} and {counted(units[-1], 'output')}, as the data have."
        change.set("objective.units", sentence, objective=network.model_copy(update={"units": units}))


def fit_loss(change: Change[E]) -> None:
    """The loss takes the data's targets."""
    network, data = change.now.objective, data_of(change.now, change.files)
    if not isinstance(network, Network) or data is None:
        return
    loss = network.loss
    if not data.classes and loss in ("cross_entropy", "logistic"):
        loss, targets = "squared_error", "values"
    elif data.classes and loss != "cross_entropy" and change.key.startswith("data"):
        before = data_of(change.before, change.files)
        if before is not None and not before.classes:
            loss, targets = "cross_entropy", "classes"
    if loss != network.loss:
        sentence = f"The loss is now {LOSSES[loss].label}: the targets are {targets}."
        change.set("objective.loss", sentence, objective=network.model_copy(update={"loss": loss}))


def fit_activations(change: Change[E]) -> None:
    """An activation for each hidden layer: that of a removed layer is removed, a new layer takes the last one."""
    network, before = change.now.objective, change.before.objective
    if not isinstance(network, Network):
        return
    names, hidden = network.activations, len(network.units) - 2
    if len(names) == hidden:
        return
    if isinstance(before, Network) and len(names) == hidden + 1:
        removed = _removed(before.units, network.units)
        names = names if removed is None else names[:removed] + names[removed + 1 :]
    names = (names + (names[-1] if names else "relu",) * hidden)[:hidden]
    labels = ", ".join(ACTIVATIONS[name].label for name in names) or "none"
    sentence = f"The activations are now {labels}: one for each hidden layer."
    change.set("objective.activations", sentence, objective=network.model_copy(update={"activations": names}))


def _removed(before: tuple[int, ...], after: tuple[int, ...]) -> int | None:
    """The index of the hidden layer that was removed."""
    if len(before) != len(after) + 1:
        return None
    return next((k for k in range(len(after) - 1) if k + 1 >= len(after) or before[k + 1] != after[k + 1]), None)
