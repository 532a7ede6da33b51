"""gru.net."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from copy_weights import by_name, disturb
from torch import Tensor, nn

from . import Pair, Small, ours, reference

SMALL = {
    "Music": Small({"keys": 7, "width": 6}, {"T": (7, 4)}),
    "PhraseEncoder": Small({"vocab": 11, "embedding": 5, "width": 6}, {"T": (7, 4)}),
}


@reference("torch.nn.GRU", "Music")
@torch.no_grad()
def music() -> Iterator[Pair]:
    read, write = nn.GRU(7, 6, batch_first=True), nn.Linear(6, 7)
    mine = ours("gru:Music", keys=7, width=6)
    theirs = disturb(nn.ModuleDict({"gru1": read, "logits": write}))
    mine.load_state_dict(theirs.state_dict(), strict=True)
    for length in (9, 4):
        x = (torch.rand(3, length, 7) < 0.3).float()
        yield mine(x), write(read(x)[0])


class HiddenUnit(nn.Module):
    """The paper's unit in its symbols: r and z are gates of x (W, with a bias) and of h (U); r acts on h."""

    def __init__(self, size: int, width: int) -> None:
        super().__init__()
        self.W = nn.ModuleDict({name: nn.Linear(size, width) for name in "rzh"})
        self.U = nn.ModuleDict({name: nn.Linear(width, width, bias=False) for name in "rzh"})

    def forward(self, x: Tensor, h: Tensor) -> Tensor:
        r = torch.sigmoid(self.W["r"](x) + self.U["r"](h))
        z = torch.sigmoid(self.W["z"](x) + self.U["z"](h))
        return z * h + (1 - z) * torch.tanh(self.W["h"](x) + self.U["h"](r * h))


@reference("the paper's equations", "PhraseEncoder")
@torch.no_grad()
def phrase() -> Iterator[Pair]:
    table, unit, write = nn.Embedding(11, 5), disturb(HiddenUnit(5, 6)), disturb(nn.Linear(6, 6))
    mine = ours("gru:PhraseEncoder", vocab=11, embedding=5, width=6)
    weights = {"embedding1.weight": table.weight, "summary.weight": write.weight, "summary.bias": write.bias}
    for letter, name in zip("rzh", ("reset", "keep", "fresh"), strict=True):
        W, U = unit.W[letter], unit.U[letter]
        weights |= {f"read.{name}.weight": torch.cat((W.weight, U.weight), 1), f"read.{name}.bias": W.bias}
    by_name(mine, weights, [])
    for length in (9, 4):
        words, h = torch.randint(11, (3, length)), torch.zeros(3, 6)
        for x in table(words).unbind(1):
            h = unit(x, h)
        yield mine(words), write(h).tanh()
