"""Equations: a page read with symbols, and written as text, LaTeX, MathML or SVG outlines."""

from fallline.views.equations.subjects import Equation, Equations, Section, equations

__all__ = ["Equation", "Equations", "Section", "equations"]
