"""vae.net: the auto-encoder of the paper's appendix, as it is usually written. In evaluation the draw is its mean."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from copy_weights import disturb, in_order
from torch import Tensor, nn

from . import Pair, Small, ours, reference

SMALL = {"VAE": Small({"code": 4, "hidden": 16}, unread=("logvar.weight", "logvar.bias"))}
PUBLISHED = {"VAE": "VAE, MLP 784-400-20"}


class Reference(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc1 = nn.Linear(784, 400)
        self.fc21 = nn.Linear(400, 20)
        self.fc22 = nn.Linear(400, 20)
        self.fc3 = nn.Linear(20, 400)
        self.fc4 = nn.Linear(400, 784)

    def forward(self, image: Tensor) -> Tensor:
        hidden = self.fc1(image.view(-1, 784)).relu()
        mean, logvar = self.fc21(hidden), self.fc22(hidden)
        code = mean
        if self.training:
            code = mean + torch.randn_like(mean) * (0.5 * logvar).exp()
        return self.fc4(self.fc3(code).relu()).sigmoid().view(-1, 1, 28, 28)

    def bound(self, image: Tensor) -> Tensor:
        """The reconstruction's error plus the divergence from a standard normal distribution, appendix B."""
        hidden = self.fc1(image.view(-1, 784)).relu()
        code = torch.distributions.Normal(self.fc21(hidden), (0.5 * self.fc22(hidden)).exp())
        made = self(image)
        bits = -(image * made.log() + (1 - image) * (1 - made).log()).sum()
        prior = torch.distributions.Normal(torch.zeros(20), torch.ones(20))
        return bits + torch.distributions.kl_divergence(code, prior).sum()


@reference("a hand-written module", "VAE")
@torch.no_grad()
def vae() -> Iterator[Pair]:
    """In evaluation, and in training where both draw the same numbers."""
    mine, theirs = ours("vae:VAE"), disturb(Reference()).eval()
    in_order(mine, theirs)
    for batch, training in ((3, False), (5, False), (3, True)):
        image = torch.rand(batch, 1, 28, 28)
        made = []
        for module in (mine.train(training), theirs.train(training)):
            torch.manual_seed(batch)
            made.append(module(image))
        yield made[0], made[1]
    image = torch.rand(3, 1, 28, 28)
    loss, _ = mine.eval().objective("model", {"image": image})
    # Of thousands; the bound is that of a mean over the pixels.
    yield loss / 784, theirs.eval().bound(image) / 784
