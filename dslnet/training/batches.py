"""The order of the data.

Enters: a number of rows, a batch size and a seed. Leaves: for each epoch its batches as row numbers. An epoch's order
depends on the seed and the epoch alone, so a run can be taken up in the middle of one.

A last batch of a single row is left out where there are others: it has no variance for a batch norm and no pair for a
contrast. With several processes a batch is dealt out row by row; one with fewer rows than processes is left out.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ..node import node


@node
class Batches:
    """`size` 0 stands for all rows in one batch. `exact` leaves out a batch of another size."""

    rows: int
    size: int
    seed: int = 0
    exact: bool = False
    shuffled: bool = True
    rank: int = 0
    world: int = 1

    def __len__(self) -> int:
        """Batches in an epoch."""
        if self.size == 0:
            return 1
        whole, rest = divmod(self.rows, self.size)
        least = self.size if self.exact else max(self.world, 2 if self.shuffled and whole else 1)
        return whole + (rest >= least)

    def order(self, epoch: int) -> list[Tensor]:
        """The batches of an epoch: the rows of each, of all processes together."""
        if self.shuffled:
            generator = torch.Generator().manual_seed((self.seed * 1_000_003 + epoch) % 2**63)
            order = torch.randperm(self.rows, generator=generator)
        else:
            order = torch.arange(self.rows)
        size = self.size or self.rows
        return [order[start : start + size] for start in range(0, self.rows, size)][: len(self)]

    def mine(self, rows: Tensor) -> tuple[Tensor, float]:
        """This process's part of a batch, and what its mean counts beside those of the others: they sum to `world`."""
        if self.world == 1 or self.size == 0:
            return rows, 1.0
        part = rows[self.rank :: self.world]
        return part, len(part) * self.world / len(rows)
