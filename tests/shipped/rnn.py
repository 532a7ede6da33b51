"""rnn.net."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from copy_weights import by_name, disturb
from torch import Tensor, nn

from . import Pair, Small, ours, reference

SMALL = {
    "Elman": Small({"symbols": 11, "width": 8}, {"T": (7, 4)}),
    "Bidirectional": Small({"features": 5, "width": 6, "labels": 4}, {"T": (7, 4)}),
}


class SimpleRecurrent(nn.Module):
    """Elman's network: at each step the hidden units read the input and what they were."""

    def __init__(self, symbols: int, width: int) -> None:
        super().__init__()
        self.width = width
        self.hidden = nn.Linear(symbols + width, width)
        self.output = nn.Linear(width, symbols)

    def forward(self, x: Tensor) -> Tensor:
        context = torch.full((x.shape[0], self.width), 0.5)
        made = []
        for t in range(x.shape[1]):
            context = self.hidden(torch.cat((x[:, t], context), 1)).sigmoid()
            made.append(self.output(context))
        return torch.stack(made, 1)


@reference("a loop over the steps", "Elman")
@torch.no_grad()
def elman() -> Iterator[Pair]:
    theirs = disturb(SimpleRecurrent(11, 8))
    mine = ours("rnn:Elman", symbols=11, width=8)
    by_name(mine, dict(theirs.state_dict()), [("^hidden", "hidden1"), ("^output", "logits")])
    for length in (9, 4):
        x = torch.eye(11)[torch.randint(11, (3, length))]
        yield mine(x), theirs(x)


@reference("torch.nn.RNN", "Bidirectional")
@torch.no_grad()
def bidirectional() -> Iterator[Pair]:
    read, write = disturb(nn.RNN(5, 6, bidirectional=True, batch_first=True)), disturb(nn.Linear(12, 4))
    mine = ours("rnn:Bidirectional", features=5, width=6, labels=4)
    theirs = nn.ModuleDict({"rnn1": read, "logits": write})
    mine.load_state_dict(theirs.state_dict(), strict=True)
    for length in (9, 4):
        x = torch.randn(3, length, 5)
        yield mine(x), write(read(x)[0])
