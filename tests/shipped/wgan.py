"""wgan.net: the networks are those of gan.net; how they are trained is another thing."""

from __future__ import annotations

from collections.abc import Iterator

from . import Pair, Small, ours, reference
from .gan import outputs

SMALL = {"WGAN": Small({"noise": 5, "width": 4})}


@reference("a hand-written module", "WGAN")
def wgan() -> Iterator[Pair]:
    return outputs(ours("wgan:WGAN"))
