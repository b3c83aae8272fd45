"""Data sets: generated ones, and tables of the user's own."""

from fallline.data.dataset import Dataset
from fallline.data.generated import GENERATED, generate

__all__ = ["GENERATED", "Dataset", "generate"]
