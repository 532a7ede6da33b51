"""spectrogram.net: plain modules after the published ones, whose names are these."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from copy_weights import disturb
from torch import nn
from torch.nn import functional as F

from . import Pair, Small, ours, reference

SMALL = {
    "VGGish": Small({"embedding": 8, "hidden": 8}),
    "CNN14": Small({"classes": 5, "mels": 16, "depth": 4, "pools": 3, "width": 4}, {"T": (48, 35)}),
}
GOLDEN = ("VGGish", "CNN14")


class Vggish(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before = 1
        for width in (64, 0, 128, 0, 256, 256, 0, 512, 512, 0):
            layers += [nn.Conv2d(before, width, 3, padding=1), nn.ReLU()] if width else [nn.MaxPool2d(2, 2)]
            before = width or before
        self.features = nn.Sequential(*layers)
        dense = [
            nn.Linear(512 * 6 * 4, 4096),
            nn.ReLU(),
            nn.Linear(4096, 4096),
            nn.ReLU(),
            nn.Linear(4096, 128),
            nn.ReLU(),
        ]
        self.embeddings = nn.Sequential(*dense)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Flattened with the channels last, as where it was trained."""
        return self.embeddings(self.features(x).permute(0, 2, 3, 1).flatten(1))


class ConvBlock(nn.Module):
    def __init__(self, before: int, width: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(before, width, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.bn2(self.conv2(self.bn1(self.conv1(x)).relu())).relu()


class Tagger(nn.Module):
    def __init__(self, depth: int) -> None:
        super().__init__()
        self.bn0 = nn.BatchNorm2d(64)
        before = 1
        for number in range(1, depth + 1):
            width = 32 * 2**number
            self.add_module(f"conv_block{number}", ConvBlock(before, width))
            before = width
        self.fc1 = nn.Linear(before, before)
        self.fc_audioset = nn.Linear(before, 527)
        self.depth = depth

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        x = self.bn0(x.transpose(1, 3)).transpose(1, 3)
        for number in range(1, self.depth + 1):
            x = self.get_submodule(f"conv_block{number}")(x)
            x = F.avg_pool2d(x, 2 if number < 6 else 1)
        x = x.mean(dim=3)
        x = x.max(dim=2).values + x.mean(dim=2)
        x = self.fc1(x).relu()
        return x, self.fc_audioset(x).sigmoid()


@reference("the published layers by hand", "VGGish")
@torch.no_grad()
def vggish() -> Iterator[Pair]:
    """One size is all that it takes; the second images are louder."""
    theirs = disturb(Vggish()).eval()
    mine = ours("spectrogram:VGGish")
    assert list(mine.state_dict()) == list(theirs.state_dict())
    mine.load_state_dict(theirs.state_dict(), strict=True)
    for scale in (1, 3):
        sound = scale * torch.randn(3, 1, 96, 64)
        yield mine(sound), theirs(sound)


@reference("the published layers by hand", "CNN14", "CNN10")
@torch.no_grad()
def tagger() -> Iterator[Pair]:
    theirs = disturb(Tagger(4)).eval()
    mine = ours("spectrogram:CNN10")
    assert list(mine.state_dict()) == list(theirs.state_dict())
    mine.load_state_dict(theirs.state_dict(), strict=True)
    for steps in (64, 101):
        sound = torch.randn(3, 1, steps, 64)
        yield mine(sound), theirs(sound)
