"""An exported program of PyTorch: a checked model and its weights as a `.pt2` file.

Enters: a `Model` and its module. Leaves: the bytes of what `torch.export.save` writes, with every free dimension
dynamic, that were loaded again and seen to compute what the module computes; or the reason why not. A trace that
fixes a dimension is refused: it would be right at one size only.
"""

from __future__ import annotations

import io
import json
import logging
import os
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import wraps
from typing import Any

from .. import __version__
from ..diagnostics import Report
from ..files import write_output
from ..graph import Model
from ..seals import seal_archive
from ..shape import Dim, Tensor
from ..source import Source
from .origin import about, file_of
from .samples import TOLERANCE, Different, answer, difference, flat, inputs_of, sizes
from .scanned import scanning
from .unrolling import Unscanned, missing, recurrent_layers

#: Where the sizes of the example begin that is traced.
STARTS = (64, 224, 18, 2)
#: The name of the file in the archive that says where the program comes from.
ABOUT = "dslnet.json"


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written: the worst difference from the module, None where it was not compared."""

    difference: float | None


class Fixed(Exception):
    """What a trace makes a number of: free sizes, by name, or else how often a step is done. `reason` is why."""

    def __init__(self, names: list[str], reason: str) -> None:
        super().__init__(reason)
        self.names, self.reason = names, reason


@contextmanager
def free_loops(module: Any) -> Iterator[None]:
    """Meanwhile, `torch.export` keeps the recurrences of a module as loops, of any number of steps.

    `RNN`, `GRU` and `LSTM` are one node each, and so is a `scan`. Without it the steps are written out one by one, and
    their number is fixed. A version of PyTorch that has no way to keep a loop does so within it, too.
    """
    import torch

    if missing():
        yield
        return
    with scanning(module) as scans, recurrent_layers(module):
        with torch.no_grad() if scans else nullcontext():  # what has no gradient, such as ids, is scanned only so
            yield


def export(
    model: Model,
    module: Any,
    path: str,
    report: Report,
    *,
    verify: bool = True,
    force: bool = False,
    inputs: Iterable[str | os.PathLike[str]] = (),
    original: Any = None,
) -> Exported | None:
    """Write the program of a module to a file, or report why not. `original` is compared with it where the module is
    another one's copy."""
    try:
        data, worst = program(model, module, report.sources, verify, original)
    except Fixed as fixed:
        what = f"the size {', '.join(f'`{name}`' for name in fixed.names)}"
        helps = ["ONNX keeps it free: `-o model.onnx`", "or write a number in its place"]
        if not fixed.names:  # a box of the user's own, which has no form in ONNX
            what, helps = "the steps of a `scan`", ["write a number in the place of their size"]
        notes = [fixed.reason] if fixed.reason else []
        report.error("E0820", f"torch.export fixes {what}", model.span, "not exported", notes=notes, helps=helps)
        return None
    except Different as reason:
        report.error("E0821", "the program was not written", model.span, notes=[str(reason)])
        return None
    return Exported(worst) if write_output(path, data, report, force, [os.fspath(file) for file in inputs]) else None


def in_inference(model: Model, module: Any) -> Any:
    """A module of what the outputs need, in single precision, with the weights of one that has training, too. Raises
    `ValueError` where that one has no longer the weights of its spec."""
    import torch

    from ..runtime import instantiate
    from ..runtime.instances import instances

    allowed = [found for _, i in instances(model) if isinstance(found := getattr(i.operator, "module", None), str)]
    with torch.random.fork_rng(devices=[]):  # who goes on training draws as if nothing had been written
        made = instantiate(model, allow_python=allowed, pretrained=False, inference=True)
    lost = made.load_state_dict(module.state_dict(), strict=False).missing_keys
    if lost:
        raise ValueError(f"the module has no `{lost[0]}`, which {model.name} has in its spec")
    return made


def program(
    model: Model, module: Any, sources: Mapping[str, Source], verify: bool = True, original: Any = None
) -> tuple[bytes, float | None]:
    """The file's bytes, and the worst difference from the module at two sizes, None where it was not compared.

    Raises `Fixed`, and `Different` where the module cannot be traced or the program computes something else.
    """
    import torch

    training = module.training
    module.eval()
    try:
        with _quiet():
            made, start = _traced(model, module)
            text = json.dumps({**about(model, sources), "dslnet": __version__})
            file = io.BytesIO()
            torch.export.save(made, file, extra_files={ABOUT: text})
            data = seal_archive(f"Generated by dslnet from {file_of(model) or model.name}", file.getvalue())
            return data, _compared(data, model, module if original is None else original, start) if verify else None
    finally:
        module.train(training)


def _traced(model: Model, module: Any) -> tuple[Any, int]:
    """The program, and where the sizes of its example begin. A trace takes a size of 1, anywhere, for a constant, so
    maps of images are to be larger to the end."""
    import torch

    failure: Exception = Different("torch.export fails")
    for start in STARTS if model.free else STARTS[:1]:
        example = tuple(inputs_of(model, _example_sizes(model, start, 2), 0).values())
        try:
            with free_loops(module), _plain(module):
                made = torch.export.export(module, example, dynamic_shapes=_axes(model))
        except Unscanned as told:
            failure = Fixed([], str(told))
            continue
        except Exception as error:  # whatever a trace may meet in boxes of the user's own
            failure = Different(f"torch.export fails: {_first_line(error)}")
            continue
        fixed = _fixed(model, made)
        if not fixed:
            return made, start
        failure = Fixed(fixed, missing())
    raise failure


def _example_sizes(model: Model, start: int, batch: int) -> dict[str, int]:
    """Values from `start` on; of sizes that only first axes have from `batch` on, for the file keeps the example."""
    types = [given.value.type for given in model.definition.inputs]
    shapes = [type_.sizes for type_ in types if isinstance(type_, Tensor)]
    inner = {name for shape in shapes for size in shape[1:] if isinstance(size, Dim) for name in size.symbols()}
    few = sizes(model.free, batch)
    return {name: value if name in inner else few[name] for name, value in sizes(model.free, start).items()}


@contextmanager
def _plain(module: Any) -> Iterator[None]:
    """The module gives its named outputs as a dict meanwhile, for a file has none of our classes."""
    own = module.forward

    @wraps(own)
    def forward(*inputs: Any) -> Any:
        made = own(*inputs)
        return made._asdict() if hasattr(made, "_asdict") else made

    module.forward = forward
    try:
        yield
    finally:
        del module.forward


@contextmanager
def _quiet() -> Iterator[None]:
    """Without what torch warns of and logs on the way."""
    log = logging.getLogger("torch")
    level = log.level
    log.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.setLevel(level)


def _axes(model: Model) -> tuple[dict[int, Any], ...]:
    """The axes of each input that are free, which the trace is to keep so."""
    from torch.export import Dim as Axis

    return tuple(
        {number: Axis.AUTO for number, size in enumerate(type_.sizes) if isinstance(size, Dim)}
        for type_ in (given.value.type for given in model.definition.inputs)
        if isinstance(type_, Tensor)
    )


def _fixed(model: Model, made: Any) -> list[str]:
    """The free sizes of inputs that are numbers in the program."""
    shapes = {node.name: node.meta["val"].shape for node in made.graph.nodes if node.op == "placeholder"}
    found: dict[str, None] = {}
    for given, name in zip(model.definition.inputs, made.graph_signature.user_inputs, strict=True):
        assert isinstance(given.value.type, Tensor)
        for size, traced in zip(given.value.type.sizes, shapes[name], strict=True):
            if isinstance(size, Dim) and str(traced).isdecimal():  # an int, or a symbol that became one
                found[str(size)] = None
    return list(found)


def _compared(data: bytes, model: Model, module: Any, start: int) -> float:
    """The worst difference of the program, read again, at two sizes: those of the trace, and larger ones."""
    import torch

    ready = torch.export.load(io.BytesIO(data)).module()
    worst = 0.0
    for number in (0, 1):
        feed, expected = answer(model, module, number, [_example_sizes(model, start + 33 * number, 2 + 3 * number)])
        try:
            with torch.no_grad():
                made = ready(*feed.values())
        except Exception as error:
            raise Different(f"the program refuses other sizes: {_first_line(error)}") from error
        outputs = list(made.values()) if isinstance(made, dict) else made
        worst = max(worst, difference(expected, [x.detach().cpu().numpy() for x in flat(outputs)]))
    if not worst <= TOLERANCE:
        raise Different(f"the program differs from the module by {worst:.1e}")
    return worst


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__
