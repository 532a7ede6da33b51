"""Files that are loaded again as they were.

Enters: what reading and checking a file gave. Leaves: the same once more, while its text and the registered
operators are what they were; a notebook and a test suite load one file many times. Only files without a mistake or a
warning are kept, and only those that import no other file of the user's.

Invariant: the text is read anew and compared, for neither a time stamp nor a size tells that a file is unchanged.
"""

from __future__ import annotations

import os
import sys
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from .limits import Limits
from .node import field, record
from .source import Source

if TYPE_CHECKING:
    from .build import Program
    from .diagnostics import Report
    from .graph import Model
    from .ops import Operator

#: How many files are kept, and of each how many models at other settings than the defaults.
MOST = 16

K = TypeVar("K")
V = TypeVar("V")
#: The path as it was given, its real path, the limits, and the folder that imports may not leave.
Key = tuple[str, str, Limits, str | None]
#: A model, its arguments as text, and whether it is without its training.
Wanted = tuple[str, str, bool]


class Recent(OrderedDict[K, V]):
    """A table of the last `MOST` entries."""

    def __setitem__(self, key: K, value: V) -> None:
        super().__setitem__(key, value)
        self.move_to_end(key)
        while len(self) > MOST:
            self.popitem(last=False)


@record
class Read:
    """What reading and checking gave: the models at their defaults, and since then the models at settings."""

    program: Program
    models: dict[str, Model]
    report: Report
    operators: dict[str, type[Operator]] = field(default_factory=lambda: dict(_operators()))
    graphs: Recent[tuple[str, str], Model] = field(default_factory=Recent)


@record
class Written:
    """The source of a model. It is `whole` when a module is made from it alone, and nothing was said when it was
    built; `sound` when it was held against the allow-list, as what is emitted always was."""

    text: str
    whole: bool
    sound: bool = True


class Checked:
    """A file that is known to have no mistake: its text, the parameters of its models by name, and the sources that
    were written of them. The rest, which a known source makes needless, is `read` when somebody asks for it.

    It is `lasting` when nothing but the text and the operators decides what it is.
    """

    def __init__(
        self,
        source: Source,
        parameters: dict[str, list[str]],
        written: Recent[Wanted, Written],
        read: Read | Callable[[], Read],
    ) -> None:
        self.source, self.parameters, self.written = source, parameters, written
        self._read = read
        self.lasting = not isinstance(read, Read) or not read.report.diagnostics and len(read.program.files) == 1

    @property
    def read(self) -> Read:
        if not isinstance(self._read, Read):
            self._read = self._read()
        return self._read

    def holds(self, source: Source | None) -> bool:
        """Whether a text would be read the same now."""
        if source != self.source:
            return False
        if not isinstance(self._read, Read):
            return only_shipped()
        return self._read.operators == _operators()


def _operators() -> dict[str, type[Operator]]:
    from .ops import OPERATORS

    return OPERATORS


def only_shipped() -> bool:
    """Whether no operator but dslnet's own is registered, each under its names."""
    if "dslnet.ops" not in sys.modules:
        return True  # a user's operator is a class below one of these
    return all(
        kind.__module__.startswith("dslnet.ops.") and name in (kind.name, *kind.aliases)
        for name, kind in _operators().items()
    )


_kept: Recent[Key, Checked] = Recent()


def key(path: str, limits: Limits, root: str | None) -> Key:
    """What decides how a file is read, beside its text."""
    return path, os.path.realpath(path), limits, root


def recall(wanted: Key, source: Source | None) -> Checked | None:
    """The file as it was read last, if `source`, which is there now, would be read the same."""
    found = _kept.get(wanted)
    return found if found is not None and found.holds(source) else None


def keep(wanted: Key, checked: Checked) -> None:
    """Remember a file."""
    _kept[wanted] = checked


def forget() -> None:
    """Forget every file."""
    _kept.clear()
