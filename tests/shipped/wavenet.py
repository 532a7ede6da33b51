"""wavenet.net."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from copy_weights import by_name, disturb
from torch import Tensor, nn

from . import Pair, Small, ours, reference

SMALL = {
    "WaveNet": Small({"levels": 11, "width": 4, "skips": 6, "stacks": 2, "depth": 3}, {"T": (9, 20)}),
}


class Sound(nn.Module):
    """z = tanh(W_f * x) . sigma(W_g * x), where * reads a sample and the one that lies `dilation` before it; what is
    before the beginning is 0. The sum of all z, each through a map of its own, is what the logits are made of."""

    def __init__(self, dilations: list[int]) -> None:
        super().__init__()
        self.dilations = dilations
        self.table = nn.Embedding(11, 4)
        self.layers = nn.ModuleList(
            nn.ModuleDict({"filter": nn.Conv1d(4, 4, 2), "gate": nn.Conv1d(4, 4, 2), "out": nn.Linear(4, 4),
                           "skip": nn.Linear(4, 6)})
            for _ in dilations
        )  # fmt: skip
        self.layers[-1].pop("out")  # nothing hears it
        self.first, self.last = nn.Linear(6, 6), nn.Linear(6, 11)

    def forward(self, audio: Tensor) -> Tensor:
        x = self.table(audio)
        total = torch.zeros(*audio.shape, 6)
        for layer, dilation in zip(self.layers, self.dilations, strict=True):
            past = torch.cat((torch.zeros(len(x), dilation, 4), x), 1)[:, : x.shape[1]]
            f, g = (
                past @ layer[name].weight[:, :, 0].T + x @ layer[name].weight[:, :, 1].T + layer[name].bias
                for name in ("filter", "gate")
            )
            z = f.tanh() * g.sigmoid()
            total = total + layer["skip"](z)
            x = x + layer["out"](z) if "out" in layer else x
        return self.last(self.first(total.relu()).relu()).transpose(1, 2)


@reference("the paper's equations", "WaveNet")
@torch.no_grad()
def sound() -> Iterator[Pair]:
    theirs = disturb(Sound([1, 2, 4, 1, 2, 4]))
    mine = ours("wavenet:WaveNet", levels=11, width=4, skips=6, stacks=2, depth=3)
    table = {
        name: value[..., None] if value.dim() == 2 and "table" not in name else value
        for name, value in theirs.state_dict().items()
    }
    names = [(r"^layers\.(\d)\.(filter|gate)", r"body.\1.gated.\2"), (r"^layers", "body"), ("^table", "embedding1"),
             ("^first", "conv1"), ("^last", "logits")]  # fmt: skip
    by_name(mine, table, names)
    for length in (12, 30):
        audio = torch.randint(11, (3, length))
        yield mine(audio), theirs(audio)
