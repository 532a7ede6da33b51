"""What keeps a trace from unrolling a recurrence: PyTorch has no rule of its own that leaves the number of steps open.

Enters: a trace that is about to be made. Leaves: the same trace, in which `RNN`, `GRU` and `LSTM` are one node each and
a loop over steps is one node too, for any number of steps. Everything is as it was when the trace is done.

This is the only file that uses what PyTorch calls private. `missing` tells what a version of it has not; the trace is
then made without, and fixes the number of steps, which `program.py` refuses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

#: What one step makes of the states and a row of each sequence: the next states, and what is collected.
Step = Callable[..., tuple[tuple[Any, ...], tuple[Any, ...]]]


#: How the lines begin in which PyTorch says why it does not trace a step.
_WHY = ("Explanation", "Developer debug context")


class Unscanned(Exception):
    """A step of a loop that cannot be a part of a program."""


def missing() -> str:
    """What this version of PyTorch lacks, in words; empty where it has everything."""
    import torch

    try:
        from torch._decomp import decomposition_table
        from torch._higher_order_ops.scan import scan  # noqa: F401
        from torch._subclasses import FakeTensor  # noqa: F401
        from torch.fx.experimental.proxy_tensor import get_proxy_mode  # noqa: F401

        key = torch._C.DispatchKey.CompositeImplicitAutograd
        complete = all(
            key in op.py_kernels and op in decomposition_table and op._dispatch_cache is not None for op in _operators()
        )
        complete = complete and hasattr(torch.nn.RNNBase, "_update_flat_weights")
    except (ImportError, AttributeError):
        complete = False
    return "" if complete else f"torch {torch.__version__} has no way to leave the number of steps open"


def _operators() -> dict[Any, int]:
    """The recurrent layers of PyTorch, each with the number of its states."""
    import torch

    aten = torch.ops.aten
    return {aten.rnn_tanh.input: 1, aten.rnn_relu.input: 1, aten.gru.input: 1, aten.lstm.input: 2}


@contextmanager
def recurrent_layers(module: Any) -> Iterator[None]:
    """Meanwhile, the recurrent layers of a module are one node each in a trace.

    `torch.export` keeps `aten.lstm` as one node, and asks for its shapes what computes it: a loop in Python over the
    steps, which makes a number of their axis. What is given here instead tells the same shapes and strides. Where there
    are numbers to compute, or nodes to write down, it is computed as ever, so that nothing made here is ever read.
    """
    import torch
    from torch._decomp import decomposition_table

    key = torch._C.DispatchKey.CompositeImplicitAutograd
    before = {op: (op.py_kernels[key], decomposition_table[op]) for op in _operators()}
    layers = [(part, type(part)) for part in module.modules() if isinstance(part, torch.nn.RNNBase)]
    try:
        for op, states in _operators().items():
            op.py_kernels[key] = decomposition_table[op] = _shapes(states, before[op][0])
            op._dispatch_cache.clear()
        for part, own in layers:
            part.__class__ = _by_name(own)
        yield
    finally:
        for part, own in layers:
            part.__class__ = own
        for op, (op.py_kernels[key], decomposition_table[op]) in before.items():
            op._dispatch_cache.clear()


def _shapes(states: int, computed: Any) -> Any:
    """What tells the shapes that a recurrent layer computes."""
    from torch._subclasses import FakeTensor
    from torch.fx.experimental.proxy_tensor import get_proxy_mode

    def shapes(x: Any, start: Any, *more: Any) -> Any:
        if not isinstance(x, FakeTensor) or get_proxy_mode() is not None:
            return computed(x, start, *more)
        *_, bidirectional, batch_first = more
        first = start[0] if states > 1 else start
        rows = x.transpose(0, 1) if batch_first else x
        steps = rows.new_empty(*rows.shape[:2], first.shape[2] * (2 if bidirectional else 1))
        ends = [x.new_empty(state.shape) for state in (start if states > 1 else (start,))]
        return (steps.transpose(0, 1) if batch_first else steps, *ends)

    return shapes


def _by_name(layer: type) -> type:
    """A class of recurrent layers that reads its weights where they are. PyTorch's keeps a list of them beside, and
    makes it anew in a trace, which the step of a loop must not do."""
    weights = property(lambda self: [getattr(self, name) for name in self._flat_weights_names])
    own = {"_flat_weights": weights, "_update_flat_weights": lambda self: None}
    return type(layer.__name__, (layer,), {**own, "__module__": layer.__module__})


def scan(step: Step, states: tuple[Any, ...], sequences: tuple[Any, ...]) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """The last states, and what the steps collect, stacked, of a loop over axis 1 of some sequences.

    A loop whose length is known is written out, as a trace would; another one becomes a node, `torch.ops.higher_order
    .scan`, through which gradients flow. That wants tensors that share no memory, hence the copies. Raises `Unscanned`
    for a step that cannot be in such a node: it is traced on its own, and may change nothing.
    """
    import torch
    from torch._higher_order_ops.scan import scan as scan_node

    within = torch.compiler.is_dynamo_compiling()  # in the step of another scan
    if not within and type(sequences[0].shape[1]) is int:
        collected = []
        for rows in zip(*(x.unbind(1) for x in sequences), strict=True):
            states, made = step(*states, *rows)
            collected.append(made)
        return states, tuple(torch.stack(steps, dim=1) for steps in zip(*collected, strict=True))

    def copied(tensors: Any) -> tuple[Any, ...]:
        return tuple(x.clone(memory_format=torch.contiguous_format) for x in tensors)

    def combined(before: Any, rows: Any) -> Any:
        after, made = step(*before, *rows)
        return copied(after), copied(made)

    if within:
        ends, steps = scan_node(combined, copied(states), sequences, dim=1)
        return tuple(ends), tuple(steps)
    try:
        with torch._dynamo.config.patch(allow_rnn=True):
            ends, steps = scan_node(combined, copied(states), sequences, dim=1)
    except Exception as error:
        raise Unscanned(_told(error)) from error
    return tuple(ends), tuple(steps)


def _told(error: Exception) -> str:
    """What PyTorch says of a step: of the pages that it writes, the first sentences of the parts that say why."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    parts = [line.partition(": ") for line in lines]
    why = [text.partition(". ")[0].rstrip(".") for word, _, text in parts if word in _WHY and text]
    return ": ".join(why) or (lines or [type(error).__name__])[0]
