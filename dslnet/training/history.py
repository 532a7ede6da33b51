"""What a run has seen: one row for each epoch.

Enters: the means of losses and metrics over an epoch. Leaves: rows, as CSV and as points of curves. A column is
called `train/ce` or `validation/ce`; `epoch`, `step` and `seconds` come first. The rows travel in the checkpoint, so a
resumed run goes on with the file of the one before it, and rows after the checkpoint are dropped.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..node import field, record

#: The columns that are no curves.
CLOCK = ("epoch", "step", "seconds")


@record
class History:
    """The rows, in order of their epochs."""

    rows: list[dict[str, float]] = field(default_factory=list)

    def add(self, row: dict[str, float]) -> None:
        self.rows.append(row)

    def columns(self) -> list[str]:
        """Every column in the order in which it came."""
        found = dict.fromkeys(CLOCK)
        for row in self.rows:
            found.update(dict.fromkeys(row))
        return list(found)

    def csv(self) -> str:
        """All rows; numbers so that they read back as they were."""
        columns = self.columns()
        lines = [",".join(columns)]
        lines += [",".join(_cell(row.get(name)) for name in columns) for row in self.rows]
        return "\n".join(lines) + "\n"

    def curves(self) -> dict[str, dict[str, list[tuple[float, float]]]]:
        """The points (epoch, value) of each curve: by loss or metric, then by `train` and `validation`."""
        found: dict[str, dict[str, list[tuple[float, float]]]] = {}
        for part, name in self._pairs():
            points = [(row["epoch"], row[f"{part}/{name}"]) for row in self.rows if f"{part}/{name}" in row]
            found.setdefault(name, {})[part] = points
        return found

    def _pairs(self) -> Iterator[tuple[str, str]]:
        for column in self.columns():
            if column not in CLOCK:
                part, _, name = column.partition("/")
                yield part, name

    @property
    def last(self) -> dict[str, float]:
        return self.rows[-1] if self.rows else {}


def _cell(value: Any) -> str:
    if value is None:
        return ""
    number = float(value)
    return str(int(number)) if number.is_integer() and abs(number) < 2**53 else repr(number)
