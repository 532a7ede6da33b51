"""The garbage collector, out of the way of work that makes many objects and leaves little garbage.

A tree or a graph is thousands of small objects that all stay: the collector would walk them, and whatever else the
process holds, again and again in vain. With torch loaded that is a fifth of the time in which a file is read.

When it is let loose again, its first look is at everything made meanwhile. For very many objects that is itself a
quarter of the time, so they count as old at once.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

#: From how many new objects on they count as old at once. With them goes what others made lately, whose garbage is
#: found later then; so this is more than the tree of a file has that keeps the limits.
MANY = 500_000


@contextmanager
def paused() -> Iterator[None]:
    """No collection until the end of the block. Where it is paused already, it stays so."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            if gc.get_count()[0] > MANY and not gc.get_freeze_count():
                # What was frozen comes back as old, and neither step walks it. What the caller froze stays frozen.
                gc.freeze()
                gc.unfreeze()
            gc.enable()
