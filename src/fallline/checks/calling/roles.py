"""Roles: what the names of arguments, keys and attributes mean, seen together."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from fallline.checks.calling.blocks import blocks_of, by_name
from fallline.checks.calling.patterns import Constant, Pattern
from fallline.checks.calling.point import Quantity
from fallline.checks.calling.spellings import Spelling, spelling
from fallline.textbook.network import Network

__all__ = [
    "BIASES",
    "PARAMETERS",
    "RATE",
    "RATES",
    "VELOCITY",
    "WEIGHTS",
    "hyperparameter",
    "meanings",
    "plain",
    "role_of",
]

PARAMETERS, WEIGHTS, BIASES = Quantity("parameters"), Quantity("weights"), Quantity("biases")
"""All parameters in one argument, all weights, all biases: the containers stand for them later."""

VELOCITY = Quantity("velocity")
"""Zeros in the form of all parameters: the state of momentum at the first step."""

X, T, Y = Quantity("X"), Quantity("T"), Quantity("Y")

RATE = 0.125
"""The learning rate that a function is called with: a power of 2, so that dividing by it is exact."""

_ROLES: dict[str, tuple[Quantity, ...]] = {
    **dict.fromkeys(
        ("x", "data", "inputs", "input", "xtrain", "features", "xs", "xbatch", "traininginputs", "inputdata", "images",
         "trainx", "xdata", "xb", "samples", "inputlist", "inputslist", "batchx", "observations", "xtr"), (X,)
    ),
    **dict.fromkeys(
        ("t", "targets", "target", "ytrue", "labels", "label", "onehot", "ts", "ytrain", "ttrain", "trainingoutputs",
         "onehoty", "yonehot", "yb", "ybatch", "classes", "desired", "expected", "traininglabels", "ygold", "trainy", "batchy",
         "targ", "targs", "targetslist", "targetlist", "groundtruth", "actual", "ytr", "trueoutput", "truth", "yenc", "yoh"), (T,)
    ),
    **dict.fromkeys(
        ("yhat", "ypred", "probs", "probabilities", "p", "o", "out", "prediction", "predictions", "predicted",
         "al", "scores", "aout", "pred", "hatty", "yp", "ypreds", "forwardoutput"), (Y,)
    ),
    **dict.fromkeys(("velocity", "velocities", "momentums", "vel", "optstate"), (VELOCITY,)),
    **dict.fromkeys(
        ("dout", "dvalues", "gradoutput", "upstream", "doutput", "outputgradient", "dlogits", "dscores", "gradout", "upstreamgrad"),
        (Quantity("D"),),
    ),
    "y": (T, Y), "output": (Y, T), "outputs": (Y, T),
    **dict.fromkeys(
        ("parameters", "params", "model", "vector", "par", "pars", "param", "nnparams", "layers", "network", "net", "nn",
         "initialnnparams", "unrolled", "thetavec", "flat", "weightsandbiases", "coefficients", "state"), (PARAMETERS,)
    ),
    **dict.fromkeys(("m", "batchsize", "nsamples", "minibatchsize", "numsamples", "numexamples", "bs", "nexamples"), (Quantity("m"),)),
    **dict.fromkeys(
        ("l2", "lam", "lambda", "lambd", "reg", "weightdecay", "regularization", "regstrength", "lmbda", "l2reg", "reglambda",
         "lambda_", "lmbd", "decay", "wd", "l2lambda", "regterm", "regparam", "lambdareg"), (Quantity("l2"),)
    ),
}  # fmt: skip

_PENALTY = re.compile(
    r"^(?!.*(lr|rate|regres|region|steps)).*(reg|lambda|lmbd|decay|penal|ridge|l2(coef|strength|weight|alpha)?$)"
)
"""Names of a penalty's strength that are in no list: reg_strength, l2_penalty, lambda_w."""

RATES = ("lr", "eta", "alpha", "learningrate", "stepsize", "rate", "learnrate", "step", "lrate", "gamma")
"""Names of learning rates."""

_ONES = ("epochs", "epoch", "iterations", "numiterations", "niter", "maxiter", "numiters", "steps", "numepochs", "nepochs",
         "niterations", "iters", "numsteps", "maxiterations", "maxiters", "nsteps", "niters", "numiter")  # fmt: skip
_FIRST = ("inputsize", "nx", "inputdim", "inputlayersize", "nin", "ninput", "ninputs", "numinputs", "insize", "indim",
          "inputnodes", "inputunits", "inputneurons", "numfeatures", "nfeatures", "inputs", "infeatures", "d", "din", "nn_input_dim", "visiblesize", "nvisible", "numvisible")  # fmt: skip
_LAST = ("outputsize", "ny", "outputdim", "outputlayersize", "nout", "noutput", "noutputs", "numoutputs", "outsize", "outdim",
         "outputnodes", "outputunits", "outputneurons", "numlabels", "numclasses", "nclasses", "k", "c", "outputs",
         "outfeatures", "numclass", "nlabels", "dout", "nclass")  # fmt: skip
_HIDDEN = ("hiddensize", "nh", "hiddendim", "hiddenlayersize", "nhidden", "numhidden", "hiddennodes", "hiddenunits",
           "hiddenneurons", "hidden", "h", "hiddenlayers", "hiddensizes", "hiddendims", "hiddenlayersizes", "nhid")  # fmt: skip
_SIZES = ("sizes", "layerdims", "layersizes", "dims", "dimensions", "layersdims", "architecture", "layers", "arch", "shape",
          "nodes", "units", "structure", "topology", "layersize", "layer_dims", "neurons")  # fmt: skip


def plain(name: str) -> str:
    """The name in lower case, with letters and digits alone."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def role_of(name: str) -> Quantity | None:
    """What a usual name of samples, targets, outputs, parameters, their number or the penalty means first; None for another name."""
    return _ROLES[plain(name)][0] if plain(name) in _ROLES else None


def hyperparameter(name: str, network: Network, default: Any = None) -> Constant | None:
    """The value of a setting that belongs to training or to the network's shape; None if the name is not one of these."""
    p = plain(name)
    sizes = list(network.sizes)
    if p in RATES:
        return Constant(default if isinstance(default, float) and default else RATE)
    if p in _ONES:
        return Constant(1)
    if p in ("keepprob", "keep", "pkeep", "keepprobability", "keeprate"):
        return Constant(1.0)
    if p in ("dropout", "dropprob", "pdrop", "dropoutrate", "momentum", "mu", "beta", "noise", "dropoutprob"):
        return Constant(0.0)
    if p in ("verbose", "debug", "plot", "printcost", "show", "disp", "training", "train", "display", "printloss"):
        return Constant(False)
    if p in ("std", "weightscale", "scale", "initscale", "sigma", "weightinitstd"):
        return Constant(0.1)
    if p in ("seed", "randomstate", "randomseed"):
        return Constant(0)
    if p in _FIRST:
        return Constant(sizes[0])
    if p in _LAST:
        return Constant(sizes[-1])
    if p in _HIDDEN or (
        hidden := re.fullmatch(r"(?:n|num)?(?:h|hidden)(?:size|dim|units|nodes|neurons|layersize)?(\d)(?:size|dim)?", p)
    ):
        many = p in ("hiddenlayers", "hiddensizes", "hiddendims", "hiddenlayersizes") or (
            network.hidden > 1 and p in _HIDDEN
        )
        inner = sizes[1:-1]
        if p not in _HIDDEN:
            l = int(hidden[1])  # type: ignore[index]
            return Constant(inner[l - 1]) if 1 <= l <= len(inner) else None
        return Constant(inner if many or not inner else inner[0])
    if p in _SIZES:
        return Constant(sizes)
    if p in ("l", "numlayers", "nlayers", "depth"):
        return Constant(network.depth)
    if p in ("activation", "activationfunction", "act", "activationname", "nonlinearity"):
        return Constant(network.activations[0].name if network.hidden else "identity")
    return None


def meanings(
    names: Sequence[str], network: Network, defaults: Mapping[str, Any] | None = None, joined: bool = False
) -> dict[str, tuple[Pattern, ...]]:
    """What each name may mean, the likeliest first; empty for a name that is unknown.

    >>> n = Network.of("2-3-2-3")
    >>> def read(*names):
    ...     return {name: ", ".join(map(str, values)) for name, values in meanings(names, n).items()}
    >>> read("params", "X", "y")
    {'params': 'parameters', 'X': 'X', 'y': 'T, Y'}
    >>> read("W0", "b0", "W1", "b1", "V", "c", "H1", "x")
    {'W0': 'W1', 'b0': 'b1', 'W1': 'W2', 'b1': 'b2', 'V': 'W3', 'c': 'b3', 'H1': 'A1, 3', 'x': 'X'}
    >>> read("weights", "biases")
    {'weights': 'weights, parameters', 'biases': 'biases'}
    """
    found: dict[str, tuple[Pattern, ...]] = {}
    layered: dict[str, Quantity] = {}
    for kind in "Wb":
        blocks = [b for b in blocks_of(network) if b[0] == kind]
        others = [(n,) for n in names if role_of(n) is None]  # Xb and Yb are batches, and no biases
        places = (by_name(others, blocks) or by_name([(n,) for n in names], blocks)) if blocks else None
        layered |= {} if places is None else {path[0]: Quantity(*block) for block, path in places.items()}
    for name in names:
        p = plain(name)
        s = spelling(name)
        if name in layered:
            found[name] = (layered[name],)
            if network.depth == 1 and layered[name].kind == "W" and not any(q.kind == "b" for q in layered.values()):
                found[name] = (PARAMETERS, layered[name]) if network.bias else (layered[name], PARAMETERS)
        elif p in _ROLES and not (p == "network" and network.depth == 0):
            found[name] = _ROLES[p]
        else:
            constant = hyperparameter(name, network, (defaults or {}).get(name))
            found[name] = _of_spelling(s, network, names) if s is not None else ()
            found[name] += () if constant is None else (constant,)
            number = isinstance((defaults or {}).get(name, 0.0), int | float)
            if not found[name] and s is None and number and _PENALTY.search(p):
                found[name] = (Quantity("l2"),)
    return found


def _of_spelling(s: Spelling, network: Network, names: Sequence[str]) -> tuple[Pattern, ...]:
    """What a weight, bias, activation or pre-activation means that is not one of a whole set of layers."""
    kind, place, _ = s
    if kind in "Wb":
        numbered = [o.place for n in names if (o := spelling(n)) and o.kind == kind and o.place and o.place[0] == 0]
        if place in numbered and len(set(numbered)) > 1 and 1 <= place[1] <= network.depth:  # b1 and b2, without b3
            return (Quantity(kind, place[1]),)
        both = {other.kind for n in names if (other := spelling(n))} >= {"W", "b"}
        if kind == "b":
            return (BIASES,)
        return (WEIGHTS, PARAMETERS) if both or not network.bias else (PARAMETERS, WEIGHTS)
    if kind == "D":
        return ()
    if place is None or place == (1, 0):
        return (Quantity(kind, 1),) if network.hidden == 1 else ()
    if place[0] == 9:
        return (Y,) if kind == "A" else (Quantity("Z", network.depth),)
    from_zero = kind == "Z" and any(plain(n) == "z0" for n in names)
    layer = place[1] + from_zero
    if kind == "A" and layer == network.depth:
        return (Y,)
    if kind == "A" and layer == 0:
        return (X,)
    return (Quantity(kind, layer),) if 1 <= layer <= network.depth else ()
