"""googlenet.net: torchvision's names; its auxiliary heads stand at the end there, and where they are used here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from copy_weights import on_images
from torch import nn
from torchvision_on_cpu import torchvision

from . import Pair, Small, ours, reference

# For a named `Dim`, torch.export does not solve the inequalities that its pools with ceil_mode=True give it: "Expected
# op to be '==', got < for (-2) + 2*(((1/2)*H) // 2) < (1/2)*H". torchvision's googlenet fails alike.
SMALL = {"GoogLeNet": Small({"classes": 5}, {"H": (64, 75), "W": (67, 80)}, named=False)}
GOLDEN = ("GoogLeNet",)
PUBLISHED = {"GoogLeNetPlain": "googlenet"}


class WithHeads(nn.Module):
    """torchvision's, with what the auxiliary heads say, which it leaves out of eval mode."""

    def __init__(self, net: Any) -> None:
        super().__init__()
        self.net, self.taps = net, {}
        for name in ("inception4a", "inception4d"):
            getattr(net, name).register_forward_hook(
                lambda module, inputs, out, name=name: self.taps.update({name: out})
            )

    def state_dict(self, *args: Any, **kwargs: Any) -> Any:
        return self.net.state_dict(*args, **kwargs)

    def forward(self, image: torch.Tensor) -> tuple[torch.Tensor, ...]:
        logits = self.net(image)
        return self.net.aux1(self.taps["inception4a"]), self.net.aux2(self.taps["inception4d"]), logits


@reference("torchvision googlenet", "GoogLeNet", "GoogLeNetPlain")
def googlenet() -> Iterator[Pair]:
    theirs = torchvision().models.googlenet(num_classes=10, aux_logits=True, init_weights=False)
    return on_images(ours("googlenet:GoogLeNet", classes=10), WithHeads(theirs), (64, 64), (67, 75))
