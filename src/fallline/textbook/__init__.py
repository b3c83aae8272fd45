"""The mathematics, once.

Every formula of fallline stands in this package as a plain Python function that looks like the page of a textbook.
A page is written in NumPy's own vocabulary (`+ - * / @ **`, `exp`, `where`, `.sum(axis=...)`, `.mT`), so that a
*reading* is nothing but an array type that follows NumPy's protocols: float arrays give numbers, arrays of symbols
give equations, arrays of traced scalars give a graph, and from it machine code. Imports nothing of ours but the errors.

Axes, from the left: any leading batch axes (`runs`), then `batch` (samples), then units (`n_in`, `n_out`).
"""
