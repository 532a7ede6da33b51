"""Shipped models against other people's implementations, with their weights in ours (see `shipped`).

Eval mode, batch 3, at least two sizes; the bound is 1e-5 on the largest absolute difference in float32.
"""

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch")

import shipped  # noqa: E402

from dslnet.shape import Tensor  # noqa: E402

BOUND = 1e-5
FILES = sorted(path.stem for path in shipped.SPECS.glob("*.net"))


@pytest.mark.parametrize("name", shipped.references())
def test_equal(name: str) -> None:
    """At two values or more of every free size, and a batch of 3."""
    seen: dict[str, set[int]] = {}

    def note(module: Any, inputs: tuple[Any, ...]) -> None:
        graph = getattr(type(module), "__graph__", None)
        if graph is not None and graph.name in own:
            for entry, given in zip(graph.definition.inputs, inputs, strict=True):
                assert isinstance(entry.value.type, Tensor)
                for size, value in zip(entry.value.type.sizes, given.shape, strict=True):
                    seen.setdefault(str(size), set()).add(value)

    own = set(shipped.net(shipped.references()[name].file))
    torch.manual_seed(0)
    hook = torch.nn.modules.module.register_module_forward_pre_hook(note)
    try:
        found = [shipped.difference(pair) for pair in shipped.references()[name].outputs()]
    finally:
        hook.remove()
    assert len(found) >= 2, "one size shows little"
    assert max(found) <= BOUND
    assert 3 in seen.get("B", {3})
    assert all(len(values) > 1 for size, values in seen.items() if size.isidentifier() and size != "B"), seen


@pytest.mark.parametrize("file", FILES)
def test_every_model_has_a_reference(file: str) -> None:
    vouched = {model for each in shipped.references().values() if each.file == file for model in each.models}
    assert vouched == set(shipped.net(file))
