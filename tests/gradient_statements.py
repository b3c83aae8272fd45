"""Every statement of a verdict on a network's gradient, checked on draws of its own, for tests of diagnoses.

A fault on the page is true if the page with it gives the function's numbers on draws that the check never saw. Statements
on blocks, units, ratios and samples are counted anew there. A statement on the place of a fault is compared with the places
that are known of the program.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import numpy as np

from fallline.checks.diagnosis.fresh_draws import single_samples, stacked
from fallline.checks.diagnosis.variants import Variants
from fallline.checks.faults.catalogue import page
from fallline.checks.presentation.verdict import Verdict
from fallline.checks.reference.comparison import block_of, blocks_of, compare, right_numbers, scales
from fallline.checks.reference.conventions import Convention, conventions
from fallline.checks.reference.draws import Group, draw
from fallline.textbook.activations import ACTIVATIONS
from fallline.textbook.losses import LOSSES
from fallline.textbook.network import Network, Parameters

SEED = 31337
LIMIT = 1e-7
"""Constants are printed with six digits and compared with what is printed; explanations are compared to this."""


@dataclass(frozen=True)
class Program:
    """A gradient with known faults.

    gradient: of weights, inputs and targets; places: symbols of the page where it is wrong ("dW2", "D1", "Z3", "finished");
    named: a pattern that each fault that is named must match, for faults that are not on the page.
    """

    network: Network
    gradient: Callable[[Any, Any, Any], Parameters]
    places: frozenset[str] = frozenset()
    named: str = ""


def false_statements(verdict: Verdict, program: Program) -> list[str]:
    """The statements of the verdict that are not so; [] if all are."""
    groups = draw(program.network, seed=SEED, later=True)
    numbers = tuple(stacked([program.gradient(w, X, T) for w, X, T in zip(g.w, g.X, g.T, strict=True)]) for g in groups)
    false: list[str] = []
    convention = _convention(verdict, program.network)
    blocks = compare(groups, numbers, right_numbers(groups, convention))
    right = {str(b.block) for b in blocks if b.agrees}
    wrong = {str(b.block) for b in blocks if not b.agrees}
    if verdict.right:
        return [] if not wrong else [f"called right, but {sorted(wrong)} are wrong"]
    if verdict.status == "wrong" and not wrong and not re.search("by a relative", verdict.sentence):
        false.append("called wrong, but every block is right on other draws")
    if verdict.explanation is not None and not _gives(verdict, groups, numbers, verdict.explanation.convention):
        false.append(f"the page with {verdict.faults} does not give the numbers on other draws")
    if verdict.explanation is None and (other := _other_network(verdict, program.network)):
        if not any(
            all(b.agrees for b in compare(moved, numbers, right_numbers(moved, c)))
            for moved in [[Group(other, g.w, g.X, g.T) for g in groups]]
            for c in conventions(other)
        ):
            false.append(f"it is not the gradient of {other!r}")
    elif verdict.explanation is None:
        false += [
            f"named: {fault}" for fault in verdict.faults if not (program.named and re.search(program.named, fault))
        ]
    for finding in verdict.findings:
        false += [
            f"{finding}" for _ in range(1) if not _holds(finding, program, groups, numbers, convention, right, wrong)
        ]
    return false


def _other_network(verdict: Verdict, network: Network) -> Network | None:
    """The network whose gradient it is said to be."""
    words = " ".join(verdict.faults)
    if match := re.search(r"it is the gradient for the loss (\w+)", words):
        return network.with_(loss=LOSSES[match[1]])
    if match := re.search(r"it is the gradient for (\w+) activations", words):
        return network.with_(activations=(ACTIVATIONS[match[1]],) * network.hidden)
    return None


def _convention(verdict: Verdict, network: Network) -> Convention:
    if verdict.explanation is not None:
        return verdict.explanation.convention
    words = re.search(r"\(It is taken as the gradient of (.*?)\.\)", verdict.sentence)
    return next(c for c in conventions(network) if str(c) == (words[1] if words else "the declared loss"))


def _gives(verdict: Verdict, groups: Any, numbers: Any, convention: Convention) -> bool:
    """Whether the page with the faults gives the numbers, in all blocks that the verdict does not call unexplained."""
    explanation = verdict.explanation
    assert explanation is not None
    left = re.search(r"no known fault explains (.*?)\.", verdict.sentence)
    omitted = set(re.findall(r"d[Wb]\d+", left[1])) if left else set()
    finished = set(re.findall(r"d[Wb]\d+", " ".join(f for f in verdict.faults if re.search(FINISHED, f))))
    variants = Variants(groups, explanation.measured)
    for group, checked in zip(groups, numbers, strict=True):
        data = variants.run(tuple(explanation.chosen.items()), group)
        with page().choosing(explanation.chosen, samples=group.samples):
            penalty = page().penalty(group.network, group.parameters, group.network.l2)[1]
        made = convention.combined(group, data, penalty)
        size = scales(group.network, right_numbers((group,), convention)[0])
        for block in blocks_of(group.network):
            if str(block) not in omitted | finished:
                a, b = block_of(made, block), block_of(checked, block)
                if not np.abs(a - b).max() <= LIMIT * max(size[block], float(np.abs(b).max())):
                    return False
    return True


FINISHED = "whole numbers|clipped|in another order|absolute values|signs of its|m\\^"
"""Faults of finished numbers, beside an explanation on the page."""


def _holds(
    finding: str,
    program: Program,
    groups: Any,
    numbers: Any,
    convention: Convention,
    right: Collection[str],
    wrong: Collection[str],
) -> bool:
    """Whether a finding is true; an unknown form counts as false, so that no new sentence is left unchecked."""
    names = re.findall(r"d[Wb]\d+", finding)
    if finding == "No block is right.":
        return not right
    if re.fullmatch(r"(d[Wb]\d+(, | and )?)+ (is|are) right\.", finding):
        return set(names) == set(right)
    if match := re.fullmatch(
        r"(Going backward, the first|Another) wrong block is (d[Wb]\d+), while (d[Wb]\d+) is right: the fault stands in "
        r"d[Wb]\d+ itself(, or in the activation that it takes)?\.",
        finding,
    ):
        return match[2] in wrong and match[3] in right and match[2] in program.places | _finished(program)
    if match := re.fullmatch(
        r"(Going backward, the first|Another) wrong block is (d[Wb]\d+)(, and (d[Wb]\d+) is wrong too)?(: look .*|, but only on batches.*)\.",
        finding,
    ):
        layer = int(match[2][2:])
        if "only on batches" in finding:
            return not _wrong_singles(program, groups, convention).any()
        if "forward pass" in finding:
            return layer == program.network.depth and {match[2], match[4] or match[2]} <= set(wrong)
        above = {f"d{kind}{layer + 1}" for kind in "Wb"}
        return {match[2], match[4] or match[2]} <= set(wrong) and not above & set(wrong)
    if match := re.fullmatch(
        r"(d[Wb]\d+) is (0|off by a relative \S+|\S+ times what it should be,?) on every draw\.", finding
    ):
        return _ratio_holds(match[1], match[2], groups, numbers, convention)
    if match := re.fullmatch(r"(d[Wb]\d+) is wrong for units? (.*) alone \(counted from 0\)\.", finding):
        return "more" in match[2] or _wrong_units(match[1], groups, numbers, convention) == {
            int(k) for k in re.findall(r"\d+", match[2])
        }
    if re.match(r"On \d+ single samples the gradient is right; it is wrong on batches\.", finding):
        return not _wrong_singles(program, groups, convention).any() and bool(wrong)
    if match := re.match(r"Of (\d+) samples taken alone, (\d+) (?:is|are) wrong\.(.*)", finding):
        singles = _wrong_singles(program, groups, convention)
        if state := re.search(r"unit (\d+) of layer (\d+) is (not )?active", match[3]):
            on = single_samples(groups[0]).kept()[int(state[2]) - 1].Z[:, 0, int(state[1])] > 0
            return bool((singles == (on if not state[3] else ~on)).all())
        return bool(singles.any()) and not bool(singles.all())
    return False


def _finished(program: Program) -> set[str]:
    return {str(b) for b in blocks_of(program.network)} if "finished" in program.places else set()


def _parts(name: str, groups: Any, numbers: Any, convention: Convention) -> list[tuple[Any, Any]]:
    (block,) = [b for b in blocks_of(groups[0].network) if str(b) == name]
    return [
        (block_of(r, block), block_of(n, block))
        for r, n in zip(right_numbers(groups, convention), numbers, strict=True)
    ]


def _ratio_holds(name: str, words: str, groups: Any, numbers: Any, convention: Convention) -> bool:
    value = {"0": 0.0}.get(words) if words == "0" else None
    for right, checked in _parts(name, groups, numbers, convention):
        if words.startswith("off by"):
            off = float(words.split()[-1])
            if not np.isclose(np.abs(checked - right).max(), off * np.abs(right).max(), rtol=0.05):
                return False
            continue
        factor = float(words.split()[0]) if value is None else value
        if not np.abs(checked - factor * right).max() <= 1e-5 * max(np.abs(right).max(), np.abs(checked).max()):
            return False
    return True


def _wrong_units(name: str, groups: Any, numbers: Any, convention: Convention) -> set[int]:
    bad: set[int] = set()
    for right, checked in _parts(name, groups, numbers, convention):
        error = np.abs(right - checked).reshape(-1, right.shape[-1]).max(axis=0)
        bad |= set(np.flatnonzero(~(error <= 1e-9 * np.abs(right).max())).tolist())
    return bad


def _wrong_singles(program: Program, groups: Any, convention: Convention) -> Any:
    single: Group = single_samples(groups[0])
    checked = stacked([program.gradient(w, X, T) for w, X, T in zip(single.w, single.X, single.T, strict=True)])
    (right,) = right_numbers((single,), convention)
    size = scales(program.network, right)
    errors = [
        np.abs(block_of(checked, b) - block_of(right, b)).reshape(len(single.w), -1).max(axis=-1) / size[b]
        for b in blocks_of(program.network)
    ]
    return ~(np.max(errors, axis=0) <= 1e-7)
