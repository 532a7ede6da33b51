"""How fast a text becomes a tree.

Compares `parse` with Python's own `ast.parse` on a text that says the same thing line by line, at 1,000 lines, and
a line at 1,000 lines with a line at 100,000. Run `python benchmarks/parsing.py`; the best of several runs counts,
for others may be using the machine.
"""

from __future__ import annotations

import ast
import time
from collections.abc import Callable

from dslnet.diagnostics import Report
from dslnet.limits import Limits
from dslnet.parse import parse
from dslnet.source import Source

BLOCK = """\
block Block{n}(width, stride=1):
  input x: [B, C, H, W]
  - residual:
      - Conv(width, 3, stride=stride, bias=false) -> BatchNorm -> ReLU
      - Conv(4 * width, 1, bias=false) -> BatchNorm
      | down: if stride != 1 or C != 4 * width:
          - Conv(4 * width, 1, stride=stride, bias=false)
  - repeat i in width: Linear(width // 2 + 1) -> ReLU -> Dropout(0.5)
  gate: x -> GlobalAvgPool -> Linear(width) -> Sigmoid
  output out: Conv(width, 3, padding="same") -> [B, width, H, W]
"""

#: The same ten lines, as a Python programmer writes them.
PYTHON = """\
def block{n}(width, stride=1):
    x = Input([B, C, H, W])
    with residual:
        y = ReLU(BatchNorm(Conv(width, 3, stride=stride, bias=False)(x)))
        y = BatchNorm(Conv(4 * width, 1, bias=False)(y))
        if stride != 1 or C != 4 * width:
            down = Conv(4 * width, 1, stride=stride, bias=False)(x)
    for i in range(width): y = Dropout(0.5)(ReLU(Linear(width // 2 + 1)(y)))
    gate = Sigmoid(Linear(width)(GlobalAvgPool(x)))
    out = Shape([B, width, H, W])(Conv(width, 3, padding="same")(y))
"""


def per_line(read: Callable[[str], object], text: str, runs: int) -> float:
    """Microseconds a line, the best of some runs."""
    best = float("inf")
    for _ in range(runs):
        start = time.process_time()
        tree = read(text)
        best = min(best, time.process_time() - start)
        del tree
    return best / text.count("\n") * 1e6


def repeated(block: str, lines: int) -> str:
    return "".join(block.format(n=n) for n in range(lines // block.count("\n")))


def read_net(text: str) -> object:
    report = Report()
    limits = Limits(file_bytes=1 << 30, tokens=1 << 30)
    spec = parse(Source("benchmark.net", text), report, limits)
    assert not report.diagnostics
    return spec


def main() -> None:
    ours = theirs = large = float("inf")
    # In turns, so that what else runs on the machine slows all three alike.
    for _ in range(5):
        ours = min(ours, per_line(read_net, repeated(BLOCK, 1_000), 15))
        theirs = min(theirs, per_line(ast.parse, repeated(PYTHON, 1_000), 15))
        large = min(large, per_line(read_net, repeated(BLOCK, 100_000), 1))
    print(f"1,000 lines: {ours:.1f} us a line; ast.parse {theirs:.1f} us a line; ratio {ours / theirs:.2f} (target 5)")
    print(f"100,000 lines: {large:.1f} us a line; ratio to 1,000 lines {large / ours:.2f} (target 1.15)")


if __name__ == "__main__":
    main()
