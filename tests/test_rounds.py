"""Rounds that cannot be told apart are elaborated once, also where they read the variable."""

from pathlib import Path
from typing import Any

import pytest

from dslnet.build import build_model, read_program
from dslnet.diagnostics import Report
from dslnet.limits import Limits

MODEL = """\
last: 3
block Step(width, stride=1):
  input x: [B, C, H, W]
  - Conv(width, 3, stride=stride)

model Net(n=500, widths=[8, 8, 16]):
  input x: [B, 8, 64, 64]
{body}
"""


def rounds(tmp_path: Path, body: str) -> list[int]:
    """How many equal rounds follow one another in the only `repeat` of a model."""
    file = tmp_path / "net.net"
    file.write_text(MODEL.format(body=body))
    report = Report()
    program = read_program(file, report, Limits(definitions=60))
    assert program is not None
    model = build_model(program, "Net", {}, report)
    assert model is not None, [d.title for d in report.diagnostics]
    made: list[Any] = [n for d in model.definitions.values() for n in d.nodes() if n.rounds]
    assert len(made) == 1
    return [r.count for r in made[0].rounds]


@pytest.mark.parametrize(
    ("body", "counts"),
    [
        ("  - repeat i in n: Step(8, stride=2 if i == 0 else 1)", [1, 499]),
        ("  - repeat i in n: Step(8, stride=2 if i % 250 == 0 and i > 0 else 1)", [250, 1, 249]),
        ("  - repeat i in n: Step(8 if i < last else 16)", [3, 1, 496]),
        ("  - repeat i in 3: Step(widths[i])", [2, 1]),
        ("  - repeat w in [8, 8, 8, 16, 16]: Conv(w, 3)", [3, 1, 1]),
        ("  - repeat i in n:\n      - if i == 499: ReLU\n      - else: Step(8)", [499, 1]),
        ("  - repeat i in n:\n      - Conv(8, 3) -> [B, width, H, W]\n      - if width == 8 and i > 0: ReLU", None),
        ("  - repeat i in 4: Step(8 + i)", [1, 1, 1, 1]),
        ("  - concat:\n      | each i in n: Step(4 if i == 0 else 8)", [1, 499]),
    ],
)
def test_equal_rounds_are_one(tmp_path: Path, body: str, counts: list[int] | None) -> None:
    if counts is None:  # the name is of the round itself: nothing can be foreseen, and the limit is reached
        with pytest.raises(AssertionError, match="60 distinct definitions"):
            rounds(tmp_path, body)
    else:
        assert rounds(tmp_path, body) == counts
