"""Attention, positions, rows by index: against formulas; and the export of all that takes several expressions."""

from __future__ import annotations

import math
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from interpret import Box  # noqa: E402
from operator_harness import concrete, example_input, ran, read  # noqa: E402
from torchvision_on_cpu import declare  # noqa: E402

from dslnet.targets import boxes  # noqa: E402


def by_hand(q: Any, k: Any, v: Any, mask: Any, position: Any, causal: bool, scale: float | None) -> Any:
    """Attention as the paper writes it."""
    k, v = (t.repeat_interleave(q.shape[-3] // t.shape[-3], dim=-3) for t in (k, v))
    scores = q @ k.mT * (q.shape[-1] ** -0.5 if scale is None else scale)
    if position is not None:
        scores = scores + position
    if mask is not None:
        scores = scores.masked_fill(~mask, -torch.inf)
    if causal:
        past = torch.ones(scores.shape[-2:], dtype=torch.bool).tril()
        scores = scores.masked_fill(~past, -torch.inf)
    return scores.softmax(-1) @ v


@pytest.mark.parametrize("heads", [4, 2, 1])
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("mask", [None, "[2, 5]", "[2, 5, 5]", "[2, 1, 5, 5]"])
@pytest.mark.parametrize("position", [None, "[1, 4, 5, 5]"])
def test_attention(heads: int, causal: bool, mask: str | None, position: str | None) -> None:
    sides = [f"mask={mask} bool"] * bool(mask) + [f"position={position}"] * bool(position)
    line = f"([2, 4, 5, 8], [2, {heads}, 5, 8], [2, {heads}, 5, 6]) -> DotProductAttention"
    line += f"(causal={str(causal).lower()}, scale={0.5 if heads == 2 else 'none'})"
    line += f" with ({', '.join(sides)})" if sides else ""
    _, inputs, y = ran(line)
    keep = None if inputs[3] is None else inputs[3].view(2, 1, -1, 5) if mask != "[2, 5]" else inputs[3][:, None, None]
    expected = by_hand(*inputs[:3], keep, inputs[4], causal, 0.5 if heads == 2 else None)
    torch.testing.assert_close(y, expected, rtol=1e-4, atol=1e-5)


def test_attention_without_any_key_gives_no_nan() -> None:
    line = "([2, 4, 5, 8], [2, 4, 5, 8], [2, 4, 5, 8]) -> DotProductAttention(causal=true) with [2, 5] bool"
    example = read(line)
    q, k, v, mask, _ = (None if t is None else example_input(t) for t in example.types)
    mask[0] = False
    y = Box(example.operator(), example.types)(q, k, v, mask)
    assert torch.isfinite(y).all()


def test_attention_drops_while_training() -> None:
    line = "([2, 4, 5, 8], [2, 4, 5, 8], [2, 4, 5, 8]) -> DotProductAttention(dropout=0.5)"
    box, inputs, y = ran(line)
    torch.testing.assert_close(y, by_hand(*inputs[:3], None, None, False, None))
    assert not torch.allclose(box.train()(*inputs), y)


def test_masks() -> None:
    _, (x,), y = ran("[2, 4, 4] -> CausalMask")
    assert torch.equal(torch.isinf(y[0]), torch.ones(4, 4).triu(1).bool()) and torch.equal(y.tril(), x.tril())
    _, (x, mask), y = ran("[2, 3, 4, 5] -> PaddingMask with [2, 5] bool")
    kept = mask[:, None, None].expand_as(y)
    assert torch.equal(y[kept], x[kept]) and (y[~kept] < -1e38).all()
    assert not torch.isnan(ran("[2, 5] -> PaddingMask with [2, 5] bool", x[:, 0, 0], mask & False)[2].softmax(-1)).any()


def test_rope_keeps_lengths_and_depends_on_distance() -> None:
    for interleaved in ("false", "true"):
        x = torch.randn(1, 8).expand(6, 8)
        y = ran(f"[6, 8] -> RoPE(interleaved={interleaved})", x)[2]
        torch.testing.assert_close(y.norm(dim=-1), x.norm(dim=-1))
        products = y @ y.T
        for distance in range(6):
            diagonal = products.diagonal(distance)
            torch.testing.assert_close(diagonal, diagonal[:1].expand_as(diagonal), rtol=1e-4, atol=1e-4)


def test_rope_as_complex_numbers() -> None:
    x = torch.randn(2, 3, 7, 8)
    turns = torch.polar(torch.ones(7, 4), torch.outer(torch.arange(7.0), 500.0 ** (-torch.arange(0, 8, 2) / 8)))
    wanted = torch.view_as_real(torch.view_as_complex(x.unflatten(-1, (4, 2))) * turns).flatten(-2)
    torch.testing.assert_close(ran("[2, 3, 7, 8] -> RoPE(500, interleaved=true)", x)[2], wanted)
    halves = x.unflatten(-1, (2, 4)).mT.flatten(-2)  # the same pairs, in halves
    wanted = torch.view_as_real(torch.view_as_complex(halves.unflatten(-1, (4, 2))) * turns).mT.flatten(-2)
    torch.testing.assert_close(ran("[2, 3, 7, 8] -> RoPE(500)", x)[2], wanted)


def test_sines() -> None:
    y = ran("[2, 6, 8] -> SinePositions", torch.zeros(2, 6, 8))[2]
    for t in range(6):
        for i in range(4):
            angle = torch.tensor(t / 10000 ** (2 * i / 8))
            torch.testing.assert_close(y[0, t, 2 * i : 2 * i + 2], torch.stack((angle.sin(), angle.cos())))
    z = ran("[6] long < 6 -> SineEmbedding(8)", torch.arange(6))[2]
    torch.testing.assert_close(z, torch.cat((y[0, :, 0::2], y[0, :, 1::2]), dim=-1))


@pytest.mark.parametrize("bidirectional", [True, False])
@pytest.mark.parametrize(("buckets", "distance"), [(32, 128), (16, 50)])
def test_relative_bias_as_t5(bidirectional: bool, buckets: int, distance: int) -> None:
    declare()
    try:
        from transformers.models.t5 import modeling_t5 as t5
    except Exception as why:  # its own imports fail in several ways where torchvision's binary does not fit
        pytest.skip(f"transformers cannot be imported: {why}")
    offset = torch.arange(-700, 700)
    wanted = t5.T5Attention._relative_position_bucket(offset, bidirectional, buckets, distance)
    assert torch.equal(boxes.RelativeBias(4, buckets, distance, bidirectional).bucket(offset), wanted)


@pytest.mark.parametrize(("buckets", "distance"), [(32, 128), (20, 70)])
def test_relative_bias_by_hand(buckets: int, distance: int) -> None:
    """The first half of the buckets are single distances, the others parts of equal ratio up to `distance`."""
    table = boxes.RelativeBias(4, buckets, distance, bidirectional=False)
    exact = buckets // 2
    for steps in range(2 * distance):
        place = exact + (buckets - exact) * math.log(max(steps, 1) / exact) / math.log(distance / exact)
        if steps >= exact and abs(place - round(place)) < 1e-4:
            continue  # a border, where rounding decides
        wanted = steps if steps < exact else min(int(place), buckets - 1)
        assert table.bucket(torch.tensor(-steps)).item() == wanted
        assert table.bucket(torch.tensor(steps)).item() == 0
    both = boxes.RelativeBias(4, 2 * buckets, distance)
    past, future = both.bucket(-torch.arange(1, 99)), both.bucket(torch.arange(1, 99))
    assert torch.equal(past, table.bucket(-torch.arange(1, 99))) and torch.equal(future, past + buckets)


def test_relative_bias_reads_key_minus_query() -> None:
    box, _, y = ran("[1, 5, 2] -> RelativeBias(3, bidirectional=false)")
    weight = box.own.weight
    assert y.shape == (1, 3, 5, 5)
    torch.testing.assert_close(y[0, :, 3, 1], weight[2])  # two steps back
    torch.testing.assert_close(y[0, :, 1, 3], weight[0])  # the future is the same as now


# --------------------------------------------------------------------------------------------------- graphs


def test_rows_by_id() -> None:
    x, index = torch.randn(7, 3), torch.tensor([0, 2, 2, 4, 0, 4, 4])
    for reduce, whole in (("sum", torch.sum), ("mean", torch.mean), ("max", torch.amax), ("min", torch.amin)):
        y = ran(f'[7, 3] -> Scatter("{reduce}") with [7] long < 5', x, index)[2]
        for row in range(5):
            rows = x[index == row]
            torch.testing.assert_close(y[row], whole(rows, dim=0) if len(rows) else torch.zeros(3))
    y = ran("[7, 3] -> SegmentSoftmax with [7] long < 5", 100 * x, index)[2]
    for row in (0, 2, 4):
        torch.testing.assert_close(y[index == row], (100 * x[index == row]).softmax(0))
    y = ran("[5, 7, 3] -> Gather(axis=1) with [2, 2] long < 7", torch.randn(5, 7, 3), torch.tensor([[0, 6], [3, 3]]))
    torch.testing.assert_close(y[2], y[1][0][:, torch.tensor([[0, 6], [3, 3]])])


# -------------------------------------------------------------------------------- torch.compile, torch.export

EXPORTED = [
    "([B, 4, T, 8], [B, 2, T, 8], [B, 2, T, 8]) -> DotProductAttention(causal=true) with [B, T] bool",
    "([B, 4, T, 8], [B, 2, S, 8], [B, 2, S, 8]) -> DotProductAttention(scale=1)",
    "([B, 4, T, 8], [B, 4, T, 8], [B, 4, T, 8]) -> DotProductAttention(causal=true)",
    "([B, 4, T, 8], [B, 4, T, 8], [B, 4, T, 8]) -> DotProductAttention(causal=true) with position=[1, 4, T, T]",
    "[B, 2, T, 8] -> RoPE",
    "[B, 2, T, 8] -> RoPE(interleaved=true)",
    "[B, T] long < 9 -> Positions",
    "[B, T, 8] -> SinePositions",
    "[B] -> SineEmbedding(8)",
    "[B, T] long < 9 -> RelativeBias(4)",
    "[B, 2, T, T] -> CausalMask",
    "[B, 2, T, S] -> PaddingMask with [B, S] bool",
    '[E, 3] -> Scatter("mean", rows=6) with [E] long < 6',
    "[E, 3] -> SegmentSoftmax(6) with [E] long < 6",
    '[B, 4, T] -> Conv(8, 3, padding="causal")',
    "[B, T, 4] -> GRU(6, bidirectional=true) with [B, 12]",
    "[B, T, 4] -> LSTM(6, num_layers=2)",
    "[B, 3, H, W] -> Resize([2 * H, W // 2])",
    "[B, 3, H, W] -> MaxPool(3, stride=2)",
]


def sized(line: str, sizes: dict[str, int]) -> tuple[Any, tuple[Any, ...], list[Any]]:
    """A box of a symbolic example, with inputs at given sizes."""
    example = read(line)
    inputs = tuple(None if t is None else example_input(concrete(t, sizes)) for t in example.types)
    return Box(example.operator(), example.types).eval(), inputs, example.types


SMALL = {"B": 2, "T": 5, "S": 7, "E": 9, "H": 12, "W": 10}
LARGE = {"B": 3, "T": 8, "S": 6, "E": 5, "H": 16, "W": 20}


@pytest.mark.parametrize("line", EXPORTED)
def test_export_with_free_sizes(line: str) -> None:
    torch.manual_seed(0)
    box, inputs, types = sized(line, SMALL)
    free_sizes = {name: torch.export.Dim(name, min=4 if name in "HW" else 2, max=64) for name in SMALL}
    if "GRU" in line or "LSTM" in line:
        del free_sizes["T"]  # PyTorch unrolls the steps when it exports
    dims = [
        None if t is None else {i: free_sizes[str(s)] for i, s in enumerate(t.sizes) if str(s) in free_sizes}
        for t in types
    ]
    program = torch.export.export(box, inputs, dynamic_shapes=(tuple(dims),), strict=False).module()
    _, others, _ = sized(line, {**LARGE, "T": LARGE["T"] if "T" in free_sizes else SMALL["T"]})
    with torch.no_grad():
        torch.testing.assert_close(program(*others), box(*others))


@pytest.mark.parametrize("line", [line for line in EXPORTED if "GRU" not in line and "LSTM" not in line])
def test_compile_in_one_graph(line: str) -> None:
    torch.manual_seed(0)
    box, inputs, _ = sized(line, SMALL)
    torch._dynamo.reset()
    compiled = torch.compile(box, fullgraph=True, backend="eager")
    with torch.no_grad():
        torch.testing.assert_close(compiled(*inputs), box(*inputs))


@pytest.mark.parametrize("line", EXPORTED)
def test_any_device_and_precision(line: str) -> None:
    """Nothing is made on the wrong device or widens the numbers: on `meta` a mixture fails."""
    box, inputs, types = sized(line, SMALL)
    narrow = [x.detach().bfloat16() if x is not None and x.is_floating_point() else x for x in inputs]
    with torch.no_grad():
        out = box.bfloat16()(*narrow)
        for y in out if isinstance(out, tuple) else (out,):
            assert y.dtype in (torch.bfloat16, torch.int64)
        far = box.to("meta")(*(None if x is None else x.to("meta") for x in narrow))
        for y in far if isinstance(far, tuple) else (far,):
            assert y.device.type == "meta"
