"""depth.net: torchvision's densenet169 and a plain decoder after the paper's table of layers."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from copy_weights import disturb
from torch import nn
from torch.nn import functional as F
from torchvision_on_cpu import torchvision

from . import Pair, Small, ours, reference

SMALL = {
    "DenseDepth": Small({"growth": 4, "depths": [1, 2, 2, 1], "width": 32}, {"H": (64, 97), "W": (80, 64)}),
}
GOLDEN = ("DenseDepth",)


class Up(nn.Module):
    def __init__(self, before: int, width: int) -> None:
        super().__init__()
        self.conva = nn.Conv2d(before, width, 3, padding=1)
        self.convb = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, x: torch.Tensor, skip: torch.Tensor) -> torch.Tensor:
        x = F.interpolate(x, size=skip.shape[2:], mode="bilinear", align_corners=True)
        return self.convb(F.leaky_relu(self.conva(torch.cat([x, skip], 1)), 0.2))


class Decoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv2 = nn.Conv2d(1664, 1664, 1)
        self.up1, self.up2 = Up(1664 + 256, 832), Up(832 + 128, 416)
        self.up3, self.up4 = Up(416 + 64, 208), Up(208 + 64, 104)
        self.conv3 = nn.Conv2d(104, 1, 3, padding=1)

    def forward(self, taps: dict[str, torch.Tensor]) -> torch.Tensor:
        x = self.conv2(taps["norm5"].relu())
        x = self.up1(x, taps["transition2"])
        x = self.up2(x, taps["transition1"])
        x = self.up3(x, taps["pool0"])
        return self.conv3(self.up4(x, taps["relu0"]))


@reference("torchvision densenet169, the decoder by hand", "DenseDepth")
@torch.no_grad()
def dense_depth() -> Iterator[Pair]:
    encoder = disturb(torchvision().models.densenet169()).eval().features
    decoder = disturb(Decoder())
    mine = ours("depth:DenseDepth")
    table = {f"encoder.features.{key}": value for key, value in encoder.state_dict().items()}
    keys = [key for key in mine.state_dict() if not key.startswith("encoder.")]
    table.update(zip(keys, decoder.state_dict().values(), strict=True))
    mine.load_state_dict(table, strict=True)
    for height, width in ((64, 64), (97, 70)):
        image = torch.randn(3, 3, height, width)
        taps, x = {}, image
        for name, layer in encoder.named_children():
            x = taps[name] = layer(x)
            taps[name] = x.clone()  # torchvision's ReLUs work in place
        yield mine(image), decoder(taps)
