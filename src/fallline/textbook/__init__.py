"""The mathematics, once.

Every formula of fallline stands in this package as a plain Python function that looks like the page of a textbook.
A page is written in NumPy's own vocabulary (`+ - * / @ **`, `exp`, `where`, `.sum(axis=...)`, `.mT`), so that a
*reading* is just an array type that follows NumPy's protocols: float arrays give numbers, arrays of symbols give
equations, arrays of traced scalars give a graph, and from it machine code. Of the rest of fallline, the package imports
only `errors`, `number_text`, `settings` and `shapes`.

Axes, from the left: any leading axes (`*runs`), then `batch` (samples), then units (`n_in`, `n_out`); signatures state
them in the words of `fallline.shapes`. Docstrings have the equation (x_i is x with index i, ^ a power), the convention,
the names of the settings, and the source.
"""
