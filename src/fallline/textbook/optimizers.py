"""Optimizers: `init` and `step`, elementwise, so a page reads for one weight as for all.

Letters: w parameter, g gradient at w, t number of the step (1 for the first), v, s, m state. `fallline.settings`
declares the settings that optimizers share; an optimizer declares others in its record (`own_settings`).
Each page names its convention, because systems differ (PyTorch, Keras, optax, scikit-learn):

- momentum, nesterov: the learning rate stands *inside* the velocity (classical; the notebook, Keras, scikit-learn);
- momentum_outside, nesterov_outside: outside of it (PyTorch, optax). Equal while the learning rate is constant.
- adam divides by sqrt(v_hat) + epsilon (Kingma & Ba, algorithm 1; PyTorch, optax);
  adam_epsilon_hat by sqrt(v) + epsilon, with both bias corrections in the step size (section 2; Keras, scikit-learn).
"""

from __future__ import annotations

import numpy as np

from fallline.textbook.families import member
from fallline.textbook.naming import let
from fallline.textbook.operations import Array, sqrt
from fallline.textbook.optimizer import Entries, Optimizer, State, Step

__all__ = ["OPTIMIZERS", "Optimizer", "optimizer"]


def gradient_descent(w: Entries, g: Entries, state: State, t: Array, *, learning_rate: Array) -> Step:
    """Gradient descent: one step along the negative gradient.

        w = w - learning_rate g

    Settings: `learning_rate`. Source: Cauchy 1847; with minibatches, Robbins & Monro 1951.
    """
    w = let("w", None, w - learning_rate * g)
    return w, ()


def momentum(w: Entries, g: Entries, state: State, t: Array, *, learning_rate: Array, momentum: Array) -> Step:
    """Gradient descent with momentum (heavy ball), the learning rate inside the velocity.

        v = momentum v + learning_rate g
        w = w - v

    Convention: classical; the notebook, Keras and scikit-learn, whose velocity is -v. v starts at 0.
    Settings: `learning_rate`, `momentum`. Source: Polyak 1964; Rumelhart, Hinton & Williams 1986.
    """
    (v,) = state
    v = let("v", None, momentum * v + learning_rate * g)
    w = let("w", None, w - v)
    return w, (v,)


def momentum_outside(w: Entries, g: Entries, state: State, t: Array, *, learning_rate: Array, momentum: Array) -> Step:
    """Gradient descent with momentum, the learning rate outside the velocity.

        v = momentum v + g
        w = w - learning_rate v

    Convention: PyTorch (without dampening) and optax. When the learning rate falls, the next step shrinks with it,
    whereas the velocity of `momentum` fades over many steps. v starts at 0.
    Settings: `learning_rate`, `momentum`. Source: Polyak 1964.
    """
    (v,) = state
    v = let("v", None, momentum * v + g)
    w = let("w", None, w - learning_rate * v)
    return w, (v,)


def nesterov(w: Entries, g: Entries, state: State, t: Array, *, learning_rate: Array, momentum: Array) -> Step:
    """Nesterov's momentum, the learning rate inside the velocity.

        v = momentum v + learning_rate g
        w = w - (momentum v + learning_rate g)        with the new v

    Convention: Keras and scikit-learn, whose velocity is -v. w is the look-ahead point, so that g is the gradient at w
    itself (Bengio, Boulanger-Lewandowski & Pascanu 2013, arXiv:1212.0901). v starts at 0.
    Settings: `learning_rate`, `momentum`. Source: Nesterov 1983; Sutskever et al. 2013.

    >>> w, (v,) = nesterov(np.array([1.0]), np.array([2.0]), (np.zeros(1),), 1, learning_rate=0.1, momentum=0.9)
    >>> w.round(6).tolist(), v.tolist()
    ([0.62], [0.2])
    """
    (v,) = state
    v = let("v", None, momentum * v + learning_rate * g)
    w = let("w", None, w - (momentum * v + learning_rate * g))
    return w, (v,)


def nesterov_outside(w: Entries, g: Entries, state: State, t: Array, *, learning_rate: Array, momentum: Array) -> Step:
    """Nesterov's momentum, the learning rate outside the velocity.

        v = momentum v + g
        w = w - learning_rate (g + momentum v)        with the new v

    Convention: PyTorch and optax. w is the look-ahead point, as in `nesterov`. v starts at 0.
    Settings: `learning_rate`, `momentum`. Source: Nesterov 1983; Sutskever et al. 2013.
    """
    (v,) = state
    v = let("v", None, momentum * v + g)
    w = let("w", None, w - learning_rate * (g + momentum * v))
    return w, (v,)


def adagrad(
    w: Entries, g: Entries, state: State, t: Array, *, learning_rate: Array, epsilon: Array, initial_accumulator: Array
) -> Step:
    """AdaGrad: each weight's step is divided by the root of the sum of its squared gradients.

        s = s + g^2
        w = w - learning_rate g / (sqrt(s) + epsilon)

    Convention: epsilon outside the root, as in PyTorch; Keras and optax have sqrt(s + epsilon). s starts at
    `initial_accumulator`: 0 by default, as in PyTorch; 0.1 in Keras and optax.
    Settings: `learning_rate`, `epsilon`, `initial_accumulator`. Source: Duchi, Hazan & Singer 2011.
    """
    (s,) = state
    s = let("s", None, s + g**2)
    w = let("w", None, w - learning_rate * g / (sqrt(s) + epsilon))
    return w, (s,)


def adagrad_state(w: Entries, *, initial_accumulator: Array = 0.0, **settings: Array) -> State:
    """The state before AdaGrad's first step: s = initial_accumulator in every entry, shaped like w."""
    return (np.zeros_like(w) + initial_accumulator,)


def rmsprop(
    w: Entries, g: Entries, state: State, t: Array, *, learning_rate: Array, decay: Array, epsilon: Array
) -> Step:
    """RMSProp: the gradient is divided by its running root mean square.

        s = decay s + (1 - decay) g^2
        w = w - learning_rate g / (sqrt(s) + epsilon)

    Convention: epsilon outside the root, as in PyTorch and, with eps_in_sqrt=False, optax; Keras has sqrt(s + epsilon).
    s starts at 0 and is not corrected for that. Not centred, without momentum.
    Settings: `learning_rate`, `decay`, `epsilon`. Source: Tieleman & Hinton 2012, lecture 6.5.
    """
    (s,) = state
    s = let("s", None, decay * s + (1 - decay) * g**2)
    w = let("w", None, w - learning_rate * g / (sqrt(s) + epsilon))
    return w, (s,)


def adam(
    w: Entries, g: Entries, state: State, t: Array, *, learning_rate: Array, beta1: Array, beta2: Array, epsilon: Array
) -> Step:
    """Adam: the running mean of the gradient, divided by its running root mean square.

        m = beta1 m + (1 - beta1) g
        v = beta2 v + (1 - beta2) g^2
        m_hat = m / (1 - beta1^t),  v_hat = v / (1 - beta2^t)
        w = w - learning_rate m_hat / (sqrt(v_hat) + epsilon)

    Convention: epsilon is added to the root of the corrected v_hat, as in PyTorch and optax; `adam_epsilon_hat` has the
    other form. m and v start at 0, which m_hat and v_hat correct for, so t must be 1 at the first step.
    Settings: `learning_rate`, `beta1`, `beta2`, `epsilon`.
    Source: Kingma & Ba 2015 (arXiv:1412.6980), algorithm 1.

    The first step has the length learning_rate |g| / (|g| + epsilon), whatever the betas are:

    >>> options = {"learning_rate": 0.1, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}
    >>> w, (m, v) = adam(np.zeros(2), np.array([5.0, 1e-8]), (np.zeros(2), np.zeros(2)), 1, **options)
    >>> w.round(6).tolist(), m.round(6).tolist(), v.round(6).tolist()
    ([-0.1, -0.05], [0.5, 0.0], [0.025, 0.0])
    """
    m, v = state
    m = let("m", None, beta1 * m + (1 - beta1) * g)
    v = let("v", None, beta2 * v + (1 - beta2) * g**2)
    m_hat = let("m_hat", None, m / (1 - beta1**t))
    v_hat = let("v_hat", None, v / (1 - beta2**t))
    w = let("w", None, w - learning_rate * m_hat / (sqrt(v_hat) + epsilon))
    return w, (m, v)


def adam_epsilon_hat(
    w: Entries, g: Entries, state: State, t: Array, *, learning_rate: Array, beta1: Array, beta2: Array, epsilon: Array
) -> Step:
    """Adam in the form of epsilon hat: both corrections stand in the step size.

        m = beta1 m + (1 - beta1) g
        v = beta2 v + (1 - beta2) g^2
        rate = learning_rate sqrt(1 - beta2^t) / (1 - beta1^t)
        w = w - rate m / (sqrt(v) + epsilon)

    Convention: Keras and scikit-learn. Equal to `adam` with epsilon / sqrt(1 - beta2^t) in the place of epsilon, so it
    differs where gradients are as small as epsilon: compare the example of `adam`.
    Settings: `learning_rate`, `beta1`, `beta2`, `epsilon` (Kingma & Ba's epsilon hat).
    Source: Kingma & Ba 2015 (arXiv:1412.6980), end of section 2.

    >>> options = {"learning_rate": 0.1, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}
    >>> w, state = adam_epsilon_hat(np.zeros(2), np.array([5.0, 1e-8]), (np.zeros(2), np.zeros(2)), 1, **options)
    >>> w.round(6).tolist()
    [-0.1, -0.003065]
    """
    m, v = state
    m = let("m", None, beta1 * m + (1 - beta1) * g)
    v = let("v", None, beta2 * v + (1 - beta2) * g**2)
    rate = let("rate", None, learning_rate * (1 - beta2**t) ** 0.5 / (1 - beta1**t))
    w = let("w", None, w - rate * m / (sqrt(v) + epsilon))
    return w, (m, v)


def adamw(
    w: Entries, g: Entries, state: State, t: Array, *,
    learning_rate: Array, beta1: Array, beta2: Array, epsilon: Array, weight_decay: Array,
) -> Step:  # fmt: skip
    """AdamW: Adam, and a decay of the weights that does not pass through the gradient.

        w = w - learning_rate weight_decay w
        then the step of `adam`, with the gradient g from before the decay

    Convention: the decay is multiplied by the learning rate, as in PyTorch, optax and Keras. Biases decay as well.
    Settings: those of `adam`, and `weight_decay`. Source: Loshchilov & Hutter 2019 (arXiv:1711.05101).
    """
    w = let("w", None, w - learning_rate * weight_decay * w)
    return adam(w, g, state, t, learning_rate=learning_rate, beta1=beta1, beta2=beta2, epsilon=epsilon)


def root_of_squares(state: State, t: Array, *, epsilon: Array, **settings: Array) -> Entries:
    """The preconditioner of AdaGrad and RMSProp: D = sqrt(s) + epsilon, with s after step t. Settings: `epsilon`."""
    (s,) = state
    return sqrt(s) + epsilon


def adam_preconditioner(
    state: State, t: Array, *, beta1: Array, beta2: Array, epsilon: Array, **settings: Array
) -> Entries:
    """The preconditioner of Adam: D = (1 - beta1^t) (sqrt(v / (1 - beta2^t)) + epsilon), with v after step t.

    Settings: `beta1`, `beta2`, `epsilon`. Source: Cohen et al. 2022 (arXiv:2207.14484), section 2.
    """
    return (1 - beta1**t) * (sqrt(state[1] / (1 - beta2**t)) + epsilon)


def adam_epsilon_hat_preconditioner(
    state: State, t: Array, *, beta1: Array, beta2: Array, epsilon: Array, **settings: Array
) -> Entries:
    """The preconditioner of `adam_epsilon_hat`: D = (1 - beta1^t) / sqrt(1 - beta2^t) (sqrt(v) + epsilon), with v after step t.

    Settings: `beta1`, `beta2`, `epsilon`.
    """
    return (1 - beta1**t) / (1 - beta2**t) ** 0.5 * (sqrt(state[1]) + epsilon)


OPTIMIZERS: dict[str, Optimizer] = {
    o.name: o
    for o in (
        Optimizer("adagrad", adagrad, ("s",), adagrad_state, "AdaGrad", preconditioner=root_of_squares),
        Optimizer("adam", adam, ("m", "v"), label="Adam", preconditioner=adam_preconditioner),
        Optimizer("adam_epsilon_hat", adam_epsilon_hat, ("m", "v"), label="Adam (ϵ̂)",
                  preconditioner=adam_epsilon_hat_preconditioner),
        Optimizer("adamw", adamw, ("m", "v"), label="AdamW", preconditioner=adam_preconditioner),
        Optimizer("gradient_descent", gradient_descent),
        Optimizer("momentum", momentum, ("v",)),
        Optimizer("momentum_outside", momentum_outside, ("v",), label="momentum (rate outside)"),
        Optimizer("nesterov", nesterov, ("v",), label="Nesterov"),
        Optimizer("nesterov_outside", nesterov_outside, ("v",), label="Nesterov (rate outside)"),
        Optimizer("rmsprop", rmsprop, ("s",), label="RMSProp", preconditioner=root_of_squares),
    )
}  # fmt: skip


def optimizer(name: str | Optimizer) -> Optimizer:
    """Look up an optimizer by its name; a user's own `Optimizer` is returned unchanged.

    Raises
    ------
    UnknownNameError
        If no optimizer has that name.

    Examples
    --------
    >>> optimizer("adam").settings
    ('learning_rate', 'beta1', 'beta2', 'epsilon')
    """
    if isinstance(name, Optimizer):
        return name
    return member("optimizer", name, OPTIMIZERS)
