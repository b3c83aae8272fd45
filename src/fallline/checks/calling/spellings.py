"""Spellings: which names mean weights, biases and their gradients, and of which layer they are."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

__all__ = ["Spelling", "in_layers", "place_of_word", "spelling", "without_prefix"]


class Spelling(NamedTuple):
    """What a name says of itself.

    Parameters
    ----------
    kind
        "W", "b", "Z" or "A"; "D" for a derivative that is no gradient of a parameter, such as dZ1.
    place
        Its place among the layers, comparable with others: (rank of its word, its number); None if it has neither.
    marked
        Whether the name is that of a gradient: dW1, grad_b, nabla_w.
    """

    kind: str
    place: tuple[int, int] | None
    marked: bool


_MARK = r"^(gradients?_?(of_?)?|grads?_?|nabla_?|delta_?|partial_?|d_|d(?=[A-Za-z])|g_|g(?=[WVbc])|∂)"
_WORDS = {
    "xh": 1, "ih": 1, "ix": 1, "xi": 1, "hidden": 1, "h": 1, "in": 1, "input": 1, "inputs": 1, "i": 1, "x": 1, "first": 1, "hid": 1,
    "inputhidden": 1, "inputtohidden": 1, "one": 1, "inhidden": 1, "fc": 1,
    "hh": 2, "second": 2, "two": 2, "hiddenhidden": 2, "third": 3, "three": 3,
    "hy": 9, "ho": 9, "out": 9, "output": 9, "outputs": 9, "o": 9, "y": 9, "last": 9, "final": 9, "hiddenoutput": 9,
    "hiddentooutput": 9, "hiddenout": 9, "logits": 9,
}  # fmt: skip
_STEMS = {
    "W": ("weights", "weight", "thetas", "theta", "kernels", "kernel", "coefs", "coef", "synapse", "syn", "wts", "wt", "ws", "w"),
    "b": ("biases", "bias", "intercepts", "intercept", "bs", "b"),
    "Z": ("preactivations", "preactivation", "pre", "net", "zs", "z", "logits"),
    "A": ("activations", "activation", "hidden", "act", "as", "hs", "a", "h"),
}  # fmt: skip


def spelling(name: str) -> Spelling | None:
    """What the name says; None if it is no name of a weight, bias, activation or pre-activation.

    >>> spelling("dW1"), spelling("b_hidden")
    (Spelling(kind='W', place=(0, 1), marked=True), Spelling(kind='b', place=(1, 0), marked=False))
    >>> spelling("Why").place, spelling("weights2").place, spelling("nabla_w"), spelling("batch")
    ((9, 0), (0, 2), Spelling(kind='W', place=None, marked=True), None)
    """
    bare = without_prefix(name)
    marked = bare != name
    found = _unmarked(bare)
    if found is None and marked:
        found, marked = _unmarked(name), False
    if found is None:
        return None
    kind, place = found
    return Spelling("D" if marked and kind in "ZA" else kind, place, marked)


def _unmarked(name: str) -> tuple[str, tuple[int, int] | None] | None:
    plain = re.sub(r"[^a-z0-9]", "", name.lower())
    for kind, stems in _STEMS.items():
        for stem in stems:
            for rest in (plain.removeprefix(stem), plain.removesuffix(stem)):
                if rest == plain:
                    continue
                words, digits = re.fullmatch(r"(.*?)(\d*)", rest).groups()  # type: ignore[union-attr]
                if (words and words not in _WORDS) or (kind == "A" and words and len(stem) == 1):
                    continue
                if not words and not digits:
                    return kind, None
                return kind, (_WORDS.get(words, 0), int(digits or 0))
    inside = re.fullmatch(r"(?:layer|l|fc|linear|dense)(\d+)(w|weights?|kernel|b|bias(?:es)?)", plain)
    if inside:
        return inside[2][0].replace("w", "W").replace("k", "W"), (0, int(inside[1]))
    held = re.fullmatch(r"(?:\w*[a-z])?(weights?|bias(?:es)?)(\d*)", plain)  # synaptic_weights
    return ("W" if held[1].startswith("w") else "b", (0, int(held[2])) if held[2] else None) if held else None


def place_of_word(word: str) -> tuple[int, int] | None:
    """The place among the layers that a word alone says, such as "hidden", "output" or "layer2"; None if it says none.

    >>> place_of_word("hidden"), place_of_word("layer2"), place_of_word("params")
    ((1, 0), (0, 2), None)
    """
    words, digits = re.fullmatch(r"(.*?)(\d*)", re.sub(r"[^a-z0-9]", "", word.lower())).groups()  # type: ignore[union-attr]
    if words in ("layer", "l", "fc", "dense", "linear", "affine") and digits:
        return 0, int(digits)
    return (_WORDS[words], int(digits or 0)) if words in _WORDS else None


def without_prefix(name: str) -> str:
    """The name of the parameter from that of its gradient: d_w1, dW1, grad_W1 and W1_grad are all W1.

    >>> [without_prefix(n) for n in ("d_w1", "dW1", "grad_W1", "delta_b2", "W1", "gW3", "nabla_b", "d_v0", "dj_dw")]
    ['w1', 'W1', 'W1', 'b2', 'W1', 'W3', 'b', 'v0', 'w']
    """
    quotient = re.fullmatch(r"(?i:d[a-z]{1,4}_?d_?|d[a-z]_d)(\w+)", name) if "_d" in name.lower() else None
    if quotient:
        return quotient[1]
    plain = re.sub(_MARK, "", name)
    return re.sub(r"_?(grads?|gradients?)$", "", plain) or name


def in_layers(places: Sequence[tuple[int, int] | None]) -> list[int]:
    """The order of names by layer: by their places if all have different ones, else as they stand.

    >>> in_layers([(9, 0), (1, 0)]), in_layers([None, None])
    ([1, 0], [0, 1])
    """
    known = [place for place in places if place is not None]
    if len(known) == len(places) == len(set(known)):
        return sorted(range(len(places)), key=lambda k: known[k])
    return list(range(len(places)))
