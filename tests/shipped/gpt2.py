"""gpt2.net: transformers' GPT2LMHeadModel, by `gpt2.transformers.names`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from copy_weights import by_table, disturb
from torchvision_on_cpu import transformers

from . import Pair, Small, ours, reference

SMALL = {
    "GPT2": Small({"vocab": 31, "context": 20, "d": 16, "heads": 4, "layers": 2}, {"T": (7, 20)}),
}
PUBLISHED = {"GPT2": "gpt2", "GPT2Medium": "gpt2-medium", "GPT2Large": "gpt2-large", "GPT2XL": "gpt2-xl"}


def pair() -> tuple[Any, Any]:
    """Ours with the weights of theirs, and theirs; both in evaluation."""
    config = transformers().GPT2Config(vocab_size=97, n_positions=40, n_embd=48, n_head=4, n_layer=3)
    theirs = disturb(transformers().GPT2LMHeadModel(config)).eval()
    mine = ours("gpt2:GPT2", vocab=97, context=40, d=48, heads=4, layers=3)
    by_table(mine, theirs.state_dict(), "gpt2.transformers")
    return mine, theirs


@reference("transformers GPT2LMHeadModel", "GPT2", "GPT2Medium", "GPT2Large", "GPT2XL")
@torch.no_grad()
def gpt2() -> Iterator[Pair]:
    mine, theirs = pair()
    for length in (40, 7):
        ids = torch.randint(97, (3, length))
        yield mine(ids), theirs(ids).logits
