"""Printed equations, evaluated, are the code; and they look as a textbook would print them."""

import re
import xml.dom.minidom

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import erf
from sympy.core.function import AppliedUndef

import fallline as fl
from fallline.errors import SettingError, UnknownNameError, UsageError
from fallline.readings.symbols import SAMPLE, SAMPLES, symbol
from fallline.settings import SETTINGS
from fallline.textbook import network as pages
from fallline.textbook.activations import ACTIVATIONS
from fallline.textbook.landscapes import LANDSCAPES
from fallline.textbook.losses import LOSSES
from fallline.textbook.network import Network
from fallline.textbook.operations import softmax
from fallline.textbook.optimizers import OPTIMIZERS
from fallline.textbook.schedules import SCHEDULES
from fallline.user_code import records as own
from fallline.views.equations import Equations, equations
from fallline.views.equations.rules import setting_symbol
from fallline.views.equations.steps import step_sections, values_of

MODULES = [{"erf": erf, "total": np.sum}, "numpy"]


def sample(network, seed, m=7):
    rng = np.random.default_rng(seed)
    parameters = tuple(
        pages.Layer(rng.normal(size=w), None if b is None else rng.normal(size=b)) for w, b in network.shapes
    )
    X = rng.normal(size=(m, network.sizes[0]))
    T = np.eye(network.sizes[-1])[rng.integers(network.sizes[-1], size=m)]
    return parameters, X, T


def by_code(network, parameters, X, T):
    factor = 1 if network.reduction == "sum" else 1 / len(X)
    value, gradient = pages.loss_and_gradient(network, parameters, X, T, factor)
    extra, slopes = pages.penalty(network, parameters, network.l2)
    found = {"L": value + extra}
    for l, (layer, slope) in enumerate(zip(gradient, slopes, strict=True), start=1):
        found["w", l] = layer.W + slope.W
        if layer.b is not None:
            found["b", l] = layer.b
    return found


def definitions(page):
    """The printed definitions of functions: name to (argument, right side)."""
    found = [s for s in page.sections if s.title == "Functions"]
    return {
        type(e.left).__name__: (e.left.args[0], e.right)
        for s in found
        for e in s.equations
        if isinstance(e.left, AppliedUndef)
    }


def value_of(expression, values, functions, m):
    """The number(s) that a printed right side stands for, from values by symbols' names."""

    def defined(call):
        name = type(call).__name__
        if name not in functions:  # tanh is SymPy's own
            return getattr(sympy, name)(*call.args)
        z, right = functions[name]
        return right.xreplace({z: call.args[0]})

    plain = expression.replace(lambda node: isinstance(node, AppliedUndef), defined)
    plain = plain.replace(lambda node: isinstance(node, sympy.Indexed), lambda node: node.base.label)
    total = sympy.Function("total")
    plain = plain.replace(lambda node: isinstance(node, sympy.Sum), lambda node: total(node.args[0]))
    names = sorted(plain.free_symbols, key=str)
    dummies = {s: sympy.Dummy(f"a{k}", real=True) for k, s in enumerate(names)}
    run = sympy.lambdify(list(dummies.values()), plain.xreplace(dummies), MODULES)
    return run(*(m if s == SAMPLES else values[s.name] for s in names))


def name_of(symbol):
    return symbol.base.label.name if isinstance(symbol, sympy.Indexed) else symbol.name


def evaluated_units(network, parameters, X, T):
    page = equations(network, "units")
    functions = definitions(page)
    values = {SETTINGS["l2"].symbol: network.l2}
    for letter, array in (("x", X), ("t", T)):
        values |= {f"{letter}_{{{k + 1}}}": column for k, column in enumerate(array.T)}
    for l, (W, b) in enumerate(parameters, start=1):
        values |= {f"w^{{({l})}}_{{{j + 1}{k + 1}}}": W[j, k] for j, k in np.ndindex(W.shape)}
        values |= {} if b is None else {f"b^{{({l})}}_{{{k + 1}}}": v for k, v in enumerate(b)}
    found = {}
    for section in page.sections:
        if section.title == "Functions":
            continue
        for e in section.equations:
            value = value_of(e.right, values, functions, len(X))
            if section.title == "Gradient":
                found[e.left.args[1].name] = value
            else:
                values[name_of(e.left)] = value
                assert e.left.has(SAMPLE) == (section.title in ("Pre-activations", "Backward"))
    return values, found


def assert_units_are_the_code(network, seed):
    parameters, X, T = sample(network, seed)
    expected = by_code(network, parameters, X, T)
    values, found = evaluated_units(network, parameters, X, T)
    assert len(found) == network.parameter_count
    np.testing.assert_allclose(values["L"], expected.pop("L"), rtol=1e-11, atol=1e-12)
    for (letter, l), array in expected.items():
        for index in np.ndindex(array.shape):
            name = f"{letter}^{{({l})}}_{{{''.join(str(k + 1) for k in index)}}}"
            np.testing.assert_allclose(found[name], array[index], rtol=1e-9, atol=1e-11, err_msg=name)
    output = network.loss.output(pages.forward(network, parameters, X)[0])
    for k, column in enumerate(output.T):
        np.testing.assert_allclose(values[f"y_{{{k + 1}}}"], column, rtol=1e-11)


def assert_matrices_are_the_code(network, seed):
    parameters, X, T = sample(network, seed)
    expected = by_code(network, parameters, X, T)
    page = equations(network, "matrix")
    functions = {
        name: (lambda a, z=z, right=right: np.broadcast_to(sympy.lambdify(z, right, MODULES)(a), a.shape))
        for name, (z, right) in definitions(page).items()
    } | {"softmax": softmax}
    values = {"X": X, "T": T, "m": len(X), SETTINGS["l2"].symbol: network.l2}
    for l, (W, b) in enumerate(parameters, start=1):
        values |= {f"W^{{({l})}}": W} | ({} if b is None else {f"b^{{({l})}}": b[None]})
    values |= {"1": 1}
    found = {}
    for section in page.sections:
        if section.title == "Functions":
            continue
        for e in section.equations:
            value = e.right.evaluate(values, functions)
            if section.title == "Gradient":
                found[e.left.args[1].name] = value
            else:
                values[e.left.name] = value
    np.testing.assert_allclose(np.squeeze(values["L"]), expected.pop("L"), rtol=1e-11, atol=1e-12)
    assert len(found) == len(expected)
    for (letter, l), array in expected.items():
        printed = found[f"{letter.upper() if letter == 'w' else letter}^{{({l})}}"]
        np.testing.assert_allclose(printed, np.atleast_2d(array), rtol=1e-9, atol=1e-11)


TABLE = [
    Network.of("2-3-2-3"),
    Network.of("2-3-2-3", activation=["tanh", "logistic"], reduction="mean", l2=0.3),
    Network.of("1-2-2-2-1", activation=["gelu", "silu", "softplus"], loss="logistic", reduction="mean"),
    Network.of("3-2-2", activation="leaky_relu", loss="logistic", l2=0.1),
    Network.of("2-2-2", activation="identity", loss="squared_error", reduction="mean", bias=False),
    Network.of("2-2-1", activation="softplus", loss="half_squared_error", scales=(0.25, 2**-0.5), l2=1.0),
    Network.of("2-3", reduction="mean"),
]


@pytest.mark.parametrize("network", TABLE, ids=repr)
def test_equations_of_units_are_the_code(network):
    assert_units_are_the_code(network, 3)


@pytest.mark.parametrize("network", TABLE, ids=repr)
def test_equations_of_matrices_are_the_code(network):
    assert_matrices_are_the_code(network, 4)


@st.composite
def networks(draw):
    hidden = draw(st.integers(1, 3))
    sizes = draw(st.lists(st.integers(1, 3), min_size=hidden + 2, max_size=hidden + 2))
    names = draw(st.lists(st.sampled_from(sorted(ACTIVATIONS)), min_size=hidden, max_size=hidden))
    return Network.of(
        sizes,
        activation=names,
        loss=draw(st.sampled_from(sorted(LOSSES))),
        reduction=draw(st.sampled_from(["sum", "mean"])),
        bias=draw(st.booleans()),
        l2=draw(st.sampled_from([0.0, 0.25])),
    )


@settings(max_examples=6, deadline=None)
@given(networks(), st.integers(0, 1000))
def test_equations_of_random_networks_are_the_code(network, seed):
    assert_units_are_the_code(network, seed)
    assert_matrices_are_the_code(network, seed)


@pytest.mark.parametrize("rule", OPTIMIZERS.values(), ids=lambda rule: rule.name)
def test_an_optimizers_equations_are_its_steps(rule):
    chosen = {name: 0.3 if name != "epsilon" else 1e-3 for name in rule.settings}
    w = np.array(0.7)
    values = {setting_symbol(rule.declared[n]).name: v for n, v in chosen.items()}
    state = rule.init(w, **chosen)
    page = equations(rule)
    for t in range(4):
        g = np.cos(3 * w) + t
        values |= {"w_{t}": w, "g_{t}": g, "t": t} | {f"{s}_{{t}}": v for s, v in zip(rule.state, state, strict=True)}
        for e in page.section("update").equations:
            values[e.left.name] = value_of(e.right, values, {}, 1)
        w, state = rule.step(w, g, state, t + 1, **chosen)
        np.testing.assert_allclose(values["w_{t+1}"], w, rtol=1e-13)
        for s, v in zip(rule.state, state, strict=True):
            np.testing.assert_allclose(values[f"{s}_{{t+1}}"], v, rtol=1e-13)


@pytest.mark.parametrize("rule", SCHEDULES.values(), ids=lambda rule: rule.name)
def test_a_schedules_equation_is_its_factor(rule):
    chosen = {name: {"decay": 0.3, "every": 3, "steps": 9}[name] for name in rule.settings}
    values = {setting_symbol(rule.declared[n]).name: v for n, v in chosen.items()}
    values |= {setting_symbol(SETTINGS["learning_rate"]).name: 0.2}
    for t in range(1, 10):
        printed = value_of(equations(rule)[0].right, values | {"t": t}, {}, 1)
        np.testing.assert_allclose(printed, 0.2 * rule.factor(t, **chosen), rtol=1e-13)


@pytest.mark.parametrize("loss", LOSSES.values(), ids=lambda loss: loss.name)
def test_a_losss_gradient_is_the_derivative_of_its_equation(loss):
    page = equations(loss)
    outputs = {e.left: e.right for e in page.section("output").equations}
    value = page.section("loss")
    at = {f"{letter}_{{{k}}}": 0.4 * k - 0.5 * (letter == "z") for letter in "zt" for k in (1, 2, 3)}
    at |= {"t_{1}": 0.0, "t_{2}": 1.0, "t_{3}": 0.0}
    for e in page.section("gradient").equations:
        z = e.left.args[1]
        derived = value_of(sympy.diff(value.equations[0].right, z), at, {}, 1)
        assert value_of(e.right.xreplace(outputs), at, {}, 1) == pytest.approx(derived, rel=1e-12)


@pytest.mark.parametrize(("how", "parametrization"), [
    (fl.method("momentum", "cosine", 3, learning_rate=0.2, **{"learning_rate.2": 0.05}), "mup"),
    (fl.method("adamw", "step_decay", 3, learning_rate={1: 0.1, 2: 0.03}, weight_decay=0.5), "standard"),
    (fl.method("gradient_descent", learning_rate=0.4), "mup"),
    (fl.method("gradient_descent", learning_rate=0.4), "standard"),
], ids=str)  # fmt: skip
def test_the_updates_of_layers_are_those_that_are_run(how, parametrization):
    """The printed equations, evaluated weight by weight, give the weights of a run after three steps."""
    net = Network.of("2-4-3", activation="tanh", parametrization=parametrization, base_width=2)
    problem = fl.objective(net, fl.generate("three-gaussians", samples=5))
    keywords = {k: v for k, v in how.keywords.items() if len(how.learning_rates) < 2 or k != "learning_rate"}
    run = fl.descend(problem, how.optimizer.name, start=fl.draw_starts(problem, 1)[0], steps=3, **keywords,
                     schedule={"name": how.schedule.name} | how.schedule_settings)  # fmt: skip
    page = step_sections(how, net)
    values = {e.left: float(e.right) for e in values_of(how).equations}
    rates = {e.left.name: float(e.right.subs(values)) for section in page.rates for e in section.equations}
    assert len(rates) == (
        0 if not how.learning_rates and parametrization == "standard" else 2 + (parametrization == "mup")
    )
    layers = np.array(net.layer_of)
    weights = np.concatenate(
        [[part] * w.size for l in net.unpack(np.arange(net.parameter_count)) for part, w in (("W", l.W), ("b", l.b))]
    )
    state = {e.left.name.partition("_")[0]: 0.0 for section in page.start for e in section.equations}
    for k in (0, 8, 13, 26):  # a weight and a bias of each layer
        w, own = run.path[0][k], dict.fromkeys(state, 0.0)
        letter = rf"\varepsilon^{{({layers[k]})}}"
        rate = rates.get(
            letter, rates.get(f"{letter}_{{{weights[k]}}}", values[setting_symbol(SETTINGS["learning_rate"])])
        )
        for t in range(3):
            plan = {sympy.Symbol("t", positive=True, integer=True): t + 1, **values, symbol(r"\varepsilon", "l"): rate}
            of_step = [float(e.right.subs(plan)) for section in page.schedule for e in section.equations]
            now = {"t": t, r"\varepsilon^{(l)}": rate, r"\varepsilon^{(l)}_{t+1}": (of_step or [rate])[0], "w_{t}": w}
            now |= {
                r"\varepsilon_{t+1}": now[r"\varepsilon^{(l)}_{t+1}"],
                "g_{t}": problem.loss_and_gradient(run.path[t])[1][k],
            }
            now |= {f"{name}_{{t}}": value for name, value in own.items()} | {s.name: v for s, v in values.items()}
            for e in page.update.equations:
                now[e.left.name] = float(e.right.subs({s: now[s.name] for s in e.right.free_symbols}))
            w, own = now["w_{t+1}"], {name: now[f"{name}_{{t+1}}"] for name in own}
            assert w == pytest.approx(run.path[t + 1][k], rel=1e-9)


def test_rosenbrock_as_published():
    x, y = sympy.symbols("x y", real=True)
    dx, dy = equations("rosenbrock").section("partial").equations
    assert sympy.expand(dx.right - 2 * (-1 + x + 200 * x**3 - 200 * x * y)) == 0
    assert (str(dx), str(dy)) == ("∂f/∂x = 2 (200 x³ − 200 x y + x − 1)", "∂f/∂y = 200 (y − x²)")
    assert dy.latex == r"\frac{\partial f}{\partial y} = 200 \left(y - x^{2}\right)"


PRINTED = {
    ("2-3-2-3", "units"): [
        "h⁽¹⁾₁ = relu(w⁽¹⁾₁₁ x₁ + w⁽¹⁾₂₁ x₂ + b⁽¹⁾₁)",
        "y₁ = exp(z⁽³⁾₁) / (exp(z⁽³⁾₁) + exp(z⁽³⁾₂) + exp(z⁽³⁾₃))",
        "relu′(z) = 1[z > 0]",
        "δ⁽³⁾ᵢ₂ = yᵢ₂ − tᵢ₂",
        "δ⁽¹⁾ᵢ₁ = 1[z⁽¹⁾ᵢ₁ > 0] (w⁽²⁾₁₁ δ⁽²⁾ᵢ₁ + w⁽²⁾₁₂ δ⁽²⁾ᵢ₂)",
        "∂L/∂w⁽¹⁾₂₃ = ∑ᵢ xᵢ₂ δ⁽¹⁾ᵢ₃",
    ],
    ("2-3-2-3", "matrix"): [
        "Z⁽¹⁾ = X W⁽¹⁾ + 1ₘ b⁽¹⁾",
        "Y = softmax(Z⁽³⁾)",
        "L = 1ₘᵀ (log(exp(Z⁽³⁾) 1₃) − (T ⊙ Z⁽³⁾) 1₃)",
        "Δ⁽¹⁾ = (Δ⁽²⁾ W⁽²⁾ᵀ) ⊙ 1[Z⁽¹⁾ > 0]",
        "∂L/∂b⁽²⁾ = 1ₘᵀ Δ⁽²⁾",
    ],
    ("momentum", "units"): ["vₜ₊₁ = α vₜ + ε gₜ", "wₜ₊₁ = wₜ − vₜ₊₁", "v₀ = 0"],
    ("nesterov_outside", "units"): ["wₜ₊₁ = wₜ − ε (α vₜ₊₁ + gₜ)"],
    ("adam", "units"): ["m̂ₜ₊₁ = mₜ₊₁ / (1 − β₁ᵗ⁺¹)", "wₜ₊₁ = wₜ − ε m̂ₜ₊₁ / (√v̂ₜ₊₁ + ϵ)"],
    ("adamw", "units"): ["w̃ₜ₊₁ = wₜ − λ ε wₜ"],
    ("logistic", "units"): ["σ(z) = 1 / (1 + exp(−z))", "∂ℓ/∂z₁ = y₁ − t₁"],
    ("softplus", "units"): ["softplus(z) = log(1 + exp(z))"],
    ("gelu", "units"): ["gelu(z) = z (1 + erf(z / √2)) / 2"],
    ("leaky_relu", "units"): ["leaky_relu(z) = { z if z > 0;  0.01 z otherwise }"],
    ("himmelblau", "units"): ["f(x, y) = (x + y² − 7)² + (x² + y − 11)²"],
    ("plateau", "units"): ["∂f/∂x = x (1 − tanh²((x² + y²) / 4)) / 2"],
    ("styblinski_tang", "units"): ["f(x, y) = (x⁴ − 16 x² + 5 x + y⁴ − 16 y² + 5 y) / 2"],
    ("cosine", "units"): ["εₜ = ε (1 + cos(π min(T, t − 1) / T)) / 2"],
}


@pytest.mark.parametrize(("what", "form"), PRINTED, ids=" ".join)
def test_equations_as_a_textbook_prints_them(what, form):
    printed = [str(e) for e in equations(what, form)]
    for expected in PRINTED[what, form]:
        assert expected in printed


def test_the_convention_of_momentum_is_named():
    assert "inside the velocity" in equations("momentum").text()
    assert "outside the velocity" in equations("nesterov_outside").text()


EVERYTHING = [
    *(equations(name) for table in (LANDSCAPES, OPTIMIZERS, ACTIVATIONS, SCHEDULES) for name in table),
    *(equations(loss) for loss in LOSSES.values()),
    *(equations(network, form) for network in TABLE[:2] for form in ("units", "matrix")),
]


@pytest.mark.parametrize("printed", EVERYTHING, ids=lambda printed: printed.title)
def test_every_format_is_well_formed(printed):
    for section in printed.sections:
        assert not re.search(r"\\(?!text)[a-z]+\{\}|None|Piecewise|Heaviside|\*\*", section.latex() + section.text())
        document = xml.dom.minidom.parseString(section.mathml())
        assert len(document.getElementsByTagName("mtr")) >= len(section.equations)
        assert "&amp;" not in section.mathml()


def test_the_picture_takes_the_colour_around_it_and_its_own_names():
    page = equations("rosenbrock")
    first, second = (section.svg() for section in page.sections)
    assert "currentColor" in first
    assert "black" not in first
    names = [set(re.findall(r' id="([^"]+)"', picture)) for picture in (first, second)]
    assert all(names)
    assert not names[0] & names[1]
    whole = xml.dom.minidom.parseString(page.svg())
    assert len(whole.getElementsByTagName("svg")) == 3
    assert "<svg" in page._repr_html_()


def test_a_picture_has_every_letter_of_a_formula_with_words():
    """A space has no shape of its own, and a name with an underscore is one word."""
    page = equations("leaky_relu")
    (section,) = page.sections
    assert page.mathml().count("leaky&#x0005F;relu") == 2
    picture = section.svg()
    assert set(re.findall(r'href="#([^"]+)"', picture)) == set(re.findall(r' id="([^"]+)"', picture))
    signs = "leaky_relu(z)={zifz>00.01zotherwise" + "leaky_relu′(z)={1ifz>00.01otherwise"
    assert picture.count("<use") == len(signs)


def test_text_keeps_to_the_columns_and_aligns_its_signs():
    for line in equations(Network.of("2-3-3", l2=0.1)).text(72).splitlines():
        assert len(line) <= 72
    lines = [line for line in equations("2-2-2").sections[0].text().splitlines() if " = " in line]
    assert len({line.index(" = ") for line in lines}) == 1


def test_a_page_of_ones_own_has_equations():
    assert str(equations(lambda a, b: (a - 1) ** 2 + 3 * np.abs(b))[1]) == "∂f/∂a = 2 a − 2"

    def sign_descent(w, g, state, t, *, learning_rate):
        return w - learning_rate * np.sign(g), ()

    assert str(equations(own.optimizer(sign_descent))[0]) == "wₜ₊₁ = wₜ − ε sign(gₜ)"
    softsign = own.activation(lambda z: z / (1 + np.where(z > 0, z, -z)), name="softsign")
    huber = own.loss(lambda Z, T: (np.sqrt(1 + (Z - T) ** 2) - 1).sum(axis=-1), name="pseudo_huber")
    network = Network.of("2-2-2", activation=softsign, loss=huber)
    assert_units_are_the_code(network, 8)
    printed = [str(e) for e in equations(network, "matrix")]
    assert "H⁽¹⁾ = softsign(Z⁽¹⁾)" in printed
    assert "Δ⁽²⁾ = pseudo_huber′(Y, T)" in printed
    assert "softsign′(z) = { 1 / (z + 1)² if z > 0;  1 / (z − 1)² otherwise }" in printed


def test_sections_are_found_by_their_beginning():
    page = equations("2-3-2-3")
    assert isinstance(page, Equations)
    assert page.section("grad").title == "Gradient"
    assert len(page.section("gradient").equations) == 26
    assert page[0] == page.sections[0].equations[0]
    with pytest.raises(UnknownNameError, match="Forward"):
        page.section("nothing")


def test_wrong_use_is_a_sentence():
    with pytest.raises(UsageError, match="235146 parameters, too many"):
        equations("784-256-128-10")
    assert len(equations("784-256-128-10", "matrix").section("gradient").equations) == 6
    with pytest.raises(UnknownNameError, match="Did you mean 'rosenbrock'"):
        equations("rosenbrok")
    with pytest.raises(SettingError, match="form must be"):
        equations("2-3", "scalar")
    with pytest.raises(UsageError, match="equations are of"):
        equations(3)
