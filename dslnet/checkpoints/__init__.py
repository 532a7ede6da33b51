"""Published weights: files of tensors, and the names that others gave to them.

Enters: a `.safetensors` file, and perhaps a table of names. Leaves: tensors under the names of a model, all of them
and each in its shape, or a mistake with its code. Nothing in a file is run, and no path in one leads out of its folder.
"""

from __future__ import annotations

from .fitting import Checkpoint, fitted
from .leftover import left_over, warning
from .mistakes import WeightsMistake
from .reading import read_checkpoint
from .safetensors import read_tensors
from .table import Table, parse_table, read_table

__all__ = [
    "Checkpoint", "Table", "WeightsMistake", "fitted", "left_over", "parse_table", "read_checkpoint", "read_table",
    "read_tensors", "warning",
]  # fmt: skip
