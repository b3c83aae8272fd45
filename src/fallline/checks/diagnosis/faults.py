"""The catalogue: what people get wrong in back-propagation, each as a change of the textbook's page at one place.

A fault may stand in one layer or in every layer where the page has that place. `l` in a sentence is the layer.
Factors (sign, 2, 1/m) stand at D and not at dA too, as they would be the same function there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fallline.checks.diagnosis.mutable_page import Place, Rewriting
from fallline.textbook.network import Network

__all__ = ["FAULTS", "Fault", "Named"]


@dataclass(frozen=True)
class Fault:
    """A fault.

    Parameters
    ----------
    name
        Unique, made of the place's symbol and what is wrong there: "dW_negated".
    rewriting
        The change of the page.
    sentence
        What is wrong, for people, with {l} for the layer, {k} for the next layer after it.
    cure
        What to do.
    when
        Whether the fault can stand in such a network, or would be no fault there.
    """

    name: str
    rewriting: Rewriting
    sentence: str
    cure: str
    when: Callable[[Network, int | None], bool] = lambda network, layer: True

    @property
    def symbol(self) -> str:
        """The symbol of the place it stands at."""
        return self.rewriting.symbol


@dataclass(frozen=True)
class Named:
    """A fault at a layer, or in every layer where it can stand (`layers` has more than one).

    >>> print(Named("dW_negated", (Place("dW", 2),)))
    the sign of dW2 is wrong
    """

    fault: str
    places: tuple[Place, ...]
    everywhere: bool = False

    @property
    def layers(self) -> tuple[int | None, ...]:
        return tuple(place.layer for place in self.places)

    @property
    def cure(self) -> str:
        """What to do, as a sentence's part."""
        return self._fill(FAULTS[self.fault].cure)

    def _fill(self, text: str) -> str:
        layers = sorted(l for l in self.layers if l is not None)
        if len(layers) == 1:
            return text.format(l=layers[0], k=layers[0] + 1)
        for one, all_ in _EACH:
            text = text.replace(one, all_)
        said = text.format(l="", k="")
        if self.everywhere or not layers:
            return said
        return f"{said} (in layers {', '.join(map(str, layers))})"

    def __str__(self) -> str:
        if self.everywhere and self.fault in _HALF_MEANS:
            return _HALF_MEANS[self.fault]
        return self._fill(FAULTS[self.fault].sentence)


_EACH = (
    ("layer {l}", "each layer"),
    ("layer {k}", "the next layer"),
    ("dW{l}", "each dW"),
    ("db{l}", "each db"),
    ("W{k}", "the next layer's W"),
)
"""What stands for a layer's number in a sentence on several layers."""

_HALF_MEANS = {
    "db_times_m": "the 1/m stands in each dW, but in no db",
    "dW_over_m": "the 1/m stands in each dW, but in no db",
    "dW_times_m": "the 1/m stands in each db, but in no dW",
    "db_over_m": "the 1/m stands in each db, but in no dW",
}


def _always(network: Network, layer: int | None) -> bool:
    return True


def _activation(*names: str) -> Callable[[Network, int | None], bool]:
    return lambda network, layer: network.activations[(layer or 1) - 1].name in names


def _other_activation(name: str) -> Callable[[Network, int | None], bool]:
    return lambda network, layer: network.activations[(layer or 1) - 1].name != name


def _loss(*names: str) -> Callable[[Network, int | None], bool]:
    return lambda network, layer: network.loss.name in names


def _not_squared(network: Network, layer: int | None) -> bool:
    return "squared_error" not in network.loss.name


def _scaled(network: Network, layer: int | None) -> bool:
    return network.scales[(layer or 1) - 1] != 1


def _scaled_next(network: Network, layer: int | None) -> bool:
    return network.scales[layer or 1] != 1


def _square(network: Network, layer: int | None) -> bool:
    n, m = network.sizes[(layer or 1) - 1 : (layer or 1) + 1]
    return n == m > 1


def _penalised(network: Network, layer: int | None) -> bool:
    return network.l2 > 0


_SLOPE = "network.activations[l - 2].slope(kept[l - 2].Z)"
_DELTA = "network.loss.delta(Z, T)"
_W = "parameters[l - 1].W.mT"
_SUM = "D.sum(axis=-2)"
_RELUS = ("relu", "leaky_relu")

_Row = tuple[str, str, str, str, str] | tuple[str, str, str, str, str, Callable[[Network, "int | None"], bool]]
_FACTORS: tuple[tuple[str, str, str, str], ...] = (
    ("negated", "-it", "the sign of {what} is wrong", "turn its sign"),
    ("doubled", "2 * it", "{what} is twice what it should be", "leave out the factor 2"),
    ("halved", "it / 2", "{what} is half of what it should be", "leave out the factor 1/2"),
    ("over_m", "it / D.shape[-2]", "{what} is divided by the number of samples m once more than the rest",
     "divide by m once, not again"),
    ("times_m", "it * D.shape[-2]", "the 1/m is missing from {what}, which the rest has", "divide it by m as the rest"),
)  # fmt: skip
_WHAT = {"dW": "dW{l}", "db": "db{l}", "D": "the delta of layer {l}", "delta": "the delta of the output layer"}

_ROWS: tuple[_Row, ...] = (
    # name, find, put, sentence, cure, when. The name begins with the symbol of the place.
    ("delta_negated", "", "-it", "the sign of the output's delta is wrong, target minus output for output minus target",
     "write Y - T"),
    ("delta_doubled", "", "2 * it", "the output's delta has a factor 2 that this loss does not have",
     "leave out the factor 2", _not_squared),
    ("delta_halved", "", "it / 2", "the output's delta has a factor 1/2 that this loss does not have",
     "leave out the factor 1/2", _not_squared),
    ("delta_over_m", "", "it / Z.shape[-2]", "the 1/m is put in twice", "divide by m once"),
    ("delta_times_m", "", "it * Z.shape[-2]", "the gradient is multiplied by the number of samples m",
     "leave out the factor m"),
    ("delta_over_outputs", "", "it / Z.shape[-1]", "the output's delta is divided by the number of outputs",
     "leave out the division by the number of outputs", _not_squared),
    ("delta_targets_omitted", _DELTA, "network.loss.output(Z)", "the targets are not subtracted in the output's delta",
     "write Y - T"),
    ("delta_targets_added", _DELTA, "(network.loss.output(Z) + T)",
     "the targets are added in the output's delta, not subtracted", "write Y - T"),
    ("delta_output_omitted", _DELTA, "(Z - T)",
     "the output's delta takes the pre-activation Z for the output Y (softmax or logistic is left out)",
     "write Y - T with Y the network's output", _loss("cross_entropy", "logistic")),
    ("delta_slope_again", _DELTA, "(it * network.loss.output(Z) * (1 - network.loss.output(Z)))",
     "the output's delta is multiplied by Y (1 - Y), which cancels in Y - T already", "leave Y (1 - Y) out",
     _loss("cross_entropy", "logistic")),
    ("delta_by_output", _DELTA, "(-T / network.loss.output(Z))",
     "the output's delta is the derivative by the probabilities Y, not by the pre-activation Z (softmax is not gone through)",
     "write Y - T", _loss("cross_entropy")),
    ("delta_by_output_logistic", _DELTA, "(it / (network.loss.output(Z) * (1 - network.loss.output(Z))))",
     "the output's delta is the derivative by the probabilities Y, not by the pre-activation Z (logistic is not gone through)",
     "write Y - T", _loss("logistic")),
    ("delta_unnormalised", _DELTA, "(exp(Z) - T)", "the softmax is not divided by its sum",
     "divide exp(Z) by its sum over the classes", _loss("cross_entropy")),
    ("delta_softmax_over_samples", _DELTA, "(exp(Z) / exp(Z).sum(axis=-2, keepdims=True) - T)",
     "the softmax is summed over the samples, not over the classes", "sum over axis 1, the classes",
     _loss("cross_entropy")),
    ("delta_logistic_for_softmax", _DELTA, '(ACTIVATIONS["logistic"](Z) - T)',
     "the output is logistic where the loss needs a softmax", "use softmax", _loss("cross_entropy")),
    ("delta_softmax_for_logistic", _DELTA, "(softmax(Z) - T)", "the output is a softmax where the loss needs logistic",
     "use the logistic function of each output", _loss("logistic")),
    ("delta_hidden_slope", _DELTA, "(it * network.activations[-1].slope(Z))",
     "the output's delta is multiplied by the slope of the hidden layers' activation",
     "leave the slope out: the output layer has no activation", lambda n, l: n.hidden > 0),
    ("D_slope_omitted", _SLOPE, "1", "the slope of the activation of layer {l} is left out of its delta",
     "multiply by the slope at Z{l}"),
    ("D_slope_at_activation", _SLOPE, "network.activations[l - 2].slope(kept[l - 1].A)",
     "the slope of layer {l} is taken at the activation, not at the pre-activation", "take the slope at Z{l}"),
    ("D_formula_at_preactivation", _SLOPE, "(1 - kept[l - 2].Z ** 2)",
     "the slope of layer {l} is 1 - z^2, but 1 - a^2 is meant: it wants the activation, not the pre-activation",
     "write 1 - A{l}^2", _activation("tanh")),
    ("D_logistic_formula_at_preactivation", _SLOPE, "(kept[l - 2].Z * (1 - kept[l - 2].Z))",
     "the slope of layer {l} is z (1 - z), but a (1 - a) is meant: it wants the activation, not the pre-activation",
     "write A{l} (1 - A{l})", _activation("logistic")),
    ("D_square_omitted", _SLOPE, "(1 - kept[l - 1].A)", "the slope of layer {l} is 1 - a, and lacks the rest of it",
     "write the whole slope", _activation("tanh", "logistic")),
    ("D_activation_for_slope", _SLOPE, "kept[l - 1].A",
     "the delta of layer {l} is multiplied by the activation itself, not by its slope", "multiply by the slope at Z{l}"),
    ("D_slope_twice", _SLOPE, "it ** 2", "the slope of layer {l} is multiplied in twice", "multiply it in once"),
    ("D_slope_inverted", _SLOPE, "(1 - it)", "the mask of layer {l} is inverted: 1 - slope where the slope belongs",
     "let pass where Z{l} > 0"),
    ("D_slope_of_next_layer", _SLOPE, "network.activations[l - 2].slope(kept[l - 1].Z)",
     "the slope in the delta of layer {l} is that of layer {k}", "take the slope at Z{l}"),
    ("D_slope_of_previous_layer", _SLOPE, "network.activations[l - 2].slope(kept[l - 3].Z)",
     "the slope in the delta of layer {l} is that of the layer before it", "take the slope at Z{l}",
     lambda n, l: (l or 1) > 1),
    ("D_mask_of_delta", _SLOPE, "positive(dA)", "the mask of layer {l} is taken from the delta, not from Z{l}",
     "let pass where Z{l} > 0", _activation(*_RELUS)),
    *((f"D_slope_of_{name}", _SLOPE, f'ACTIVATIONS["{name}"].slope(kept[l - 2].Z)',
       f"the slope of layer {{l}} is that of {name}, which is not its activation",
       "take the slope of the activation that the layer has", _other_activation(name))
      for name in ("relu", "leaky_relu", "tanh", "logistic")),
    ("dA_transpose_omitted", _W, "parameters[l - 1].W",
     "W{k} is not transposed on the way back to layer {l}", "write D{k} W{k}^T",
     lambda n, l: _square(n, (l or 1) + 1)),
    ("dA_reshaped_for_transposed", _W, "parameters[l - 1].W.reshape(it.shape)",
     "W{k} is reshaped where it should be transposed, on the way back to layer {l}", "write D{k} W{k}^T"),
    ("dA_weights_of_next_layer", _W, "parameters[l].W.mT",
     "the weights on the way back to layer {l} are those of one layer too far", "write D{k} W{k}^T",
     lambda n, l: (l or 1) + 2 <= n.depth),
    ("dA_weights_of_own_layer", _W, "parameters[l - 2].W.mT",
     "the weights on the way back to layer {l} are W{l}, not W{k}", "write D{k} W{k}^T"),
    ("dA_weights_of_own_layer_untransposed", _W, "parameters[l - 2].W",
     "the weights on the way back to layer {l} are W{l}, not W{k} transposed", "write D{k} W{k}^T"),
    ("dA_weights_updated", "parameters[l - 1].W", "(it - rate * dW)",
     "the delta of layer {l} goes back through W{k} after its update, not before", "update the weights after all deltas"),
    ("dA_slope_passed_over", "(D @ parameters[l - 1].W.mT)", "(dA @ parameters[l - 1].W.mT)",
     "the delta that goes back to layer {l} lacks the slope of layer {k}", "go on with the delta after the slope",
     lambda n, l: (l or 1) + 1 <= n.hidden),
    ("dA_scale_omitted", "network.scales[l - 1]", "1", "the scale of layer {k} is left out on the way back",
     "multiply by the scale", _scaled_next),
    ("dW_omitted", "", "0 * it", "dW{l} is 0", "compute it: A^T D"),
    ("dW_own_activation", "A", "kept[l].A", "dW{l} takes the layer's own activation for its input",
     "take the activation of the layer before", lambda n, l: (l or 1) < n.depth),
    ("dW_earlier_activation", "A", "kept[l - 2].A", "dW{l} takes the activation of one layer too early",
     "take the input of layer {l}", lambda n, l: (l or 1) > 1),
    ("dW_inputs", "A", "kept[0].A", "dW{l} takes the inputs X for the layer's own input",
     "take the activation of the layer before", lambda n, l: (l or 1) > 2),
    ("dW_preactivation", "A", "kept[l - 2].Z", "dW{l} takes the pre-activation of the layer before, not its activation",
     "take the activation A", lambda n, l: (l or 1) > 1),
    ("dW_before_slope", "D", "dA", "dW{l} takes the delta before the slope is multiplied in",
     "take the delta after the slope", lambda n, l: (l or 1) <= n.hidden),
    ("dW_last_sample", "(A.mT @ D)", "(A[..., -1:, :].mT @ D[..., -1:, :])",
     "dW{l} holds the last sample alone (= where += is meant?)", "sum over the samples"),
    ("dW_transposed", "(A.mT @ D)", "(D.mT @ A)", "dW{l} is transposed", "write A^T D", _square),
    ("dW_transposed_reshaped", "(A.mT @ D)", "(D.mT @ A).reshape(it.shape)", "dW{l} is D^T A, reshaped",
     "write A^T D", lambda n, l: not _square(n, l)),
    ("dW_reshaped_for_transposed", "A.mT", "A.reshape(it.shape)",
     "in dW{l} the input is reshaped where it should be transposed", "write A^T D"),
    ("dW_elementwise", "(A.mT @ D)", "((A * D).sum(axis=-2)[..., None, :] + 0 * it)",
     "dW{l} multiplies input and delta entry by entry, not as matrices", "write A^T @ D", _square),
    ("dW_outer_of_sums", "(A.mT @ D)", "(A.sum(axis=-2)[..., :, None] * D.sum(axis=-2)[..., None, :])",
     "dW{l} sums input and delta over the samples before it multiplies them", "multiply first, sum after"),
    ("dW_scale_omitted", "network.scales[l - 1]", "1", "the scale of layer {l} is left out of dW{l}",
     "multiply by the scale", _scaled),
    ("db_omitted", "", "0 * it", "db{l} is 0", "compute it: the delta summed over the samples"),
    ("db_before_slope", "D", "dA", "db{l} takes the delta before the slope is multiplied in",
     "take the delta after the slope", lambda n, l: (l or 1) <= n.hidden),
    ("db_last_sample", _SUM, "D[..., -1, :]", "db{l} holds the last sample alone (= where += is meant?)",
     "sum over the samples"),
    ("db_summed_over_units", _SUM, "(D.sum(axis=(-2, -1))[..., None] + 0 * it)",
     "db{l} is summed over the units too, not over the samples alone", "sum over axis 0",
     lambda n, l: n.sizes[l or 1] > 1),
    ("penalty_omitted", "l2 * W", "0 * W", "the L2 penalty is forgotten", "add l2 W to each dW", _penalised),
    ("penalty_doubled", "l2 * W", "2 * l2 * W", "the L2 penalty is doubled: its gradient is l2 W, since it is l2/2 W^2",
     "add l2 W, not 2 l2 W", _penalised),
    ("penalty_halved", "l2 * W", "l2 / 2 * W", "the L2 penalty is halved", "add l2 W", _penalised),
    ("penalty_negated", "l2 * W", "-l2 * W", "the L2 penalty has the wrong sign", "add l2 W, don't subtract it",
     _penalised),
    ("penalty_over_m", "l2 * W", "l2 / samples * W", "the L2 penalty is divided by the number of samples",
     "add l2 W as it is", _penalised),
    ("penalty_on_biases", "0 * b", "l2 * b", "the L2 penalty is applied to the biases too", "leave the biases out",
     lambda n, l: n.l2 > 0 and n.bias),
    ("bias_omitted", "", "Z", "the forward pass leaves out the bias b{l}", "add b{l} to A W", lambda n, l: n.bias),
    ("bias_subtracted", "", "Z - rows(b)", "the forward pass subtracts the bias b{l}", "add b{l} to A W",
     lambda n, l: n.bias),
    ("A_omitted", "", "Z", "the forward pass leaves out the activation of layer {l}", "apply it to Z{l}"),
    *((f"A_{name}", "", f'ACTIVATIONS["{name}"](Z)', f"the activation of layer {{l}} in the forward pass is {name}",
       "apply the activation that the layer has", _other_activation(name))
      for name in ("relu", "tanh", "logistic")),
)  # fmt: skip


def _catalogue() -> dict[str, Fault]:
    found: list[Fault] = []
    for symbol in ("D", "dW", "db"):
        for name, put, sentence, cure in _FACTORS:
            said = sentence.format(what=_WHAT[symbol])
            found.append(Fault(f"{symbol}_{name}", Rewriting(f"{symbol}_{name}", symbol, "", put), said, cure))
    for row in _ROWS:
        name, find, put, sentence, cure = row[:5]
        when = row[5] if len(row) == 6 else _always
        found.append(Fault(name, Rewriting(name, name.partition("_")[0], find, put), sentence, cure, when))
    return {f.name: f for f in found}


FAULTS: dict[str, Fault] = _catalogue()
"""All faults by name."""
