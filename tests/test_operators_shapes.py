"""The boxes that move, join, reduce and combine numbers: every example executed, values against torch, mistakes."""

from __future__ import annotations

import math
import random
from typing import Any

import pytest

torch = pytest.importorskip("torch")

import torch.nn.functional as F  # noqa: E402
from interpret import Box  # noqa: E402
from operator_harness import (  # noqa: E402
    cases,
    check,
    check_mistake,
    concrete,
    example_input,
    family,
    mistake,
    read,
)
from torch import nn  # noqa: E402

from dslnet.ops.arithmetic import FUNCTIONS, SIGNS  # noqa: E402
from dslnet.ops.base import OPERATORS, Mistake, Operator  # noqa: E402
from dslnet.ops.optimizers import OPTIMIZERS  # noqa: E402
from dslnet.shape import UNKNOWN, Tensor, free  # noqa: E402

FAMILIES = ("rearrange", "pattern", "join", "cut", "reduction", "elementwise", "heads", "stochastic")
BOXES = [cls for name in FAMILIES for cls in family(name) if cls.name not in ("MoE", "EMA")]

#: Boxes that stop the gradient of an input, in evaluation at least.
STILL = ("StopGrad", "SampleGaussian", "Crop", "Lift")


@pytest.mark.parametrize(("cls", "before", "after"), cases(BOXES))
def test_example(cls: type[Operator], before: str, after: str) -> None:
    check(cls, before, after, gradient=cls.name not in STILL)


def test_every_box_has_an_example() -> None:
    assert [cls.name for cls in BOXES if not cls.examples()] == []


def run(line: str, *inputs: torch.Tensor | None, training: bool = False) -> Any:
    """The box of an example line on given tensors."""
    example = read(line)
    return Box(example.operator(), example.types).train(training)(*inputs)


X3, X4 = torch.randn(2, 6, 8), torch.randn(2, 3, 8, 4)
A, C, L = torch.randn(2, 3), torch.randn(2, 3), torch.tensor([[0, 1, 2], [3, 4, 5]])

VALUES: list[tuple[str, tuple[Any, ...], Any]] = [
    ("[2, 6, 8] -> Flatten", (X3,), X3.reshape(2, 48)),
    ("[2, 6, 8] -> Flatten(0, 1)", (X3,), X3.reshape(12, 8)),
    ("[2, 6, 8] -> Reshape(4, -1)", (X3,), X3.reshape(2, 4, 12)),
    ("[B, 6, 8] -> Reshape(8, 6)", (X3,), X3.reshape(2, 8, 6)),
    ("[2, 6, 8] -> Transpose", (X3,), X3.mT),
    ("[2, 6, 8] -> Permute(2, 0, 1)", (X3,), X3.permute(2, 0, 1)),
    ("[2, 6, 8] -> Unsqueeze(-2)", (X3,), X3[:, :, None, :]),
    ('[B, 6, 8] -> Rearrange("b t (h e) -> b h t e", h=2)', (X3,), X3.view(2, 6, 2, 4).transpose(1, 2)),
    ('[B, 6, 8] -> Rearrange("b (t r) c -> (b r) t c", r=3)', (X3,),
     X3.view(2, 2, 3, 8).permute(0, 2, 1, 3).reshape(6, 2, 8)),
    ('[B, 3, H, W] -> Rearrange("b c h w -> b (w h) c")', (X4,), X4.permute(0, 3, 2, 1).reshape(2, 32, 3)),
    ('[2, 3, 8, 4] -> Rearrange("b c (h p) (w q) -> b (h w) (p q c)", p=2, q=4)', (X4,),
     X4.view(2, 3, 4, 2, 1, 4).permute(0, 2, 4, 3, 5, 1).reshape(2, 4, 24)),
    ('[B, 3, 8, 4] -> Rearrange("b c (h p) (w q) -> b (h w) (p q c)", p=2, q=2)', (X4,),
     X4.view(2, 3, 4, 2, 2, 2).permute(0, 2, 4, 3, 5, 1).reshape(2, 8, 12)),
    ('[B, 6, 8] -> Rearrange("... c -> c 1 ...")', (X3,), X3.permute(2, 0, 1)[:, None]),
    ('[2, 3, 8, 4] -> Rearrange("a b c d -> (a b c d)")', (X4,), X4.reshape(-1)),
    ('[2, 3, 8, 4] -> Rearrange("a b c d -> (d c) (b a)")', (X4,), X4.permute(3, 2, 1, 0).reshape(32, 6)),
    ("([2, 3], [2, 3]) -> Concat", (A, C), torch.cat((A, C), 1)),
    ("([2, 3], [2, 3]) -> Concat(axis=0)", (A, C), torch.cat((A, C), 0)),
    ("([2, 3], [2, 3] long) -> Stack", (A, L), torch.stack((A, L), 1)),
    ("[2, 6, 8] -> Prepend with [1, 2, 8]", (X3, X3[:1, :2]), torch.cat((X3[:1, :2].expand(2, -1, -1), X3), 1)),
    ("[2, 6, 8] -> Repeat(3, axis=1)", (X3,), torch.cat((X3, X3, X3), 1)),
    ("[2, 6, 8] -> Pick by [2] long", (X3, torch.tensor([5, 0])), torch.stack((X3[0, 5], X3[1, 0]))),
    ("[2, 6, 8] -> Pick(axis=2) by [2] long", (X3, torch.tensor([5, 0])), torch.stack((X3[0, :, 5], X3[1, :, 0]))),
    ("[2, 6, 8] -> Slice(1, -1, axis=2, step=2)", (X3,), X3[..., 1:-1:2]),
    ("[2, 6, 8] -> Slice(-2, none)", (X3,), X3[:, -2:]),
    ("[2, 6, 8] -> Roll(2, axis=1)", (X3,), X3.roll(2, 1)),
    ("[2, 3, 8, 4] -> Pad([1, 2], after=0, value=5)", (X4,), F.pad(X4, (2, 0, 1, 0), value=5.0)),
    ("[2, 6, 8] -> Pad(1, axis=1)", (X3,), F.pad(X3, (0, 0, 1, 1))),
    ('[2, 3, 8, 4] -> Pad(1, mode="circular")', (X4,), F.pad(X4, (1, 1, 1, 1), mode="circular")),
    ("[2, 3, 8, 4] -> Crop(1, after=[2, 0])", (X4,), X4[:, :, 1:6, 1:]),
    ("[B, C, H, W] -> Crop with [B, C, 4, 3]", (X4, torch.zeros(2, 3, 4, 3)), X4[:, :, 2:6, 0:3]),
    ("[2, 6, 8] -> Sum(axis=[0, 2])", (X3,), X3.sum((0, 2))),
    ("[2, 3] bool -> Mean", (A > 0,), (A > 0).float().mean()),
    ("[2, 6, 8] -> Max", (X3,), X3.max()),
    ("[2, 6, 8] -> Min(axis=0, keep=true)", (X3,), X3.min(0, keepdim=True).values),
    ("[2, 6, 8] -> Prod(axis=[0, 1])", (X3,), X3.prod(1).prod(0)),
    ("[2, 3] long -> LogSumExp(axis=1)", (L,), L.float().logsumexp(1)),
    ("[2, 6, 8] -> LogSumExp", (X3,), X3.flatten().logsumexp(0)),
    ("[2, 6, 8] -> Variance(axis=1)", (X3,), X3.var(1)),
    ("[2, 6, 8] -> Variance(axis=1, correction=0)", (X3,), X3.var(1, correction=0)),
    ("[2, 6, 8] -> Norm", (X3,), X3.norm()),
    ("[2, 6, 8] -> Norm(p=1, axis=2)", (X3,), X3.abs().sum(2)),
    ("[2, 6, 8] -> ArgMax", (X3,), X3.argmax()),
    ("[2, 6, 8] -> ArgMax(keep=true)", (X3,), X3.flatten().argmax().view(1, 1, 1)),
    ("[2, 6, 8] -> ArgMin(axis=-1)", (X3,), X3.argmin(-1)),
    ("[2, 6, 8] -> ArgMin(keep=true)", (X3,), X3.flatten().argmin().view(1, 1, 1)),
    ("[2, 6, 8] -> CumSum(axis=1)", (X3,), X3.cumsum(1)),
    ("([2, 3], [2, 3], [2, 3] long, [2, 3], [2, 3]) -> Add", (A, C, L, A, C), 2 * A + 2 * C + L),
    ("([2, 3] bool, [2, 3] bool) -> Add", (A > 0, C > 0), (A > 0).long() + (C > 0).long()),
    ("([2, 3] bool, [2, 3] bool) -> Mul", (A > 0, C > 0), (A > 0).long() * (C > 0).long()),
    ("([2, 3], [2, 3] bool, [2, 1]) -> Mul", (A, C > 0, A[:, :1]), A * (C > 0) * A[:, :1]),
    ("[2, 3] -> Scale(0.5)", (A,), A / 2),
    ("[2, 3] long -> Clamp(1.5, 3)", (L,), L.float().clamp(1.5, 3)),
    ("([2, 3] bool, [2, 3], [2, 1] long) -> Where", (A > 0, C, L[:, :1]), torch.where(A > 0, C, L[:, :1].float())),
    ("[2, 3] long < 6 -> OneHot(6)", (L,), F.one_hot(L, 6).float()),
    ("([2, 3] long, [3, 2]) -> MatMul", (L, A.T), L.float() @ A.T),
    ('([2, 3], [2, 3]) -> Einsum("ij,kj")', (A, C), A @ C.T),
    ('([2, 6, 8], [8, 3]) -> Einsum("... c, c d -> d ...")', (X3, torch.ones(8, 3)),
     (X3 @ torch.ones(8, 3)).permute(2, 0, 1)),
    ("([2, 3], [2, 3]) -> CosineSimilarity", (A, C), nn.CosineSimilarity()(A, C)),
    ("([2, 3], [2, 3]) -> L2Distance", (A, C), nn.PairwiseDistance()(A, C)),
    ("([2, 3], [2, 3]) -> SampleGaussian", (A, C), A),
    ("[2, 3] -> GumbelSoftmax(tau=0.5)", (A,), (2 * A).softmax(-1)),
    ("[2, 3] -> GumbelSoftmax(hard=true)", (A,), F.one_hot(A.argmax(-1), 3).float()),
    ("[2, 3] -> GaussianNoise(1)", (A,), A),
    ("[2, 3] -> ReverseGrad(0.1)", (A,), A),
    ("[2, 3] -> StochasticDepth(0.5)", (A,), A),
]  # fmt: skip


@pytest.mark.parametrize(("line", "inputs", "expected"), VALUES, ids=[line for line, _, _ in VALUES])
def test_value(line: str, inputs: tuple[Any, ...], expected: torch.Tensor) -> None:
    actual = run(line, *inputs)
    assert actual.dtype == expected.dtype
    torch.testing.assert_close(actual, expected)


def test_random_patterns() -> None:
    """Any split, order and grouping of up to five axes, at known and at symbolic sizes."""
    draw = random.Random(0)
    for _ in range(150):
        names = list("abcde"[: draw.randint(1, 5)])
        sizes = {name: draw.randint(2, 4) for name in names}
        order = draw.sample(names, len(names))
        left, right = grouped(draw, names), grouped(draw, order)
        pattern = f"{shown(left)} -> {shown(right)}"
        given = {name: sizes[name] for group in left for name in group[1:]}
        x = torch.arange(float(math.prod(sizes.values()))).view([math.prod(sizes[n] for n in g) for g in left])
        units = x.view([sizes[n] for n in names]).permute([names.index(n) for n in order])
        expected = units.reshape([math.prod(sizes[n] for n in g) for g in right])
        symbols = tuple(
            free(g[0].upper()) if len(g) == 1 and draw.random() < 0.5 else size
            for g, size in zip(left, x.shape, strict=True)
        )  # fmt: skip
        box = Box(OPERATORS["Rearrange"](pattern=pattern, sizes=given), [Tensor(symbols)])
        assert torch.equal(box(x), expected), pattern


def grouped(draw: random.Random, names: list[str]) -> list[list[str]]:
    groups: list[list[str]] = []
    for name in names:
        if groups and draw.random() < 0.4:
            groups[-1].append(name)
        else:
            groups.append([name])
    return groups


def shown(groups: list[list[str]]) -> str:
    return " ".join(g[0] if len(g) == 1 else f"({' '.join(g)})" for g in groups)


def test_pairs_are_in_order() -> None:
    pairs = run("[2, 6, 8] -> Pairs", X3)
    for i in range(6):
        for j in range(6):
            torch.testing.assert_close(pairs[:, 6 * i + j], torch.cat((X3[:, i], X3[:, j]), -1))


def test_split() -> None:
    for line, expected in [
        ("[2, 6, 8] -> Split(2, axis=2)", X3.chunk(2, 2)),
        ("[2, 6, 8] -> Split([1, 5], axis=1)", X3.split([1, 5], 1)),
    ]:
        parts = run(line, X3)
        assert len(parts) == len(expected) and all(map(torch.equal, parts, expected))


def test_training_is_random_and_right_on_average() -> None:
    torch.manual_seed(0)
    ones = torch.ones(20000, 4)
    dropped = run("[20000, 4] -> StochasticDepth(0.25)", ones, training=True)
    assert dropped.unique().numel() == 2 and (dropped.std(1) == 0).all()
    assert abs(dropped.mean() - 1) < 0.02
    whole = run('[20000, 4] -> StochasticDepth(0.5, mode="batch")', ones, training=True)
    assert whole.unique().numel() == 1
    noise = run("[20000, 4] -> GaussianNoise(0.5)", ones, training=True)
    assert abs(noise.std() - 0.5) < 0.01 and abs(noise.mean() - 1) < 0.01
    draw = run("([20000, 4], [20000, 4]) -> SampleGaussian", ones, 2 * ones, training=True)
    assert abs(draw.std() - torch.e) < 0.05 and abs(draw.mean() - 1) < 0.05
    hard = run("[20000, 4] -> GumbelSoftmax(hard=true)", ones, training=True)
    assert (hard.sum(1) - 1).abs().max() < 1e-5 and (hard.mean(0) - 0.25).abs().max() < 0.02


def test_gradients_are_changed() -> None:
    for line, factor in [("[2, 3] -> ReverseGrad", -1.0), ("[2, 3] -> ReverseGrad(0.5)", -0.5)]:
        x = A.clone().requires_grad_()
        run(line, x).sum().backward()
        assert x.grad is not None
        torch.testing.assert_close(x.grad, torch.full_like(A, factor))
    assert not run("[2, 3] -> StopGrad", A.clone().requires_grad_()).requires_grad
    logits = A.clone().requires_grad_()
    run("[2, 3] -> GumbelSoftmax(hard=true)", logits).pow(2).sum().backward()
    assert logits.grad is not None and logits.grad.abs().sum() > 0


# --------------------------------------------------------------------------------------------------- signs


PYTHON: dict[str, Any] = {
    "+": torch.add, "-": torch.sub, "*": torch.mul, "/": torch.true_divide, "//": torch.floor_divide,
    "%": torch.remainder, "**": torch.pow, "==": torch.eq, "!=": torch.ne, "<": torch.lt, "<=": torch.le,
    ">": torch.gt, ">=": torch.ge, "min": torch.minimum, "max": torch.maximum,
}  # fmt: skip
DTYPES = ("float", "long", "bool")


def numbers(dtype: str) -> torch.Tensor:
    return {"float": A.abs() + 1, "long": L + 1, "bool": A > 0}[dtype]


def counts(x: Any) -> Any:
    """Truth values as 0 and 1."""
    return x.long() if isinstance(x, torch.Tensor) and x.dtype == torch.bool else int(x) if x is True else x


def result(op: Operator, *inputs: torch.Tensor) -> Any:
    names = {torch.float32: "float", torch.int64: "long", torch.bool: "bool"}
    types = [Tensor(tuple(x.shape), names[x.dtype]) for x in inputs]
    out = Box(op, types)(*inputs)
    inferred = op.shape(*types)
    assert isinstance(inferred, Tensor)
    assert (tuple(out.shape), names[out.dtype]) == (inferred.sizes, inferred.dtype), f"{op}: inferred {inferred}"
    return out


@pytest.mark.parametrize("sign", list(PYTHON))
def test_sign(sign: str) -> None:
    cls: Any = SIGNS.get(sign) or FUNCTIONS[sign]
    for a in DTYPES:
        for b in DTYPES:
            x, y = numbers(a), numbers(b)
            if not (sign in ("/", "//", "%") and b == "bool"):
                torch.testing.assert_close(result(cls(), x, y), PYTHON[sign](counts(x), counts(y)))
        for constant in (2, 1.5, True):
            x, c = numbers(a), torch.tensor(counts(constant))
            torch.testing.assert_close(result(cls(right=constant), x), PYTHON[sign](counts(x), c))
            if not (sign in ("/", "//", "%") and a == "bool"):
                torch.testing.assert_close(result(cls(left=constant), x), PYTHON[sign](c, counts(x)))


def test_negative_power_of_whole_numbers() -> None:
    torch.testing.assert_close(result(SIGNS["**"](right=-1), L + 1), 1 / (L + 1))


def test_matrix_product() -> None:
    op = SIGNS["@"]()
    assert torch.equal(result(op, L, L.T), L @ L.T)
    torch.testing.assert_close(result(op, A > 0, A.T), (A > 0).float() @ A.T)
    torch.testing.assert_close(result(op, X3, X3.mT), X3 @ X3.mT)
    torch.testing.assert_close(result(op, X3, torch.ones(8)), X3 @ torch.ones(8))
    torch.testing.assert_close(result(op, torch.ones(3, 2, 8), torch.ones(8, 4)), torch.full((3, 2, 4), 8.0))
    assert op.flops(Tensor((3, 2, 8)), Tensor((8, 4))) == 2 * 3 * 2 * 4 * 8


@pytest.mark.parametrize("name", ["exp", "log", "sqrt", "abs", "sin", "cos"])
def test_function(name: str) -> None:
    for dtype in DTYPES:
        x = numbers(dtype)
        torch.testing.assert_close(result(FUNCTIONS[name](), x), getattr(torch, name)(counts(x)))


def test_negation() -> None:
    for dtype in DTYPES:
        torch.testing.assert_close(result(SIGNS["neg"](), numbers(dtype)), -counts(numbers(dtype)))


B, T, S, H, W = map(free, "BTSHW")


@pytest.mark.parametrize(
    ("x", "y", "loose", "expected"),
    [
        ((B, T, 8), (B, T, 8), False, "[B, T, 8]"), ((B, T, 8), (B, 1, 8), False, "[B, T, 8]"),
        ((), (B, T), False, "[B, T]"), ((B, T), (), False, "[B, T]"), ((B, T, 8), (8,), True, "[B, T, 8]"),
        ((B, 1, T), (B, S, 1), False, "[B, S, T]"), ((UNKNOWN, 4), (3, 4), False, "[3, 4]"),
        ((B, 1), (B,), False, "[B, B]"),
    ],
)  # fmt: skip
def test_broadcast(x: Any, y: Any, loose: bool, expected: str) -> None:
    assert str(SIGNS["+"](loose=loose).shape(Tensor(x), Tensor(y))) == expected


def wrong(op: Operator, *types: Tensor) -> Mistake:
    with pytest.raises(Mistake) as found:
        op.shape(*types)
    check_mistake(found.value)
    return found.value


def test_broadcast_mistakes() -> None:
    plus: Any = SIGNS["+"]()
    one = wrong(plus, Tensor((B, 4)), Tensor((3, 4)))
    assert (one.code, str(one), one.label) == (
        "E0317", "`+` fits [B, 4] and [3, 4] only when B is 3", "axis 0: B is free",
    )  # fmt: skip
    assert one.fixes == (("`{y}: [1, 4]` repeats one row", "y", "[1, 4]"),)
    turned = wrong(plus, Tensor((B, 8)), Tensor((B, H)))
    assert str(turned) == "`+` fits [B, 8] and [B, H] only when H is 8" and turned.helps == ()
    assert str(wrong(plus, Tensor((B, T)), Tensor((B, S)))) == "`+` fits [B, T] and [B, S] only when T is S"
    assert "does not fit [2, 4] and [3, 4]" in str(wrong(plus, Tensor((2, 4)), Tensor((3, 4))))
    rank = wrong(SIGNS["*"](), Tensor((B, 64, H, W)), Tensor((B, 64)))
    assert rank.code == "E0317" and "Unsqueeze(2) -> Unsqueeze(3)" in rank.helps[0]
    assert "`AdaptiveAvgPool(1)` in place of `GlobalAvgPool`" in rank.helps[0]
    middle = wrong(plus, Tensor((B, T, 8)), Tensor((B, 8)))
    assert middle.helps == ("`Unsqueeze(1)` on [B, 8] gives [B, 1, 8]",)
    assert wrong(SIGNS["/"](right=0), Tensor((2,))).code == "E0318"
    assert wrong(SIGNS["@"](), Tensor((B, 4)), Tensor((3, 4))).code == "E0311"
    assert wrong(plus, Tensor((2,))).code == "E0205"


def test_stretch_warning() -> None:
    minus: Any = SIGNS["-"]()
    found = minus.warning(Tensor((B, 1)), Tensor((B,)))
    assert (found.code, str(found)) == ("W0412", "`-` stretches [B, 1] and [B] to [B, B]")
    assert found.label == "every {x} minus every {y}"
    assert found.fixes == (("`{y}: [B, 1]` gives [B, 1]", "y", "[B, 1]"),)
    for y in ((B, 1), (B, 8), ()):
        assert minus.warning(Tensor((B, 8)), Tensor(y)) is None
    add: Any = read("([B, 1], [B]) -> Add").operator()
    assert str(add.warning(Tensor((B, 1)), Tensor((B,)))) == "`Add` stretches [B, 1] and [B] to [B, B]"


# ------------------------------------------------------------------------------------------------ mistakes


@pytest.mark.parametrize(
    ("line", "code", "words"),
    [
        ("[B] -> Flatten", "E0302", "`Flatten`"),
        ("[B, 2, 3] -> Flatten(3)", "E0308", "no axis 3 in [B, 2, 3]"),
        ("[B, 2, 3] -> Flatten(2, 1)", "E0308", "joins nothing"),
        ("[B, 10] -> Reshape(2, 7)", "E0315", "10 numbers cannot become [2, 7]"),
        ("[B, T] -> Reshape(2, 7)", "E0315", "T numbers cannot become [2, 7]"),
        ("[B, 10] -> Reshape(-1, 3)", "E0315", "10 numbers cannot become [-1, 3]"),
        ("[B, 10] -> Reshape(-1, -1)", "E0301", "one -1"),
        ("[B, 10] -> Reshape(0, 2)", "E0305", "1 or more"),
        ("[B] -> Transpose", "E0302", "`Transpose` wants 2 axes or more, got [B]"),
        ("[B, 2] -> Transpose(0, 2)", "E0308", "no axis 2"),
        ("[B, 2, 3] -> Permute(0, 1, 1)", "E0301", "not an order"),
        ("[B, 2, 3] -> Permute(0, 1)", "E0302", "not an order"),
        ("[B, 2, 3] -> Lift to [B, 2]", "E0302", "`Lift` adds axes"),
        ("[B, 2] -> Unsqueeze(3)", "E0308", "no axis 3"),
        ("[B, 2] -> Squeeze(1)", "E0303", "this one is 2"),
        ("[2, 3] -> Expand(4, 3)", "E0317", "axis 0 is 2"),
        ("[2, 3] -> Expand(3)", "E0302", "fewer axes"),
        ("[3] -> Expand(-1, 3)", "E0301", "-1 keeps"),
        ('[B, 10] -> Rearrange("b (h e) -> b h e", h=3)', "E0306", "3 does not divide 10"),
        ('[B, T] -> Rearrange("b (h e) -> b h e", h=3)', "E0306", "3 may not divide T"),
        ('[B, 10] -> Rearrange("b c h -> b h c")', "E0302", "names 3 axes, the input [B, 10] has 2"),
        ('[B, 10] -> Rearrange("b c -> c")', "E0301", "`b` stands on the left side"),
        ('[B, 10] -> Rearrange("b c -> b c d")', "E0301", "`d` stands on the right side"),
        ('[B, 10] -> Rearrange("b b -> b")', "E0301", "twice"),
        ('[B, 10] -> Rearrange("b (c -> b c")', "E0301", "never closes"),
        ('[B, 10] -> Rearrange("b c) -> b c")', "E0301", "not open"),
        ('[B, 10] -> Rearrange("b ((c)) -> b c")', "E0301", "nest"),
        ('[B, 10] -> Rearrange("b 2 -> b")', "E0301", "not 2"),
        ('[B, 10] -> Rearrange("b c")', "E0301", "one `->`"),
        ('[B, 10] -> Rearrange("b + -> b")', "E0301", "`+`"),
        ('[B, 10] -> Rearrange("b 1 -> b")', "E0303", "which is 10"),
        ('[B, 10] -> Rearrange("b (h w) -> b h w")', "E0309", "open"),
        ('[B, 10] -> Rearrange("b (h w) -> b h w", h=2, w=4)', "E0303", "`(h w)` is 8, axis 1 of the input is 10"),
        ('[B, 10] -> Rearrange("b c -> c b", c=3)', "E0303", "`c` is 3"),
        ('[B, 10] -> Rearrange("b c -> c b", k=3)', "E0206", "no axis `k`"),
        ("([B, T, 8], [B, S, 8]) -> Concat", "E0314", "`Concat` at rank 3 needs `axis=`"),
        ("([B, 2], [B, 2, 3]) -> Concat", "E0302", "one rank"),
        ("([B, 4, 8, 8], [B, 4, 9, 8]) -> Concat", "E0311", "axis 2 of the inputs of `Concat` is 8 and 9"),
        ("([B, 2], [B, 2]) -> Concat(axis=2)", "E0308", "no axis 2"),
        ("([B, 2], [B, 3]) -> Stack", "E0311", "equal shapes"),
        ("[B, 5, 8] -> Prepend with [2, 1, 8]", "E0311", "not 1 or B"),
        ("[B, 5, 8] -> Prepend with [1, 8]", "E0302", "`Prepend`"),
        ("[B, 5] -> Repeat(2, axis=2)", "E0308", "no axis 2"),
        ("[B, 5] -> Pairs", "E0302", "objects"),
        ("[B, 5, 8] -> Pick by [B]", "E0316", "[B] float"),
        ("[B, 5, 8] -> Pick by [B, 5] long", "E0302", "one index for each row"),
        ("[B, 5, 8] -> Pick(axis=0) by [B] long", "E0308", "samples"),
        ("[B, 7] -> Split(2)", "E0306", "2 parts do not divide an axis of 7"),
        ("[B, T, 6] -> Split(2, axis=1)", "E0306", "may not divide"),
        ("[B, 7] -> Split([2, 3])", "E0315", "[2, 3] adds up to 5, the axis has 7"),
        ("[B, T, 6] -> Split(2)", "E0314", "`Split` at rank 3"),
        ("[B, 10] -> Slice(0, 12)", "E0308", "has 10"),
        ("[B, 10] -> Slice(5, 5)", "E0305", "empty"),
        ("[B, 10] -> Slice(0, 5, 1, step=0)", "E0301", "`step`"),
        ("[B, 10] -> Roll(1, axis=2)", "E0308", "no axis 2"),
        ("[B, 10] -> Pad(1)", "E0302", "axes of space"),
        ("[B, 3, 8, 8] -> Pad([1, 2, 3])", "E0302", "2 numbers"),
        ('[B, 3, 4, 4] -> Pad(4, mode="reflect")', "E0307", "at most 3"),
        ("[B, 3, 4, 4] -> Crop(2)", "E0305", "nothing"),
        ("[B, 3, 4, 4] -> Crop with [B, 3, 8, 8]", "E0307", "larger"),
        ("[B, 10] -> Sum(axis=2)", "E0308", "`Sum` has no axis 2 in [B, 10]"),
        ("[B, 10] -> Sum(axis=[1, -1])", "E0301", "twice"),
        ("[B, 10] -> ArgMax(axis=4)", "E0308", "no axis 4"),
        ("([B, 10], [B, 9]) -> Add", "E0317", "`Add` does not fit"),
        ("[B, 10] -> Clamp", "E0401", "needs `min`"),
        ("[B, 10] -> Clamp(3, 1)", "E0301", "above `max`"),
        ("([B, 10], [B, 10], [B, 10]) -> Where", "E0316", "truth values"),
        ("[B] -> OneHot(10)", "E0316", "whole numbers"),
        ("[B] long < 12 -> OneHot(10)", "E0313", "ids go up to 11"),
        ("([B, 4], [3, 4]) -> MatMul", "E0311", "`MatMul` joins rows of 4 with columns of 3"),
        ('([B, 4], [3, 4]) -> Einsum("ij,jk->ik")', "E0311", "`j`"),
        ('[B, 4] -> Einsum("ij,jk->ik")', "E0205", "2 inputs, 1 flow in"),
        ('[B, 4] -> Einsum("ijk->ik")', "E0302", "3 letters"),
        ('[B, 4] -> Einsum("ij->ik")', "E0301", "only on"),
        ('[B, 4] -> Einsum("i1->i")', "E0301", "`1`"),
        ("([B, 4], [B, 5]) -> L2Distance", "E0311", "equal shapes"),
        ("([B, 4], [B, 5]) -> CosineSimilarity", "E0311", "equal shapes"),
        ("([B, 4], [B, 5]) -> SampleGaussian", "E0311", "one shape"),
        ("[B, 7] -> Gaussian", "E0306", "as many means"),
        ("[B, 7] long -> Bernoulli", "E0316", "`Bernoulli`"),
        ("[B, 7] -> MoE(2, top=3)", "E0301", "3 of 2 experts"),
        ("[7] -> MoE(2)", "E0302", "`MoE`"),
    ],
)
def test_mistake(line: str, code: str, words: str) -> None:
    found = mistake(line)
    assert found.code == code and words in str(found), f"{found.code} {found}"


def test_help_of_reshape_and_concat() -> None:
    assert mistake("[B, 10] -> Reshape(2, 7)").fixes == (("`Reshape(2, 5)`", "sizes", "2, 5"),)
    found = mistake("([B, T, 8], [B, S, 8]) -> Concat")
    assert found.label == "[B, T, d] or [B, C, T]? the shape does not say"
    assert found.fixes == (("`Concat(axis=1)` gives [B, T + S, 8]", None, "Concat(axis=1)"),)
    assert len(mistake("([B, 5, 8], [B, 5, 8]) -> Concat").helps) == 2


# ------------------------------------------------------------------------------------- experts, optimizers


class Expert(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(16, 16)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        assert x.dim() == 3 and x.shape[0] == 1
        return torch.tanh(self.linear(x))


def test_mixture_of_experts() -> None:
    example = read("[B, T, 16] -> MoE(4, top=2)")
    experts = [Expert() for _ in range(4)]
    box = Box(example.operator(), example.types, bodies=experts)
    assert [w.name for w in example.operator().weights(*example.types)] == ["router.weight"]
    assert box.own is not None
    assert list(box.own.state_dict())[:3] == ["router.weight", "experts.0.linear.weight", "experts.0.linear.bias"]
    x = torch.randn(2, 5, 16)
    scores = box.own.router(x)
    best = scores.topk(2, -1)
    weight = torch.zeros_like(scores).scatter(-1, best.indices, best.values.softmax(-1))
    dense = sum(weight[..., i, None] * torch.tanh(e.linear(x)) for i, e in enumerate(experts))
    torch.testing.assert_close(box(x), dense)


def test_fed_to_an_expert() -> None:
    op: Any = read("[B, T, 16] -> MoE(4, top=2)").operator()
    (fed,) = op.inner(Tensor((8, 3, 16)))
    assert str(fed) == "[1, routed·vectors, 16]" and op.expected(Tensor((8, 3, 16))) == {"routed·vectors": 12}
    assert str(op.shape(Tensor((8, 3, 16)), body=(fed.last(5),))) == "[8, 3, 5]"
    with pytest.raises(Mistake):  # as many as are expected, which is not as many as come
        op.shape(Tensor((8, 3, 16)), body=(Tensor((1, 12, 5)),))
    with pytest.raises(Mistake):
        op.shape(Tensor((8, 3, 16)), body=(Tensor((12, 5)),))
    assert op.copies == 4


@pytest.mark.parametrize("name", list(OPTIMIZERS))
def test_optimizer_has_the_defaults_of_torch(name: str) -> None:
    cls = OPTIMIZERS[name]
    required = {a.name: 0.1 for a in cls.arguments.values() if a.required}
    op = cls(**required)
    path, changed = op.call
    torch_class = getattr(torch.optim, path.rpartition(".")[2])
    plain = torch_class([nn.Parameter(torch.ones(1))], **required)
    ours = torch_class([nn.Parameter(torch.ones(1))], **op.values())
    assert {**plain.defaults, "lr": 0} == {**ours.defaults, "lr": 0}
    assert plain.defaults["lr"] == op.values()["lr"] and changed["lr"] == op.values()["lr"]
    with pytest.raises(Mistake):
        op.shape(Tensor((2,)))


def test_example_inputs_and_types_agree() -> None:
    assert example_input(concrete(Tensor((B, 2), "long", 3), {"B": 4})).max() < 3
