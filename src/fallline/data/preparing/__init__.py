"""Preparation of tables: columns of numbers and texts become the inputs and targets of a network, by what training rows say."""

from fallline.data.preparing.preparation import Preparation
from fallline.data.preparing.target import Target

__all__ = ["Preparation", "Target"]
