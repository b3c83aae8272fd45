"""The chapters on what is trained: the network with its forward pass and gradients, the landscape, the data."""

from __future__ import annotations

from typing import Any

from fallline import views
from fallline.report.example import Forward
from fallline.report.gallery import Gallery
from fallline.report.maths import equations_of, gradient_blocks
from fallline.report.results import Results
from fallline.textbook.network import Network
from fallline.views.equations import equations

__all__ = ["data_chapter", "forward_chapter", "gradients_chapter", "landscape_chapter", "network_chapter", "window_of"]

SMALL = 60
"""Largest number of parameters for which a network's equations are also written unit by unit."""


def network_chapter(results: Results, network: Network, gallery: Gallery) -> dict[str, Any]:
    """The network's picture and its forward equations."""
    names: dict[str, Any] = {}
    if results.problem is not None:
        data = results.problem.data
        names = {"inputs": data.columns or None, "outputs": data.classes or None}
    units = equations_of(network, "units").sections if network.parameter_count <= SMALL else ()
    return {
        "network": network,
        "picture": gallery.show("network", lambda theme: views.draw_network(network, theme=theme, **names)),
        "matrix": [s for s in equations_of(network, "matrix").sections if s.title in ("Forward", "Functions", "Loss")],
        "units": [s for s in units if s.title.startswith("Forward")],
    }


def forward_chapter(forward: Forward) -> dict[str, Any]:
    """The example's numbers, with the name and the width of each row: x, then z and h of each layer, then y."""
    sizes = forward.network.sizes
    columns = [("x", sizes[0])]
    for layer, n in enumerate(sizes[1:], start=1):
        columns.append((f"z{layer}", n))
        if layer < len(sizes) - 1:
            columns.append((f"h{layer}", n))
    return {"forward": forward, "columns": [*columns, ("y", sizes[-1])]}


def landscape_chapter(results: Results, gallery: Gallery) -> dict[str, Any]:
    """The landscape's formula, derivatives and contours."""
    hill = results.hill
    assert hill is not None
    window = window_of(results)
    picture = ""
    if hill.dimension == 2:
        picture = gallery.show("contours", lambda theme: views.draw_contours(hill, window=window, theme=theme))
    return {"hill": hill, "sections": equations(hill.landscape).sections, "picture": picture}


def window_of(results: Results) -> Any:
    """The part of the landscape that the study wants drawn, or None."""
    assert results.study.landscape is not None
    window = results.study.landscape.window
    return None if window is None else tuple((float(low), float(high)) for low, high in window)


def gradients_chapter(results: Results) -> dict[str, Any]:
    """The equations of back-propagation, and the check of the gradient by other means."""
    assert results.problem is not None
    network = results.problem.network
    forms = [("In matrices", "matrix")] + ([("Unit by unit", "units")] if network.parameter_count <= SMALL else [])
    sections: list[Any] = [
        (
            title,
            [
                (s, gradient_blocks(s, network) if form == "units" and s.title == "Gradient" else [])
                for s in equations_of(network, form).sections
                if s.title in ("Pre-activations", "Backward", "Gradient")
            ],
        )
        for title, form in forms
    ]
    kinks = any("1[" in e.text for _, group in sections for s, _ in group for e in s.equations)
    return {"sections": sections, "kinks": kinks, "check": results.gradient, "depth": network.depth}


def data_chapter(results: Results, gallery: Gallery) -> dict[str, Any]:
    """The samples, and the mean and deviation of each class."""
    assert results.problem is not None
    data = results.problem.data
    picture = gallery.show("data", lambda theme: views.draw_data(data, theme=theme))
    rows = []
    if data.X.shape[1] <= 4:
        for k, name in enumerate(data.classes):
            X = data.X[data.labels == k]
            rows.append((name, len(X), X.mean(axis=0), X.std(axis=0)))
    return {"data": data, "picture": picture, "rows": rows}
