"""The layer operators: dense, convolution, pooling, normalisation, activation, recurrent, attention, graphs."""

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch")

import torch.nn.functional as F  # noqa: E402
from interpret import Box  # noqa: E402
from operator_harness import cases, check, concrete, example_input, family, infer, mistake, ran, read  # noqa: E402
from torch import nn  # noqa: E402

import dslnet.ops  # noqa: E402, F401
from dslnet.ops.arguments import ModuleArgument  # noqa: E402
from dslnet.ops.base import OPERATORS  # noqa: E402
from dslnet.source import NOWHERE  # noqa: E402

FAMILIES = (
    "dense", "convolution", "pooling", "resizing", "normalisation", "activation", "recurrent", "attention",
    "positions", "graphs", "augmentation",
)  # fmt: skip
TABLE = (
    ModuleArgument("table", NOWHERE, {"weight": (100, 64)}),
    lambda: nn.Embedding(100, 64),
)
#: Operators through which no gradient flows to the inputs.
GRADIENT = {"RelativeBias": "weights"}
LAYERS = [cls for name in FAMILIES for cls in family(name)]


@pytest.mark.parametrize(("cls", "before", "after"), cases(LAYERS))
def test_example(cls: Any, before: str, after: str) -> None:
    check(cls, before, after, modules={"table": TABLE}, gradient=GRADIENT.get(cls.name, True))


@pytest.mark.parametrize("cls", LAYERS, ids=lambda cls: cls.name)
def test_documented(cls: Any) -> None:
    examples = cls.examples()
    assert len(examples) >= 2 or cls.name == "Identity"
    assert cls.__doc__.splitlines()[0].endswith((".", ",")) or cls.__doc__.splitlines()[1].strip()
    assert any(any(c.isupper() for c in after) for _, after in examples), "a symbolic example"


def test_every_box_of_the_families_is_here() -> None:
    names = """Linear Dense Bilinear Embedding Unembed Dropout Identity Conv ConvTranspose DepthwiseConv MaxPool AvgPool
    AdaptiveAvgPool AdaptiveMaxPool GlobalAvgPool GlobalMaxPool Upsample Resize PixelShuffle PixelUnshuffle BatchNorm
    LayerNorm RMSNorm GroupNorm InstanceNorm LocalResponseNorm Normalize ReLU ReLU6 LeakyReLU PReLU ELU SELU CELU GELU
    SiLU Swish Mish Sigmoid LogSigmoid Tanh Softplus Softsign HardSigmoid HardSwish HardTanh Softmax LogSoftmax GLU RNN
    GRU LSTM First Last DotProductAttention RoPE Positions SineEmbedding SinePositions RelativeBias CausalMask
    PaddingMask Gather Scatter SegmentSoftmax""".split()
    assert [name for name in names if name not in OPERATORS] == []
    assert OPERATORS["BatchNorm"].short == "bn" and OPERATORS["LayerNorm"].short == "ln"
    assert {OPERATORS[n].short for n in ("Conv", "ConvTranspose", "DepthwiseConv")} == {"conv"}


# ---------------------------------------------------------------------------------- the same as torch's modules

TWINS = [
    ("[4, 10] -> Linear(20)", nn.Linear(10, 20)),
    ("([4, 5, 6], [4, 5, 3]) -> Bilinear(7)", nn.Bilinear(6, 3, 7)),
    ("[4, 5] long < 9 -> Embedding(9, 3, padding_idx=1)", nn.Embedding(9, 3, 1)),
    ("[2, 3, 20] -> Conv(4, 5, dilation=2)", nn.Conv1d(3, 4, 5, dilation=2, padding=4)),
    ("[2, 3, 9, 8] -> Conv(4, 7, stride=2, bias=false)", nn.Conv2d(3, 4, 7, 2, 3, bias=False)),
    ("[2, 3, 9, 8] -> Conv(4, [3, 2], stride=[1, 2], padding=[2, 0])", nn.Conv2d(3, 4, (3, 2), (1, 2), (2, 0))),
    ("[2, 4, 9, 8] -> DepthwiseConv(3, multiplier=2)", nn.Conv2d(4, 8, 3, padding=1, groups=4)),
    ("[1, 2, 5, 6, 7] -> Conv(3, 3)", nn.Conv3d(2, 3, 3, padding=1)),
    ("[2, 3, 5, 6] -> ConvTranspose(4, 4, stride=2)", nn.ConvTranspose2d(3, 4, 4, 2, 1)),
    ("[2, 3, 5, 6] -> ConvTranspose(4, 3, stride=2)", nn.ConvTranspose2d(3, 4, 3, 2, 1, 1)),
    ("[2, 4, 5] -> ConvTranspose(6, 5, groups=2)", nn.ConvTranspose1d(4, 6, 5, 1, 2, groups=2)),
    ("[2, 3, 9, 8] -> MaxPool(3, stride=2)", nn.MaxPool2d(3, 2, 1)),
    ("[2, 3, 9, 8] -> MaxPool(2, ceil_mode=true)", nn.MaxPool2d(2, ceil_mode=True)),
    ("[2, 3, 9] -> AvgPool(3, stride=1)", nn.AvgPool1d(3, 1, 1)),
    ("[2, 3, 9, 8] -> AvgPool(3, stride=2, count_include_pad=false)", nn.AvgPool2d(3, 2, 1, count_include_pad=False)),
    ("[2, 3, 9, 8] -> AdaptiveAvgPool([4, 3])", nn.AdaptiveAvgPool2d((4, 3))),
    ("[2, 3, 9, 8] -> AdaptiveMaxPool(3)", nn.AdaptiveMaxPool2d(3)),
    ("[2, 3, 4, 5] -> Upsample(2)", nn.Upsample(scale_factor=2)),
    ('[2, 3, 4, 5] -> Upsample(3, mode="bilinear")', nn.Upsample(scale_factor=3, mode="bilinear")),
    ("[2, 3, 4] -> Resize(9, align_corners=true)", nn.Upsample(9, mode="linear", align_corners=True)),
    ("[2, 12, 4, 5] -> PixelShuffle(2)", nn.PixelShuffle(2)),
    ("[2, 3, 4, 6] -> PixelUnshuffle(2)", nn.PixelUnshuffle(2)),
    ("[4, 3, 5, 6] -> BatchNorm", nn.BatchNorm2d(3)),
    ("[4, 3] -> BatchNorm(eps=0.1, momentum=0.5)", nn.BatchNorm1d(3, 0.1, 0.5)),
    ("[4, 3, 5] -> BatchNorm(momentum=none, affine=false)", nn.BatchNorm1d(3, momentum=None, affine=False)),
    ("[4, 3, 5] -> BatchNorm(track_running_stats=false)", nn.BatchNorm1d(3, track_running_stats=False)),
    ("[4, 3, 5, 6] -> InstanceNorm(affine=true)", nn.InstanceNorm2d(3, affine=True)),
    ("[4, 3, 5, 6] -> InstanceNorm", nn.InstanceNorm2d(3)),
    ("[4, 6] -> LayerNorm(eps=0.01)", nn.LayerNorm(6, 0.01)),
    ("[4, 6] -> LayerNorm(elementwise_affine=false)", nn.LayerNorm(6, elementwise_affine=False)),
    ("[4, 6] -> RMSNorm(eps=0.01)", nn.RMSNorm(6, 0.01)),
    ("[4, 6] -> RMSNorm(elementwise_affine=false)", nn.RMSNorm(6, elementwise_affine=False)),
    ("[4, 6, 5] -> GroupNorm(3)", nn.GroupNorm(3, 6)),
    ("[4, 6, 5] -> GroupNorm(2, eps=0.1, affine=false)", nn.GroupNorm(2, 6, 0.1, affine=False)),
    ("[4, 6, 5, 5] -> LocalResponseNorm(5, k=2)", nn.LocalResponseNorm(5, k=2)),
    ("[4, 6] -> ReLU", nn.ReLU()),
    ("[4, 6] -> ReLU6", nn.ReLU6()),
    ("[4, 6] -> LeakyReLU(0.2)", nn.LeakyReLU(0.2)),
    ("[4, 6] -> PReLU", nn.PReLU()),
    ("[4, 6, 5] -> PReLU(per_channel=true, init=0.1)", nn.PReLU(6, 0.1)),
    ("[4, 6] -> ELU(0.5)", nn.ELU(0.5)),
    ("[4, 6] -> SELU", nn.SELU()),
    ("[4, 6] -> CELU(0.5)", nn.CELU(0.5)),
    ("[4, 6] -> GELU", nn.GELU()),
    ('[4, 6] -> GELU(approximate="tanh")', nn.GELU("tanh")),
    ("[4, 6] -> SiLU", nn.SiLU()),
    ("[4, 6] -> Mish", nn.Mish()),
    ("[4, 6] -> Sigmoid", nn.Sigmoid()),
    ("[4, 6] -> LogSigmoid", nn.LogSigmoid()),
    ("[4, 6] -> Tanh", nn.Tanh()),
    ("[4, 6] -> Softplus(2)", nn.Softplus(2)),
    ("[4, 6] -> Softsign", nn.Softsign()),
    ("[4, 6] -> HardSigmoid", nn.Hardsigmoid()),
    ("[4, 6] -> HardSwish", nn.Hardswish()),
    ("[4, 6] -> HardTanh(-2, 0.5)", nn.Hardtanh(-2, 0.5)),
    ("[4, 6, 3] -> Softmax(axis=1)", nn.Softmax(1)),
    ("[4, 6] -> LogSoftmax", nn.LogSoftmax(-1)),
    ("[4, 6] -> GLU", nn.GLU()),
]


@pytest.mark.parametrize(("line", "twin"), TWINS, ids=[line for line, _ in TWINS])
@pytest.mark.parametrize("train", [False, True], ids=["eval", "train"])
def test_same_as_torch(line: str, twin: Any, train: bool) -> None:
    torch.manual_seed(0)
    example = read(line)
    box = Box(example.operator(), example.types).train(train)
    if box.own is not None:
        twin.load_state_dict(box.own.state_dict())
    else:
        assert not list(twin.parameters())
    inputs = [example_input(t) for t in example.types if t is not None]
    with torch.no_grad():
        torch.testing.assert_close(box(*inputs), twin.train(train)(*inputs), rtol=1e-5, atol=1e-6)
    if box.own is not None:
        for mine, its in zip(box.own.state_dict().values(), twin.state_dict().values(), strict=True):
            torch.testing.assert_close(mine, its)


def test_dropout_drops_while_training() -> None:
    _, (x,), kept = ran("[100, 100] -> Dropout(0.3)")
    assert torch.equal(kept, x)
    _, (x,), dropped = ran("[100, 100] -> Dropout(0.3)", train=True)
    zero = dropped == 0
    assert 0.25 < zero.float().mean() < 0.35
    torch.testing.assert_close(dropped[~zero], (x / 0.7)[~zero])


def test_unembed_is_the_table() -> None:
    example = read("[3, 64] -> Unembed(table)", modules={"table": TABLE[0]})
    table = nn.Embedding(100, 64)
    x = torch.randn(3, 64)
    box = Box(example.operator(), example.types, held={"module": table})
    torch.testing.assert_close(box(x), x @ table.weight.T)


def test_causal_convolution_sees_no_future() -> None:
    box, (x,), y = ran('[1, 2, 12] -> Conv(3, 3, dilation=2, padding="causal")')
    changed = x.detach().clone()
    changed[..., 7:] += 1
    with torch.no_grad():
        z = box(changed)
    assert torch.equal(y[..., :7], z[..., :7]) and not torch.equal(y[..., 7], z[..., 7])


@pytest.mark.parametrize("cell", ["RNN", "GRU", "LSTM"])
@pytest.mark.parametrize("options", ["", ", num_layers=2", ", bidirectional=true", ", 2, bidirectional=true"])
def test_recurrent_as_torch(cell: str, options: str) -> None:
    box, (x, *_), (y, state, *memory) = ran(f"[3, 5, 4] -> {cell}(6{options})")
    twin = getattr(nn, cell)(4, 6, 2 if "2" in options else 1, batch_first=True, bidirectional="bi" in options)
    twin.load_state_dict(box.own.state_dict())
    with torch.no_grad():
        steps, last = twin(x)
    torch.testing.assert_close(y, steps)
    states, cells = last if cell == "LSTM" else (last, None)
    ways = 2 if "bi" in options else 1
    torch.testing.assert_close(state, torch.cat(list(states[-ways:]), dim=1))
    if memory:
        torch.testing.assert_close(memory[0], torch.cat(list(cells[-ways:]), dim=1))
    if "bi" not in options:
        torch.testing.assert_close(state, y[:, -1])


@pytest.mark.parametrize("cell", ["RNN", "GRU", "LSTM"])
def test_recurrent_goes_on_from_its_state(cell: str) -> None:
    sides = "([3, 6], [3, 6])" if cell == "LSTM" else "[3, 6]"
    torch.manual_seed(0)
    example = read(f"[3, 5, 4] -> {cell}(6) with {sides}")
    box = Box(example.operator(), example.types)
    x = torch.randn(3, 9, 4)
    with torch.no_grad():
        whole, *end = box.own(x)
        first, *middle = box.own(x[:, :4])
        second, *last = box(x[:, 4:], *middle)
    torch.testing.assert_close(torch.cat((first, second), 1), whole)
    torch.testing.assert_close(last, end)


@pytest.mark.parametrize("kernel", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("dilation", [1, 2])
def test_same_padding(kernel: int, stride: int, dilation: int) -> None:
    """The rule of the language, for odd and even windows; a transposed one multiplies the size exactly."""
    k = dilation * (kernel - 1) + 1
    for name in ("Conv", "ConvTranspose"):
        line = f"[1, 2, T, 11] -> {name}(3, {kernel}, stride={stride}, dilation={dilation})"
        if stride == 1 and k % 2 == 0:
            assert mistake(line).code == "E0301"
            continue
        _, _, y = ran(line.replace("[1, 2, T", "[1, 2, 13"))
        if name == "ConvTranspose":
            assert y.shape[2:] == (13 * stride, 11 * stride)
        elif k <= stride:
            assert y.shape[2:] == ((13 - k) // stride + 1, (11 - k) // stride + 1)
        else:
            half = (k - 1) // 2
            assert y.shape[2:] == ((13 + 2 * half - k) // stride + 1, (11 + 2 * half - k) // stride + 1)


@pytest.mark.parametrize("size", range(5, 12))
@pytest.mark.parametrize("window", [(2, 2, 0), (3, 2, 1), (2, 3, 1), (4, 4, 2), (1, 2, 0), (3, 1, 1)])
def test_ceil_mode(size: int, window: tuple[int, int, int]) -> None:
    kernel, stride, padding = window
    line = f"[1, 2, T] -> MaxPool({kernel}, stride={stride}, padding={padding}, ceil_mode=true)"
    example = read(line)
    (made,) = infer(example.operator(), example.types)
    real = F.max_pool1d(torch.zeros(1, 2, size), kernel, stride, padding, ceil_mode=True)
    assert concrete(made, {"T": size}).sizes == tuple(real.shape)
