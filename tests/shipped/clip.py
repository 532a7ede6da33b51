"""clip.net: transformers' CLIPModel, by `clip.transformers.names`."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from copy_weights import by_table, disturb
from torchvision_on_cpu import transformers

from . import Pair, Small, ours, reference

SMALL = {
    "CLIP": Small(
        {
            "size": 16, "patch": 8, "wide": 24, "eyes": 4, "depth": 2,
            "vocab": 31, "d": 16, "heads": 4, "layers": 2,
        },
        {"T": (7, 20)},
    ),
}  # fmt: skip
PUBLISHED = {"CLIP": "clip-vit-base-patch32", "CLIPB16": "clip-vit-base-patch16", "CLIPL14": "clip-vit-large-patch14"}


@reference("transformers CLIPModel", "CLIP", "CLIPB16", "CLIPL14")
@torch.no_grad()
def clip() -> Iterator[Pair]:
    """Both embeddings and their similarities. A text ends in the highest id, with anything behind it; the size of an
    image is a parameter, so there are two models."""
    for size, length in ((32, 77), (48, 9)):
        config = transformers().CLIPConfig(
            text_config={
                "vocab_size": 61, "hidden_size": 32, "intermediate_size": 128, "num_hidden_layers": 2,
                "num_attention_heads": 4, "bos_token_id": 59, "eos_token_id": 60, "pad_token_id": 0,
            },
            vision_config={
                "hidden_size": 48, "intermediate_size": 192, "num_hidden_layers": 3, "num_attention_heads": 6,
                "image_size": size, "patch_size": 16,
            },
            projection_dim=32,
        )  # fmt: skip
        theirs = disturb(transformers().CLIPModel(config)).eval()
        mine = ours(
            "clip:CLIP", size=size, patch=16, wide=48, eyes=6, depth=3, vocab=61, d=32, heads=4, layers=2
        )  # fmt: skip
        by_table(mine, theirs.state_dict(), "clip.transformers")
        image, text = torch.randn(3, 3, size, size), torch.randint(1, 60, (3, length))
        for row, end in enumerate((length - 1, 4, 2)):
            text[row, end] = 60
        expected = theirs(input_ids=text, pixel_values=image)
        yield mine(image, text), (expected.image_embeds, expected.text_embeds, expected.logits_per_image)
