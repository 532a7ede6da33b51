"""Tensors put in the places of a model's weights.

Enters: tensors by name, the weights that a model has, tables of names. Leaves: the tensors under the model's names,
where every weight has one of its shape; with a table, where every tensor of the file has its place, too. Arrays of
numpy and of torch are both understood.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..diagnostics import did_you_mean
from ..node import node
from ..shape import Dim
from .mistakes import WeightsMistake
from .table import Rule, Table


@node
class Checkpoint:
    """The tensors of a file under a model's names; `table` is the file of names that led there, if one did. `left` are
    the names in the file that led nowhere."""

    tensors: dict[str, Any]
    table: str | None = None
    left: tuple[str, ...] = ()


@node
class _Misfit:
    """Why a file does not fit, and of how many weights it has the names."""

    named: int
    mistake: WeightsMistake


def fitted(
    tensors: Mapping[str, Any],
    weights: Iterable[Any],
    tables: Sequence[Table],
    *,
    file: str,
    model: str,
    only: bool = False,
    partly: bool = False,
) -> Checkpoint:
    """The tensors of `file` for the weights (`ops.base.Weight`) of a model, by name, or by the first table that fits
    without a remainder; with `only`, by a table and not by name.

    By name, tensors that the model does not have are left over, as those of a pruned head; with `partly`, by a table,
    too. Raises `WeightsMistake`.
    """
    wanted = {w.name: tuple(None if isinstance(size, Dim) else size for size in w.shape) for w in weights}
    file = _short(file)
    tried: list[_Misfit] = []
    for table in ([] if only else [None]) + list(tables):
        if table is None:
            made = _by_name(tensors, wanted, file, model)
        else:
            made = _by(table, tensors, wanted, file, model, partly)
        if isinstance(made, Checkpoint):
            return made
        tried.append(made)
    best = max(tried, key=lambda misfit: misfit.named)
    raise best.mistake


def _by_name(tensors: Mapping[str, Any], wanted: dict[str, Any], file: str, model: str) -> Checkpoint | _Misfit:
    missing = [name for name in wanted if name not in tensors and not _optional(name)]
    named = len(wanted) - len(missing)
    if missing:
        return _Misfit(named, _missing(missing, tensors, file, model))
    for name, shape in wanted.items():
        if name in tensors and not _agree(tensors[name].shape, shape):
            return _Misfit(named, _other_shape(name, name, tensors[name].shape, shape, file, model))
    left = tuple(name for name in tensors if name not in wanted)
    return Checkpoint({name: tensors[name] for name in wanted if name in tensors}, left=left)


def _by(
    table: Table, tensors: Mapping[str, Any], wanted: dict[str, Any], file: str, model: str, partly: bool
) -> Checkpoint | _Misfit:
    found: dict[str, Any] = {}
    origins: dict[str, str] = {}
    named: set[str] = set()
    first: WeightsMistake | None = None
    for key, tensor in tensors.items():
        names, rule = table.lead(key)
        here = [name for name in names if name in wanted]
        named.update(here)
        if first is not None or not (here if partly else names):
            continue
        pieces = _pieces(key, tensor, rule, len(names), file)
        if isinstance(pieces, WeightsMistake):
            first = pieces
            continue
        for name, piece in zip(names, pieces, strict=True):
            if partly and name not in wanted:
                continue
            if name in wanted and _agree(piece.shape, _trimmed(wanted[name])):
                piece = piece.reshape(wanted[name])
            if name not in wanted:
                first = _unknown(key, name, rule, wanted, table, model)
            elif not _agree(piece.shape, wanted[name]):
                first = _other_shape(key, name, piece.shape, wanted[name], file, model, rule)
            elif name in found and not _equal(found[name], piece):
                title = f"`{origins[name]}` and `{key}` of `{file}` would both be `{name}`, and differ"
                first = WeightsMistake("E0823", title, span=rule.span if rule else None)
            else:
                found[name], origins[name] = piece, key
            if first is not None:
                break
    missing = [name for name in wanted if name not in found and not _optional(name)]
    if first is None and missing:
        first = _missing(missing, tensors, file, model, _short(table.file))
    if first is not None:
        return _Misfit(len(named), first)
    return Checkpoint({name: found[name] for name in wanted if name in found}, table.file)


def _short(path: str) -> str:
    """A file as a title calls it; its place has the whole path."""
    return path.replace("\\", "/").rpartition("/")[2]


def _optional(name: str) -> bool:
    """A counter that files leave out, and that evaluation does not read."""
    return name.endswith("num_batches_tracked")


def _pieces(key: str, tensor: Any, rule: Rule | None, parts: int, file: str) -> list[Any] | WeightsMistake:
    """A tensor as the line says: transposed, then cut along axis 0."""
    if rule is None:
        return [tensor]
    shape = list(tensor.shape)
    if rule.transpose:
        if len(shape) != 2:
            title = f"`{key}` of `{file}` is {shape}, and only a matrix is transposed"
            return WeightsMistake("E0823", title, span=rule.span)
        tensor = tensor.T
    if parts == 1:
        return [tensor]
    if not shape or tensor.shape[0] % parts:
        title = f"`{key}` of `{file}` is {shape}, which cannot be cut into {parts} equal parts"
        return WeightsMistake("E0823", title, span=rule.span)
    size = tensor.shape[0] // parts
    return [tensor[n * size : (n + 1) * size] for n in range(parts)]


def _agree(shape: Any, wanted: tuple[int | None, ...]) -> bool:
    return len(shape) == len(wanted) and all(b is None or a == b for a, b in zip(shape, wanted, strict=True))


def _trimmed(shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
    """A shape without the axes of size 1 that it begins with, which a table does not tell apart."""
    first = next((n for n, size in enumerate(shape) if size != 1), len(shape))
    return shape[first:]


def _equal(a: Any, b: Any) -> bool:
    return a.shape == b.shape and bool((a == b).all())


def _missing(
    missing: list[str], tensors: Mapping[str, Any], file: str, model: str, table: str | None = None
) -> WeightsMistake:
    more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
    by = f" by `{table}`" if table else ""
    helps = [f"did you mean `{name}`?" for name in ([] if table else did_you_mean(missing[0], tensors)[:1])]
    if table is None:
        helps.append("a table says what somebody else's weights are called here: `--names FILE`, or `names=`")
    return WeightsMistake("E0823", f"`{file}` has no `{missing[0]}`{more} for {model}{by}", helps=tuple(helps))


def _unknown(
    key: str, name: str, rule: Rule | None, wanted: dict[str, Any], table: Table, model: str
) -> WeightsMistake:
    digits = re.findall(r"\d+", name)  # a round that is not there is no misspelling
    near = tuple(
        f"did you mean `{other}`?" for other in did_you_mean(name, wanted) if re.findall(r"\d+", other) == digits
    )
    if rule is None:
        title = f"no line of `{_short(table.file)}` fits `{key}`, which {model} does not have"
        return WeightsMistake("E0823", title, helps=(*near, f"`drop {key}` leaves it out"))
    title = f"`{key}` would be `{name}`, which {model} does not have"
    note = "a model with other settings has other weights: `--set`, or arguments in Python"
    return WeightsMistake("E0823", title, span=rule.span, label="by this line", notes=(note,), helps=near)


def _other_shape(
    key: str, name: str, shape: Any, wanted: tuple[Any, ...], file: str, model: str, rule: Rule | None = None
) -> WeightsMistake:
    ours = "" if name == key else f", which would be `{name}`,"
    title = f"`{key}` of `{file}`{ours} is {list(shape)}, not {list(wanted)} as in {model}"
    return WeightsMistake("E0823", title, span=rule.span if rule else None, label="by this line" if rule else "")
