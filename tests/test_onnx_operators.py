"""Every operator in onnxruntime beside torch: its examples, and more lines over its arguments.

Each line is one graph, run five times, at other sizes where a size is free. The bound is 1e-5, relative where values
are large.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

import pytest

onnx = pytest.importorskip("onnx", reason="onnx is not installed")
pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")

import numpy  # noqa: E402
import torch  # noqa: E402
from interpret import Box  # noqa: E402
from onnx_cases import CASES, GIVEN, SIGNS_AND_FUNCTIONS  # noqa: E402
from onnx_harness import RUNS, difference, graph_of, operator_difference, session  # noqa: E402
from operator_harness import OPERATORS, Operator, read  # noqa: E402

from dslnet.ops.arguments import FlagType, ModuleArgument  # noqa: E402
from dslnet.ops.arithmetic import FUNCTIONS, SIGNS  # noqa: E402
from dslnet.shape import Tensor, free  # noqa: E402
from dslnet.source import NOWHERE  # noqa: E402
from dslnet.targets.onnx.graph import Unsupported  # noqa: E402
from dslnet.targets.onnx.inlining import Onnx  # noqa: E402
from dslnet.targets.onnx.weights import Weights  # noqa: E402
from dslnet.targets.onnx.writing import write  # noqa: E402

TABLE = ModuleArgument("table", NOWHERE, {"weight": (100, 64)})
MODULES: dict[str, Any] = {"table": (TABLE, lambda: torch.nn.Embedding(100, 64))}
BOUND = 1e-5


def inferring() -> list[type[Operator]]:
    """The operators of a model: an optimizer is none."""
    return [c for c in dict.fromkeys(OPERATORS.values()) if c.kind != "optimizer"]


LINES = list(dict.fromkeys([*(before for cls in inferring() for before, _ in cls.examples()), *CASES, *GIVEN]))


@pytest.fixture(autouse=True)
def one_thread() -> Any:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("line", LINES)
def test_case(line: str) -> None:
    assert operator_difference(line, 20, MODULES, given=GIVEN.get(line)) <= BOUND


MODERN = ("DotProduct", "RoPE", "RMSNorm", "LayerNorm")


@pytest.mark.parametrize("line", [line for line in LINES if any(f" {name}" in line for name in MODERN)])
def test_newer_opset(line: str) -> None:
    """`Attention`, `RotaryEmbedding` and `RMSNormalization`."""
    assert operator_difference(line, 23, MODULES) <= BOUND


@pytest.mark.parametrize("opset", [21, 22, 24, 25, 26])
@pytest.mark.parametrize("cls", inferring(), ids=lambda cls: cls.name)
def test_other_opsets(cls: type[Operator], opset: int) -> None:
    """The first example of every operator."""
    for line, _ in cls.examples()[:1]:
        assert operator_difference(line, opset, MODULES, given=GIVEN.get(line)) <= BOUND


def test_every_operator_has_a_rule() -> None:
    without = [c.name for c in inferring() if c.onnx is Operator.onnx and c.kind != "python"]
    assert without == []


#: A copy of a module is the builder's work: `test_onnx_models.py` has it.
OF_THE_BUILDER = {"EMA"}
#: Arguments with one value that is tried: another module is the same rule.
ONE_VALUE = {("Unembed", "module")}


def test_ten_cases_of_every_operator() -> None:
    """Ten runs and more, at two sizes and more; each argument has other values, and each choice and flag all."""
    modules = {name: argument for name, (argument, _) in MODULES.items()}
    examples = [read(line, modules=modules) for line in LINES]
    count = Counter(example.cls.name for example in examples)
    sized = {example.cls.name for example in examples if example.symbols()}
    tried: dict[tuple[str, str], set[str]] = defaultdict(set)
    for example in examples:
        for name, value in example.operator().values().items():
            tried[example.cls.name, name].add(repr(value))
    for cls in inferring():
        if cls.name in OF_THE_BUILDER:
            continue
        assert count[cls.name] * RUNS >= 10, cls.name
        assert cls.name in sized, cls.name
        for argument in cls.arguments.values() if cls.kind != "dropout" else ():  # theirs are of training only
            found = tried[cls.name, argument.name]
            words = {FlagType: (False, True)}.get(type(argument.type), getattr(argument.type, "words", ()))
            assert {repr(word) for word in words} <= found, (cls.name, argument.name)
            assert len(found) > 1 or (cls.name, argument.name) in ONE_VALUE, (cls.name, argument.name)


# ------------------------------------------------------------------------------------------ signs and functions


def compared(operator: Operator, types: list[Tensor], inputs: list[torch.Tensor]) -> float:
    graph = Onnx(graph_of(operator, list(types), [], None), Weights({}))
    found = session(write(graph, "dslnet").data).run(None, {f"x{n}": x.numpy() for n, x in enumerate(inputs)})
    expected = Box(operator, types).eval()(*inputs)
    return difference(expected, found[0])


def numbers(dtype: str, positive: bool, seed: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    if dtype == "bool":
        return torch.rand((3, 4), generator=generator) < 0.5
    if dtype == "long":
        return torch.randint(1 if positive else -7, 8, (3, 4), generator=generator)
    found = torch.randn((3, 4), generator=generator)
    return found.abs() + 0.1 if positive else found


@pytest.mark.parametrize("sign, dtypes", SIGNS_AND_FUNCTIONS)
def test_sign(sign: str, dtypes: str) -> None:
    first, _, second = dtypes.partition(" ")
    types = [Tensor((free("B"), 4), first)]
    divides = sign in ("//", "%", "/", "**")
    inputs = [numbers(first, sign in ("log", "sqrt", "**"), 0)]
    if not second:
        operator = (FUNCTIONS.get(sign) or SIGNS[sign])()
    elif second in ("float", "long", "bool"):
        operator = (SIGNS.get(sign) or FUNCTIONS[sign])()
        if sign == "@":
            types = [Tensor((3, 4), first)]
        types.append(Tensor((4, 3) if sign == "@" else types[0].sizes, second))
        inputs.append(numbers(second, divides, 1))
        if sign == "@":
            inputs[1] = inputs[1].reshape(4, 3)
    else:
        side, _, number = second.partition("=")
        value = float(number) if "." in number else int(number)
        operator = (SIGNS.get(sign) or FUNCTIONS[sign])(**{side: value})
        if side == "left" and divides:
            inputs = [numbers(first, True, 0)]
    assert compared(operator, types, inputs) <= BOUND


def test_an_operator_without_a_rule_is_named() -> None:
    class Odd(Operator, kind="op", abstract=True):
        def shape(self, x: Tensor) -> Tensor:
            return x

    with pytest.raises(Unsupported, match="`Odd` has no ONNX form"):
        Onnx(graph_of(Odd(), [Tensor((2, 3))], [], None), Weights({}))


def test_a_size_that_no_input_shows() -> None:
    resize = OPERATORS["Resize"](size=(free("H"), 4))
    with pytest.raises(Unsupported, match="no input of the graph shows the size `H`"):
        Onnx(graph_of(resize, [Tensor((1, 2, 3, 4))], [], None), Weights({}))


@pytest.mark.parametrize("heads", [2, 1])
@pytest.mark.parametrize("position", [False, True])
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("opset", [20, 23, 26])
def test_a_query_without_any_key(opset: int, causal: bool, position: bool, heads: int) -> None:
    """Its weights are 0, as in PyTorch: masked out, or masked where the past begins, or at a distance of infinity."""
    operator = OPERATORS["DotProductAttention"](causal=causal)
    keys, places = Tensor((2, heads, 5, 4)), Tensor((1, 2, 5, 5)) if position else None
    types = [Tensor((2, 2, 5, 4)), keys, keys, Tensor((2, 5, 5), "bool"), places]
    graph = Onnx(graph_of(operator, types, [], None), Weights({}), opset)
    assert ("Attention" in {node.kind for node in graph.nodes}) == (opset > 22)
    torch.manual_seed(0)
    inputs = [None if t is None else torch.randn(t.sizes) for t in types]  # type: ignore[arg-type]
    inputs[3] = torch.rand(2, 5, 5) < 0.7
    inputs[3][0, 1] = inputs[3][1, 0, 0] = False
    if inputs[4] is not None:
        inputs[4][..., 2, :] = -torch.inf
    feed = {f"x{n}": x.numpy() for n, x in enumerate(inputs) if x is not None}
    (found,) = session(write(graph, "dslnet").data).run(None, feed)
    assert numpy.isfinite(found).all() and (found[0, :, 1] == 0).all()
    assert not causal or (found[1, :, 0] == 0).all()
    assert difference(Box(operator, types).eval()(*inputs), found) <= BOUND
