"""What operators say of the steps they depend on, against what they do.

Each example of each operator runs; one step of one input changes; whatever changes in the output must be allowed by
`dependence`, for every input and axis. The models of `test_analysis.py` run, too: what is proved holds, and what is
refused does see the future.
"""

from collections.abc import Iterator
from math import prod
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from checking import instance_of  # noqa: E402
from interpret import Box  # noqa: E402
from operator_harness import SIZES, concrete, example_input, read  # noqa: E402
from test_analysis import CAUSAL, LEAKS  # noqa: E402

from dslnet.build import build_model, read_program  # noqa: E402
from dslnet.diagnostics import Report  # noqa: E402
from dslnet.ops import OPERATORS, Operator  # noqa: E402
from dslnet.ops.arguments import ModuleArgument  # noqa: E402
from dslnet.ops.arithmetic import FUNCTIONS, SIGNS  # noqa: E402
from dslnet.ops.dependence import NO_STEPS, Steps, Traced  # noqa: E402
from dslnet.ops.internal import Fill  # noqa: E402
from dslnet.shape import Tensor, free  # noqa: E402
from dslnet.targets.python import emit  # noqa: E402

TABLE = ModuleArgument("table", {"weight": (100, 64)}, "Embedding")

RULES = [
    pytest.param(cls, before, id=f"{cls.name}-{number}")
    for cls in dict.fromkeys(OPERATORS.values())
    if cls.dependence is not Operator.dependence and cls.name not in ("MoE", "EMA", "SpectralNorm", "WeightNorm")
    for number, (before, _) in enumerate(cls.examples())
]


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """Tensors this small are slower on many."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def allowed(found: Steps, changed: Any, step: int | tuple[int, int]) -> bool:
    """Whether every changed element may depend on a step, or on a place, (row, column)."""
    if found.everything:
        return True
    places = changed.nonzero()
    if not len(places):
        return True
    assert found.at, "no step was said to matter"
    if isinstance(step, tuple):
        assert set(found.order) == {axis for axis, _ in found.at}, "two axes without an order"
        rows, columns = (places[:, axis] + shift for axis, shift in zip(found.order, found.shifts, strict=True))
        return bool(((rows > step[0]) | ((rows == step[0]) & (columns >= step[1]))).all())
    latest = torch.stack([places[:, axis] + shift for axis, shift in found.at]).amax(0)
    return bool((latest >= step).all())


def changed(part: Any, type: Tensor) -> None:
    """Other values in the same memory."""
    if type.dtype == "float":
        part += torch.rand_like(part) + 1
    elif type.dtype == "long":
        part.copy_((part + 1) % int(type.below or 4))
    else:
        part.copy_(~part)


def check(op: Operator, types: list[Tensor | None], sizes: dict[str, int], held: dict[str, Any]) -> None:
    torch.manual_seed(0)
    settled = [None if t is None else concrete(t, sizes) for t in types]
    inputs = [None if t is None else example_input(t) for t in settled]
    box = Box(op, types, sizes, held, ()).eval()

    def run(values: list[Any]) -> list[Any]:
        with torch.no_grad():
            made = box(*values)
        return list(made) if isinstance(made, (tuple, list)) else [made]

    def hold(port: int, steps: Steps, other: Any, step: int | tuple[int, int]) -> None:
        """What differs from before, when a port is fed something else, is what the rule allows."""
        traced = [None if t is None else Traced(t, steps if i == port else NO_STEPS) for i, t in enumerate(types)]
        said = op.dependence(*traced)
        found = [said] * len(before) if isinstance(said, Steps) else list(said)
        assert len(found) == len(before)
        after = run([other if i == port else x for i, x in enumerate(inputs)])
        for known, old, new in zip(found, before, after, strict=True):
            same = torch.isclose(old, new, rtol=1e-4, atol=1e-5, equal_nan=True)
            assert allowed(known, ~same, step), f"input {port}, {steps.at}, step {step}: {found}"

    before = run(inputs)
    for port, type in enumerate(settled):
        for axis in range(type.rank if type is not None else 0):
            assert type is not None
            size = int(type.sizes[axis])
            for step in sorted({0, 1, size // 2, size - 1} & set(range(size))):
                other = inputs[port].detach().clone()
                changed(other.select(axis, step), type)
                hold(port, Steps(((axis, 0),)), other, step)
            if axis == 0 or axis + 1 == type.rank:
                continue
            width = int(type.sizes[axis + 1])
            for place in {(0, width - 1), (size // 2, 0), (size // 2, width // 2), (size - 1, 0)}:
                other = inputs[port].detach().clone()
                changed(other.select(axis + 1, place[1]).select(axis, place[0]), type)
                hold(port, Steps(((axis, 0), (axis + 1, 0)), order=(axis, axis + 1)), other, place)


@pytest.mark.parametrize(("cls", "before"), RULES)
def test_examples(cls: type[Operator], before: str) -> None:
    example = read(before, modules={"table": TABLE})
    held = {argument: torch.nn.Embedding(100, 64) for argument in example.held}
    sizes = {name: SIZES[0].get(name, 6) for name in example.symbols()}
    if any(t is not None and prod(concrete(t, sizes).sizes) > 4000 for t in example.types):
        return  # larger than this takes
    check(example.operator(), example.types, sizes, held)


B, T, S = free("B"), free("T"), free("S")
AT = {"B": 2, "T": 5, "S": 4}


@pytest.mark.parametrize("sign", [s for s in SIGNS if s not in ("@", "neg")])
def test_signs(sign: str) -> None:
    for x, y in [((B, T, 3), (B, T, 3)), ((B, T, 3), (1, T, 1)), ((B, 1, T), (B, T, 1))]:
        check(SIGNS[sign](), [Tensor(x), Tensor(y)], AT, {})
    check(SIGNS[sign](left=2), [Tensor((B, T))], AT, {})


@pytest.mark.parametrize("name", [f for f in FUNCTIONS if f not in SIGNS and f not in ("min", "max")])
def test_functions(name: str) -> None:
    check(FUNCTIONS[name](), [Tensor((B, T))], AT, {})


def test_products() -> None:
    for x, y in [((B, T, 3), (B, 3, S)), ((B, 2, T, S), (S, 3)), ((T, S), (B, S, 3)), ((B, T, S), (S,))]:
        check(SIGNS["@"](), [Tensor(x), Tensor(y)], AT, {})


def test_constants() -> None:
    assert Fill(value=1).dependence(Traced(Tensor((B, T)), Steps(((1, 0),)))) == NO_STEPS


@pytest.mark.parametrize(
    "line",
    [
        "[2, 4, 9] -> Conv(4, 3, padding=2)", "[2, 4, 9] -> Conv(4, 3, padding=0)",
        "[2, 4, 9] -> Conv(4, 3, stride=2)", '[2, 4, 9] -> Conv(4, 3, dilation=2, padding="causal")',
        '[2, 4, 9] -> DepthwiseConv(2, padding="causal")', "[2, 4, 9] -> MaxPool(3, stride=1)",
        "[2, 4, 9] -> AvgPool(3, stride=1, padding=1)", "[2, 4, 9] -> AvgPool(3)", "[2, 4, 9] -> ConvTranspose(4, 3)",
        "[2, 4, 9] -> ConvTranspose(4, 4, stride=2)", "[2, 4, 9] -> Upsample(2)",
        "[2, 4, 9] -> ConvTranspose(4, 5, padding=3)", "[2, 9, 4] -> Slice(2, 9)", "[2, 9, 4] -> Slice(0, -2)",
        "[2, 9, 4] -> Slice(0, 9, step=2)", "[2, 9, 4] -> Pad(2, after=0, axis=1)", "[2, 9, 4] -> Crop(2, axis=1)",
        '[2, 4, 9] -> Pad(2, axis=2, mode="replicate")', '[2, 4, 9] -> Pad(2, axis=2, mode="reflect")',
        "[2, 9] -> Roll(1, axis=1)", "[2, 9, 4] -> Flatten", "[2, 9, 4] -> Flatten(0, 1)",
        "[2, 9, 4] -> Reshape(3, 3, 4)", "[2, 9, 4] -> Reshape(9, 2, 2)", "[2, 9, 4] -> Reshape(18, 2)",
        '[2, 9, 4] -> Rearrange("b t (h e) -> b h t e", h=2)', "[2, 9, 4] -> Split(3, axis=1)",
        '[2, 9, 4] -> Rearrange("b (n k) d -> b n k d", k=3)', '[2, 9, 4] -> Rearrange("b t d -> (b t) d")',
        '[2, 9, 4] -> Rearrange("b t d -> b (d t)")', "([2, 3, 4], [2, 5, 4]) -> Concat(axis=1)",
        "[2, 3] -> Repeat(3, axis=1)", "[2, 9, 4] -> CumSum(axis=1)", "[2, 9, 4] -> Softmax(axis=1)",
        "[2, 9, 4] -> GroupNorm(3)", "[2, 4, 9] -> BatchNorm", "[2, 9, 4] -> GRU(3)",
        "[2, 9, 4] -> GRU(3, bidirectional=true)", "[2, 9, 4] -> LSTM(3, num_layers=2)",
        "([2, 4, 5, 8], [2, 2, 5, 8], [2, 2, 5, 6]) -> DotProductAttention(causal=true) with mask=[2, 5] bool",
        "([2, 4, 5, 8], [2, 4, 5, 8], [2, 4, 5, 6]) -> DotProductAttention(causal=true) with position=[4, 5, 5]",
        "([2, 4, 5, 8], [2, 4, 5, 8], [2, 4, 5, 6]) -> DotProductAttention(causal=true) with mask=[2, 5, 5] bool",
        "([2, 4, 5, 8], [2, 4, 3, 8], [2, 4, 3, 6]) -> DotProductAttention with mask=[2, 3] bool",
        '([2, 5, 3], [2, 3, 4]) -> Einsum("bij,bjk->bik")', '[2, 3, 5] -> Einsum("bij->bji")',
        "[2, 5, 4] -> Expand(3, 2, 5, 4)", "[2, 3, 5, 6] -> Conv(4, 3)", "[2, 3, 5, 6] -> Conv(4, [1, 3], padding=0)",
        "[2, 3, 5, 6] -> Pad([1, 0], after=0)", "[2, 3, 5, 6] -> Crop(0, after=[1, 0])",
        "[2, 3, 5, 6] -> Roll(1, axis=3)", "[2, 3, 5, 6] -> Softmax(axis=1)", "[2, 3, 5, 6] -> GroupNorm(3)",
        '[2, 3, 5, 6] -> MaskedConv(4, [1, 3], mask="A")', '[2, 3, 5, 6] -> MaskedConv(4, [3, 1], mask="A")',
        '[2, 3, 7, 8] -> MaskedConv(4, 3, mask="A", dilation=2)', "[2, 3, 5, 6] -> MaxPool(3, stride=1)",
        "[2, 3, 5, 6] -> Transpose", '[2, 3, 5, 6] -> Rearrange("b c h w -> b (h w) c")', "[2, 3, 5, 6] -> Upsample(2)",
        '[2, 3, 4, 6] -> Rearrange("b c (h p) w -> b (c p) h w", p=2)', "[2, 3, 5, 6] -> Linear(4)",
        '[2, 3, 5, 6] -> Rearrange("b c h w -> b c w h")', "[2, 3, 5, 6] -> CumSum(axis=3)",
        "([2, 3, 5, 6], [2, 1, 5, 6]) -> Concat", '[2, 3, 5, 6] -> Einsum("bchw->bhw")',
        "[2, 3, 5, 6] -> ConvTranspose(4, 4, stride=2)", "[2, 3, 5, 6] -> Flatten", "[2, 3, 5, 6] -> Mean(axis=1)",
    ],
)  # fmt: skip
def test_more(line: str) -> None:
    example = read(line)
    check(example.operator(), example.types, {}, {})


@pytest.mark.parametrize(
    ("line", "axis", "at"),
    [
        ("[2, 9, 4] -> Linear(3)", 1, ((1, 0),)), ("[2, 4, 9] -> Conv(4, 3)", 2, ((2, 1),)),
        ('[2, 4, 9] -> Conv(4, 3, padding="causal")', 2, ((2, 0),)), ("[2, 9, 4] -> Slice(1, none)", 1, ((1, 1),)),
        ("[2, 9, 4] -> Pad(1, after=0, axis=1)", 1, ((1, -1),)), ("[2, 9, 4] -> Transpose", 1, ((2, 0),)),
        ("[2, 9, 4] -> GRU(3)", 1, ((1, 0),)), ("[2, 9, 4] -> CumSum(axis=1)", 1, ((1, 0),)),
        ('[2, 9, 4] -> Rearrange("b t (h e) -> b h t e", h=2)', 1, ((2, 0),)), ("[2, 9, 4] -> LayerNorm", 1, ((1, 0),)),
        ("[2, 9, 4] -> Reshape(9, 2, 2)", 1, ((1, 0),)), ("[2, 9] long < 5 -> OneHot(5)", 1, ((1, 0),)),
        ("[2, 9] long < 5 -> Embedding(5, 3)", 1, ((1, 0),)), ("[2, 9, 4] -> Unsqueeze(1)", 1, ((2, 0),)),
        ("[2, 9, 4] -> Mean(axis=2)", 1, ((1, 0),)), ("[2, 4, 9] -> BatchNorm", 2, ((2, 0),)),
        ("[2, 9, 9] -> CausalMask", 1, ((1, 0),)), ("[2, 9, 9] -> CausalMask", 2, ((1, 0),)),
    ],
)  # fmt: skip
def test_what_is_kept(line: str, axis: int, at: tuple[tuple[int, int], ...]) -> None:
    """The rules do not give up where they need not."""
    example = read(line)
    types = example.types
    said = example.operator().dependence(*[None if t is None else Traced(t, Steps(((axis, 0),))) for t in types])
    found = said if isinstance(said, Steps) else said[0]
    assert not found.everything and found.at == at


@pytest.mark.parametrize(
    ("line", "shifts"),
    [
        ('[2, 3, 5, 6] -> MaskedConv(4, 3, mask="A")', (0, -1)), ("[2, 3, 5, 6] -> MaskedConv(4, 3)", (0, 0)),
        ('[2, 3, 9, 9] -> MaskedConv(4, 3, mask="A", dilation=2)', (0, -2)), ("[2, 3, 5, 6] -> Conv(4, 1)", (0, 0)),
        ("[2, 3, 5, 6] -> Conv(4, 3)", (1, 1)), ("[2, 3, 5, 6] -> Pad([1, 0], after=0)", (-1, 0)),
        ("[2, 3, 5, 6] -> Conv(4, [2, 3], padding=0)", (1, 2)), ("[2, 3, 5, 6] -> GELU", (0, 0)),
        ("[2, 3, 5, 6] -> BatchNorm", (0, 0)), ("([2, 3, 5, 6], [2, 3, 5, 6]) -> Concat", (0, 0)),
        ('[2, 3, 5, 6] -> Rearrange("b c h w -> b h w c")', (0, 0)), ("[2, 3, 5, 6] -> Split(3)", (0, 0)),
    ],
)  # fmt: skip
def test_what_is_kept_of_an_image(line: str, shifts: tuple[int, int]) -> None:
    example = read(line)
    types = example.types
    places = Steps(((2, 0), (3, 0)), order=(2, 3))
    said = example.operator().dependence(*[None if t is None else Traced(t, places) for t in types])
    found = said if isinstance(said, Steps) else said[0]
    assert not found.everything and found.shifts == shifts


def sees_the_future(text: str, folder: Path) -> bool:
    """Whether some step of a model's logits changes with a later token."""
    path = folder / "main.net"
    path.write_text(text, encoding="utf-8")
    report = Report()
    program = read_program(path, report)
    graph = build_model(program, "M", {}, report) if program is not None else None
    assert graph is not None
    model = instance_of(emit(graph), "M").double()
    length = 8 if "[B, 8]" in text else 7
    tokens = torch.randint(0, 9, (2, length))
    others = [torch.randn(2, 5, 6, dtype=torch.float64)] if "input memory" in text else []
    with torch.no_grad():
        before = model(tokens, *others)
        for step in range(1, length):
            changed = tokens.clone()
            changed[:, step] = (changed[:, step] + 1 + step) % 9
            after = model(changed, *others)
            if not torch.allclose(before[:, :step], after[:, :step], rtol=1e-9, atol=1e-12):
                return True
    return False


@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in CAUSAL])
def test_what_is_proved_holds(text: str, tmp_path: Path) -> None:
    assert not sees_the_future(text, tmp_path)


@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text, _ in LEAKS])
def test_what_is_refused_leaks(text: str, tmp_path: Path) -> None:
    assert sees_the_future(text, tmp_path)
