"""film_vqa.net: a question modulates the maps of an image."""

from __future__ import annotations

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from copy_weights import disturb, in_order
from torch import Tensor, nn

from . import Pair, Small, ours, reference

SMALL = {
    "FiLMVQA": Small({"vocab": 31, "width": 4, "words": 5, "memory": 6}, {"H": (64, 50), "W": (48, 67), "T": (7, 4)}),
}


class Block(nn.Module):
    """A residual block whose normalised maps are scaled by 1 + gamma and moved by beta."""

    def __init__(self, width: int, memory: int) -> None:
        super().__init__()
        self.project = nn.Conv2d(width, width, 1)
        self.conv = nn.Conv2d(width, width, 3, padding=1)
        self.norm = nn.BatchNorm2d(width, affine=False)
        self.gamma = nn.Linear(memory, width)
        self.beta = nn.Linear(memory, width)

    def forward(self, x: Tensor, question: Tensor) -> Tensor:
        x = F.relu(self.project(x))
        gamma, beta = self.gamma(question)[:, :, None, None], self.beta(question)[:, :, None, None]
        return x + F.relu((1 + gamma) * self.norm(self.conv(x)) + beta)


class Reference(nn.Module):
    def __init__(self, vocab: int, words: int, memory: int, width: int) -> None:
        super().__init__()
        self.words = nn.Embedding(vocab, words)
        self.read = nn.GRU(words, memory, batch_first=True)
        stem: list[nn.Module] = []
        for channels in (3, width, width, width):
            stem += [nn.Conv2d(channels, width, 4, stride=2, padding=1), nn.ReLU(), nn.BatchNorm2d(width)]
        self.stem = nn.Sequential(*stem)
        self.blocks = nn.ModuleList(Block(width, memory) for _ in range(4))
        self.head = nn.Conv2d(width, 512, 1)
        self.answer = nn.Sequential(nn.Linear(512, 1024), nn.ReLU(), nn.Linear(1024, 28))
        self.sure = nn.Linear(512, 1)

    def forward(self, image: Tensor, question: Tensor) -> tuple[Tensor, Tensor]:
        _, memory = self.read(self.words(question))
        x = self.stem(image)
        for block in self.blocks:
            x = block(x, memory[0])
        x = F.adaptive_max_pool2d(self.head(x), 1).flatten(1)
        return self.answer(x), torch.sigmoid(self.sure(x))


@reference("a hand-written module", "FiLMVQA")
@torch.no_grad()
def film_vqa() -> Iterator[Pair]:
    settings = {"vocab": 101, "words": 20, "memory": 64, "width": 32}
    mine, theirs = ours("film_vqa:FiLMVQA", **settings), disturb(Reference(**settings)).eval()
    in_order(mine, theirs)
    for height, width, steps in ((224, 224, 12), (100, 131, 7)):
        image, question = torch.rand(3, 3, height, width), torch.randint(101, (3, steps))
        yield tuple(mine(image, question)), theirs(image, question)
