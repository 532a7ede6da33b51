"""autoencoder.net: layers of torch by hand."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from copy_weights import disturb, in_order
from torch import nn

from . import Pair, Small, ours, reference

SMALL = {
    "Autoencoder": Small({"code": 4}),
}


@reference("torch.nn by hand", "Autoencoder")
@torch.no_grad()
def by_hand() -> Iterator[Pair]:
    """An image has one size; the code has two."""
    for code in (32, 5):
        encoder = (nn.Flatten(), nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 64), nn.ReLU(), nn.Linear(64, code))
        decoder = (nn.Linear(code, 64), nn.ReLU(), nn.Linear(64, 256), nn.ReLU(), nn.Linear(256, 784), nn.Sigmoid())
        theirs = disturb(nn.Sequential(*encoder, *decoder, nn.Unflatten(1, (1, 28, 28))))
        mine = ours("autoencoder:Autoencoder", code=code)
        in_order(mine, theirs)
        image = torch.rand(3, 1, 28, 28)
        yield mine(image), theirs(image)
