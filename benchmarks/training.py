"""What `fit` costs beside a training loop that somebody wrote by hand.

An MLP, a small convolutional network and a GPT-2 block, each trained for some steps on the same data, with the same
batches, the same optimizer and a look at each loss, by both loops in turn; the weights are compared. The best runs
count, in processor time of one thread. Run `python benchmarks/training.py [--runs N]`.

Target: 1.05.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

import dslnet
from dslnet.training import fit
from dslnet.training.batches import Batches

MLP = """\
model Net:
  input x: [B, 64]
  target y: [B] long < 10
  - repeat 3: Linear(512) -> ReLU
  output logits: Linear(10)
  loss ce: logits -> CrossEntropy to y
  optimizer: AdamW(lr=1e-3)
"""
CONVOLUTION = """\
model Net:
  input x: [B, 3, 32, 32]
  target y: [B] long < 10
  - repeat width in [32, 64]: Conv(width, 3, bias=false) -> BatchNorm -> ReLU -> MaxPool(2)
  - Flatten
  output logits: Linear(10)
  loss ce: logits -> CrossEntropy to y
  optimizer: AdamW(lr=1e-3)
"""
BLOCK = """\
model Net:
  input x: [B, 64, 128]
  target y: [B, 64] long < 50
  - repeat 2:
      - residual: LayerNorm -> Attention(4, causal=true)
      - residual: LayerNorm -> Linear(512) -> GELU -> Linear(128)
  output logits: Linear(50)
  loss ce: logits -> CrossEntropy to y
  optimizer: AdamW(lr=1e-3)
"""


@dataclass(frozen=True)
class Case:
    name: str
    spec: str
    shape: tuple[int, ...]
    target: tuple[int, ...]
    classes: int
    batch: int
    rows: int


CASES = (
    Case("MLP", MLP, (64,), (), 10, 128, 128 * 40),
    Case("convolutions", CONVOLUTION, (3, 32, 32), (), 10, 32, 32 * 12),
    Case("GPT-2 blocks", BLOCK, (64, 128), (64,), 50, 16, 16 * 12),
)
EPOCHS = 2


def by_hand(model: nn.Module, x: Tensor, y: Tensor, batches: Batches) -> float:
    """The loop of a tutorial: shuffle, cut, step, and look at the loss."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    mean = 0.0
    for epoch in range(EPOCHS):
        model.train()
        total = 0.0
        for rows in batches.order(epoch):
            loss = F.cross_entropy(model(x[rows]).flatten(0, -2), y[rows].flatten())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(rows)
        mean = total / len(x)
    return mean


def measure(case: Case, folder: Path, runs: int) -> None:
    (folder / "net.net").write_text(case.spec)
    net = dslnet.load(folder / "net.net")
    x, y = torch.randn(case.rows, *case.shape), torch.randint(0, case.classes, (case.rows, *case.target))
    batches = Batches(case.rows, case.batch, seed=0)
    best = [float("inf"), float("inf")]
    for _ in range(runs):
        made = []
        for _ in range(2):
            torch.manual_seed(0)
            made.append(net.Net())
        start = time.process_time()
        by_hand(made[0], x, y, batches)
        middle = time.process_time()
        fit(made[1], {"x": x, "y": y}, epochs=EPOCHS, batch_size=case.batch, seed=0, progress=False)
        end = time.process_time()
        best = [min(best[0], middle - start), min(best[1], end - middle)]
        for a, b in zip(made[0].parameters(), made[1].parameters(), strict=True):
            torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-5)
    steps = EPOCHS * len(batches)
    ratio = best[1] / best[0]
    print(f"{case.name:14} {best[0] / steps * 1e3:7.2f} ms a step   {ratio:5.3f} times (target 1.05)")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("--runs", type=int, default=7)
    given = arguments.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        for case in CASES:
            measure(case, Path(folder), given.runs)


if __name__ == "__main__":
    main()
