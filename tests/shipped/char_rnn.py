"""char_rnn.net."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from copy_weights import disturb
from torch import nn

from . import Pair, Small, ours, reference

SMALL = {"CharRNN": Small({"vocab": 11, "embedding": 5, "width": 6}, {"T": (7, 4)})}


@reference("torch.nn.LSTM", "CharRNN")
@torch.no_grad()
def lstm() -> Iterator[Pair]:
    table, read, write = nn.Embedding(11, 5), nn.LSTM(5, 6, 3, batch_first=True), nn.Linear(6, 11)
    theirs = disturb(nn.ModuleDict({"embedding1": table, "lstm1": read, "logits": write}))
    mine = ours("char_rnn:CharRNN", vocab=11, embedding=5, width=6, layers=3)
    mine.load_state_dict(theirs.state_dict(), strict=True)
    for length in (9, 4):
        x = torch.randint(11, (3, length))
        yield mine(x), write(read(table(x))[0])
