"""bert.net: transformers' BertModel and BertForPreTraining, by the tables of names beside it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from copy_weights import by_table, disturb
from torchvision_on_cpu import transformers

from . import Pair, Small, ours, reference

SIZES = {"vocab": 31, "context": 20, "d": 16, "heads": 4, "ff": 24, "depth": 2}
SMALL = {name: Small(SIZES, {"T": (7, 20)}) for name in ("BERT", "BERTPretraining")}
PUBLISHED = {"BERT": "bert-base-uncased BertModel", "BERTCased": "bert-base-cased BertModel",
             "BERTLarge": "bert-large BertModel"}  # fmt: skip


def tiny() -> Any:
    return transformers().BertConfig(
        vocab_size=61, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=48,
        max_position_embeddings=40,
    )  # fmt: skip


def outputs(mine: Any, theirs: Any, said: tuple[str, str]) -> Iterator[Pair]:
    """Both outputs, one text of full length and two with padding; what is padded is compared too, for it attends to
    what is not."""
    for length in (12, 31):
        ids, kinds = torch.randint(61, (3, length)), torch.randint(2, (3, length))
        mask = torch.arange(length) < torch.tensor([[length], [length - 3], [5]])
        expected = theirs(ids, token_type_ids=kinds, attention_mask=mask.long())
        yield mine(ids, kinds, mask), (expected[said[0]], expected[said[1]])


@reference("transformers BertModel", "BERT", "BERTCased", "BERTLarge")
@torch.no_grad()
def bert() -> Iterator[Pair]:
    theirs = disturb(transformers().BertModel(tiny())).eval()
    mine = ours("bert:BERT", vocab=61, context=40, d=32, heads=4, ff=48, depth=2)
    by_table(mine, theirs.state_dict(), "bert.transformers")
    yield from outputs(mine, theirs, ("last_hidden_state", "pooler_output"))


@reference("transformers BertForPreTraining", "BERTPretraining")
@torch.no_grad()
def pretraining() -> Iterator[Pair]:
    """The scores of words and of the order of the sentences."""
    theirs = disturb(transformers().BertForPreTraining(tiny())).eval()
    mine = ours("bert:BERTPretraining", vocab=61, context=40, d=32, heads=4, ff=48, depth=2)
    by_table(mine, theirs.state_dict(), "bert.pretraining.transformers")
    yield from outputs(mine, theirs, ("seq_relationship_logits", "prediction_logits"))
