"""Portable programs in a browser, for tests."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.measures.measure import MEASURES
from fallline.readings.machine.layout import Measure
from fallline.readings.portable import Program
from live_page import LivePage

__all__ = ["Programs"]

_RUN = """async ({ program, inputs, count, wanted }) => {
    const { Evaluator } = await import("/live/page/evaluate.js");
    const KINDS = { float32: Float32Array, float64: Float64Array, int32: Int32Array, uint8: Uint8Array };
    const array = ({ dtype, base64 }) => new KINDS[dtype](Uint8Array.from(atob(base64), (c) => c.charCodeAt(0)).buffer);
    const given = Object.entries(inputs).map(([name, v]) => [name, v.base64 === undefined ? v : array(v)]);
    const evaluator = new Evaluator(program, wanted ?? undefined);
    const results = evaluator.run(Object.fromEntries(given), count);
    const again = evaluator.run(Object.fromEntries(given), count);
    const text = (numbers) => {
        const bytes = new Uint8Array(numbers.buffer);
        let letters = "";
        for (let k = 0; k < bytes.length; k += 8192) letters += String.fromCharCode(...bytes.subarray(k, k + 8192));
        return btoa(letters);
    };
    for (const name in results) if (text(results[name]) !== text(again[name])) throw new Error(`${name} changes`);
    return Object.fromEntries(Object.entries(results).map(([name, v]) => [name, [v.constructor.name, text(v)]]));
}"""

_ARRAYS = {"Float32Array": np.float32, "Float64Array": np.float64, "Int32Array": np.int32, "Uint8Array": np.uint8}


class Programs(LivePage):
    """Runs portable programs in a page that has the modules of live pages and nothing else."""

    def run(self, program: Program, count: int = 1, wanted: Any = None, **inputs: Any) -> dict[str, NDArray[Any]]:
        """The outputs of a program, each (nodes, count) or, where it is one value, (count,)."""
        given = {
            name: {"dtype": value.dtype.name, "base64": base64.b64encode(np.ascontiguousarray(value)).decode()}
            if isinstance(value, np.ndarray)
            else value
            for name, value in inputs.items()
        }
        asked = {"program": program.as_data(), "inputs": given, "count": count, "wanted": wanted}
        results = {}
        for name, (kind, text) in self.page.evaluate(_RUN, asked).items():
            values = np.frombuffer(base64.b64decode(text), _ARRAYS[kind])
            results[name] = values if len(values) == count else values.reshape(-1, count)
        return results

    def over_starts(self, values: NDArray[Any], how: str) -> NDArray[Any]:
        """The numbers of cells from those of their starts, (cells, starts)."""
        asked = [values.ravel().tolist(), values.shape[1], how, values.dtype.name]
        script = "async a => [...(await import('/live/page/overstarts.js')).overStarts(...a)]"
        return np.array(self.page.evaluate(script, asked), float)

    def cells(self, program: Program, names: list[str], columns: list[list[float]], **state: Any) -> dict[str, Any]:
        """Measures of cells from the columns of a kernel, one for each `Measure`."""
        figure = {
            "rules": {"measures": program.as_data()}, "kernel": {"columns": {m.name: int(m) for m in Measure}},
            "measures": {m.name: {"dtype": m.dtype, "over_starts": m.over_starts} for m in MEASURES.values()},
        }  # fmt: skip
        script = """async ({ figure, columns, runs, state, names }) => {
            const measures = new (await import("/live/page/measured.js")).Measures(figure);
            const cells = measures.ofCells({ columns: Float32Array.from(columns), runs }, state, names);
            return Object.entries(cells).map(([name, values]) => [name, [...values]]);
        }"""
        flat = np.ravel(columns).tolist()
        asked = {"figure": figure, "columns": flat, "runs": len(columns[0]), "state": state, "names": names}
        return {name: np.array(values, float) for name, values in self.page.evaluate(script, asked)}
