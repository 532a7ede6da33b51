"""multitask.net: torchvision's trunk, a pyramid on it, and a head for each task."""

from __future__ import annotations

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from copy_weights import disturb
from torch import Tensor, nn
from torchvision_on_cpu import torchvision

from . import Pair, Small, ours, reference

SMALL = {"SceneTasks": Small({"width": 8}, {"H": (64, 96), "W": (96, 64)})}


class Reference(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.trunk = torchvision().models.resnet18()
        self.lateral = nn.ModuleList(nn.Conv2d(channels, 128, 1) for channels in (64, 128, 256, 512))
        self.smooth = nn.Conv2d(128, 128, 3, padding=1)
        self.mask = nn.Conv2d(128, 20, 1)
        self.depth = nn.Conv2d(128, 1, 1)
        self.scene = nn.Linear(512, 8)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        net = self.trunk
        x = net.maxpool(net.relu(net.bn1(net.conv1(image))))
        maps = []
        for layer in (net.layer1, net.layer2, net.layer3, net.layer4):
            x = layer(x)
            maps.append(x)
        fused = self.lateral[3](maps[3])
        for i in (2, 1, 0):
            fused = self.lateral[i](maps[i]) + F.interpolate(fused, scale_factor=2)
        fused = F.relu(self.smooth(fused))
        mask = F.interpolate(self.mask(fused), image.shape[2:], mode="bilinear")
        depth = F.interpolate(F.softplus(self.depth(fused)), image.shape[2:], mode="bilinear")
        return mask, depth, self.scene(net.avgpool(x).flatten(1))


def total(found: tuple[Tensor, ...], truth: dict[str, Tensor], scales: dict[str, Tensor]) -> Tensor:
    """Each task's loss over its variance, and the logarithm of the deviation: equation 10 of the paper."""
    mask, depth, scene = found
    sigma = {name: (scale / 2).exp() for name, scale in scales.items()}
    loss = F.cross_entropy(mask, truth["labels"]) / sigma["a"] ** 2 + sigma["a"].log()
    loss = loss + (depth - truth["distance"]).abs().mean() / (2 * sigma["b"] ** 2) + sigma["b"].log()
    return loss + F.cross_entropy(scene, truth["place"]) / sigma["c"] ** 2 + sigma["c"].log()


@reference("torchvision resnet18 and hand-written heads", "SceneTasks")
@torch.no_grad()
def multitask() -> Iterator[Pair]:
    mine, theirs = ours("multitask:SceneTasks"), disturb(Reference()).eval()
    names = {
        "lateral.0": "maps.p2",
        "lateral.1": "maps.p3",
        "lateral.2": "maps.p4",
        "lateral.3": "maps.p5",
        "smooth": "maps.out",
    }
    table = {}
    for name, value in theirs.state_dict().items():
        owner, _, last = name.rpartition(".")
        table[f"{names.get(owner, owner)}.{last}"] = value
    scales = {"a": torch.tensor(0.3), "b": torch.tensor(-0.4), "c": torch.tensor(0.2)}
    mine.load_state_dict({k: v for k, v in table.items() if not k.startswith("trunk.fc")} | scales, strict=True)
    for height, width in ((64, 96), (128, 64)):
        image = torch.rand(3, 3, height, width)
        truth = {"labels": torch.randint(20, (3, height, width)), "place": torch.randint(8, (3,))}
        truth["distance"] = torch.rand(3, 1, height, width)
        said, _ = mine.objective("model", {"image": image, **truth})
        found = theirs(image)
        yield (*mine(image), said), (*found, total(found, truth, scales))
