"""relation.net: the model of the paper for CLEVR from pixels."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from copy_weights import disturb, in_order
from torch import Tensor, nn

from . import Pair, Small, ours, reference

SMALL = {
    "RelationNetwork": Small(
        {"vocab": 31, "answers": 7, "width": 6, "asked": 5}, {"H": (40, 64), "W": (56, 40), "T": (7, 4)}
    ),
}


class Reference(nn.Module):
    def __init__(self, vocab: int, answers: int, width: int, asked: int) -> None:
        super().__init__()
        self.words = nn.Embedding(vocab, 32)
        self.read = nn.LSTM(32, asked, batch_first=True)
        see: list[nn.Module] = []
        for channels in (3, 24, 24, 24):
            see += [nn.Conv2d(channels, 24, 3, stride=2, padding=1), nn.ReLU(), nn.BatchNorm2d(24)]
        self.see = nn.Sequential(*see)
        g: list[nn.Module] = []
        for inputs in (2 * (24 + 2) + asked, width, width, width):
            g += [nn.Linear(inputs, width), nn.ReLU()]
        self.g = nn.Sequential(*g)
        self.f = nn.Sequential(
            nn.Linear(width, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Dropout(0.5),
            nn.Linear(width, answers),
        )  # fmt: skip

    def forward(self, image: Tensor, question: Tensor) -> Tensor:
        _, (last, _) = self.read(self.words(question))
        maps = self.see(image)
        rows, columns = maps.shape[2:]
        objects = []
        for i in range(rows):
            for j in range(columns):
                place = torch.tensor([i / rows, j / columns]).expand(len(image), 2)
                objects.append(torch.cat([maps[:, :, i, j], place], 1))
        together = sum(self.g(torch.cat([one, other, last[0]], 1)) for one in objects for other in objects)
        return self.f(together)


@reference("a hand-written module", "RelationNetwork")
@torch.no_grad()
def relation() -> Iterator[Pair]:
    settings = {"vocab": 40, "answers": 29, "width": 64, "asked": 32}
    mine, theirs = ours("relation:RelationNetwork", **settings), disturb(Reference(**settings)).eval()
    in_order(mine, theirs)
    for height, width, steps in ((64, 80, 9), (49, 32, 4)):
        image, question = torch.rand(3, 3, height, width), torch.randint(40, (3, steps))
        yield mine(image, question), theirs(image, question)
