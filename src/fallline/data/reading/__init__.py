"""Reading of tables: text in any usual dialect, Parquet files and data frames become columns of numbers and texts."""

from fallline.data.reading.columns import Column, Table
from fallline.data.reading.dialect import Dialect
from fallline.data.reading.sources import read_table

__all__ = ["Column", "Dialect", "Table", "read_table"]
