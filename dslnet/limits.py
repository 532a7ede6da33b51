"""How much one check may cost.

These are the defaults; only the caller raises them (`--limit boxes=1e7`, `limits=`), never a file. Reaching one
is an ordinary diagnostic of the family E09.
"""

from __future__ import annotations

from contextvars import ContextVar

from .node import node


@node
class Limits:
    """One number for each thing that a file could make grow."""

    file_bytes: int = 1 << 20
    total_bytes: int = 4 << 20
    line: int = 64 << 10
    name: int = 128
    string: int = 4 << 10
    tokens: int = 200_000
    indentation: int = 64
    brackets: int = 100
    operators: int = 1_000
    rank: int = 16
    terms: int = 1_000
    degree: int = 8
    exponent: int = 64
    elements: int = 100_000
    definitions: int = 10_000
    boxes: int = 1_000_000
    depth: int = 64
    blocks: int = 1_000
    parameters: int = 64
    import_depth: int = 32
    import_files: int = 256
    steps: int = 2_000_000
    data_bytes: int = 32 << 30


DEFAULT = Limits()

#: The limits of the build that goes on; sizes know no other way to them.
IN_FORCE: ContextVar[Limits] = ContextVar("IN_FORCE", default=DEFAULT)

#: Whole numbers of a file and of every operation on them fit 64 bits.
INTEGER_MAX = 2**63 - 1
INTEGER_MIN = -(2**63)


class LimitReached(Exception):
    """A polynomial or a number outgrew its limit; `build` turns it into a diagnostic of the family E09."""

    def __init__(self, code: str, title: str) -> None:
        super().__init__(title)
        self.code, self.title = code, title
