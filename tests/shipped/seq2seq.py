"""seq2seq.net: the decoders of the references go step by step, and their attention is written out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from copy_weights import by_name, disturb
from torch import Tensor, nn

from . import Pair, Small, ours, reference

SIZES = {"source_vocab": 13, "target_vocab": 11, "e": 5, "d": 6}
SMALL = {name: Small(SIZES, {"S": (6, 3), "T": (5, 4)}) for name in ("Seq2Seq", "RNNEncoderDecoder", "RNNSearch")}
PUBLISHED = {
    "Seq2Seq": "bentrevett seq2seq-1 LSTM",
    "RNNEncoderDecoder": "bentrevett seq2seq-2 GRU",
    "RNNSearch": "bentrevett seq2seq-3 attention",
}


def sentences() -> Iterator[tuple[Tensor, Tensor]]:
    for source, target in ((8, 5), (3, 9)):
        yield torch.randint(13, (3, source)), torch.randint(11, (3, target))


def spoken(step: Callable[..., tuple[Tensor, Any]], shifted: Tensor, state: Any) -> Tensor:
    """What a decoder says when its words are given, one step after another."""
    made = []
    for t in range(shifted.shape[1]):
        logits, state = step(shifted[:, t], state)
        made.append(logits)
    return torch.stack(made, 1)


class Plain(nn.Module):
    """Layers of `nn.LSTM`, whose states go from the encoder to the decoder."""

    def __init__(self) -> None:
        super().__init__()
        self.source, self.target = nn.Embedding(13, 5), nn.Embedding(11, 5)
        self.encoder, self.decoder = nn.LSTM(5, 6, 3, batch_first=True), nn.LSTM(5, 6, 3, batch_first=True)
        self.write = nn.Linear(6, 11)

    def forward(self, source: Tensor, shifted: Tensor) -> Tensor:
        _, state = self.encoder(self.source(source))
        return spoken(self.step, shifted, state)

    def step(self, word: Tensor, state: Any) -> tuple[Tensor, Any]:
        out, state = self.decoder(self.target(word)[:, None], state)
        return self.write(out[:, 0]), state


@reference("torch.nn.LSTM, step by step", "Seq2Seq")
@torch.no_grad()
def plain() -> Iterator[Pair]:
    theirs = disturb(Plain()).eval()
    for weight in theirs.parameters():
        weight.mul_(2)  # so that what comes first is heard at the end
    mine = ours("seq2seq:Seq2Seq", **SIZES, layers=3)
    names = [(r"^(en|de)coder\.(\w+)_l(\d)$", r"\1coder.repeat1.\3.\2_l0"), ("^encoder", "read"),
             ("^decoder", "hidden"), ("^source", "read.embedding1"), ("^target", "hidden.embedding1"),
             ("^write", "logits")]  # fmt: skip
    by_name(mine, dict(theirs.state_dict()), names)
    for source, shifted in sentences():
        yield mine(source, shifted), theirs(source, shifted)


class Summarised(nn.Module):
    """`nn.GRU`; the decoder sees the encoder's last state at every step, and so does what it says."""

    def __init__(self) -> None:
        super().__init__()
        self.source, self.target = nn.Embedding(13, 5), nn.Embedding(11, 5)
        self.encoder, self.decoder = nn.GRU(5, 6, batch_first=True), nn.GRUCell(5 + 6, 6)
        self.write = nn.Linear(5 + 6 + 6, 11)

    def forward(self, source: Tensor, shifted: Tensor) -> Tensor:
        _, (summary,) = self.encoder(self.source(source))

        def step(word: Tensor, h: Tensor) -> tuple[Tensor, Tensor]:
            y = self.target(word)
            h = self.decoder(torch.cat((y, summary), 1), h)
            return self.write(torch.cat((y, h, summary), 1)), h

        return spoken(step, shifted, summary)


@reference("torch.nn.GRU, step by step", "RNNEncoderDecoder")
@torch.no_grad()
def summarised() -> Iterator[Pair]:
    theirs = disturb(Summarised()).eval()
    mine = ours("seq2seq:RNNEncoderDecoder", **SIZES)
    names = [(r"^decoder\.(\w+)$", r"hidden.\1_l0"), ("^source", "read.embedding1"), ("^target", "words"),
             ("^encoder", "read.gru1"), ("^write", "logits")]  # fmt: skip
    by_name(mine, dict(theirs.state_dict()), names)
    for source, shifted in sentences():
        yield mine(source, shifted), theirs(source, shifted)


class Searching(nn.Module):
    """e_j = v . tanh(W [h, m_j] + b) for each step m_j of the memory, a = softmax(e), c = sum a_j m_j, one step of
    the memory after another."""

    def __init__(self) -> None:
        super().__init__()
        self.source, self.target = nn.Embedding(13, 5), nn.Embedding(11, 5)
        self.encoder, self.start = nn.GRU(5, 6, bidirectional=True, batch_first=True), nn.Linear(12, 6)
        self.attention, self.v = nn.Linear(6 + 12, 6), nn.Linear(6, 1, bias=False)
        self.decoder, self.write = nn.GRUCell(5 + 12, 6), nn.Linear(6 + 12 + 5, 11)

    def forward(self, source: Tensor, shifted: Tensor) -> Tensor:
        memory, last = self.encoder(self.source(source))
        start = self.start(torch.cat((last[0], last[1]), 1)).tanh()

        def step(word: Tensor, h: Tensor) -> tuple[Tensor, Tensor]:
            y, c = self.target(word), self.look(h, memory)
            h = self.decoder(torch.cat((y, c), 1), h)
            return self.write(torch.cat((h, c, y), 1)), h

        return spoken(step, shifted, start)

    def look(self, h: Tensor, memory: Tensor) -> Tensor:
        scores = [self.v(self.attention(torch.cat((h, m), 1)).tanh()) for m in memory.unbind(1)]
        weights = torch.cat(scores, 1).softmax(1)
        return torch.stack([w[:, None] * m for w, m in zip(weights.unbind(1), memory.unbind(1), strict=True)]).sum(0)


@reference("attention written out, step by step", "RNNSearch")
@torch.no_grad()
def searching() -> Iterator[Pair]:
    theirs = disturb(Searching()).eval()
    mine = ours("seq2seq:RNNSearch", **SIZES)
    table = dict(theirs.state_dict())
    both = table.pop("attention.weight")
    table["step.context.query.weight"], table["step.context.key.weight"] = both[:, :6], both[:, 6:]
    names = [("^attention", "step.context.query"), ("^v", "step.context.score"), ("^step", "hidden.step1"),
             (r"^decoder\.(\w+)_([ih]h)$", r"hidden.step1.new.\2.\1"), ("^source", "memory.embedding1"),
             ("^target", "hidden.embedding1"), ("^encoder", "memory.gru1"), ("^write", "logits")]  # fmt: skip
    by_name(mine, table, names)
    for source, shifted in sentences():
        yield mine(source, shifted), theirs(source, shifted)
