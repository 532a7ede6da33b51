"""Batch norms folded into the convolutions before them, where that is asked for.

Enters: a graph. Leaves: the same without the norms whose input is a convolution that nothing else reads. The
results are the same to rounding: w' = w * scale / sqrt(var + eps) for each output channel, and so for the bias.
"""

from __future__ import annotations

from typing import Any

from .inlining import Onnx
from .nodes import Constant, Made


def fold(graph: Onnx) -> int:
    """Fold what can be folded; how many norms are gone."""
    readers: dict[str, int] = {}
    for node in [*graph.early, *graph.nodes]:
        for name in node.reads():
            readers[name] = readers.get(name, 0) + 1
    for _, wire in graph.outputs:
        readers[wire.name] = readers.get(wire.name, 0) + 1
    makes = {node.outputs[0]: node for node in graph.nodes}
    gone: set[int] = set()
    for norm in graph.nodes:
        if norm.kind != "BatchNormalization":
            continue
        conv = makes.get(norm.inputs[0])
        # a weight that another node reads too stays as it is
        if conv is None or conv.kind != "Conv" or readers[norm.inputs[0]] > 1:
            continue
        if any(readers[name] > 1 for name in conv.inputs[1:] if name):
            continue
        _join(graph, conv, norm)
        conv.outputs = norm.outputs
        gone.add(id(norm))
    graph.nodes = [node for node in graph.nodes if id(node) not in gone]
    return len(gone)


def _join(graph: Onnx, conv: Made, norm: Made) -> None:
    values = {name: constant for constant, name in graph.constants.items()}

    def array(name: str) -> Any:
        import numpy

        if name in values:
            constant: Constant = values[name]
            return numpy.asarray(constant.values, dtype=numpy.float32)
        return graph.arrays[name]() if name in graph.arrays else graph.source.array(name)

    weight, bias = conv.inputs[1], conv.inputs[2] if len(conv.inputs) > 2 else ""
    scale, shift, mean, var = norm.inputs[1:5]
    eps = norm.attributes["epsilon"]

    def factor() -> Any:
        import numpy

        return array(scale).astype(numpy.float64) / numpy.sqrt(array(var).astype(numpy.float64) + eps)

    def weights() -> Any:
        import numpy

        old = array(weight)
        return (old * factor().reshape(-1, *[1] * (old.ndim - 1))).astype(numpy.float32)

    def biases() -> Any:
        import numpy

        old = array(bias) if bias else 0.0
        return ((old - array(mean)) * factor() + array(shift)).astype(numpy.float32)

    folded = graph.array(f"{weight}.folded", weights), graph.array(f"{norm.name}.folded", biases)
    conv.inputs = [conv.inputs[0], *folded]
