"""heads.net: what each head predicts are the parameters of its distribution."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from copy_weights import disturb, in_order
from torch import Tensor, nn

from . import Pair, Small, ours, reference

SMALL = {"Heads": Small({}, {"H": (16, 24), "W": (24, 17)})}


class Reference(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        trunk: list[nn.Module] = []
        for inputs, outputs in ((3, 32), (32, 64), (64, 128)):
            trunk += [nn.Conv2d(inputs, outputs, 3, 2, 1), nn.BatchNorm2d(outputs), nn.ReLU()]
        self.trunk = nn.Sequential(*trunk)
        self.cat = nn.Linear(128, 1)
        self.tags = nn.Linear(128, 6)
        self.kind = nn.Linear(128, 10)
        self.box = nn.Linear(128, 8)

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        x = nn.functional.adaptive_avg_pool2d(self.trunk(image), 1).flatten(1)
        return self.cat(x), self.tags(x), self.kind(x), self.box(x)


def likelihoods(found: tuple[Tensor, ...], truth: dict[str, Tensor]) -> Iterator[Tensor]:
    """Negative log-likelihoods by torch's distributions; the Gaussian's less its constant."""
    cat, tags, kind, box = found
    mean, logvar = box.chunk(2, 1)
    of = torch.distributions
    yield -of.Bernoulli(logits=cat).log_prob(truth["is_cat"]).mean()
    yield -of.Bernoulli(logits=tags).log_prob(truth["tag_set"]).mean()
    yield -of.Categorical(logits=kind).log_prob(truth["label"]).mean()
    yield -of.Normal(mean, (logvar / 2).exp()).log_prob(truth["place"]).mean() - math.log(2 * math.pi) / 2


@reference("a hand-written module", "Heads")
@torch.no_grad()
def heads() -> Iterator[Pair]:
    mine, theirs = ours("heads:Heads"), disturb(Reference()).eval()
    nn.init.normal_(theirs.cat.weight)  # at its first values it says little
    in_order(mine, theirs)
    for height, width in ((32, 32), (45, 64)):
        image = torch.rand(3, 3, height, width)
        truth = {"is_cat": torch.tensor([[1.0], [0.0], [1.0]]), "tag_set": torch.randint(2, (3, 6)).float()}
        truth |= {"label": torch.randint(10, (3,)), "place": torch.randn(3, 4)}
        said = mine.losses({"image": image, **truth})
        found = theirs(image)
        yield (
            (*mine(image), *(said[name] for name in ("one", "several", "which", "where"))),
            (
                *found,
                *likelihoods(found, truth),
            ),
        )
