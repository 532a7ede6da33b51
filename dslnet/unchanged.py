"""Files that are loaded again as they were.

Enters: what reading and checking a file gave. Leaves: the same once more, while its text and the registered
operators are what they were; a notebook and a test suite load one file many times. Only files without a mistake or a
warning are kept, and only those that import no other file of the user's.

Invariant: the text is read anew and compared, for neither a time stamp nor a size tells that a file is unchanged.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from typing import TypeVar

from .build import Program
from .decode import decode
from .diagnostics import Report
from .files import read_spec
from .graph import Model
from .limits import Limits
from .node import record
from .ops import OPERATORS, Operator

#: How many files are kept, and of each how many models at other settings than the defaults.
MOST = 16

K = TypeVar("K")
V = TypeVar("V")
Key = tuple[str, str, Limits, str | None]


class Recent(OrderedDict[K, V]):
    """A table of the last `MOST` entries."""

    def __setitem__(self, key: K, value: V) -> None:
        super().__setitem__(key, value)
        self.move_to_end(key)
        while len(self) > MOST:
            self.popitem(last=False)


@record
class Checked:
    """A file as it was read, its models at their defaults, and what was made of it since: a model at settings, and
    its source."""

    program: Program
    models: dict[str, Model]
    report: Report
    operators: dict[str, type[Operator]]
    graphs: Recent[tuple[str, str], Model]
    sources: Recent[tuple[str, str, bool], str]


_kept: Recent[Key, Checked] = Recent()


def key(path: str, limits: Limits, root: str | None) -> Key:
    """What decides how a file is read, beside its text."""
    return path, os.path.realpath(path), limits, root


def recall(wanted: Key) -> Checked | None:
    """The file as it was read last, if it would be read the same now."""
    found = _kept.get(wanted)
    if found is None:
        return None
    path, _, limits, _ = wanted
    report = Report()
    data = read_spec(path, report, limits)
    now = decode(path, data, report, limits) if data is not None else None
    if now is None or now != found.program.entry.spec.source or found.operators != OPERATORS:
        return None
    return found


def keep(wanted: Key, checked: Checked) -> None:
    """Remember a file."""
    if not checked.report.diagnostics and len(checked.program.files) == 1:
        _kept[wanted] = checked


def forget() -> None:
    """Forget every file."""
    _kept.clear()
