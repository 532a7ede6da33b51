"""t5.net: transformers' T5ForConditionalGeneration, by `t5.transformers.names`."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from copy_weights import by_table, disturb
from torchvision_on_cpu import transformers

from . import Pair, Small, ours, reference

SMALL = {
    "T5Small": Small({"vocab": 31, "d": 16, "heads": 4, "depth": 2}, {"S": (7, 4), "T": (5, 9)}),
}
PUBLISHED = {"T5Small": "t5-small", "T5Base": "t5-base", "T5Large": "t5-large"}


@reference("transformers T5ForConditionalGeneration", "T5Small", "T5Base", "T5Large")
@torch.no_grad()
def t5() -> Iterator[Pair]:
    """With and without padding, and longer than the buckets of distances reach."""
    config = transformers().T5Config(
        vocab_size=61, d_model=32, d_kv=8, d_ff=64, num_layers=2, num_heads=4, tie_word_embeddings=True
    )
    theirs = disturb(transformers().T5ForConditionalGeneration(config)).eval()
    settings = {"vocab": 61, "d": 32, "heads": 4, "ff": 64, "depth": 2}
    for masked in (False, True):
        mine = ours("t5:T5Small", **settings, **({"mask": True} if masked else {}))
        by_table(mine, theirs.state_dict(), "t5.transformers")
        for before, after in ((11, 8), (200, 150)):
            source, shifted = torch.randint(61, (3, before)), torch.randint(61, (3, after))
            if masked:
                mask = torch.arange(before) < torch.tensor([[before], [before - 3], [5]])
                expected = theirs(source, attention_mask=mask.long(), decoder_input_ids=shifted)
                yield mine(source, shifted, mask), expected.logits
            else:
                yield mine(source, shifted), theirs(input_ids=source, decoder_input_ids=shifted).logits
