"""siamese.net: one tower for both images."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from copy_weights import disturb, in_order
from torch import Tensor, nn

from . import Pair, Small, ours, reference

SMALL = {
    "Siamese": Small({"d": 8}),
}


class Reference(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.convolutions = nn.Sequential(
            nn.Conv2d(1, 32, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(32, 64, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        )  # fmt: skip
        self.embed = nn.Linear(64 * 7 * 7, 64)

    def tower(self, image: Tensor) -> Tensor:
        code = self.embed(self.convolutions(image).flatten(1))
        return code / code.norm(dim=1, keepdim=True)

    def forward(self, left: Tensor, right: Tensor) -> Tensor:
        return (self.tower(left) - self.tower(right) + 1e-6).pow(2).sum(1).sqrt()


@reference("a hand-written module", "Siamese")
@torch.no_grad()
def siamese() -> Iterator[Pair]:
    mine, theirs = ours("siamese:Siamese"), disturb(Reference()).eval()
    in_order(mine, theirs)
    for batch in (3, 5):
        left, right = torch.rand(batch, 1, 28, 28), torch.rand(batch, 1, 28, 28)
        distance, same = theirs(left, right), torch.arange(batch) % 2.0
        loss = torch.where(same > 0, distance, (1 - distance).clamp(min=0)).square().mean() / 2
        said = mine.losses({"left": left, "right": right, "same": same})["loss"]
        yield (mine(left, right), said), (distance, loss)
