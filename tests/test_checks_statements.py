"""No false statement: every sentence of a diagnosis is checked on draws that the check never saw.

`tests/long/statements.py` is the long form, over all faults, many pairs, and folders of programs.
"""

from __future__ import annotations

import itertools
import random

import pytest

import fallline as fl
import mutants
import wrong_gradients
from fallline.checks.reference.conventions import conventions
from gradient_statements import Program, false_statements
from wrong_gradients import NETWORK


def check(program: Program, seed: int = 0):
    def gradient(parameters, X, T):
        return program.gradient(program.network.pack(parameters), X, T)

    return fl.check_gradient(gradient, program.network, seed=seed)


@pytest.mark.parametrize(
    ("name", "program"), list(wrong_gradients.programs()), ids=[c[0] for c in wrong_gradients.CHANGES]
)
def test_no_statement_on_a_gradient_of_people_is_false(name, program):
    verdict = check(program)
    assert verdict.status == "wrong"
    assert not false_statements(verdict, program), verdict.text()
    assert bool(verdict.faults) == (program.named != "-"), verdict.text()


def mutant(network, chosen, convention):
    measured = mutants.constants_of(network, chosen)

    def gradient(w, X, T):
        group = fl.checks.reference.draws.Group(network, w[None], X[None], T[None])
        (layers,) = mutants.mutated_numbers((group,), chosen, convention, measured)
        return tuple(type(layer)(layer.W[0], None if layer.b is None else layer.b[0]) for layer in layers)

    return Program(network, gradient, frozenset(f"{site.symbol}{site.layer or ''}" for site in chosen))


def false_of_mutants(made, seed=0):
    """For each mutant that is a fault, the false statements of its verdict, one line each."""
    lines = []
    for k, (network, chosen) in enumerate(made):
        convention = random.Random(k + seed).choice(list(conventions(network)))
        groups = mutants.draw(network)
        numbers = mutants.stands(groups, chosen, convention)
        if numbers is None or mutants.is_right(groups, numbers, network):
            continue
        program = mutant(network, chosen, convention)
        verdict = check(program)
        if verdict.status == "wrong":
            lines += [
                f"{chosen} in {network!r}, l2 {network.l2}, {convention}: {s}"
                for s in false_statements(verdict, program)
            ]
    return lines


def test_no_statement_on_mutants_is_false():
    some = itertools.islice(mutants.singles(1, 25), 0, None, 5)
    assert not false_of_mutants(some)
    assert not false_of_mutants(mutants.pairs(7, 26))


def test_three_faults_are_named():
    verdict = fl.check_gradient(wrong_gradients.three_faults(), NETWORK)
    assert verdict.faults == (
        "the sign of dW3 is wrong", "the slope of the activation of layer 2 is left out of its delta",
        "db1 is divided by the number of samples m once more than the rest",
    )  # fmt: skip


def test_values_of_an_earlier_call_are_found():
    kept = []

    def gradient(parameters, X, T):
        kept.append((parameters, X, T))
        old = kept[-2] if len(kept) > 1 and kept[-2][1].shape == X.shape else kept[-1]
        layers = [list(layer) for layer in fl.textbook.network.loss_and_gradient(NETWORK, *kept[-1])[1]]
        layers[1][0] = fl.textbook.network.loss_and_gradient(NETWORK, *old)[1][1].W
        return layers

    verdict = fl.check_gradient(gradient, NETWORK)
    assert not verdict.right
    assert "random or keeps a memory" in verdict.sentence or verdict.faults[0].startswith(
        "dW2 depends on the call before"
    )


def test_slight_faults_are_found_and_rounding_is_not():
    def slightly(parameters, X, T):
        layers = [list(layer) for layer in fl.textbook.network.loss_and_gradient(NETWORK, parameters, X, T)[1]]
        layers[0] = [(1 + 3e-10) * part for part in layers[0]]
        return layers

    def rounded(parameters, X, T):
        layers = fl.textbook.network.loss_and_gradient(NETWORK, parameters, X, T)[1]
        return [(W * (1 + 1e-13 * ((1e9 * W) % 1)), b) for W, b in layers]

    verdict = fl.check_gradient(slightly, NETWORK)
    assert verdict.faults == ("the delta of layer 1 is off by a relative 3e-10",)
    assert fl.check_gradient(rounded, NETWORK).right
