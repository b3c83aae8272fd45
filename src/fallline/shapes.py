"""Shapes in signatures: `Shaped[Array, "*runs P"]` is an array with the axes that the text names.

A star stands for any number of axes; a single name has a space before it, `" P"`, since linters would take it for a
type. The names of axes are the same everywhere:

    runs        runs side by side
    cells       cells of a map
    starts      starts of a cell, or of a comparison
    points      points of an objective
    P           parameters of the objective, in one flat vector
    batch       samples
    n_in n_out  units of the layer below, and of this layer
    steps       updates of a run; its curves have steps+1 entries
    columns     what a kernel keeps of each run
    *shape      any axes, the same for all arrays that name them
    ...         any axes, or none; _ is any one axis

For type checkers, and when the code runs, a shape says nothing. Under test every call is compared with it
(`tests/shape_checker.py`, with jaxtyping): a call whose axes differ from the text is an error there, and so is one in
which the same name has two lengths.

>>> Shaped[float, " P"]
typing.Annotated[float, ' P']
"""

from typing import Annotated as Shaped

__all__ = ["Shaped"]
