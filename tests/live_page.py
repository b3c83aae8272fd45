"""The modules of live pages in a browser, and what the processor gives for the same runs: for tests of training in a page."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import urlparse

import numpy as np

import fallline as fl
from fallline.lab.changed import changed_state
from fallline.lab.resolved_state import ResolvedState, resolve_state
from fallline.lab.state import default_state
from fallline.live.kernels import describe_kernel
from fallline.live.problems import describe_problem
from fallline.live.worker import PAGE, worker_text
from fallline.maps.map import Map
from fallline.readings.machine.layout import OF_THE_LIVING, Measure
from fallline.runs.kernels import kernel_of
from fallline.runs.lanes import recipe_of, samples_seen, train
from fallline.runs.packing import Outputs, columns_of, pack
from fallline.runs.pieces import run
from fallline.runs.training import Training

Values = dict[str, np.ndarray[Any, Any]]

ADDRESS = "http://live.test/"

PACKAGE = PAGE.parents[1]
"""The folder whose modules the page imports: those of live pages import the lab's."""

_OPEN = """async ({ kernel, problem, worker, cores }) => {
    const [{ decoded }, { Trainer }] = await Promise.all([import("/live/page/arrays.js"), import("/live/page/trainer.js")]);
    window.trainer?.close();
    window.trainer = await Trainer.open(decoded(kernel), decoded(problem), worker, cores);
    return window.trainer?.which ?? null;
}"""

_HOST = """async (figure) => {
    const { KernelHost } = await import("/live/page/host.js");
    const host = new KernelHost(figure);
    window.hosts = (window.hosts ?? 0) + 1;
    host.take(figure.welcome.defaults, window.hosts); // runs are kept by the number of the state
    window.answers = [];
    host.onmessage = (content, buffers) => window.answers.push({ content, buffers });
    window.host = host;
}"""

_TRAIN = """async (request) => {
    if (request.points) request.points = Float64Array.from(request.points);
    const results = await window.trainer.train(request);
    const text = (array) => {
        const bytes = new Uint8Array(array.buffer);
        let letters = "";
        for (let k = 0; k < bytes.length; k += 8192) letters += String.fromCharCode(...bytes.subarray(k, k + 8192));
        return btoa(letters);
    };
    return Object.entries(results).filter(([name, v]) => typeof v !== "number" && name !== "steps").map(([name, array]) => [name, text(array)]);
}"""


SMALL = """addEventListener("DOMContentLoaded", () => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(".fallline-lab .map-plot { right: auto; width: 180px; }");
    document.adoptedStyleSheets.push(sheet);
});"""
"""A script that makes a page's map one of few tiles."""


def study_map() -> Map:
    """The seed study with a tenth of its samples, as a small map."""
    network = fl.Network.of("2-3-2-3", activation="relu", loss="cross_entropy")
    problem = fl.NetworkObjective(network, fl.generate("three-gaussians", samples=10))
    return fl.map(
        problem, x="learning_rate=1e-3..0.2:log", y="momentum=0..0.99", size=(24, 16), steps=30, optimizer="momentum",
        start=fl.notebook_start(problem), dtype="float32", measures=["final_loss", "outcome", "accuracy", "distance"],
    )  # fmt: skip


def state_of(*changes: tuple[str, Any]) -> ResolvedState:
    """The lab's first state after some changes, each a control and its value."""
    state = default_state()
    for key, value in changes:
        name, *inner = key.split(".")
        change = value
        for part in reversed(inner):
            change = {part: change}
        merged = {name: change if not inner else _merged(state.json[name], change)}
        state, _ = changed_state(merged, key, state, {})
    return resolve_state(state, {})


def _merged(old: Any, new: Any) -> Any:
    if not (isinstance(old, dict) and isinstance(new, dict)):
        return new
    return old | {k: _merged(old.get(k), v) for k, v in new.items()}


class LivePage:
    """A page that has the modules of live pages and nothing else."""

    def __init__(self, browser: Any) -> None:
        self.page = browser.new_page()
        self.page.set_default_timeout(60_000)
        self.page.route("**/*", self._serve)
        self.page.goto(ADDRESS)
        self.real: Any = np.float32

    def _serve(self, route: Any) -> None:
        path = PACKAGE / urlparse(route.request.url).path[1:]
        if path == PACKAGE:
            route.fulfill(body="<!doctype html><title>live</title>", content_type="text/html")
        elif path.is_file():
            route.fulfill(body=path.read_text(encoding="utf-8"), content_type="text/javascript")
        else:  # without an answer the page would wait for ever
            route.fulfill(status=404)

    def ask(self, module: str, expression: str, argument: Any = None) -> Any:
        """An expression's value, with a module at hand as `m` and the argument as `a`."""
        return self.page.evaluate(
            f"async a => {{ const m = await import('/live/page/{module}.js'); return {expression}; }}", argument
        )

    def open(self, resolved: ResolvedState, *, relaxed: bool = True, cores: int = 2, kernel: Any = None) -> str | None:
        """Let the page train the runs of a state; returns the module that it has chosen."""
        kernel = describe_kernel(resolved) if kernel is None else kernel
        self.real = np.dtype(f"float{kernel['bits']}")
        if not relaxed:
            kernel["modules"]["relaxed"]["base64"] = ""
        asked = {"kernel": kernel, "problem": describe_problem(resolved), "worker": worker_text(), "cores": cores}
        chosen: str | None = self.page.evaluate(_OPEN, asked)
        return chosen

    def open_host(self, figure: Any) -> None:
        """Make the host of a figure, `window.host`, with the figure's own state; its answers stand in `window.answers`."""
        self.page.evaluate(_HOST, figure)

    def train(self, **request: Any) -> Values:
        """The results of a request but the steps of each run, as flat arrays."""
        texts = self.page.evaluate(_TRAIN, request)
        return {name: np.frombuffer(base64.b64decode(text), self.real) for name, text in texts}


def native(training: Training, target: float | None = None, *, hits: bool = False) -> Values:
    """What the processor gives: the raw columns, and histories, last parameters and paths as `train` returns them."""
    columns, bits = columns_of(training, target), 8 * np.dtype(training.dtype).itemsize
    kernel = kernel_of(
        recipe_of(training, columns, hits=hits), None, bits, batches=training.rows is not None,
        samples=samples_seen(training), steps=0,
    )  # fmt: skip
    outputs = Outputs.of(training, [])
    run(kernel, pack(training, columns, kernel.settings, outputs), [(0, training.runs)], 1, None)
    return {"columns": outputs.measures} | train(training, ["history", "parameters", "path"], target=target)


def differing(found: Values, expected: Values) -> dict[str, int]:
    """How many numbers differ, by name. NaN are equal; what is not read of runs that stopped is not compared."""
    return {name: count for name, values in found.items() if (count := _differing(name, values, expected[name]))}


def _differing(name: str, found: Any, expected: Any) -> int:
    found = found.reshape(expected.shape)
    assert found.dtype == expected.dtype
    words = f"u{found.itemsize}"
    same = (found.view(words) == np.ascontiguousarray(expected).view(words)) | (np.isnan(found) & np.isnan(expected))
    if name == "columns":
        same[np.ix_(OF_THE_LIVING, expected[Measure.DIED_AT] >= 0)] = True
    return int((~same).sum())
