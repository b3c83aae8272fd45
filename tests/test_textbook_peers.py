"""Parity with PyTorch, optax and scikit-learn: the same paths, gradients and losses. Each is skipped where absent."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

from fallline.problems import NetworkObjective
from fallline.textbook.activations import ACTIVATIONS, LEAK
from fallline.textbook.losses import LOSSES
from fallline.textbook.network import Network
from strategies import data_for, weights
from test_textbook_optimizers import START, STEPS, assert_same_path, falling, path, slope


def peer(name: str) -> Any:
    """The package, or a skip. Its own import may warn of whatever it likes; our warnings stay errors."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip(name, exc_type=ImportError)


SCHEDULES = pytest.mark.parametrize("schedule", [lambda t: 1.0, falling], ids=["constant", "falling"])
ADAM = {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}

# --- PyTorch ----------------------------------------------------------------------------------------------------------

TORCH: dict[str, tuple[str, dict[str, Any], str, dict[str, Any]]] = {
    "SGD": ("SGD", {}, "gradient_descent", {}),
    "SGD with momentum": ("SGD", {"momentum": 0.9}, "momentum_outside", {"momentum": 0.9}),
    "SGD, Nesterov": ("SGD", {"momentum": 0.9, "nesterov": True}, "nesterov_outside", {"momentum": 0.9}),
    "Adagrad": (
        "Adagrad",
        {"initial_accumulator_value": 0.1, "eps": 1e-3},
        "adagrad",
        {"initial_accumulator": 0.1, "epsilon": 1e-3},
    ),
    "RMSprop": ("RMSprop", {"alpha": 0.99, "eps": 1e-3}, "rmsprop", {"decay": 0.99, "epsilon": 1e-3}),
    "Adam": ("Adam", {"betas": (0.9, 0.999), "eps": 1e-8}, "adam", ADAM),
    "Adam, large epsilon": (
        "Adam",
        {"betas": (0.5, 0.9), "eps": 0.1},
        "adam",
        {"beta1": 0.5, "beta2": 0.9, "epsilon": 0.1},
    ),
    "AdamW": (
        "AdamW",
        {"betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0.1},
        "adamw",
        ADAM | {"weight_decay": 0.1},
    ),
}


@SCHEDULES
@pytest.mark.parametrize("name", TORCH)
def test_torch_optimizers(name: str, schedule: Any) -> None:
    torch = peer("torch")
    class_name, theirs, ours, settings = TORCH[name]
    rate = 0.03
    w = torch.nn.Parameter(torch.from_numpy(START.copy()))
    optimizer = getattr(torch.optim, class_name)([w], lr=rate, **theirs)
    points = [w.detach().numpy().copy()]
    for t in range(1, STEPS + 1):
        optimizer.param_groups[0]["lr"] = rate * schedule(t)
        w.grad = torch.from_numpy(slope(w.detach().numpy(), t))
        optimizer.step()
        points.append(w.detach().numpy().copy())
    assert_same_path(path(ours, schedule, learning_rate=rate, **settings), np.array(points))


def torch_loss(torch: Any, network: Network, parameters: Any, X: Any, T: Any) -> Any:
    """The network in PyTorch's own words, with its own losses and its own automatic derivative."""
    F = torch.nn.functional
    activation = {
        "gelu": F.gelu, "identity": lambda z: z, "leaky_relu": lambda z: F.leaky_relu(z, LEAK),
        "logistic": torch.sigmoid, "relu": F.relu, "silu": F.silu, "softplus": F.softplus, "tanh": torch.tanh,
    }  # fmt: skip
    loss = {
        "cross_entropy": lambda Z: F.cross_entropy(Z, T, reduction="sum"),
        "half_squared_error": lambda Z: F.mse_loss(Z, T, reduction="sum") / 2,
        "logistic": lambda Z: F.binary_cross_entropy_with_logits(Z, T, reduction="sum"),
        "squared_error": lambda Z: F.mse_loss(Z, T, reduction="sum"),
    }
    A = X
    for l, (W, b) in enumerate(parameters):
        Z = A @ W + b
        A = activation[network.activations[l].name](Z) if l < network.hidden else Z
    value = loss[network.loss.name](Z)
    if network.reduction == "mean":
        value = value / len(X)
    return value + network.l2 / 2 * sum((W**2).sum() for W, _ in parameters)


@pytest.mark.parametrize("loss", sorted(LOSSES))
@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_torch_gradients(activation: str, loss: str) -> None:
    torch = peer("torch")
    for reduction, l2 in (("sum", 0.0), ("mean", 0.3)):
        network = Network.of("3-5-4-3", activation=activation, loss=loss, reduction=reduction, l2=l2)  # type: ignore[arg-type]
        problem = NetworkObjective(network, data_for(network, 20, seed=1))
        w = weights(network, 2)
        value, gradient = problem.loss_and_gradient(w)
        theirs = torch.from_numpy(w.copy()).requires_grad_()
        parts = [
            tuple(part.reshape(shape) for part, shape in zip(layer, shapes, strict=True))
            for layer, shapes in zip(_split(theirs, network), network.shapes, strict=True)
        ]
        expected = torch_loss(torch, network, parts, torch.tensor(problem.data.X), torch.tensor(problem.data.T))
        expected.backward()
        assert float(value) == pytest.approx(expected.item(), rel=1e-12)
        np.testing.assert_allclose(gradient, theirs.grad.numpy(), rtol=1e-12, atol=1e-12 * np.abs(gradient).max())


def _split(vector: Any, network: Network) -> list[tuple[Any, Any]]:
    at, layers = 0, []
    for (n, m), _ in network.shapes:
        layers.append((vector[at : at + n * m], vector[at + n * m : at + n * m + m]))
        at += n * m + m
    return layers


# --- optax ------------------------------------------------------------------------------------------------------------

# optax.adagrad has epsilon inside the root, we outside: equal at epsilon 0. Its rmsprop can have it on either side.
OPTAX: dict[str, tuple[str, dict[str, Any], str, dict[str, Any]]] = {
    "sgd": ("sgd", {}, "gradient_descent", {}),
    "momentum": ("sgd", {"momentum": 0.9}, "momentum_outside", {"momentum": 0.9}),
    "nesterov": ("sgd", {"momentum": 0.9, "nesterov": True}, "nesterov_outside", {"momentum": 0.9}),
    "adam": ("adam", {"b1": 0.9, "b2": 0.999, "eps": 1e-8}, "adam", ADAM),
    "adamw": (
        "adamw",
        {"b1": 0.9, "b2": 0.999, "eps": 1e-8, "weight_decay": 0.1},
        "adamw",
        ADAM | {"weight_decay": 0.1},
    ),
    "adagrad": (
        "adagrad",
        {"initial_accumulator_value": 0.1, "eps": 0.0},
        "adagrad",
        {"initial_accumulator": 0.1, "epsilon": 0.0},
    ),
    "rmsprop": (
        "rmsprop",
        {"decay": 0.9, "eps": 1e-3, "eps_in_sqrt": False},
        "rmsprop",
        {"decay": 0.9, "epsilon": 1e-3},
    ),
}


@SCHEDULES
@pytest.mark.parametrize("name", OPTAX)
def test_optax_optimizers(name: str, schedule: Any) -> None:
    optax, jax = peer("optax"), peer("jax")
    factory, theirs, ours, settings = OPTAX[name]
    rate = 0.03
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of missing accelerators, of renamed functions: not ours to mend
        jax.config.update("jax_enable_x64", True)
        # optax counts its steps from 0.
        rule = getattr(optax, factory)(
            lambda count: rate * jax.numpy.where(count < STEPS // 2, 1.0, schedule(STEPS)), **theirs
        )
        w = jax.numpy.asarray(START)
        state = rule.init(w)
        step = jax.jit(rule.update)
        points = [START]
        for t in range(1, STEPS + 1):
            update, state = step(jax.numpy.asarray(slope(points[-1], t)), state, w)
            w = optax.apply_updates(w, update)
            points.append(np.asarray(w))
    assert points[-1].dtype == np.float64
    assert_same_path(path(ours, schedule, learning_rate=rate, **settings), np.array(points))


# --- scikit-learn -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("nesterov", [False, True], ids=["momentum", "nesterov"])
@pytest.mark.parametrize("activation", ["relu", "tanh", "logistic", "identity"])
def test_scikit_learn_classifier_goes_the_same_way(activation: str, nesterov: bool) -> None:
    """Loss before each of 30 full-batch steps. Its penalty is alpha / n, its momentum has the learning rate inside."""
    neural = peer("sklearn.neural_network")
    network = Network.of("2-5-4-3", activation=activation, reduction="mean", l2=0.5 / 40)
    problem = NetworkObjective(network, data_for(network, 40, seed=3))
    w = weights(network, 4)
    theirs = neural.MLPClassifier(
        (5, 4), activation=activation, solver="sgd", alpha=0.5, batch_size=40, learning_rate_init=0.05,
        momentum=0.9, nesterovs_momentum=nesterov, shuffle=False,
    )  # fmt: skip
    losses = _fit_on(theirs, problem, w, steps=30)
    name = "nesterov" if nesterov else "momentum"
    np.testing.assert_allclose(losses, _descent(problem, w, name, 30, learning_rate=0.05, momentum=0.9), rtol=1e-10)


def test_scikit_learn_regressor_with_several_outputs_steps_by_another_loss_than_it_reports() -> None:
    """Its issue 8349, open since 2017: the loss is averaged over the k outputs, the gradient is not.

    Ours reports what it descends. If this fails one day because both of its numbers agree, rejoice and delete it.
    """
    neural = peer("sklearn.neural_network")
    k = 3
    network = Network.of(f"2-5-{k}", activation="tanh", loss="half_squared_error", reduction="mean")
    problem = NetworkObjective(network, data_for(network, 40, seed=3))
    w = weights(network, 4)
    theirs = neural.MLPRegressor(hidden_layer_sizes=
        (5,), activation="tanh", solver="sgd", alpha=0.0, batch_size=40, learning_rate_init=0.05,
        momentum=0.9, nesterovs_momentum=False, shuffle=False,
    )  # fmt: skip
    losses = _fit_on(theirs, problem, w, steps=30)
    ours = _descent(problem, w, "momentum", 30, learning_rate=0.05, momentum=0.9)
    np.testing.assert_allclose(losses * k, ours, rtol=1e-10)


def _fit_on(model: Any, problem: NetworkObjective, w: Any, steps: int) -> Any:
    """Losses of a scikit-learn network from our start: `partial_fit` on all samples is one full-batch step."""
    data = problem.data
    classify = problem.network.loss.targets == "classes"
    arguments = (data.X, data.labels) if classify else (data.X, data.T)
    model.partial_fit(*arguments, **({"classes": range(data.T.shape[1])} if classify else {}))
    for layer, (W, b) in enumerate(problem.network.unpack(w)):  # it has its shapes now; put our start into them
        model.coefs_[layer][...] = W
        model.intercepts_[layer][...] = b
    del model._optimizer  # its velocity belongs to the first call
    losses = []
    for _ in range(steps):
        model.partial_fit(*arguments)
        losses.append(model.loss_)
    return np.array(losses)


def _descent(problem: NetworkObjective, w: Any, name: str, steps: int, **settings: float) -> Any:
    from fallline.runs.descent import descend

    return descend(problem, name, start=w, steps=steps, **settings).losses[:-1]  # type: ignore[arg-type]
