"""The file.

Enters: a graph. Leaves: the bytes of an ONNX model. They begin with a line that holds the hash of all that follows,
as all our outputs do, inside the field for a description; so a file that nobody has changed may be written again.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

from ... import __version__
from ...shape import Dim, Shape, Tensor
from ..origin import about
from .graph import Unsupported
from .inlining import Onnx
from .nodes import DTYPES, Body, Constant, Made, prune

#: The format version that goes with an opset. onnxruntime refuses files of a format newer than its own.
FORMATS = {20: 9, 21: 10, 22: 10, 23: 11, 24: 12, 25: 13, 26: 13}
#: Weights above this are put beside the file: protobuf ends at 2 GiB.
LARGEST = 1_900_000_000
#: In a file with its weights beside it, smaller ones stay inside.
SMALL = 1024


@dataclass(slots=True)
class Written:
    """A model as bytes, and the weights that stand beside it: (bytes, name of the file)."""

    data: bytes
    nodes: int
    weights: list[Any] = field(default_factory=list)
    beside: str = ""


def write(graph: Onnx, description: str, beside: str = "", largest: int = LARGEST) -> Written:
    """The bytes of a graph. `beside` is the name of the file for weights, should they be too many."""
    import onnx

    nodes, outputs = _finished(graph)
    proto = onnx.ModelProto()
    proto.ir_version = FORMATS[graph.opset]
    proto.producer_name, proto.producer_version = "dslnet", __version__
    proto.opset_import.add().version = graph.opset
    own = proto.graph
    own.name = graph.model.name
    for wire in graph.inputs:
        _value(own.input.add(), wire.name, wire.type)
    for name, type_ in outputs:
        _value(own.output.add(), name, type_)
    read = {name for node in nodes for name in node.reads()} | {name for name, _ in outputs}
    apart, beside = _initializers(graph, own, read, beside, largest)
    for node in nodes:
        _node(own.node.add(), node)
    for key, text in about(graph.model, graph.sources).items():
        entry = proto.metadata_props.add()
        entry.key, entry.value = key, text
    return Written(_sealed(proto.SerializeToString(deterministic=True), description), len(nodes), apart, beside)


def _sealed(data: bytes, description: str) -> bytes:
    """The description with the hash of the rest, as the first field of the message. Fields come in any order."""
    text = f"{description[:40]} sha256:{hashlib.sha256(data).hexdigest()}\n".encode()
    assert len(text) < 128, "the length of the first field is one byte"
    return bytes([0x32, len(text)]) + text + data


def _finished(graph: Onnx) -> tuple[list[Made], list[tuple[str, Tensor]]]:
    """The nodes that the outputs need, which then carry the names of the spec."""
    outputs = [(name, wire.type) for name, wire in graph.outputs]
    wanted = [wire.name for _, wire in graph.outputs]
    nodes = prune([*graph.early, *graph.nodes], set(wanted))
    makes = {name: node for node in nodes for name in node.outputs}
    renamed: dict[str, str] = {}
    for (name, _), (_, wire) in zip(outputs, graph.outputs, strict=True):
        if wire.name in makes and wire.name not in renamed:
            renamed[wire.name] = name
        elif wire.name == name:  # an input that is an output under its own name
            continue
        else:  # an input, a weight, or a value that is an output already
            read = renamed.get(wire.name, wire.name)
            nodes.append(Made("Identity", [read], [name], graph.name(f"{name}/output"), {}))
    for node in nodes:
        _rename(node, renamed)
    return nodes, outputs


def _rename(node: Made, renamed: dict[str, str]) -> None:
    node.inputs = [renamed.get(name, name) for name in node.inputs]
    node.outputs = [renamed.get(name, name) for name in node.outputs]
    for value in node.attributes.values():
        if isinstance(value, Body):
            for inner in value.nodes:
                _rename(inner, renamed)


def _value(proto: Any, name: str, type_: Tensor) -> None:
    proto.name = name
    tensor = proto.type.tensor_type
    tensor.elem_type = DTYPES[type_.dtype]
    _shape(tensor.shape, type_.sizes)


def _shape(proto: Any, shape: Shape) -> None:
    proto.SetInParent()  # a scalar has a shape, too
    for size in shape:
        if isinstance(size, Dim):
            proto.dim.add().dim_param = str(size)
        else:
            proto.dim.add().dim_value = size


def _node(proto: Any, node: Made) -> None:
    proto.op_type, proto.name = node.kind, node.name
    proto.input.extend(node.inputs)
    proto.output.extend(node.outputs)
    if node.place:
        proto.doc_string = node.place
    for key, value in node.attributes.items():
        attribute = proto.attribute.add()
        attribute.name = key
        if isinstance(value, bool) or isinstance(value, int):
            attribute.type, attribute.i = 2, int(value)
        elif isinstance(value, float):
            attribute.type, attribute.f = 1, value
        elif isinstance(value, str):
            attribute.type, attribute.s = 3, value.encode()
        elif isinstance(value, Body):
            attribute.type = 5
            _body(attribute.g, value)
        elif all(isinstance(v, int) for v in value):
            attribute.type = 7
            attribute.ints.extend(map(int, value))
        elif all(isinstance(v, str) for v in value):
            attribute.type = 8
            attribute.strings.extend(v.encode() for v in value)
        else:
            raise Unsupported(f"`{key}` of {node.kind} must be known: {value}"[:80])


def _body(proto: Any, body: Body) -> None:
    proto.name = body.name
    for name, type_ in body.inputs:
        _value(proto.input.add(), name, type_)
    for name, type_ in body.outputs:
        _value(proto.output.add(), name, type_)
    for node in prune(body.nodes, {name for name, _ in body.outputs}):
        _node(proto.node.add(), node)


# ------------------------------------------------------------------------------------------------- initializers


def _initializers(graph: Onnx, own: Any, read: set[str], beside: str, largest: int) -> tuple[list[Any], str]:
    """Constants and weights; what is put beside the file is returned."""
    arrays: list[tuple[str, Any]] = []
    for constant, name in graph.constants.items():
        if name in read:
            _small(own.initializer.add(), name, constant)
    for name, path in graph.weights.items():
        if name in read:
            arrays.append((name, _flat(graph.source.array(path))))
    for name, make in graph.arrays.items():
        if name in read:
            arrays.append((name, _flat(make())))
    apart = sum(array.nbytes for _, array in arrays) > largest
    beside = _beside(beside, [a for _, a in arrays if a.nbytes >= SMALL]) if apart else ""
    data: list[Any] = []
    place = 0
    for name, array in arrays:
        proto = own.initializer.add()
        proto.name, proto.data_type = name, _dtype(array)
        proto.dims.extend(array.shape)
        if not apart or array.nbytes < SMALL:
            proto.raw_data = array.tobytes()
            continue
        proto.data_location = 1
        for key, value in (("location", beside), ("offset", place), ("length", array.nbytes)):
            entry = proto.external_data.add()
            entry.key, entry.value = key, str(value)
        data.append(array)
        place += array.nbytes
    return data, beside


def _flat(array: Any) -> Any:
    """One run of bytes, the lowest of each number first, as ONNX stores them."""
    import numpy

    return numpy.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")).reshape(array.shape)


def _beside(file: str, arrays: list[Any]) -> str:
    """The name of the file for weights: that of the model, and a hash of what is in it."""
    digest = hashlib.blake2b(digest_size=8)
    for array in arrays:
        digest.update(memoryview(array).cast("B"))
    stem = "".join(c if c.isascii() and (c.isalnum() or c in "_-.") else "_" for c in file.removesuffix(".onnx"))
    return f"{stem or 'model'}-{digest.hexdigest()}.data"


def _dtype(array: Any) -> int:
    return {"f": DTYPES["float"], "i": DTYPES["long"], "u": DTYPES["long"], "b": DTYPES["bool"]}[array.dtype.kind]


def _small(proto: Any, name: str, constant: Constant) -> None:
    proto.name, proto.data_type = name, DTYPES[constant.dtype]
    proto.dims.extend(constant.shape)
    if constant.dtype == "float":
        proto.float_data.extend(constant.values)
    elif constant.dtype == "bool":
        proto.int32_data.extend(map(int, constant.values))
    else:
        proto.int64_data.extend(constant.values)
