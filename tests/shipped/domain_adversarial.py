"""domain_adversarial.net: the architecture of the paper for MNIST, figure 4a."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from copy_weights import disturb, in_order
from torch import nn

from . import Pair, Small, ours, reference

SMALL = {"DomainAdversarial": Small()}


@reference("a hand-written module", "DomainAdversarial")
@torch.no_grad()
def domain_adversarial() -> Iterator[Pair]:
    features = nn.Sequential(
        nn.Conv2d(3, 32, 5), nn.ReLU(), nn.MaxPool2d(2, 2), nn.Conv2d(32, 48, 5), nn.ReLU(), nn.MaxPool2d(2, 2),
        nn.Flatten(),
    )  # fmt: skip
    classes = nn.Sequential(
        nn.Linear(768, 100), nn.ReLU(), nn.Linear(100, 100), nn.ReLU(), nn.Linear(100, 10)
    )  # fmt: skip
    domain = nn.Sequential(nn.Linear(768, 100), nn.ReLU(), nn.Linear(100, 1))
    mine = ours("domain_adversarial:DomainAdversarial")
    for ours_, theirs in ((mine.features, features), (mine.logits, classes), (mine.domain, domain)):
        in_order(ours_, disturb(theirs))
    for batch in (3, 5):
        image = torch.rand(batch, 3, 28, 28)
        seen = features(image)
        yield (mine(image), mine.domain(seen)), (classes(seen), domain(seen))
