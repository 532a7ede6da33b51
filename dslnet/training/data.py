"""Data that fits a model.

Enters: arrays by name, and the inputs and targets of a model. Leaves: `Data`, tensors of which any rows can be taken,
or a diagnostic for every array that does not fit. Nothing is converted that could change its meaning: a float takes
floats of any width, a `long` whole numbers of any width, a `bool` booleans.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from ..diagnostics import Help, Report, did_you_mean
from ..graph import Fact, Input, Model
from ..node import field, record
from ..shape import Dim, Size, evaluate, solve, substitute
from ..shape import Tensor as Type
from .ids import bound, ignored, index

#: How many rows a check looks at in one go, so that it needs little memory of its own.
_BLOCK = 1 << 16


@record
class Data:
    """Rows of tensors. `columns` are cut along axis 0; `whole` go to every step as they are, which is the only way
    where an axis of the model is not the batch's alone. `exact` is a batch size that the spec fixes. `drawn` are inputs
    of which each batch has new standard normal numbers, as the noise of a generator, with their sizes after the batch.
    """

    rows: int
    columns: dict[str, Tensor]
    whole: dict[str, Tensor] = field(default_factory=dict)
    exact: int | None = None
    drawn: dict[str, tuple[int, ...]] = field(default_factory=dict)

    def batch(
        self, rows: Tensor, device: torch.device | None = None, generator: torch.Generator | None = None
    ) -> dict[str, Tensor]:
        """Some rows of every column, on a device; `generator` draws what is drawn."""
        taken = {name: column[rows] for name, column in self.columns.items()} | self.whole
        for name, sizes in self.drawn.items():
            taken[name] = torch.randn(len(rows), *sizes, generator=generator)
        return taken if device is None else {name: x.to(device, non_blocking=True) for name, x in taken.items()}

    def part(self, rows: Tensor) -> Data:
        """Some rows as data of their own."""
        columns = {name: column[rows] for name, column in self.columns.items()}
        return Data(len(rows), columns, self.whole, self.exact, self.drawn)

    def split(self, share: float, seed: int) -> tuple[Data, Data]:
        """Training and validation rows, drawn by a seed: `share` of them, at least one, for validation."""
        order = torch.randperm(self.rows, generator=torch.Generator().manual_seed(seed))
        held = min(max(round(self.rows * share), 1), self.rows - 1)
        return self.part(order[held:].sort().values), self.part(order[:held].sort().values)


def inputs_of(model: Model) -> list[Input]:
    """The inputs and targets of the training graph, in text order."""
    definition = model.definitions[model.training or model.entry]
    return [i for i in definition.inputs if i.kind in ("input", "target")]


def fitting(
    model: Model,
    table: Mapping[str, Any],
    report: Report,
    where: str = "the data",
    names: Sequence[str] | None = None,
    drawn: Collection[str] = (),
) -> Data | None:
    """The data of a table, or None with every array that does not fit in the report. `names` are all that the table
    has, where it was read for the wanted ones only; `drawn` are inputs that every batch draws anew."""
    before = report.errors
    known = [wanted.value.name for wanted in inputs_of(model)]
    tensors: dict[str, Tensor] = {}
    for wanted in inputs_of(model):
        name = wanted.value.name
        if name in drawn:
            _may_be_drawn(model, wanted, report)
            continue
        if name not in table:
            _missing(wanted, list(table) if names is None else names, report, where, known)
            continue
        tensor = _tensor(table[name], wanted, report, where)
        if tensor is not None:
            tensors[name] = tensor
    if report.errors > before:
        return None
    symbols = _bind(model, tensors, report, where)
    data = _cut(model, tensors, report, where) if report.errors == before else None
    if data is None:
        return None
    for wanted in inputs_of(model):
        name = wanted.value.name
        if name in tensors:
            _values(model, wanted, tensors[name], symbols, report, where)
        else:
            data.drawn[name] = tuple(evaluate(size, symbols) for size in _type(wanted).sizes[1:])
    return data if report.errors == before else None


def _may_be_drawn(model: Model, wanted: Input, report: Report) -> None:
    type, name = _type(wanted), wanted.value.name
    known = all(isinstance(size, int) for size in type.sizes[1:]) and type.rank > 0
    if wanted.kind != "input" or type.dtype != "float" or not known or _batch_symbol(model) is None:
        label = "wants a float input [B, known sizes]"
        report.error("E0833", f"`{name[:40]}` cannot be drawn", wanted.value.span, label)


def _type(wanted: Input) -> Type:
    assert isinstance(wanted.value.type, Type)  # a model takes no tuples
    return wanted.value.type


def _missing(wanted: Input, names: Sequence[str], report: Report, where: str, known: list[str]) -> None:
    name = wanted.value.name
    near = did_you_mean(name, [other for other in names if other not in known])
    shown = ", ".join(names[:12]) + (", …" if len(names) > 12 else "")
    helps = [Help(f"call `{n}` there `{name}`") for n in near[:1]]
    if wanted.kind == "input" and _type(wanted).dtype == "float" and not near:
        helps.append(Help(f"noise that each batch draws anew: `--draw {name}`"))
    title = f"{where} has no `{name}`" if len(where) + len(name) < 60 else f"the data has no `{name[:60]}`"
    report.error(
        "E0831",
        title,
        wanted.value.span,
        f"this {wanted.kind}",
        notes=[f"it has {shown}" if names else "it is empty"],
        helps=helps,
    )


# -------------------------------------------------------------------------------------------- one array


def _tensor(value: Any, wanted: Input, report: Report, where: str) -> Tensor | None:
    """An array as a tensor of the dtype that the model wants, its rank checked."""
    name, type = wanted.value.name, _type(wanted)
    try:
        tensor = value if isinstance(value, Tensor) else _from_array(value)
    except (TypeError, ValueError, RuntimeError):
        found = getattr(value, "dtype", value.__class__.__name__)
        report.error("E0833", f"`{name[:40]}` is {found}, no numbers", wanted.value.span, "wants numbers")
        return None
    tensor = tensor.detach()
    if tensor.dim() != type.rank:
        axes = "axis" if tensor.dim() == 1 else "axes"
        _differs(wanted, tensor, report, where, f"it has {tensor.dim()} {axes}, not {type.rank}")
        return None
    kind = "bool" if tensor.dtype == torch.bool else "float" if tensor.is_floating_point() else "long"
    if tensor.is_complex() or kind != type.dtype:
        shown = str(tensor.dtype).removeprefix("torch.")
        report.error(
            "E0833",
            f"`{name[:40]}` is {shown} in the data, not {type.dtype}",
            wanted.value.span,
            f"wants {type}{' float' if type.dtype == 'float' else ''}",
            helps=[_conversion(name, tensor, type.dtype)],
        )
        return None
    return tensor.to({"float": torch.get_default_dtype(), "long": torch.long, "bool": torch.bool}[kind])


def _from_array(value: Any) -> Tensor:
    import numpy

    array = numpy.ascontiguousarray(value) if numpy.ndim(value) else numpy.asarray(value)
    if array.dtype.byteorder not in ("=", "|"):
        array = array.astype(array.dtype.newbyteorder("="))
    if not array.flags.writeable:  # what torch warns of; nothing here writes
        array = array.copy()
    return torch.from_numpy(array)


def _conversion(name: str, tensor: Tensor, dtype: str) -> str:
    if dtype == "float":
        return f'`{name}.astype("float32")`' + (" / 255, if these are pixels" if tensor.dtype == torch.uint8 else "")
    if dtype == "long":
        return f'`{name}.astype("int64")`, if these are whole numbers'
    return f"`{name} != 0`"


def _differs(wanted: Input, tensor: Tensor, report: Report, where: str, label: str) -> None:
    type = _type(wanted)
    shown = "[" + ", ".join(map(str, tensor.shape)) + "]"
    title = f"`{wanted.value.name[:24]}` is {shown} in the data, not {type}"
    if len(title) > 80:
        title = f"`{wanted.value.name[:40]}` has another shape in the data"
    notes = (f"{where}: `{wanted.value.name}` is {shown}",)
    report.error("E0832", title, wanted.value.span, label if len(label) < 50 else "not this shape", notes=notes)


# ------------------------------------------------------------------------------------------ all of them


def _bind(model: Model, tensors: dict[str, Tensor], report: Report, where: str) -> dict[str, int]:
    """The sizes that the symbols stand for, with every axis compared."""
    found: dict[str, int] = {}
    told: dict[str, Input] = {}
    later: list[tuple[Input, int, Dim]] = []
    rows = _fixed_batch(model) is not None
    for wanted in (i for i in inputs_of(model) if i.value.name in tensors):
        shape = tensors[wanted.value.name].shape
        for axis, size in enumerate(_type(wanted).sizes):
            symbol = size.symbol() if isinstance(size, Dim) else None
            if symbol is None:
                if isinstance(size, Dim):
                    later.append((wanted, axis, size))
                elif size != shape[axis] and not (rows and axis == 0):
                    _differs(wanted, tensors[wanted.value.name], report, where, f"axis {axis} is {shape[axis]}")
                    break
            elif found.setdefault(symbol.name, shape[axis]) != shape[axis]:
                other = told[symbol.name]
                label = f"{symbol.name} is {found[symbol.name]} in `{other.value.name}`"
                _differs(wanted, tensors[wanted.value.name], report, where, label)
                break
            else:
                told.setdefault(symbol.name, wanted)
    for wanted, axis, size in later:
        actual = tensors[wanted.value.name].shape[axis]
        missing = [name for name in size.symbols() if name not in found]
        if len(missing) == 1:
            part = substitute(size, found)
            value = solve(part, missing[0], actual) if isinstance(part, Dim) else None
            if isinstance(value, int):
                found[missing[0]] = value
                continue
        if missing or evaluate(size, found) != actual:
            _differs(wanted, tensors[wanted.value.name], report, where, f"axis {axis} is {actual}, not {size}")
    batch = _batch_symbol(model)
    for name, fact in model.free.items():
        if name in found and name != batch and (wrong := unfit(found[name], fact)):
            wanted = told[name] if name in told else next(i for i in inputs_of(model) if i.value.name in tensors)
            _differs(wanted, tensors[wanted.value.name], report, where, f"{name} is {found[name]}, {wrong}")
    return found


def unfit(value: int, fact: Fact) -> str:
    """Why a number is none that a `require` line allows; nothing where it is."""
    if value < fact.low:
        return f"less than {fact.low}"
    if fact.high is not None and value > fact.high:
        return f"more than {fact.high}"
    if value % fact.multiple != fact.remainder:
        rest = f" and {fact.remainder}" if fact.remainder else ""
        return f"not a multiple of {fact.multiple}{rest}"
    return ""


def _batch_symbol(model: Model) -> str | None:
    """The symbol that every input begins with, and that stands nowhere else."""
    first: set[str | None] = set()
    rest: set[str] = set()
    for wanted in inputs_of(model):
        type = _type(wanted)
        head: Size = type.sizes[0] if type.rank else 1
        symbol = head.symbol() if isinstance(head, Dim) else None
        first.add(symbol.name if symbol is not None else None)
        for size in (*type.sizes[1:], type.below):
            rest.update(size.symbols() if isinstance(size, Dim) else ())
    name = first.pop() if len(first) == 1 else None
    return name if name not in rest else None


def _fixed_batch(model: Model) -> int | None:
    """The number that every input begins with: the spec fixes the batch."""
    heads = {type.sizes[0] if type.rank else None for type in map(_type, inputs_of(model))}
    head = heads.pop() if len(heads) == 1 else None
    return int(head) if isinstance(head, int) else None


def _cut(model: Model, tensors: dict[str, Tensor], report: Report, where: str) -> Data | None:
    """The tensors as columns, or as a whole that cannot be cut."""
    fixed = _fixed_batch(model)
    if _batch_symbol(model) is None and fixed is None:
        return Data(1, {}, tensors)
    lengths = {name: len(tensor) for name, tensor in tensors.items()}
    rows = min(lengths.values(), default=0)
    if any(length != rows for length in lengths.values()):  # only where no symbol says that they are as many
        wanted = next(i for i in inputs_of(model) if lengths.get(i.value.name, rows) != rows)
        label = f"{lengths[wanted.value.name]} rows, others have {rows}"
        _differs(wanted, tensors[wanted.value.name], report, where, label)
        return None
    if rows == 0:
        wanted = next((i for i in inputs_of(model) if not lengths.get(i.value.name)), inputs_of(model)[0])
        report.error("E0835", f"{where[:50]} has no rows", wanted.value.span, "nothing to train on")
        return None
    return Data(rows, tensors, {}, fixed)


# ------------------------------------------------------------------------------------------------- values


def _values(model: Model, wanted: Input, tensor: Tensor, symbols: dict[str, int], report: Report, where: str) -> None:
    """That every number is one that the input may have."""
    type, name = _type(wanted), wanted.value.name
    if type.dtype == "float":
        for start, part in _blocks(tensor):
            good = torch.isfinite(part.flatten(1) if part.dim() > 1 else part[:, None]).all(1)
            if not good.all():
                row = start + int((~good).nonzero()[0])
                title = f"`{name[:40]}` has a number that is not finite, in row {row}"
                report.error("E0834", title, wanted.value.span, "NaN or infinite", notes=(f"rows of {where} from 0",))
                return
    if type.dtype != "long":
        return
    below, why = bound(model, wanted, symbols)
    passed = ignored(model, name)
    for start, part in _blocks(tensor):
        wrong = part < 0 if below is None else (part < 0) | (part >= below)
        for value in passed:
            wrong &= part != value
        if below is None and not index(model, name):
            return
        if wrong.any():
            place = wrong.nonzero()[0]
            value, row = int(part[tuple(place)]), start + int(place[0])
            title = f"`{name[:30]}` has {value} in row {row}, "
            title += "a number below 0" if below is None or value < 0 else f"the greatest may be {below - 1}"
            report.error("E0834", title, wanted.value.span, why, notes=(f"rows of {where} from 0",))
            return


def _blocks(tensor: Tensor) -> list[tuple[int, Tensor]]:
    tensor = tensor[None] if not tensor.dim() else tensor
    return [(start, tensor[start : start + _BLOCK]) for start in range(0, len(tensor), _BLOCK)]
