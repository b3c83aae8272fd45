"""Gradients of networks: right ones raise no alarm, faults are named, misbehaviour gets one sentence."""

from __future__ import annotations

import itertools
import json
import random
import subprocess
import sys
import time
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings

import fallline as fl
import mutants
import right_gradients
from fallline.checks.diagnosis.search import explain
from fallline.checks.faults.catalogue import FAULTS, SITE_KINDS, page, sites_of
from fallline.checks.faults.mutable_page import MutablePage, Rewriting
from fallline.checks.faults.site import Role, Site, SiteKind, hidden_layers
from fallline.checks.reference.agreement import agree
from fallline.checks.reference.comparison import compare, right_numbers
from fallline.checks.reference.conventions import conventions
from fallline.checks.reference.draws import activity, draw, meetings
from fallline.testing import assert_gradient
from fallline.textbook import network as textbook
from fallline.textbook.network import Network, loss_and_gradient
from strategies import networks, seeds

NETWORK = Network.of("2-3-2-3")


def right(parameters, X, T):
    return loss_and_gradient(NETWORK, parameters, X, T)[1]


def with_layer(change):
    """A gradient that changes the right one's layers."""

    def gradient(parameters, X, T):
        return change([list(layer) for layer in right(parameters, X, T)])

    return gradient


# The mechanism


@given(networks(), seeds)
def test_the_page_with_no_fault_chosen_is_the_textbook(network, seed):
    (group, _) = draw(network, seed=seed)
    arguments = network, group.parameters, group.X, group.T, group.factor
    layers = zip(page().loss_and_gradient(*arguments)[1], loss_and_gradient(*arguments)[1], strict=True)
    for with_alternatives, textbook_layer in layers:
        np.testing.assert_array_equal(with_alternatives.W, textbook_layer.W)
        if network.bias:
            np.testing.assert_array_equal(with_alternatives.b, textbook_layer.b)


def test_a_fault_that_does_not_fit_the_page_is_an_error():
    with pytest.raises(LookupError, match="has no 'A @ D'"):
        MutablePage(SITE_KINDS.values(), [Rewriting("x", "dW", "A @ D", "1")])
    with pytest.raises(LookupError, match="no site 'dX'"):
        MutablePage(SITE_KINDS.values(), [Rewriting("x", "dX", "", "1")])


@pytest.mark.parametrize("first", ["inner", "outer"])
def test_sites_that_overlap_are_an_error(first):
    outer = SiteKind("D", Role.STEP, "backward", hidden_layers, let="D")
    slope = "network.activations[l - 2].slope(kept[l - 2].Z)"
    inner = SiteKind("slope", Role.STEP, "backward", hidden_layers, source=slope, layer="l - 1")
    with pytest.raises(LookupError, match="outside other sites"):
        MutablePage([inner, outer] if first == "inner" else [outer, inner], [])


def test_every_fault_changes_some_network():
    state = random.Random(0)
    for fault in FAULTS:
        for _ in range(300):
            network = mutants.random_network(state)
            if fault == "delta_opposite":  # of a loss of the user's own
                network = network.with_(loss=replace(network.loss, delta=partial(network.loss.delta)))
            sites = sites_of(FAULTS[fault], network)
            groups = draw(network)
            numbers = mutants.stands(groups, {sites[0]: fault}, next(conventions(network))) if sites else None
            if numbers is not None and not mutants.is_right(groups, numbers, network):
                break
        else:
            pytest.fail(f"{fault} never shows")


@given(networks())
@settings(max_examples=15)
def test_the_references_agree(network):
    for agreement in agree(draw(network)):
        assert agreement.error < 1e-9, agreement


def test_draws_switch_every_unit_on_and_off():
    for share in activity(draw(Network.of("4-16-16-3"))):
        assert ((share > 0) & (share < 1)).all()


@pytest.mark.parametrize("sizes", ["1-1-1-1", "5-2-1-2-2"])
def test_draws_bring_a_delta_to_every_weight_with_its_unit_on_and_off(sizes):
    # In a chain of single ReLUs each may be on at times, and never two at once: then whole blocks are 0 in all draws.
    for seed in range(30):
        groups = draw(Network.of(sizes, loss="logistic"), seed=seed)
        assert all((count >= 3).all() for count in meetings(groups)), seed


# No alarm


@given(networks(), seeds)
def test_right_gradients_raise_no_alarm_in_any_convention(network, seed):
    groups = draw(network, seed=seed)
    for convention in conventions(network):
        numbers = right_numbers(groups, convention)
        fitting = [
            c for c in conventions(network) if all(b.agrees for b in compare(groups, numbers, right_numbers(groups, c)))
        ]
        assert fitting
        if np.abs(network.pack(numbers[0])).max() > 0:  # where all is 0 every convention is the same
            assert convention in fitting


def test_right_gradients_raise_no_alarm_as_people_write_them():
    assert not right_gradients.alarms(right_gradients.right(80, seed=11))


def test_a_loss_that_a_change_of_a_sample_leaves_as_it_is_depends_on_it():
    """Minus the inputs with the opposite targets: nothing changes for a logistic loss without biases."""
    network = Network.of("5-2", loss="logistic", reduction="mean", bias=False, l2=0.3)
    for convention in conventions(network):
        verdict = fl.check_gradient(right_gradients.written(network, convention, "with_loss"), network)
        assert verdict.right, (convention, verdict.text())


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_signatures_and_layouts(activation):
    network = Network.of("2-3-2-3", activation=activation)

    def layers(parameters, X, T):
        return loss_and_gradient(network, parameters, X, T)[1]

    def vector(w, X, T):
        return network.pack(layers(network.unpack(w), X, T))

    def dictionary(params, X, y):
        rows = tuple(textbook.Layer(params[f"W{l}"], params[f"b{l}"]) for l in (1, 2, 3))
        gradient = layers(rows, X, y)
        return {f"d{k}{l}": v for l, layer in enumerate(gradient, 1) for k, v in zip("Wb", layer, strict=True)}

    def columns(W1, b1, W2, b2, W3, b3, X, Y):
        rows = tuple(textbook.Layer(W.T, b[:, 0]) for W, b in ((W1, b1), (W2, b2), (W3, b3)))
        (dW1, db1), (dW2, db2), (dW3, db3) = layers(rows, X.T, Y.T)
        return dW1.T, db1[:, None], dW2.T, db2[:, None], dW3.T, db3[:, None]

    def with_loss(parameters, X, T):
        return loss_and_gradient(network, parameters, X, T)

    def climbing(parameters, X, T):
        return [(-W, -b) for W, b in layers(parameters, X, T)]

    def averaged(p, X, T):  # p is not the probabilities here: the weights must be somewhere
        return [(W / len(X), b / len(X)) for W, b in layers(p, X, T)]

    def single_precision(parameters, X, T):
        return [(W.astype(np.float32), b.astype(np.float32)) for W, b in layers(parameters, X, T)]

    for function, words in (
        (layers, "layers is right."), (vector, "right."), (dictionary, "right."), (columns, "right."),
        (with_loss, "right."), (climbing, "as the gradient of the log-likelihood, which you climb"),
        (averaged, "as the gradient of the mean over the samples"), (single_precision, "right."),
    ):  # fmt: skip
        verdict = fl.check_gradient(function, network)
        assert verdict.right, verdict.text()
        assert words in verdict.sentence
    assert "samples as columns" in fl.check_gradient(columns, network).called


# Faults


def test_a_single_fault_is_named_with_its_equation():
    verdict = fl.check_gradient(with_layer(lambda g: [g[0], (-g[1][0], g[1][1]), g[2]]), NETWORK)
    assert verdict.status == "wrong"
    assert verdict.faults == ("the sign of dW2 is wrong",)
    assert [b for b in verdict.blocks if not b.agrees] == [b for b in verdict.blocks if str(b.block) == "dW2"]
    (pair,) = verdict.equations
    assert pair.coded != pair.right
    assert pair.coded_spans
    assert "6 draws" in verdict.evidence
    assert json.loads(json.dumps(verdict.to_dict()))["exit_status"] == 1


def test_what_no_fault_explains_is_localised():
    verdict = fl.check_gradient(with_layer(lambda g: [g[0], (g[1][0] ** 3, g[1][1]), g[2]]), NETWORK)
    assert not verdict.right
    assert not verdict.faults
    assert "dW3, db3, db2, dW1 and db1 are right." in verdict.findings
    assert any("the fault stands in dW2 itself" in f for f in verdict.findings)


def test_a_hypothesis_with_which_the_page_cannot_continue_is_dropped():
    # W2 for W3 on the way back leaves a delta of one column, which NumPy repeats, unless the slope is the number 1.
    network = Network.of("4-1-2-2-3", activation=["tanh", "identity", "silu"], bias=False)
    chosen = {Site("delta", 4): "delta_slope_again", Site("D", 2): "D_times_m"}
    groups = draw(network, seed=2)
    for convention in list(conventions(network))[:2]:
        (first, *_) = explain(groups, mutants.mutated_numbers(groups, chosen, convention))
        assert first.chosen == chosen


def test_an_unknown_ratio_is_measured():
    verdict = fl.check_gradient(with_layer(lambda g: [(3.7 * g[0][0], g[0][1]), g[1], g[2]]), NETWORK)
    assert verdict.faults == ("dW1 is 3.7 times what it should be",)


@pytest.mark.parametrize(
    ("gradient", "status", "words"),
    [
        (lambda parameters, X, T: 1 / 0, "unchecked", "raises ZeroDivisionError"),
        (lambda parameters, X, T: None, "unchecked", "returns nothing"),
        (lambda parameters, X, T: np.zeros(25), "unchecked", "25 numbers"),
        (lambda parameters, X, T: [np.zeros(3)] * 5, "unchecked", "5 arrays"),
        (lambda parameters, X, T: np.full(26, np.nan), "wrong", "returns nan in dW3[0, 0]"),
        (lambda parameters, X, T: np.random.default_rng().normal(size=26), "unchecked", "is random"),
        (lambda parameters, X, T: "gradient", "unchecked", "returns"),
        (lambda parameters, foo, X, T: np.zeros(26), "unchecked", "'foo'"),
        (with_layer(lambda g: [g[0], (g[1][0], g[1][1][:1].repeat(5)), g[2]]), "wrong", "db2 has shape (5,)"),
        (with_layer(lambda g: g[:2]), "unchecked", "returns 2 pairs of arrays; the 2-3-2-3 network has 3 layers"),
        (with_layer(lambda g: [(W + 1j, b) for W, b in g]), "wrong", "dW1 of gradient is complex"),
        (with_layer(lambda g: object()), "unchecked", "an object of type object"),
        (with_layer(lambda g: [([[1.0], [2.0, 3.0]], b) for _, b in g]), "unchecked", "is not an array of numbers"),
        (lambda X, T: np.zeros(26), "unchecked", "has no parameter that gets the weights; it has X, T"),
    ],
)
def test_misbehaviour_gets_one_sentence(gradient, status, words):
    verdict = fl.check_gradient(gradient, NETWORK)
    assert verdict.status == status
    assert words in verdict.sentence
    assert "\n" not in verdict.sentence


def test_side_effects_are_named():
    def changes(parameters, X, T):
        gradient = right(parameters, X.copy(), T)
        X *= 2
        return gradient

    def prints(parameters, X, T):
        print("step\n" * 100)
        return right(parameters, X, T)

    assert "changes its argument X in place" in fl.check_gradient(changes, NETWORK).sentence
    verdict = fl.check_gradient(prints, NETWORK)
    assert verdict.right
    assert "prints" in verdict.notes[0]


def test_assertion_carries_the_verdict():
    assert assert_gradient(right, NETWORK).right
    with pytest.raises(AssertionError, match=r"the sign of dW1 is wrong[\s\S]*Reference"):
        assert_gradient(with_layer(lambda g: [(-g[0][0], g[0][1]), g[1], g[2]]), NETWORK)


def test_displays():
    verdict = fl.check_gradient(with_layer(lambda g: [g[0], (-g[1][0], g[1][1]), g[2]]), NETWORK)
    assert "<table>" in verdict._repr_html_()
    assert b"<svg" in verdict.plot().bytes("svg")


def test_the_gradient_of_another_network_is_told():
    other = Network.of("2-3-2-3", activation="gelu")
    verdict = fl.check_gradient(lambda parameters, X, T: loss_and_gradient(other, parameters, X, T)[1], NETWORK)
    assert "right for one with gelu activations. Was that meant?" in verdict.sentence


# Mutants: the short form of bench/gradient_mutants.py


@pytest.mark.parametrize(
    ("made", "floor"), [(itertools.islice(mutants.singles(1, 5), 0, None, 2), 0.98), (itertools.islice(mutants.everywhere(1, 6), 0, None, 2), 0.98),
     (mutants.pairs(14, 8), 0.85)],
    ids=["singles", "in every layer", "pairs"],
)  # fmt: skip
def test_mutants_are_named(made, floor):
    tally = mutants.campaign(made)
    assert tally.counts["called right"] == 0, tally.failures
    assert tally.share_named >= floor, (tally.counts, tally.failures)


def test_a_fault_that_is_none_with_relu_is_one_with_tanh():
    for activation, outcome in (("relu", "no fault"), ("tanh", "exact")):
        network = Network.of("2-3-2-3", activation=activation)
        assert mutants.judge(network, {Site("D", 1): "D_slope_at_activation"}, mutants.Tally()) == outcome


def test_import_stays_light():
    code = "import fallline.checks.gradient, sys; print([m for m in ('sympy', 'matplotlib', 'rich', 'scipy') if m in sys.modules])"
    start = time.perf_counter()
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "[]"
    assert time.perf_counter() - start < 20


# Declared settings


def mean(parameters, X, T):
    return [(dW / len(X), db / len(X)) for dW, db in right(parameters, X, T)]


def test_a_declared_reduction_binds():
    sizes = "2-3-2-3"
    assert fl.check_gradient(mean, sizes).right
    assert fl.check_gradient(right, sizes).right
    assert fl.check_gradient(mean, sizes, reduction="mean").right
    verdict = fl.check_gradient(right, sizes, reduction="mean")
    assert verdict.faults == ("it is the gradient of the sum over the samples, which is not the declared loss",)
    verdict = fl.check_gradient(mean, sizes, reduction="sum")
    assert verdict.faults == ("it is the gradient of the mean over the samples, which is not the declared loss",)
    partly = with_layer(lambda g: [(dW / 7, db) for dW, db in g])
    assert fl.check_gradient(partly, sizes, reduction="sum").status == "wrong"


def test_a_declared_half_binds_and_the_plain_squared_error_does_not():
    def whole(parameters, X, T):
        ((W, b),) = parameters
        D = 2 * (X @ W + b - T)
        return [(X.T @ D, D.sum(axis=0))]

    assert fl.check_gradient(whole, "2-3", loss="squared_error").right
    verdict = fl.check_gradient(whole, "2-3", loss="half_squared_error")
    assert verdict.faults == (
        "it is the gradient of the squared error without its 1/2, which is not the declared loss",
    )
    half = lambda parameters, X, T: [(W / 2, b / 2) for W, b in whole(parameters, X, T)]  # noqa: E731
    assert "half the squared error" in fl.check_gradient(half, "2-3", loss="squared_error").sentence


def test_a_negated_gradient_fails_in_a_test_suite_unless_ascent_is_allowed():
    negated = with_layer(lambda g: [(-dW, -db) for dW, db in g])
    assert fl.check_gradient(negated, NETWORK).right
    assert assert_gradient(negated, NETWORK, ascent=True).right
    with pytest.raises(AssertionError, match="its sign is wrong: it is the gradient of the log-likelihood"):
        assert_gradient(negated, NETWORK)
