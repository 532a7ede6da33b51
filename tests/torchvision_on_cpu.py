"""torchvision's models beside a CPU build of torch.

Enters: nothing. Leaves: `torchvision`, or the reason why its tests are skipped.

The published wheel brings compiled operators that a CPU build of torch cannot load, and its import then stops where
it describes their shapes. The models are plain Python and need none of them, so the names of the operators are
declared first, and the import goes through. `nms`, `roi_align` and their like stay unusable.
"""

from __future__ import annotations

import importlib.util
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest


@cache
def declare() -> bool:
    """Declare torchvision's operators. False where it is not installed. Whoever imports torchvision by the way, as
    transformers does, wants this first."""
    import torch

    found = importlib.util.find_spec("torchvision")
    if found is None or found.origin is None:
        return False
    registrations = Path(found.origin).with_name("_meta_registrations.py")
    text = registrations.read_text("utf-8") if registrations.is_file() else ""
    names = set(re.findall(r"""register_(?:meta|fake)\(["'](?:torchvision::)?(\w+)""", text))
    library = torch.library.Library("torchvision", "FRAGMENT")
    for name in sorted(names):
        if not hasattr(torch.ops.torchvision, name):
            library.define(f"{name}(Tensor x) -> Tensor")
    _kept.append(library)
    return True


def torchvision() -> Any:
    """The package. Skips the test that asks where it is not installed or does not import."""
    pytest.importorskip("torch")
    if not declare():
        pytest.skip("torchvision is not installed")
    try:
        import torchvision
        import torchvision.models
    except (ImportError, RuntimeError) as error:
        pytest.skip(f"torchvision does not import: {error}")
    return torchvision


def transformers() -> Any:
    """The package transformers, which imports torchvision where it finds it."""
    declare()
    return pytest.importorskip("transformers")


#: A library forgets its operators when it is collected.
_kept: list[Any] = []
