"""bert.net: transformers' BertModel, by `bert.transformers.names`."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from copy_weights import by_table, disturb
from torchvision_on_cpu import transformers

from . import Pair, Small, ours, reference

SMALL = {
    "BERT": Small({"vocab": 31, "context": 20, "d": 16, "heads": 4, "ff": 24, "depth": 2}, {"T": (7, 20)}),
}
PUBLISHED = {"BERT": "bert-base-uncased BertModel", "BERTCased": "bert-base-cased BertModel",
             "BERTLarge": "bert-large BertModel"}  # fmt: skip


@reference("transformers BertModel", "BERT", "BERTCased", "BERTLarge")
@torch.no_grad()
def bert() -> Iterator[Pair]:
    """Both outputs, one text of full length and two with padding; what is padded is compared too, for it attends to
    what is not."""
    config = transformers().BertConfig(
        vocab_size=61, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=48,
        max_position_embeddings=40,
    )  # fmt: skip
    theirs = disturb(transformers().BertModel(config)).eval()
    mine = ours("bert:BERT", vocab=61, context=40, d=32, heads=4, ff=48, depth=2)
    by_table(mine, theirs.state_dict(), "bert.transformers")
    for length in (12, 31):
        ids, kinds = torch.randint(61, (3, length)), torch.randint(2, (3, length))
        mask = torch.arange(length) < torch.tensor([[length], [length - 3], [5]])
        expected = theirs(ids, token_type_ids=kinds, attention_mask=mask.long())
        yield mine(ids, kinds, mask), (expected.last_hidden_state, expected.pooler_output)
