"""An exported graph beside the module that it came from.

Enters: the graph's file, the checked model and a module with the same weights. Leaves: the worst difference of their
outputs at two sizes of every free dimension, none of them 1. What differs is not written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ...graph import Fact, Model
from ...shape import Size, Tensor, evaluate

#: The largest difference that counts as rounding, relative to the largest number of an output.
TOLERANCE = 1e-4
#: Where sizes begin: small ones first, larger where a window does not fit into an image.
STARTS = ((2, 5), (18, 25), (64, 97), (224, 257))


class Different(Exception):
    """The graph does not compute what the module does."""


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


def check(data: bytes | str) -> None:
    """The checker of ONNX, in full. Raises `Different`."""
    import onnx

    try:
        onnx.checker.check_model(data, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        raise Different(f"the graph is not valid ONNX: {str(error).strip().splitlines()[0][:200]}") from error


def session(data: bytes | str) -> Any:
    """A session of onnxruntime that keeps to itself. Raises `Different` where it refuses the graph."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime has no common class for what it raises
        raise Different(f"onnxruntime refuses the graph: {str(error).splitlines()[0][:200]}") from error


def verify(data: bytes | str, model: Model, module: Any) -> float:
    """The worst difference, relative to the largest number of an output. Raises `Different`.

    `data` is the graph, or the path of its file. The module is put into evaluation for as long as this takes.
    """
    check(data)
    runner = session(data)
    training = module.training
    module.eval()
    try:
        worst = 0.0
        for number in (0, 1):
            worst = max(worst, _compared(runner, model, module, number))
    finally:
        module.train(training)
    if not worst <= TOLERANCE:
        raise Different(f"the graph differs from the module by {worst:.1e}")
    return worst


def _compared(runner: Any, model: Model, module: Any, number: int) -> float:
    import torch

    failure: Exception | None = None
    device = next((p.device for p in module.parameters()), torch.device("cpu"))
    for starts in STARTS if model.free else STARTS[:1]:
        feed = _feed(model, sizes(model.free, starts[number]), number)
        try:
            with torch.no_grad():
                made = module(*(x.to(device) for x in feed.values()))
        except (RuntimeError, IndexError, AssertionError, ValueError) as error:
            failure = error
            continue
        try:
            names = {each.name for each in runner.get_inputs()}
            found = runner.run(None, {name: x.numpy() for name, x in feed.items() if name in names})
        except Exception as error:
            raise Different(f"onnxruntime fails: {str(error).splitlines()[0][:200]}") from error
        return _difference(list(_flat(made)), found)
    raise Different(f"the module runs at none of the sizes that were tried: {failure}")


def _feed(model: Model, values: Mapping[str, int], seed: int) -> dict[str, Any]:
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


def _flat(made: Any) -> Iterator[Any]:
    if isinstance(made, (tuple, list)):
        for part in made:
            yield from _flat(part)
    else:
        yield made


def _difference(expected: list[Any], found: list[Any]) -> float:
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
