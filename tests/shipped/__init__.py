"""What the tests know of each shipped spec: one module here for each file of `specs/`, of the same name.

Enters: nothing. Leaves: for `file:Model` the small settings with which it runs, the name under which its count of
parameters is published, and the references that it is compared with. `test_specs.py`, `test_parity.py`,
`test_onnx_models.py` and the table in `specs/README.md` are made from these; a new spec needs a module and no more.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

SPECS = Path(__file__).parent.parent.parent / "specs"

#: Outputs at one size: ours and theirs, a tensor or a tuple of tensors each.
Pair = tuple[Any, Any]


@dataclass(frozen=True)
class Small:
    """How a model runs in a second: its arguments, and its free dimensions at two sizes (B is 3 and then 2).

    Maps of images keep more than one row and column to the end: a traced program takes a size of 1 for a constant.
    Without `named` they are dynamic in an exported program without a range of their own. Without `golden` the source
    and the summary are not kept. `unread` are the weights that evaluation does not read, such as the variance of a
    draw: an ONNX file lacks them.
    """

    settings: dict[str, Any] = field(default_factory=dict)
    sizes: dict[str, tuple[int, int]] = field(default_factory=dict)
    named: bool = True
    golden: bool = True
    unread: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reference:
    """Somebody else's implementation, with its weights in ours: `outputs` gives a pair for each size of input. In
    eval mode, batch 3. `models` are those that it vouches for: one is run, and the others differ by arguments."""

    file: str
    against: str
    models: tuple[str, ...]
    outputs: Callable[[], Iterator[Pair]]


def reference(against: str, *models: str) -> Callable[[Callable[[], Iterator[Pair]]], Reference]:
    """Declare a comparison of the file that the module is named after."""

    def declare(outputs: Callable[[], Iterator[Pair]]) -> Reference:
        return Reference(outputs.__module__.rpartition(".")[2], against, models, outputs)

    return declare


@cache
def net(file: str) -> Any:
    """A shipped file, checked."""
    import dslnet

    return dslnet.load(SPECS / f"{file}.net")


def ours(name: str, **settings: Any) -> Any:
    """A shipped model, `resnet:ResNet18`, in eval mode."""
    file, _, model = name.partition(":")
    return net(file)[model](**settings).eval()


@cache
def modules() -> dict[str, ModuleType]:
    """Every module here by the name of its spec."""
    found = (name for _, name, _ in pkgutil.iter_modules(__path__))
    return {name: importlib.import_module(f"{__name__}.{name}") for name in sorted(found)}


def small() -> dict[str, Small]:
    """`file:Model` of all that run."""
    return {f"{file}:{model}": how for file, m in modules().items() for model, how in getattr(m, "SMALL", {}).items()}


def goldens() -> list[str]:
    """`file:Model` of all whose source and summary are kept, at their default arguments."""
    more = [f"{file}:{model}" for file, m in modules().items() for model in getattr(m, "GOLDEN", ())]
    return [*(name for name, how in small().items() if how.golden), *more]


def published() -> dict[str, str]:
    """`file:Model` -> the name under which the count of its parameters is published."""
    return {f"{f}:{model}": n for f, m in modules().items() for model, n in getattr(m, "PUBLISHED", {}).items()}


def references() -> dict[str, Reference]:
    """All comparisons, by `file.function`."""
    return {
        f"{file}.{name}": value
        for file, module in modules().items()
        for name, value in vars(module).items()
        if isinstance(value, Reference)
    }


def difference(pair: Pair) -> float:
    """The largest absolute difference of a pair. Fails where shapes differ and where theirs says nothing."""
    sides = [side if isinstance(side, (tuple, list)) else (side,) for side in pair]
    found = 0.0
    for mine, other in zip(*sides, strict=True):
        assert mine.shape == other.shape, f"{tuple(mine.shape)}, not {tuple(other.shape)}"
        assert other.abs().max() > 0.01, "the reference says nothing"
        found = max(found, float((mine - other).detach().abs().max()))
    return found
