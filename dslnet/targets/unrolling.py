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


class Unscanned(Exception):
    """A step of a loop that cannot be a part of a program."""


def missing() -> str:
    """What this version of PyTorch lacks, in words; empty where it has everything."""
    import torch

    try:
        from torch._higher_order_ops.scan import scan  # noqa: F401

        key = torch._C.DispatchKey.CompositeImplicitAutograd
        complete = all(key in op.py_kernels and op._dispatch_cache is not None for op in _operators())
    except (ImportError, AttributeError):
        complete = False
    return "" if complete else f"torch {torch.__version__} has no way to leave the number of steps open"


def _operators() -> dict[Any, int]:
    """The recurrent layers of PyTorch, each with the number of its states."""
    import torch

    aten = torch.ops.aten
    return {aten.rnn_tanh.input: 1, aten.rnn_relu.input: 1, aten.gru.input: 1, aten.lstm.input: 2}


@contextmanager
def recurrent_shapes() -> Iterator[None]:
    """Meanwhile, shapes of recurrent layers are told without running their steps.

    `torch.export` keeps `aten.lstm` as one node, and asks for its shapes what computes it: a loop in Python over the
    steps, which makes a number of their axis. What is given here instead answers in the same shapes and strides, for
    tensors that have no numbers. A tensor that has them is computed as ever, so that nothing made here is ever read.
    """
    import torch
    from torch._subclasses import FakeTensor

    key = torch._C.DispatchKey.CompositeImplicitAutograd

    def rule(states: int, computed: Any) -> Any:
        def shapes(x: Any, start: Any, *more: Any) -> Any:
            if not isinstance(x, FakeTensor):
                return computed(x, start, *more)
            *_, bidirectional, batch_first = more
            first = start[0] if states > 1 else start
            rows = x.transpose(0, 1) if batch_first else x
            steps = rows.new_empty(*rows.shape[:2], first.shape[2] * (2 if bidirectional else 1))
            ends = [x.new_empty(state.shape) for state in (start if states > 1 else (start,))]
            return (steps.transpose(0, 1) if batch_first else steps, *ends)

        return shapes

    before = {op: op.py_kernels[key] for op in _operators()}
    try:
        for op, states in _operators().items():
            op.py_kernels[key] = rule(states, before[op])
            op._dispatch_cache.clear()
        yield
    finally:
        for op, kernel in before.items():
            op.py_kernels[key] = kernel
            op._dispatch_cache.clear()


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

    try:
        ends, steps = scan_node(combined, copied(states), sequences, dim=1)
    except Exception as error:
        if within:
            raise
        raise Unscanned(_told(error)) from error
    return tuple(ends), tuple(steps)


def _told(error: Exception) -> str:
    """What PyTorch says of a step, without the pages around it."""
    lines = [line.strip() for line in str(error).splitlines()]
    parts = [
        line.partition(": ")[2] for line in lines if line.startswith(("Explanation: ", "Developer debug context: "))
    ]
    return " ".join(part for part in parts if part)[:300] or next(filter(None, lines), type(error).__name__)[:300]
