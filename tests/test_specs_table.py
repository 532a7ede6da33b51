"""The table of the shipped models says what is true. `python docs/index_specs.py` writes it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

pytest.importorskip("torch")

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "docs"))

import index_specs  # noqa: E402
from test_parity import BOUND  # noqa: E402

ROWS = {row[0].partition("]")[0].strip("["): row for row in index_specs.cells()}


def test_the_page_is_what_the_script_writes() -> None:
    """With the differences that it has, which a machine may round otherwise."""
    assert index_specs.PAGE.read_text("utf-8") == index_specs.page({}), "run docs/index_specs.py"


@pytest.mark.parametrize("name", ROWS)
def test_a_row_is_complete(name: str) -> None:
    *said, difference = ROWS[name]
    assert tuple(said) == index_specs.rows()[name]
    assert all(said), "an empty cell"
    assert 0 <= float(difference) <= BOUND


@pytest.mark.parametrize(
    ("model", "count"), [("One", 2), ("Two", 5), ("Three", 6)], ids=["alone", "with a block", "preset"]
)
def test_lines_are_those_of_the_model_and_what_it_uses(model: str, count: int) -> None:
    text = """
# Words.
use Other from "other.net"
width: 3

block Cell:
  - Linear(width)  # Unused

block Unused:
  - Linear(1)

## A model.
model One:
  input x: [B, 3]

model Two:
  input x: [B, 3]

  # Cell in words, and "Unused".
  - Rearrange("Unused") -> Cell -> Cell

model Three: Two(width=1)
"""
    assert index_specs.lines(text, model) == count
