"""Data sets: generated ones, and the user's own tables."""

from fallline.data.dataset import Dataset
from fallline.data.generated import GENERATED, generate

__all__ = ["GENERATED", "Dataset", "generate"]
