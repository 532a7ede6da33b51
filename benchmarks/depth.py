"""What depth costs: a block is checked once, however often it is repeated.

Compares the check of `repeat 10000` with that of `repeat 10`, in turn in one process: for a block that is the same
each time, and for one that looks at the number of its round, whose expressions are then evaluated for each. And times
the refusal of nested repeats that would be 10^9 boxes. Run `python benchmarks/depth.py`.

Targets: 1.5 times for equal rounds; under a second.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from dslnet.build import check_program, read_program
from dslnet.diagnostics import Report
from dslnet.limits import DEFAULT, Limits

SAME = """\
block Layer(heads):
  input x: [B, T, d]
  - residual: LayerNorm -> Attention(heads, causal=true)
  - residual: LayerNorm -> Linear(4 * d) -> GELU -> Linear(d)

model Net:
  input x: [B, T, 64]
  - repeat {n}: Layer(8)
"""

#: The first round halves the image, every third one is wider inside.
COUNTED = """\
block Layer(width, stride=1):
  input x: [B, C, H, W]
  - Conv(width, 3, stride=stride) -> BatchNorm -> ReLU -> Conv(16, 1)

model Net:
  input x: [B, 16, 64, 64]
  - repeat i in {n}: Layer(32 if i % 3 == 0 else 16, stride=2 if i == 0 else 1)
"""

NESTED = """\
model Net:
  input x: [B, 64]
  - repeat 1000:
      - repeat 1000:
          - repeat 1000: Linear(64)
"""


def check(path: Path, text: str, limits: Limits = DEFAULT) -> tuple[float, Report]:
    """Processor seconds of one check, and what it said."""
    path.write_text(text, encoding="utf-8")
    report = Report()
    start = time.process_time()
    program = read_program(path, report, limits)
    assert program is not None
    check_program(program, report)
    return time.process_time() - start, report


def main() -> None:
    limits = Limits(boxes=1_000_000)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "net.net"
        for name, text, target in (("equal rounds", SAME, " (target 1.5)"), ("rounds with their number", COUNTED, "")):
            best = {10: float("inf"), 10_000: float("inf")}
            for _ in range(30):
                for n in best:
                    seconds, report = check(path, text.format(n=n), limits)
                    assert not report.errors
                    best[n] = min(best[n], seconds)
            few, many = best[10] * 1000, best[10_000] * 1000
            print(f"{name}: 10 in {few:.1f} ms, 10,000 in {many:.1f} ms; {many / few:.2f} times{target}")
        seconds, report = check(path, NESTED)
        codes = [d.code for d in report.diagnostics]
        assert codes == ["E0907"], codes
        print(f"10^9 boxes refused in {seconds * 1000:.1f} ms (target 1000)")


if __name__ == "__main__":
    main()
