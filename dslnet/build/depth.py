"""What a build needs of the Python around it: its limits in force, and room for deep texts.

Enters: the limits of a build. Leaves: a Python that recurses as deep as the limits of the language let a text nest:
64 blocks, each of them with groups, combinators and expressions, are some ten thousand calls. However deep the caller
stands already, the same text gives the same answer.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from ..limits import IN_FORCE, Limits

#: Calls that a build may be deep, above those of its caller.
ROOM = 12_000

_lock = threading.Lock()
_builds = 0
_before = 0


@contextmanager
def deep() -> Iterator[None]:
    """Raise the limit of recursion while any build goes on, and then put it back."""
    global _builds, _before
    with _lock:
        if _builds == 0:
            _before = sys.getrecursionlimit()
            sys.setrecursionlimit(_before + ROOM)
        _builds += 1
    try:
        yield
    finally:
        with _lock:
            _builds -= 1
            if _builds == 0:
                sys.setrecursionlimit(_before)


@contextmanager
def in_force(limits: Limits) -> Iterator[None]:
    """Let the sizes of a build know its limits."""
    token = IN_FORCE.set(limits)
    try:
        yield
    finally:
        IN_FORCE.reset(token)
