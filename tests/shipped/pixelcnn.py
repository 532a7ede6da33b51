"""pixelcnn.net: the windows of the references are whole, with 0 for the weights of what comes later."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from copy_weights import by_name, disturb
from torch import Tensor, nn

from . import Pair, Small, ours, reference

SMALL = {
    "PixelCNN": Small({"levels": 5, "width": 4, "depth": 2}, {"H": (6, 9), "W": (8, 5)}),
    "GatedPixelCNN": Small({"levels": 5, "width": 8, "depth": 3}, {"H": (6, 9), "W": (8, 5)}),
}


def masked(conv: nn.Conv2d, rows: int, columns: int, own: bool) -> nn.Conv2d:
    """Without the weights of the rows below, and of what is on the right in its own row; perhaps not of its own."""
    with torch.no_grad():
        for i in range(2 * rows + 1):
            for j in range(2 * columns + 1):
                if i > rows or (i == rows and (j > columns or (j == columns and not own))):
                    conv.weight[:, :, i, j] = 0
    return conv


class Plain(nn.Module):
    """The paper's PixelCNN, of residual layers that are narrower in the middle."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(1, 8, 7, padding=3)
        self.layers = nn.ModuleList(
            nn.Sequential(nn.ReLU(), nn.Conv2d(8, 4, 1), nn.ReLU(), nn.Conv2d(4, 4, 3, padding=1), nn.ReLU(),
                          nn.Conv2d(4, 8, 1))
            for _ in range(2)
        )  # fmt: skip
        self.last = nn.Sequential(nn.ReLU(), nn.Conv2d(8, 8, 1), nn.ReLU(), nn.Conv2d(8, 5, 1))

    def mask(self) -> Plain:
        masked(self.first, 3, 3, own=False)
        for layer in self.layers:
            masked(layer[3], 1, 1, own=True)
        return self

    def forward(self, image: Tensor) -> Tensor:
        x = self.first(image)
        for layer in self.layers:
            x = x + layer(x)
        return self.last(x)


def images() -> Iterator[Tensor]:
    for height, width in ((7, 9), (12, 5)):
        yield torch.rand(3, 1, height, width)


@reference("windows with zeros", "PixelCNN")
@torch.no_grad()
def plain() -> Iterator[Pair]:
    theirs = disturb(Plain()).mask()
    mine = ours("pixelcnn:PixelCNN", levels=5, width=4, depth=2)
    names = [("^first", "conv1"), ("^last.1", "conv2"), ("^last.3", "logits"), (r"^(layers\.\d)\.1", r"\1.conv1"),
             (r"^(layers\.\d)\.3", r"\1.conv2"), (r"^(layers\.\d)\.5", r"\1.conv3")]  # fmt: skip
    by_name(mine, dict(theirs.state_dict()), names)
    for name, value in mine.state_dict().items():
        if name in ("conv1.weight", "layers.0.conv2.weight"):
            value[value == 0] = 7  # what is masked does not matter
    for image in images():
        yield mine(image), theirs(image)


class Gated(nn.Module):
    """Two stacks. The upper one is fed a row late, the left one a column late, so that no window need leave itself
    out."""

    def __init__(self) -> None:
        super().__init__()
        self.above, self.before = nn.Conv2d(1, 4, 1), nn.Conv2d(1, 4, 1)
        self.seen = nn.ModuleList(nn.Conv2d(4, 8, 3, padding=1) for _ in range(3))
        self.left = nn.ModuleList(nn.Conv2d(4, 8, (1, 3), padding=(0, 1)) for _ in range(3))
        self.bring = nn.ModuleList(nn.Conv2d(8, 8, 1) for _ in range(3))
        self.out = nn.ModuleList(nn.Conv2d(4, 4, 1) for _ in range(3))
        self.last = nn.Sequential(nn.ReLU(), nn.Conv2d(4, 4, 1), nn.ReLU(), nn.Conv2d(4, 5, 1))

    def mask(self) -> Gated:
        for seen, left in zip(self.seen, self.left, strict=True):
            seen.weight[:, :, 2] = 0
            masked(left, 0, 1, own=True)
        return self

    def forward(self, image: Tensor) -> Tensor:
        late, right = image.roll(1, 2), image.roll(1, 3)
        late[:, :, 0], right[:, :, :, 0] = 0, 0
        v, h = self.above(late), self.before(right)
        for seen, left, bring, out in zip(self.seen, self.left, self.bring, self.out, strict=True):
            v = seen(v)
            z = left(h) + bring(v)
            v, z = v[:, :4].tanh() * v[:, 4:].sigmoid(), z[:, :4].tanh() * z[:, 4:].sigmoid()
            h = h + out(z)
        return self.last(h)


@reference("windows with zeros", "GatedPixelCNN")
@torch.no_grad()
def gated() -> Iterator[Pair]:
    theirs = disturb(Gated()).mask()
    mine = ours("pixelcnn:GatedPixelCNN", levels=5, width=4, depth=3)
    table = dict(theirs.state_dict())
    for number in range(3):
        table[f"seen.{number}.weight"] = table[f"seen.{number}.weight"][:, :, :2]
        table[f"left.{number}.weight"] = table[f"left.{number}.weight"][:, :, :, :2]
    names = [("^(above|before)", r"\1.conv1"), (r"^seen\.(\d)", r"above.layers.\1.seen"), ("^last.1", "conv1"),
             (r"^left\.(\d)", r"before.layers.\1.window1"), (r"^bring\.(\d)", r"before.layers.\1.above"),
             (r"^out\.(\d)", r"before.layers.\1.conv1"), ("^last.3", "logits")]  # fmt: skip
    by_name(mine, table, names)
    for image in images():
        yield mine(image), theirs(image)
