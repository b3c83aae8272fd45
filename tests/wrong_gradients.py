"""Wrong gradients as people write them, each with the places where it is wrong, for tests of diagnoses.

Each changes one line or two of the same program for 3-4-5-3 with tanh and cross-entropy. They are written anew for the
tests; `places` are the symbols of the textbook's page where the change stands.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from fallline.textbook.network import Layer, Network
from gradient_statements import Program

NETWORK = Network.of("3-4-5-3", activation="tanh")

SOURCE = """
def gradient(parameters, X, T):
    (W1, b1), (W2, b2), (W3, b3) = parameters
    m = len(X)
    pass  # BEGIN
    Z1 = X @ W1 + b1
    A1 = np.tanh(Z1)
    Z2 = A1 @ W2 + b2
    A2 = np.tanh(Z2)
    Z3 = A2 @ W3 + b3
    E = np.exp(Z3 - Z3.max(axis=1, keepdims=True))
    Y = E / E.sum(axis=1, keepdims=True)
    D3 = Y - T
    D2 = (D3 @ W3.T) * (1 - A2**2)
    D1 = (D2 @ W2.T) * (1 - A1**2)
    dW3, db3 = A2.T @ D3, D3.sum(axis=0)
    dW2, db2 = A1.T @ D2, D2.sum(axis=0)
    dW1, db1 = X.T @ D1, D1.sum(axis=0)
    pass  # END
    return [(dW1, db1), (dW2, db2), (dW3, db3)]
"""

ALL = "dW1, db1, dW2, db2, dW3, db3"

# name, line that is changed, its replacement, places, pattern of faults that are not on the page
CHANGES: tuple[tuple[str, str, str, str, str], ...] = (
    ("sum over all entries", "D2.sum(axis=0)", "D2.sum() * np.ones(5)", "db2", ""),
    ("first sample dropped", "D3 = Y - T", "D3 = (Y - T) * (np.arange(m) > 0)[:, None]", "delta3", ""),
    ("last sample dropped", "D3 = Y - T", "D3 = (Y - T) * (np.arange(m) < m - 1)[:, None]", "delta3", ""),
    ("mean over the rest", "D3 = Y - T", "D3 = (Y - T) / (m - 1) * (np.arange(m) > 0)[:, None]", "delta3",
     "the first sample is left out, and the mean"),
    ("only the first sample", "D3 = Y - T", "D3 = (Y - T) * (np.arange(m) == 0)[:, None]", "delta3", ""),
    ("every second sample", "D3 = Y - T", "D3 = (Y - T) * (np.arange(m) % 2 == 0)[:, None]", "delta3",
     "every second sample is left out"),
    ("Jacobian's diagonal", "D3 = Y - T", "D3 = -T / Y * Y * (1 - Y)", "delta3", ""),
    ("one class", "D3 = Y - T", "D3 = (Y - T) * T[:, 1:2]", "delta3", ""),
    ("class weights", "D3 = Y - T", "D3 = (Y - T) * (T @ np.array([1.0, 2.0, 0.5]))[:, None]", "delta3", ""),
    ("weights of outputs", "D3 = Y - T", "D3 = (Y - T) * np.array([1.0, 2.0, 1.0])", "delta3", ""),
    ("smoothing", "D3 = Y - T", "D3 = Y - (0.9 * T + 0.1 / 3)", "delta3", ""),
    ("half the targets", "D3 = Y - T", "D3 = Y - 0.5 * T", "delta3", ""),
    ("a factor", "D3 = Y - T", "D3 = 0.7 * (Y - T)", "delta3", ""),
    ("slightly off", "(D2 @ W2.T) *", "1.000001 * (D2 @ W2.T) *", "D1", ""),
    ("by the inputs", "dW1, db1 = X.T @ D1, D1.sum(axis=0)", "dW1, db1 = X.T @ D1 / 3, D1.sum(axis=0) / 3", "D1 dW1 db1", ""),
    ("factor in one block", "dW1, db1 = X.T @ D1", "dW1, db1 = 0.3 * X.T @ D1", "dW1", ""),
    ("constant added", "dW1, db1 = X.T @ D1", "dW1, db1 = 0.01 + X.T @ D1", "dW1", ""),
    ("undeclared penalty", "dW2, db2 = A1.T @ D2", "dW2, db2 = A1.T @ D2 + 0.1 * W2", "dW2", ""),
    ("row sums", "db2 = A1.T @ D2, D2.sum(axis=0)", "db2 = A1.T @ D2, (A1.T @ D2).sum(axis=0)", "db2", ""),
    ("a row of dW", "D1.sum(axis=0)", "(X[:, :1] * D1).sum(axis=0)", "db1", ""),
    ("through dW", "D2 = (D3 @ W3.T)", "D2 = (D3 @ (A2.T @ D3).T)", "dA2 D2", ""),
    ("1 - 2 a^2", "(1 - A1**2)", "(1 - 2 * A1**2)", "D1", ""),
    ("1 - |a|", "(1 - A1**2)", "(1 - np.abs(A1))", "D1", ""),
    ("precedence", "(D2 @ W2.T) * (1 - A1**2)", "D2 @ W2.T + 0.1 * (1 - A1**2)", "D1", ""),
    ("unit weights", "D1 = (D2 @ W2.T)", "D1 = np.array([1.0, 0.5, 2.0, 1.0]) * (D2 @ W2.T)", "D1", ""),
    ("overwritten", "dW2, db2 = A1.T", "dW2, db2 = (1 - A1**2).T", "dW2", ""),
    ("reversed rows", "A1.T @ D2", "(A1.T @ D2)[::-1]", "dW2", ""),
    ("permuted columns", "A1.T @ D2", "(A1.T @ D2)[:, [1, 0, 2, 4, 3]]", "dW2", "dW2 holds the right columns in another order"),
    ("whole numbers", "A1.T @ D2", "(A1.T @ D2) // 1", "dW2", "dW2 is rounded down to whole numbers"),
    ("array of integers", "A1.T @ D2", "(A1.T @ D2).astype(int)", "dW2", "dW2 is cut to whole numbers"),
    ("clipped", "pass  # END", "dW1, db1, dW2, db2, dW3, db3 = (np.clip(g, -0.5, 0.5) for g in (ALL))", "finished",
     "the entries of the gradient are clipped to between -0.5 and 0.5"),
    ("clipped above", "pass  # END", "dW1, db1, dW2, db2, dW3, db3 = (np.minimum(g, 0.2) for g in (ALL))", "finished",
     "the entries of the gradient are clipped to at most 0.2"),
    ("clipped norm", "pass  # END", "n = np.sqrt(sum((g**2).sum() for g in (ALL))); dW1, db1, dW2, db2, dW3, db3 = (g / max(1, n / 2) for g in (ALL))",
     "finished", "scaled down to the norm 2"),
    ("one block clipped", "pass  # END", "dW3 = np.clip(dW3, -0.3, 0.3)", "dW3 finished", "the entries of dW3 are clipped"),
    ("cubed", "pass  # END", "dW2 = dW2**3", "dW2 finished", "-"),
    ("centred inputs", "pass  # BEGIN", "X = X - X.mean(axis=0)", "X", "gradient at other inputs: X minus their mean over the batch$"),
    ("forward tanh(2z/3)", "A1 = np.tanh(Z1)", "A1 = np.tanh(2 * Z1 / 3)", "A1", r"computes tanh\(0.666667 z\) as the activation of layer 1"),
    ("forward typo", "A1 = np.tanh(Z1)", "A1 = np.exp(Z1) - np.exp(-Z1) / (np.exp(Z1) + np.exp(-Z1))", "A1",
     "without brackets around the numerator, as the activation of layer 1"),
    ("forward sine", "A2 = np.tanh(Z2)", "A2 = np.sin(Z2) + 0.1 * Z2**2", "A2", "another activation than tanh in layer 2"),
    ("scaled product", "Z1 = X @ W1 + b1", "Z1 = 0.5 * X @ W1 + b1", "Z1",
     "the pre-activation of layer 1 in the forward pass is 0.5 X W1 [+] b1, where X W1 [+] b1 is right"),
    ("scaled inputs of one layer", "Z1 = X @ W1 + b1", "Z1 = (X * np.array([1.0, 2.0, 1.0])) @ W1 + b1", "Z1",
     "computes other activations in layer 1 than tanh of Z1"),
    ("tanh on the logits", "Z3 = A2 @ W3 + b3", "Z3 = np.tanh(A2 @ W3 + b3)", "Z3", ""),
    ("a factor of each sample", "D2 = (D3 @ W3.T)", "D2 = Y.max(axis=1, keepdims=True) * (D3 @ W3.T)", "D2",
     "the delta of layer 2 is multiplied by the largest output, the same for all units"),
    ("half precision", "pass  # BEGIN", "X, T, W1, b1, W2, b2, W3, b3 = (v.astype(np.float16) for v in (X, T, W1, b1, W2, b2, W3, b3))",
     "finished", "computes in half precision"),
    ("unit off for some samples", "pass  # END", "dW1 = X.T @ (D1 * (Z1[:, :1] > 0))", "dW1 finished", "-"),
    ("delta off for some samples", "D1 = (D2 @ W2.T) * (1 - A1**2)", "D1 = (D2 @ W2.T) * (1 - A1**2) * (1 + (Z1[:, 2:3] > 0))", "D1", "the delta of layer 1 is multiplied by a factor that differs"),
    ("dropped by the loss", "D3 = Y - T", "D3 = (Y - T) * (np.max(Y, axis=1, keepdims=True) < 0.6)", "delta3", "-"),
    ("shuffled samples", "dW2, db2 = A1.T", "dW2, db2 = np.roll(A1, 1, axis=0).T", "dW2", "-"),
    ("three faults", "D2 = (D3 @ W3.T) * (1 - A2**2)\\n", "D2 = D3 @ W3.T; D3 = -D3\\n", "D2 D3 delta3 dW3 db3", ""),
)  # fmt: skip


def programs(*names: str) -> Iterator[tuple[str, Program]]:
    """The named wrong gradients, or all."""
    for name, find, put, places, named in CHANGES:
        if names and name not in names:
            continue
        find, put = find.replace("\\n", "\n"), put.replace("\\n", "\n").replace("ALL", ALL)
        assert SOURCE.count(find) == 1, name
        scope: dict[str, Any] = {"np": np}
        exec(SOURCE.replace(find, put), scope)  # the program above
        yield name, Program(NETWORK, _of(scope["gradient"]), frozenset(places.split()), named)


def _of(function: Any) -> Any:
    def gradient(w: Any, X: Any, T: Any) -> Any:
        return tuple(Layer(np.asarray(W), np.asarray(b)) for W, b in function(NETWORK.unpack(w), X, T))

    return gradient


def three_faults() -> Any:
    """A program with three faults: a slope left out, a sign, a mean for a sum."""
    scope: dict[str, Any] = {"np": np}
    source = SOURCE.replace("(D3 @ W3.T) * (1 - A2**2)", "D3 @ W3.T").replace("A2.T @ D3,", "-A2.T @ D3,")
    exec(source.replace("D1.sum(axis=0)", "D1.mean(axis=0)"), scope)  # the program above
    return scope["gradient"]
