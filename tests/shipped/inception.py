"""inception.net: torchvision's inception_v3, by `inception.torchvision.names`."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from copy_weights import by_table, disturb
from torchvision_on_cpu import torchvision

from . import Pair, Small, ours, reference

SMALL = {"InceptionV3": Small({"classes": 5, "aux": False}, {"H": (107, 120), "W": (123, 107)})}
GOLDEN = ("InceptionV3",)
PUBLISHED = {"InceptionV3": "inception_v3"}


@reference("torchvision inception_v3", "InceptionV3")
@torch.no_grad()
def inception_v3() -> Iterator[Pair]:
    """At two sizes and batch 3 without the auxiliary head; with it, which takes 299 x 299 and which theirs leaves out
    of eval mode, at these."""
    theirs = disturb(torchvision().models.inception_v3(num_classes=10, init_weights=False)).eval()
    mine, plain = ours("inception:InceptionV3", classes=10), ours("inception:InceptionV3", classes=10, aux=False)
    by_table(mine, theirs.state_dict(), "inception.torchvision")
    table = mine.state_dict()
    plain.load_state_dict({key: table[key] for key in plain.state_dict()})
    for height, width in ((107, 107), (123, 110)):
        image = torch.randn(3, 3, height, width)
        yield plain(image), theirs(image)
    middle: list[torch.Tensor] = []
    theirs.Mixed_6e.register_forward_hook(lambda module, inputs, out: middle.append(out))
    image = torch.randn(3, 3, 299, 299)
    logits = theirs(image)
    yield mine(image), (theirs.AuxLogits(middle[-1]), logits)
