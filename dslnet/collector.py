"""The garbage collector, out of the way of work that makes many objects and leaves little garbage.

A tree or a graph is thousands of small objects that all stay: the collector would walk them, and whatever else the
process holds, again and again in vain. With torch loaded that is a fifth of the time in which a file is read.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def paused() -> Iterator[None]:
    """No collection until the end of the block. Where it is paused already, it stays so."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()
