"""albert.net: transformers' AlbertModel, by `albert.transformers.names`."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from copy_weights import by_table, disturb
from torchvision_on_cpu import transformers

from . import Pair, Small, ours, reference
from .bert import outputs

SMALL = {
    "ALBERT": Small({"vocab": 31, "context": 20, "e": 8, "d": 16, "heads": 4, "depth": 2}, {"T": (7, 20)}),
}


@reference("transformers AlbertModel", "ALBERT", "ALBERTLarge", "ALBERTXLarge", "ALBERTXXLarge")
@torch.no_grad()
def albert() -> Iterator[Pair]:
    """Three layers of the same weights."""
    config = transformers().AlbertConfig(
        vocab_size=61, embedding_size=16, hidden_size=32, num_hidden_layers=3, num_attention_heads=4,
        intermediate_size=128, max_position_embeddings=40,
    )  # fmt: skip
    theirs = disturb(transformers().AlbertModel(config)).eval()
    mine = ours("albert:ALBERT", vocab=61, context=40, e=16, d=32, heads=4, depth=3)
    by_table(mine, theirs.state_dict(), "albert.transformers")
    yield from outputs(mine, theirs, ("last_hidden_state", "pooler_output"))
