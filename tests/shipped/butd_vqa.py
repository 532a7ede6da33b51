"""butd_vqa.net: the question-answering model of the paper, equations 4 to 9 of its supplement."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from copy_weights import disturb, in_order
from torch import Tensor, nn

from . import Pair, Small, ours, reference

SMALL = {
    "BottomUpTopDown": Small({"vocab": 31, "answers": 7, "words": 5, "width": 6}, {"K": (5, 8), "T": (7, 4)}),
}


class Gated(nn.Module):
    """tanh(W x + b), let through by sigmoid(V x + c)."""

    def __init__(self, inputs: int, width: int) -> None:
        super().__init__()
        self.value = nn.Linear(inputs, width)
        self.gate = nn.Linear(inputs, width)

    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(self.value(x)) * torch.sigmoid(self.gate(x))


class Reference(nn.Module):
    def __init__(self, vocab: int, answers: int, words: int, width: int) -> None:
        super().__init__()
        self.words = nn.Embedding(vocab, words)
        self.read = nn.GRU(words, width, batch_first=True)
        self.attend = Gated(2048 + width, width)
        self.score = nn.Linear(width, 1, bias=False)
        self.asked = Gated(width, width)
        self.seen = Gated(2048, width)
        self.both = Gated(width, width)
        self.answer = nn.Linear(width, answers)

    def forward(self, regions: Tensor, question: Tensor) -> Tensor:
        steps, _ = self.read(self.words(question))
        q = steps[:, -1]
        scores = [self.score(self.attend(torch.cat([regions[:, i], q], 1))) for i in range(regions.shape[1])]
        weights = torch.softmax(torch.cat(scores, 1), 1)
        v = torch.einsum("bk,bkv->bv", weights, regions)
        return self.answer(self.both(self.asked(q) * self.seen(v)))


@reference("a hand-written module", "BottomUpTopDown")
@torch.no_grad()
def butd_vqa() -> Iterator[Pair]:
    settings = {"vocab": 101, "answers": 50, "words": 30, "width": 64}
    mine, theirs = ours("butd_vqa:BottomUpTopDown", **settings), disturb(Reference(**settings)).eval()
    in_order(mine, theirs)
    for regions, steps in ((36, 14), (10, 5)):
        image, question = torch.randn(3, regions, 2048), torch.randint(101, (3, steps))
        yield mine(image, question), theirs(image, question)
