"""unet.net: plain modules after the paper's figure 1."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from copy_weights import disturb, in_order
from torch import nn

from . import Pair, Small, ours, reference

SMALL = {
    "UNet": Small({"width": 4}, {"H": (32, 48), "W": (48, 32)}),
    "PaperUNet": Small({"width": 2}, {"H": (204, 220), "W": (220, 204)}),
}
PUBLISHED = {"PaperUNet": "U-Net, paper (1 channel, 2 classes)"}


def twice(before: int, width: int, padded: bool) -> nn.Sequential:
    """Two convolutions: padded and normalised, or as in the paper."""
    layers: list[nn.Module] = []
    for inputs in (before, width):
        layers.append(nn.Conv2d(inputs, width, 3, padding=int(padded), bias=not padded))
        layers += [nn.BatchNorm2d(width), nn.ReLU()] if padded else [nn.ReLU()]
    return nn.Sequential(*layers)


class Reference(nn.Module):
    """Four times down, four times up, each skip cropped in the middle where nothing is padded."""

    def __init__(self, channels: int, width: int, padded: bool) -> None:
        super().__init__()
        widths = [width * 2**n for n in range(5)]
        self.down = nn.ModuleList(twice(a, b, padded) for a, b in zip([channels, *widths], widths, strict=False))
        self.up = nn.ModuleList(nn.ConvTranspose2d(2 * w, w, 2, 2) for w in reversed(widths[:-1]))
        self.after = nn.ModuleList(twice(2 * w, w, padded) for w in reversed(widths[:-1]))
        self.last = nn.Conv2d(width, 2, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        skips = []
        for level in self.down:
            x = level(nn.functional.max_pool2d(x, 2) if skips else x)
            skips.append(x)
        skips.pop()
        for up, after in zip(self.up, self.after, strict=True):
            x, skip = up(x), skips.pop()
            top, left = (skip.shape[2] - x.shape[2]) // 2, (skip.shape[3] - x.shape[3]) // 2
            skip = skip[:, :, top : top + x.shape[2], left : left + x.shape[3]]
            x = after(torch.cat([skip, x], dim=1))
        return self.last(x)


def in_order_of_text(theirs: Reference) -> nn.ModuleList:
    """Its parts in the order of our text: all the way down, then up."""
    up = (part for pair in zip(theirs.up, theirs.after, strict=True) for part in pair)
    return nn.ModuleList([*theirs.down, *up, theirs.last])


@torch.no_grad()
def outputs(model: str, theirs: Reference, *sizes: tuple[int, int]) -> Iterator[Pair]:
    disturb(theirs).eval()
    mine = ours(f"unet:{model}", width=8)
    in_order(mine, in_order_of_text(theirs))
    channels = theirs.down[0][0].in_channels
    for height, width in sizes:
        image = torch.randn(3, channels, height, width)
        yield mine(image), theirs(image)


@reference("the paper's figure by hand, padded and normalised", "UNet")
def padded() -> Iterator[Pair]:
    return outputs("UNet", Reference(3, 8, padded=True), (32, 48), (64, 16))


@reference("the paper's figure by hand", "PaperUNet")
def paper() -> Iterator[Pair]:
    return outputs("PaperUNet", Reference(1, 8, padded=False), (204, 220), (188, 204))
