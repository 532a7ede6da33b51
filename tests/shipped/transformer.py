"""transformer.net: the layers of torch.nn between the paper's embeddings."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import torch
from copy_weights import by_name, disturb, split
from torch import nn

from . import Pair, Small, ours, reference

SMALL = {
    "Transformer": Small({"vocab": 31, "d": 16, "heads": 4, "depth": 2}, {"S": (7, 4), "T": (5, 9)}),
}


def sines(length: int, width: int) -> Any:
    """The positions of the paper, section 3.5, written out."""
    table = torch.zeros(length, width)
    for step in range(length):
        for pair in range(width // 2):
            angle = step / 10000 ** (2 * pair / width)
            table[step, 2 * pair], table[step, 2 * pair + 1] = math.sin(angle), math.cos(angle)
    return table


class Layers(nn.Module):
    """`nn.Transformer` without its two last norms, which the paper has not, between the paper's embeddings."""

    def __init__(self, vocab: int, d: int, heads: int, ff: int, depth: int) -> None:
        super().__init__()
        self.d = d
        self.embed = nn.Embedding(vocab, d)
        self.net = nn.Transformer(d, heads, depth, depth, ff, batch_first=True)
        self.net.encoder.norm = self.net.decoder.norm = None

    def forward(self, source: Any, shifted: Any) -> Any:
        length = shifted.shape[1]
        future = torch.ones(length, length, dtype=torch.bool).triu(1)
        a = self.embed(source) * math.sqrt(self.d) + sines(source.shape[1], self.d)
        b = self.embed(shifted) * math.sqrt(self.d) + sines(length, self.d)
        return self.net(a, b, tgt_mask=future) @ self.embed.weight.T


NAMES = [
    (r"^net\.encoder\.layers", "memory"),
    (r"^net\.decoder\.layers", "hidden"),
    (r"self_attn\.out_proj", "attention1.out"),
    (r"self_attn", "attention1"),
    (r"multihead_attn\.out_proj", "attention2.out"),
    (r"multihead_attn", "attention2"),
    (r"\.linear", ".feedforward1.linear"),
    (r"\.norm", ".ln"),
]


@reference("torch.nn.Transformer", "Transformer", "TransformerBig")
@torch.no_grad()
def transformer() -> Iterator[Pair]:
    theirs = disturb(Layers(61, 32, 4, 128, 2)).eval()
    nn.init.normal_(theirs.embed.weight, std=32**-0.5)
    mine = ours("transformer:Transformer", vocab=61, d=32, heads=4, depth=2)
    table = dict(theirs.state_dict())
    split(table, "in_proj_weight", ("q.weight", "k.weight", "v.weight"))
    split(table, "in_proj_bias", ("q.bias", "k.bias", "v.bias"))
    by_name(mine, table, NAMES)
    for before, after in ((11, 8), (5, 13)):
        source, shifted = torch.randint(61, (3, before)), torch.randint(61, (3, after))
        yield mine(source, shifted), theirs(source, shifted)
