"""A fault: a change of one expression of the textbook's page, with the words for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from fallline.checks.faults.conditions import Condition, always
from fallline.checks.faults.mutable_page import Rewriting
from fallline.checks.faults.right_delta import right_delta
from fallline.checks.faults.site import Site
from fallline.textbook.network import Network

__all__ = ["Fault", "PlacedFault", "Wording", "wrong_factors"]

Wording = Callable[[Network, int, Any], tuple[str, str]]
"""Takes the network, the layer and the fault's constants. Returns the sentence and the cure."""


@dataclass(frozen=True)
class Fault:
    """A fault.

    Parameters
    ----------
    name
        Unique: the symbol of its site, then what is wrong there, as in "dW_negated".
    find, put
        The change of the site's expression; see `Rewriting`.
    sentence
        What is wrong, for people, with {l} for the layer, {k} for the next layer after it.
    cure
        What to do, with the same letters, and {delta} for the right delta of the output layer.
    condition
        In which networks and layers the fault can stand; elsewhere it cannot be written or is no fault.
    everywhere
        The sentence for the fault in every layer, where it should not be made from `sentence`.
    unknowns
        The number of constants of the fault in that network and layer. The value at the site must be affine in them, so that
        they can be read off the checked numbers.
    wording
        Of a fault with constants: the sentence and the cure.
    """

    name: str
    find: str
    put: str
    sentence: str
    cure: str
    condition: Condition = always
    everywhere: str = ""
    unknowns: Callable[[Network, int], int] | None = None
    wording: Wording | None = None

    @property
    def symbol(self) -> str:
        """The symbol of its site."""
        return self.name.partition("_")[0]

    @property
    def rewriting(self) -> Rewriting:
        """The change of the page."""
        return Rewriting(self.name, self.symbol, self.find, self.put)

    def can_stand(self, network: Network, layer: int | None) -> bool:
        """Whether the fault can stand in that layer (None for all layers at once) of the network."""
        return self.condition(network, layer or 1)


@dataclass(frozen=True)
class PlacedFault:
    """A fault at one site or at several, or (`everywhere`) in every layer where it can stand.

    >>> from fallline.checks.faults.catalogue import FAULTS
    >>> print(PlacedFault(FAULTS["dW_negated"], (Site("dW", 2),)))
    the sign of dW2 is wrong

    Parameters
    ----------
    constants
        Of a fault that has some: their values at these sites.
    network
        The network whose gradient is checked; needed for constants, and for the right delta of its output layer.
    """

    fault: Fault
    sites: tuple[Site, ...]
    everywhere: bool = False
    constants: Any = None
    network: Network | None = None

    @property
    def cure(self) -> str:
        """What to do, as a sentence's part."""
        return self._in_layers(self._worded[1])

    @property
    def _worded(self) -> tuple[str, str]:
        """The sentence and the cure, with {l} and {k} where layers are named."""
        if self.fault.wording is None or self.constants is None or self.network is None:
            return self.fault.sentence, self.fault.cure
        return self.fault.wording(self.network, self.sites[0].layer or 1, self.constants)

    def _in_layers(self, text: str) -> str:
        if self.network is not None:
            text = text.replace("{delta}", right_delta(self.network))
        layers = sorted(site.layer for site in self.sites if site.layer is not None)
        if len(layers) == 1:
            return text.format(l=layers[0], k=layers[0] + 1)
        for numbered, general in _EACH:
            text = text.replace(numbered, general)
        sentence = text.format(l="", k="")
        if self.everywhere or not layers:
            return sentence
        return f"{sentence} (in layers {', '.join(map(str, layers))})"

    def __str__(self) -> str:
        if self.everywhere and self.fault.everywhere:
            return self.fault.everywhere
        return self._in_layers(self._worded[0])


_EACH = (
    ("layer {l}", "each layer"),
    ("layer {k}", "the next layer"),
    ("dW{l}", "each dW"),
    ("db{l}", "each db"),
    ("W{k}", "the next layer's W"),
)
"""The placeholder of a layer's number in a sentence on several layers."""


def wrong_factors(symbol: str, quantity: str, *, over_m: str = "", times_m: str = "") -> Iterator[Fault]:
    """The faults that multiply what a site computes by a constant or by a power of the number of samples m.

    Parameters
    ----------
    symbol
        Of the site.
    quantity
        What it computes, in words.
    over_m, times_m
        The sentences for a factor of 1/m, or m, in every layer.
    """
    for name, put, sentence, cure, everywhere in (
        ("negated", "-it", f"the sign of {quantity} is wrong", "turn its sign", ""),
        ("doubled", "2 * it", f"{quantity} is twice what it should be", "leave out the factor 2", ""),
        ("halved", "it / 2", f"{quantity} is half of what it should be", "leave out the factor 1/2", ""),
        ("over_m", "it / D.shape[-2]", f"{quantity} is divided by the number of samples m once more than the rest",
         "divide by m once, not again", over_m),
        ("times_m", "it * D.shape[-2]", f"the 1/m is missing from {quantity}, which the rest has",
         "divide it by m as the rest", times_m),
    ):  # fmt: skip
        yield Fault(f"{symbol}_{name}", "", put, sentence, cure, everywhere=everywhere)
