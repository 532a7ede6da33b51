"""Inputs to try a model with, and how far two answers are apart.

Enters: a checked model and values of its free dimensions. Leaves: a tensor for each input; of two lists of outputs the
worst difference, relative to the largest number of an output.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..graph import Fact, Model
from ..shape import Size, Tensor, evaluate

#: The largest difference that counts as rounding, relative to the largest number of an output.
TOLERANCE = 1e-4
#: Where two sets of sizes begin: small ones first, larger where a window does not fit into an image.
STARTS = ((2, 5), (18, 25), (64, 97), (224, 257))


class Different(Exception):
    """What was written does not compute what the module does."""


def sizes(free: Mapping[str, Fact], start: int) -> dict[str, int]:
    """Values of the free dimensions that keep what is known of them: the next ones from `start`, each another."""
    found: dict[str, int] = {}
    for number, (name, fact) in enumerate(free.items()):
        value = max(start + number, fact.low)
        value += (fact.remainder - value) % fact.multiple
        if fact.high is not None and value > fact.high:
            value = fact.high - (fact.high - fact.remainder) % fact.multiple
        found[name] = value
    return found


def inputs_of(model: Model, values: Mapping[str, int], seed: int) -> dict[str, Any]:
    """An input of each kind: normal numbers, ids in their range, truth values of which most are true."""
    import torch

    generator = torch.Generator().manual_seed(seed)
    feed: dict[str, Any] = {}
    for given in model.definition.inputs:
        type_ = given.value.type
        assert isinstance(type_, Tensor)
        shape = [evaluate(size, values) for size in type_.sizes]
        if type_.dtype == "bool":
            feed[given.value.name] = torch.rand(shape, generator=generator) < 0.7
        elif type_.dtype == "long":
            below: Size = 2 if type_.below is None else type_.below
            feed[given.value.name] = torch.randint(0, max(evaluate(below, values), 1), shape, generator=generator)
        else:
            feed[given.value.name] = torch.randn(shape, generator=generator)
    return feed


def answer(
    model: Model, module: Any, number: int, values: Iterable[Mapping[str, int]] | None = None
) -> tuple[dict[str, Any], list[Any]]:
    """The first (0) or second (1) inputs that the module takes, and what it makes of them. Raises `Different`.

    `values` are the sizes to try, in this order; without them small ones come first.
    """
    import torch

    failure: Exception | None = None
    device = next((p.device for p in module.parameters()), torch.device("cpu"))
    if values is None:
        values = [sizes(model.free, starts[number]) for starts in (STARTS if model.free else STARTS[:1])]
    for chosen in values:
        feed = inputs_of(model, chosen, number)
        try:
            with torch.no_grad():
                return feed, list(flat(module(*(x.to(device) for x in feed.values()))))
        except (RuntimeError, IndexError, AssertionError, ValueError) as error:
            failure = error
    raise Different(f"the module runs at none of the sizes that were tried: {failure}")


def flat(made: Any) -> Iterator[Any]:
    """The tensors of a value that may be tuples of tuples."""
    if isinstance(made, (tuple, list)):
        for part in made:
            yield from flat(part)
    else:
        yield made


def difference(expected: list[Any], found: list[Any]) -> float:
    """The worst difference of tensors from arrays of numpy. Raises `Different` for other shapes and infinities."""
    import numpy

    if len(expected) != len(found):
        raise Different(f"the graph makes {len(found)} outputs, the module {len(expected)}")
    worst = 0.0
    for wanted, b in zip(expected, found, strict=True):
        a = wanted.detach().cpu().numpy()
        if a.shape != b.shape:
            raise Different(f"the graph makes {list(b.shape)}, the module {list(a.shape)}")
        if a.dtype.kind != "f":
            worst = max(worst, float((a != b).any()))
            continue
        whole = numpy.isfinite(a)
        if not numpy.array_equal(whole, numpy.isfinite(b)):
            raise Different("the graph and the module are infinite at different places")
        if whole.any():
            a, b = a[whole].astype("f8"), b[whole].astype("f8")
            worst = max(worst, float(numpy.abs(a - b).max() / max(0.01, numpy.abs(a).max())))
    return worst
