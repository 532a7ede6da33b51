"""Checkpoints: a safetensors file with the weights under their own names, the spec inside, and the state of the run.

Enters: a module that a spec made, and the state of a run as plain values and tensors. Leaves: a file that is whole or
not there, which `--weights` reads as it reads any other, `restore` turns into a module again, and `--resume` goes on
from. Nothing in it is pickled. Entries whose name begins with `/` are the state; no weight is called so.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from .. import __version__
from ..diagnostics import Report
from ..files import replace
from ..node import field, record
from ..runtime import Origin, instantiate

if TYPE_CHECKING:
    from torch import nn

#: What the layout of the state is called; a file of another layout is not resumed.
LAYOUT = 1


class CheckpointError(Exception):
    """A checkpoint that cannot be read, written or used. `code` is that of the diagnostic."""

    def __init__(self, code: str, title: str, helps: tuple[str, ...] = ()) -> None:
        super().__init__(title)
        self.code, self.title, self.helps = code, title, helps


@record
class Checkpoint:
    """What a file holds. `state` is empty in a file that has weights only."""

    model: str
    origin: Origin
    weights: dict[str, Tensor]
    state: dict[str, Any] = field(default_factory=dict)
    summary: dict[str, Any] = field(default_factory=dict)


# ------------------------------------------------------------------------------------------------ writing


def write_checkpoint(
    path: str, module: nn.Module, summary: dict[str, Any], state: dict[str, Any] | None = None,
    weights: dict[str, Tensor] | None = None,
) -> None:  # fmt: skip
    """Write a checkpoint whole. `summary` is for people: the epoch and the losses. Raises `CheckpointError`.

    `weights` are those of the module where it does not hold them itself, as when they are shared out over processes.
    """
    from safetensors.torch import save

    origin: Origin = getattr(module, "__origin__", None) or Origin()
    tensors: dict[str, Tensor] = dict(module.state_dict() if weights is None else weights)
    packed = _pack(state, "", tensors) if state is not None else None
    graph = getattr(type(module), "__graph__", None)
    head = {
        "dslnet": __version__,
        "layout": LAYOUT,
        "model": graph.name if graph is not None else type(module).__name__,
        "settings": _pack(origin.settings, "", {}),
        "spec": origin.texts,
        "summary": summary,
        "state": packed,
    }
    owned = {name: _owned(value) for name, value in tensors.items()}
    data = save(owned, metadata={"format": "pt", "dslnet": json.dumps(head)})
    refusal = replace(path, data)
    if refusal is not None:
        raise CheckpointError(refusal.code, refusal.title, refusal.helps)


def _owned(value: Tensor) -> Tensor:
    """A tensor on the processor that shares its memory with no other."""
    value = value.detach()
    if value.device.type != "cpu":
        return value.cpu().contiguous()
    return value.clone(memory_format=torch.contiguous_format)


def _pack(value: Any, path: str, tensors: dict[str, Tensor]) -> Any:
    """Plain values as JSON has them; tensors are put aside under their path."""
    if isinstance(value, Tensor):
        tensors[path] = value
        return {"tensor": path}
    if isinstance(value, dict):
        kind = "counter" if isinstance(value, Counter) else "dict"
        return {kind: [[_pack(k, "", {}), _pack(v, f"{path}/{k}", tensors)] for k, v in value.items()]}
    if isinstance(value, tuple):
        return {"tuple": [_pack(v, f"{path}/{i}", tensors) for i, v in enumerate(value)]}
    if isinstance(value, list):
        return [_pack(v, f"{path}/{i}", tensors) for i, v in enumerate(value)]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise TypeError(f"a checkpoint holds no {type(value).__name__} ({path})")


# ------------------------------------------------------------------------------------------------ reading


def read_checkpoint(path: str) -> Checkpoint:
    """Read a checkpoint. Raises `CheckpointError`."""
    from safetensors import safe_open

    shown = f"`{os.path.basename(path)[:40]}`"
    if not os.path.isfile(path):
        raise CheckpointError("E0801", f"there is no file `{path[-60:]}`")
    try:
        with safe_open(path, framework="pt") as file:
            written = (file.metadata() or {}).get("dslnet")
            tensors: dict[str, Tensor] = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except Exception as error:  # the library raises one class of its own, and those of the system
        raise CheckpointError("E0837", f"{shown} cannot be read: {str(error)[:40]}") from error
    if written is None:
        raise CheckpointError("E0837", f"{shown} is no checkpoint of dslnet", ("its weights alone: `--weights`",))
    try:
        head = json.loads(written)
        texts = {str(name): str(text) for name, text in head["spec"].items()}
        state = _unpack(head["state"], tensors) if head["state"] is not None and head["layout"] == LAYOUT else {}
        origin = Origin(texts, _unpack(head["settings"], {}))
        weights = {name: value for name, value in tensors.items() if not name.startswith("/")}
        return Checkpoint(str(head["model"]), origin, weights, state, head["summary"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise CheckpointError("E0837", f"the state in {shown} cannot be read") from None


def _unpack(value: Any, tensors: dict[str, Tensor]) -> Any:
    if isinstance(value, list):
        return [_unpack(v, tensors) for v in value]
    if not isinstance(value, dict):
        return value
    ((kind, inner),) = value.items()
    if kind == "tensor":
        return tensors[inner]
    if kind == "tuple":
        return tuple(_unpack(v, tensors) for v in inner)
    pairs = {_unpack(k, tensors): _unpack(v, tensors) for k, v in inner}
    return Counter(pairs) if kind == "counter" else pairs


def restore(path: str | os.PathLike[str], *, allow_python: Iterable[str] = ()) -> nn.Module:
    """The module of a checkpoint with its weights, in evaluation mode, made from the spec inside it.

    Raises `CheckpointError`; `NetError` when the spec has mistakes for this version of dslnet.
    """
    from ..build import read_program
    from ..checking import compile_model
    from ..diagnostics import NetError
    from ..render import render

    found = read_checkpoint(os.fspath(path))
    if not found.origin.texts:
        raise CheckpointError("E0837", "the checkpoint holds no spec: its module came from no file")
    report = Report()
    with tempfile.TemporaryDirectory() as folder:
        for name, text in found.origin.texts.items():
            place = Path(folder, name)
            if not place.resolve().is_relative_to(Path(folder).resolve()) or place.suffix != ".net":
                raise CheckpointError("E0837", f"the checkpoint names a file `{name[:40]}`")
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, encoding="utf-8")
        program = read_program(Path(folder, next(iter(found.origin.texts))), report, root=folder)
        model = compile_model(program, found.model, dict(found.origin.settings), report) if program else None
        if model is None:
            raise NetError(report, render(report))
        found.origin.sources = report.sources
        sources, origin = report.sources, found.origin
        module = instantiate(
            model, allow_python=allow_python, folder=folder, sources=sources, origin=origin, pretrained=False
        )
    load_weights(module, found.weights, os.path.basename(os.fspath(path)))
    return module.eval()


def load_weights(module: nn.Module, weights: dict[str, Tensor], name: str) -> None:
    """Put weights into a module. Those that it does not have are left alone. Raises `CheckpointError`."""
    own = module.state_dict()
    missing = [key for key in own if key not in weights and not key.endswith("num_batches_tracked")]
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise CheckpointError("E0817", f"`{name[:30]}` has no `{missing[0]}`{more}")
    for key, value in own.items():
        if key in weights and weights[key].shape != value.shape:
            title = f"`{key}` is {list(weights[key].shape)} in `{name[:30]}`, not {list(value.shape)}"
            raise CheckpointError("E0817", title)
    module.load_state_dict({key: weights[key] for key in own if key in weights}, strict=False)
