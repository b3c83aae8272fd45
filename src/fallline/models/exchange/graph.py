"""An ONNX graph that is being written: nodes by their operation, constants as arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from fallline.errors import UsageError

__all__ = ["IR", "OPSET", "OPSET_OF_TABLES", "Graph"]

OPSET, OPSET_OF_TABLES, IR = 17, 3, 8
"""Versions of ONNX's operations, of its operations for tables (`ai.onnx.ml`) and of its files. All are of 2022, so that older
runtimes read the files; nothing newer is needed."""

TABLES = "ai.onnx.ml"


class Graph:
    """Nodes and constants of an ONNX graph. Its own names begin with a slash, so that columns may have any name."""

    def __init__(self) -> None:
        try:
            import onnx
        except ImportError:
            raise UsageError("ONNX files need the package onnx: pip install 'fallline[onnx]'.") from None
        self.onnx = onnx
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def constant(self, values: Any) -> str:
        """Return the name of a constant: an array of numbers or of texts."""
        name = f"/constant{len(self.constants)}"
        array = np.asarray(values)
        if array.dtype.kind == "U":
            texts = [text.encode() for text in array.ravel().tolist()]
            tensor = self.onnx.helper.make_tensor(name, self.onnx.TensorProto.STRING, array.shape, texts)
        else:
            tensor = self.onnx.numpy_helper.from_array(np.ascontiguousarray(array), name)
        self.constants.append(tensor)
        return name

    def add(self, operation: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        """Add a node and return the name of its output."""
        name = output or f"/{operation}{len(self.nodes)}"
        domain = TABLES if operation in ("OneHotEncoder", "LabelEncoder") else ""
        self.nodes.append(self.onnx.helper.make_node(operation, list(inputs), [name], domain=domain, **attributes))
        return name

    def cast(self, value: str, dtype: Any) -> str:
        """Return a value in another type of numbers."""
        kinds = self.onnx.TensorProto
        to = {"float32": kinds.FLOAT, "float64": kinds.DOUBLE, "int64": kinds.INT64}[np.dtype(dtype).name]
        return self.add("Cast", value, to=to)

    def file(self, inputs: dict[str, str], outputs: dict[str, tuple[str, int | None]], texts: dict[str, str]) -> bytes:
        """Return the content of the file.

        Parameters
        ----------
        inputs
            The type of each input, "number" or "text"; all have the shape (rows, 1).
        outputs
            The type of each output, "text", "int64", "float32" or "float64", and its columns; None for a vector.
        texts
            What the file says of itself, by name.
        """
        from fallline import __version__

        make, kinds = self.onnx.helper, self.onnx.TensorProto
        types = {
            "number": kinds.DOUBLE,
            "float64": kinds.DOUBLE,
            "float32": kinds.FLOAT,
            "int64": kinds.INT64,
            "text": kinds.STRING,
        }
        graph = make.make_graph(
            self.nodes, "fallline",
            [make.make_tensor_value_info(name, types[kind], ["rows", 1]) for name, kind in inputs.items()],
            [make.make_tensor_value_info(name, types[kind], ["rows"] if columns is None else ["rows", columns])
             for name, (kind, columns) in outputs.items()],
            self.constants,
        )  # fmt: skip
        model = make.make_model(
            graph, producer_name="fallline", producer_version=__version__, ir_version=IR,
            opset_imports=[make.make_opsetid("", OPSET), make.make_opsetid(TABLES, OPSET_OF_TABLES)],
        )  # fmt: skip
        make.set_model_props(model, texts)
        self.onnx.checker.check_model(model)
        return bytes(model.SerializeToString())
