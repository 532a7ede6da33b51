"""lstm.net."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from copy_weights import by_name, disturb
from torch import nn

from . import Pair, Small, ours, reference

SMALL = {
    "Sentiment": Small({"vocab": 31, "width": 6}, {"T": (7, 4)}),
    "Tagger": Small({"vocab": 31, "tags": 5, "width": 8}, {"T": (7, 4)}),
}
PUBLISHED = {"Sentiment": "bentrevett sentiment biLSTM"}


@reference("torch.nn.LSTM", "Sentiment")
@torch.no_grad()
def sentiment() -> Iterator[Pair]:
    table, write = nn.Embedding(31, 10), nn.Linear(20, 2)
    read = nn.LSTM(10, 10, 2, bidirectional=True, batch_first=True)
    theirs = disturb(nn.ModuleDict({"embedding1": table, "read": read, "logits": write}))
    mine = ours("lstm:Sentiment", vocab=31, width=10)
    mine.load_state_dict(theirs.state_dict(), strict=True)
    for length in (9, 4):
        words = torch.randint(31, (3, length))
        _, (hidden, _) = read(table(words))
        yield mine(words), write(torch.cat((hidden[2], hidden[3]), 1))


@reference("torch.nn.LSTM", "Tagger")
@torch.no_grad()
def tagger() -> Iterator[Pair]:
    """The cell has a matrix for each gate over (x, h); PyTorch has two for all gates: input, forget, cell, output. Of
    its two biases the cell has the sum."""
    table, read, write = nn.Embedding(31, 6), disturb(nn.LSTM(6, 12, batch_first=True)), nn.Linear(12, 5)
    weights = torch.cat((read.weight_ih_l0, read.weight_hh_l0), 1).chunk(4)
    biases = (read.bias_ih_l0 + read.bias_hh_l0).chunk(4)
    given = {"embedding1.weight": table.weight, "scores.weight": write.weight, "scores.bias": write.bias}
    for gate, weight, bias in zip(("write", "forget", "fresh", "read"), weights, biases, strict=True):
        given |= {f"cell1.{gate}.weight": weight, f"cell1.{gate}.bias": bias}
    mine = ours("lstm:Tagger", vocab=31, tags=5, width=12)
    by_name(mine, given, [])
    for length in (9, 4):
        words = torch.randint(31, (3, length))
        yield mine(words), write(read(table(words))[0])
