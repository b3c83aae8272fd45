"""A function of x and y typed as text: parsed by a closed grammar, never executed."""

from fallline.formulas.forms import formula_landscape, formula_of, symbolic
from fallline.formulas.grammar import COORDINATES, EXAMPLES, LONGEST, names_in, parse_formula, python_text

__all__ = [
    "COORDINATES", "EXAMPLES", "LONGEST", "formula_landscape", "formula_of", "names_in", "parse_formula", "python_text",
    "symbolic",
]  # fmt: skip
