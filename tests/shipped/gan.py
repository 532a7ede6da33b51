"""gan.net: DCGAN as it is usually written, one list of layers for each network."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from copy_weights import disturb, in_order
from torch import nn

from . import Pair, Small, ours, reference

SMALL = {"GAN": Small({"noise": 5, "width": 4})}
PUBLISHED = {"GAN": "DCGAN generator (nz 100, 64x64x3)"}


def generator(noise: int, width: int) -> nn.Module:
    up = {"kernel_size": 4, "bias": False}
    return nn.Sequential(
        nn.ConvTranspose2d(noise, 8 * width, **up), nn.BatchNorm2d(8 * width), nn.ReLU(),
        nn.ConvTranspose2d(8 * width, 4 * width, stride=2, padding=1, **up), nn.BatchNorm2d(4 * width), nn.ReLU(),
        nn.ConvTranspose2d(4 * width, 2 * width, stride=2, padding=1, **up), nn.BatchNorm2d(2 * width), nn.ReLU(),
        nn.ConvTranspose2d(2 * width, width, stride=2, padding=1, **up), nn.BatchNorm2d(width), nn.ReLU(),
        nn.ConvTranspose2d(width, 3, stride=2, padding=1, **up), nn.Tanh(),
    )  # fmt: skip


def critic(width: int) -> nn.Module:
    down = {"kernel_size": 4, "bias": False}
    return nn.Sequential(
        nn.Conv2d(3, width, stride=2, padding=1, **down), nn.LeakyReLU(0.2),
        nn.Conv2d(width, 2 * width, stride=2, padding=1, **down), nn.BatchNorm2d(2 * width), nn.LeakyReLU(0.2),
        nn.Conv2d(2 * width, 4 * width, stride=2, padding=1, **down), nn.BatchNorm2d(4 * width), nn.LeakyReLU(0.2),
        nn.Conv2d(4 * width, 8 * width, stride=2, padding=1, **down), nn.BatchNorm2d(8 * width), nn.LeakyReLU(0.2),
        nn.Conv2d(8 * width, 1, **down), nn.Flatten(),
    )  # fmt: skip


@torch.no_grad()
def outputs(mine: Any) -> Iterator[Pair]:
    """What is made of noise, and what the critic says of it and of images."""
    made, judge = disturb(generator(100, 64)).eval(), disturb(critic(64)).eval()
    assert sum(p.numel() for p in mine.judge.parameters()) == 2765568
    in_order(mine.gen, made)
    in_order(mine.judge, judge)
    for batch in (3, 2):
        noise, real = torch.randn(batch, 100, 1, 1), torch.rand(batch, 3, 64, 64) * 2 - 1
        fake = made(noise)
        yield (mine(noise), mine.judge(fake), mine.judge(real)), (fake, judge(fake), judge(real))


@reference("a hand-written module", "GAN")
def gan() -> Iterator[Pair]:
    return outputs(ours("gan:GAN"))
