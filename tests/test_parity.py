"""Shipped models against other people's implementations, with their weights in ours (see `shipped`).

Eval mode, batch 3, at least two sizes; the bound is 1e-5 on the largest absolute difference in float32.
"""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

import shipped  # noqa: E402

BOUND = 1e-5
FILES = sorted(path.stem for path in shipped.SPECS.glob("*.net"))


@pytest.mark.parametrize("name", shipped.references())
def test_equal(name: str) -> None:
    torch.manual_seed(0)
    found = [shipped.difference(pair) for pair in shipped.references()[name].outputs()]
    assert len(found) >= 2, "one size shows little"
    assert max(found) <= BOUND


@pytest.mark.parametrize("file", FILES)
def test_every_model_has_a_reference(file: str) -> None:
    vouched = {model for each in shipped.references().values() if each.file == file for model in each.models}
    assert vouched == set(shipped.net(file))
