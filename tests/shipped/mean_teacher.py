"""mean_teacher.net: the paper's network, and a copy of it."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from copy_weights import disturb, in_order
from torch import Tensor, nn

from . import Pair, Small, ours, reference

SMALL = {"MeanTeacher": Small({}, {"H": (20, 24), "W": (24, 20)})}


class ConvLarge(nn.Module):
    """Table 3 of the paper's appendix, with the size of the last pool left free."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList()
        channels = 3
        for width, kernel in [(128, 3)] * 3 + [(256, 3)] * 3 + [(512, 3), (256, 1), (128, 1)]:
            padding = kernel // 2 if width != 512 else 0
            self.layers += [nn.Conv2d(channels, width, kernel, padding=padding), nn.BatchNorm2d(width)]
            channels = width
        self.head = nn.Linear(128, 10)

    def forward(self, x: Tensor) -> Tensor:
        for number in range(9):
            x = self.layers[2 * number + 1](self.layers[2 * number](x))
            x = nn.functional.leaky_relu(x, 0.1)
            if number in (2, 5):
                x = nn.functional.dropout(nn.functional.max_pool2d(x, 2, 2), 0.5, self.training)
        return self.head(x.mean(3).mean(2))


@reference("a hand-written module", "MeanTeacher")
@torch.no_grad()
def mean_teacher() -> Iterator[Pair]:
    mine = ours("mean_teacher:MeanTeacher")
    student, teacher = disturb(ConvLarge()).eval(), disturb(ConvLarge()).eval()
    in_order(mine.net, student)
    in_order(mine.mean, teacher)
    for height, width in ((32, 32), (29, 40)):
        image = torch.rand(3, 3, height, width)
        yield (mine(image), mine.mean(image)), (student(image), teacher(image))
