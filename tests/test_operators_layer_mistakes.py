"""What the layer operators say of wrong uses, and how the shapes that they make are explained."""

from __future__ import annotations

from typing import Any

import pytest
from operator_harness import infer, mistake, read

from dslnet.ops import OPERATORS, Mistake
from dslnet.ops.arguments import ModuleArgument
from dslnet.shape import UNKNOWN, Number, Tensor, free, origin
from dslnet.source import NOWHERE, Span

TABLE = ModuleArgument("table", NOWHERE, {"weight": (100, 64)})

MISTAKES = [
    ("[] -> Linear(10)", "E0302", "`Linear` wants [..., d], got []"),
    ("[B, T] long -> Linear(10)", "E0316", "`Linear` works on numbers, got [B, T] long"),
    ("[B, 8] -> Linear(H)", "E0312", "`Linear(H)` needs a known size; give `H`"),
    ("[B, d] -> Linear(10)", "E0312", "`Linear` needs a known size, width is d; give `d`"),
    ("[B, 2 * H * W] -> Linear(10)", "E0312", None),
    ("([B, 8], [N, 8]) -> Bilinear(4)", "E0311", "the inputs of `Bilinear` differ: [B, 8] and [N, 8]"),
    ("[B, T] -> Embedding(100, 8)", "E0316", "`Embedding` wants whole numbers, got [B, T]"),
    ("[B, T] long < 50257 -> Embedding(50000, 768)", "E0313", "ids go up to 50256, `Embedding` has 50000 rows"),
    ("[B, T] long < 9 -> Embedding(9, 8, padding_idx=9)", "E0313", None),
    ("[B, 3, 4, 4] -> Conv(64, 9, padding=0)", "E0307", "`Conv` would make an image of height -4"),
    ("[B, 3, T] -> Conv(64, 4)", "E0301", "an even window of 4 at stride 1 cannot keep the size"),
    ("[B, 3] -> Conv(64, 3)", "E0302", "`Conv` wants 3 to 5 axes, got [B, 3]"),
    ("[B, C, H, W] -> Conv(64, 3)", "E0312", "`Conv` needs a known size, channels are C; give `C`"),
    ("[B, 3, H, W] -> Conv(64, k)", "E0312", "`Conv(k)` needs a known size; give `k`"),
    ("[B, 3, H, W] -> Conv(64, 3, stride=s)", "E0312", "`Conv(stride=s)` needs a known size; give `s`"),
    ("[B, 6, H, W] -> Conv(8, 3, groups=4)", "E0306", "4 groups do not divide 6 channels"),
    ("[B, 8, H, W] -> Conv(6, 3, groups=4)", "E0306", "4 groups do not divide 6 output channels"),
    ("[B, 8, H, W] -> Conv(8, [3, 3, 3])", "E0301", "`kernel_size` of Conv has 3 sizes, an image has 2 axes"),
    ("[B, 8, H, W] -> Conv(8, 3, padding=\"causal\")", "E0302", None),
    ("[B, 8, H, W] long -> Conv(8, 3)", "E0316", "`Conv` works on numbers, got [B, 8, H, W] long"),
    ("[B, 8, 1, 1] -> ConvTranspose(8, 3, padding=2)", "E0305", "`ConvTranspose` would make an image of height -1"),
    ("[B, 8, H, W] -> ConvTranspose(8, 4)", "E0301", "an even window of 4 at stride 1 cannot keep the size"),
    ("[B, 8, H, W] -> ConvTranspose(8, 4, output_padding=1)", "E0301", None),
    ("[B, 8, H, W] -> ConvTranspose(8, 4, stride=2, padding=1, output_padding=2)", "E0301", None),
    ("[B, 8, T] -> ConvTranspose(8, 4, padding=\"causal\")", "E0301", "`ConvTranspose` has no causal padding"),
    ("[B, 8, 1, 1] -> MaxPool(2)", "E0307", "`MaxPool` would make an image of height 0"),
    ("[B, 8, 3] -> AvgPool(5, padding=0)", "E0307", "`AvgPool` would make a signal of length 0"),
    ("[B, 8, H, W] -> MaxPool(2, stride=1)", "E0301", "an even window of 2 at stride 1 cannot keep the size"),
    ("[B, 8, H, W] -> MaxPool(2, padding=2)", "E0301", "`padding` of MaxPool is at most half of the kernel, got 2"),
    ("[B, 8] -> GlobalAvgPool", "E0302", "`GlobalAvgPool` wants 3 to 5 axes, got [B, 8]"),
    ("[B, 8, H, W] -> AdaptiveAvgPool([1, 1, 1])", "E0301", None),
    ("[B, 8, T] -> Resize(9, mode=\"bicubic\")", "E0302", None),
    ("[B, 8, T] -> Upsample(2, align_corners=true)", "E0301", "`align_corners` has no meaning with mode \"nearest\""),
    ("[B, 10, H, W] -> PixelShuffle(2)", "E0306", "4 does not divide 10 channels"),
    ("[B, 3, 9, W] -> PixelUnshuffle(2)", "E0306", "2 does not divide a height of 9"),
    ("[B, C, H, W] -> BatchNorm", "E0312", "`BatchNorm` needs a known size, channels are C; give `C`"),
    ("[8] -> BatchNorm", "E0302", None),
    ("[B, 8] -> InstanceNorm", "E0302", None),
    ("[B, 8, 1, 1] -> InstanceNorm", "E0305", "`InstanceNorm` has one number to normalise in [B, 8, 1, 1]"),
    ("[B, T, d] -> LayerNorm", "E0312", "`LayerNorm` needs a known size, width is d; give `d`"),
    ("[B, 48] -> GroupNorm(32)", "E0306", "32 groups do not divide 48 channels"),
    ("[B, 48] -> Normalize(axis=2)", "E0308", None),
    ("[B, 48] -> Softmax(axis=-3)", "E0308", "`Softmax` has no axis -3 in [B, 48]"),
    ("[B, 48] -> Softmax(axis=n)", "E0312", "`Softmax(axis=n)` needs a known size; give `n`"),
    ("[B, 7] -> GLU", "E0306", "`GLU` halves axis 1, which has 7"),
    ("[B, 2 * C + 1] -> GLU", "E0306", "`GLU` halves axis 1, which has 2 * C + 1"),
    ("[B, 7] bool -> ReLU", "E0316", "`ReLU` works on numbers, got [B, 7] bool"),
    ("[B, 7] -> HardTanh(2, 1)", "E0301", "`max_val` of HardTanh is above `min_val`, got 1 and 2"),
    ("[B, 8] -> GRU(4)", "E0302", "`GRU` wants [B, T, d], got [B, 8]"),
    ("[B, T, d] -> GRU(4)", "E0312", "`GRU` needs a known size, width is d; give `d`"),
    ("[B, T, 8] -> GRU(4) with [B, 5]", "E0311", "`state` of GRU is [B, 5], it begins from [B, 4]"),
    ("[B, T, 8] -> GRU(4, num_layers=2) with [B, 4]", "E0301", None),
    ("[B] -> Last", "E0302", "`Last` wants [B, T, ...], got [B]"),
    ("([B, 8, T, 4], [B, 3, T, 4], [B, 3, T, 4]) -> DotProductAttention", "E0306", None),
    ("([B, 8, T, 4], [B, 8, S, 4], [B, 8, S, 4]) -> DotProductAttention(causal=true)", "E0311", None),
    ("([B, 8, T, 4], [B, 8, S, 5], [B, 8, S, 5]) -> DotProductAttention", "E0311",
     "widths of queries and keys differ: 4 and 5"),
    ("([B, 8, T, 4], [B, 8, S, 4], [B, 8, T, 4]) -> DotProductAttention", "E0311", "keys and values differ: S and T"),
    ("([B, 8, T, 4], [N, 8, S, 4], [N, 8, S, 4]) -> DotProductAttention", "E0311", None),
    ("([B, 8, T, 4], [B, 8, S, 4], [B, S, 4]) -> DotProductAttention", "E0302", None),
    ("([T, 4], [S, 4], [S, 4]) -> DotProductAttention", "E0302", None),
    ("([B, 8, T, 4], [B, 8, S, 4], [B, 8, S, 4]) -> DotProductAttention with [B, S]", "E0316", None),
    ("([B, 8, T, 4], [B, 8, S, 4], [B, 8, S, 4]) -> DotProductAttention with [B, T] bool", "E0317", None),
    ("([B, 8, T, 4], [B, 8, S, 4], [B, 8, S, 4]) -> DotProductAttention with position=[T, T]", "E0317", None),
    ("[B, 2, T, S] -> CausalMask", "E0311", "`CausalMask` wants as many keys as queries, got S and T"),
    ("[B, 2, T, S] -> PaddingMask with [B, T] bool", "E0317", None),
    ("[B, 2, T, S] -> PaddingMask with [B, S] long", "E0316",
     "`mask` of PaddingMask is true or false, got [B, S] long"),
    ("[B, T, 7] -> RoPE", "E0306", "`RoPE` turns pairs of features, the width is 7"),
    ("[B, T, 7] -> SinePositions", "E0306", "`SinePositions` makes pairs, the width is 7"),
    ("[B] -> SineEmbedding(7)", "E0306", "`SineEmbedding` makes pairs, the width is 7"),
    ("[B] -> Positions", "E0302", "`Positions` wants [B, T, ...], got [B]"),
    ("[B, T] -> RelativeBias(4, buckets=2)", "E0301", "`buckets` of RelativeBias is 4 or more, got 2"),
    ("[B, T] -> RelativeBias(4, distance=8)", "E0301", "`distance` of RelativeBias is above 8, got 8"),
    ("[B, T] -> RelativeBias(h)", "E0312", "`RelativeBias(h)` needs a known size; give `h`"),
    ("([10, 4], [E] long < 11) -> Gather", "E0313", "ids go up to 10, axis 0 has 10 rows"),
    ("([10, 4], [E]) -> Gather", "E0316", "`Gather` wants whole numbers, got [E]"),
    ("([10, 4], [E] long) -> Gather(axis=2)", "E0308", None),
    ("([E, 4], [E] long) -> Scatter", "E0312", None),
    ("([E, 4], [M] long < N) -> Scatter", "E0311", "`Scatter` wants an id for each row, got M for E"),
    ("([E, 4], [2, E] long < N) -> Scatter", "E0302", None),
    ("([E, 4], [E] long < 9) -> Scatter(rows=8)", "E0313", "ids go up to 8, `Scatter` has 8 rows"),
    ("([E, 4], [E]) -> SegmentSoftmax", "E0316", None),
]  # fmt: skip


@pytest.mark.parametrize(("line", "code", "title"), MISTAKES, ids=[line for line, _, _ in MISTAKES])
def test_mistake(line: str, code: str, title: str | None) -> None:
    found = mistake(line)
    assert found.code == code, str(found)
    assert title is None or str(found) == title
    names = {*(p.name for p in read(line).cls.ports), *read(line).cls.arguments, None}
    assert found.at in names


def test_window_too_large() -> None:
    found = mistake("[B, 3, 4, 8] -> Conv(64, 9, padding=0)")
    assert (found.at, found.label) == ("kernel_size", "kernel 9 > height 4")
    assert found.notes == ("(4 + 2*0 - 9) / 1 + 1 = -4",)
    assert found.fixes == (('a kernel of 4 or less, or leave `padding` out ("same")', "padding", ""),)


@pytest.mark.parametrize(
    ("line", "changes"), [("Conv(8, 4)", (-3, 1)), ("MaxPool(4, stride=1)", (-3, 1)), ("ConvTranspose(8, 4)", (3, -1))]
)
def test_the_paddings_of_an_even_window_do_what_is_said(line: str, changes: tuple[int, int]) -> None:
    told = mistake(f"[2, 8, 9, 9] -> {line}").helps[0]
    said = tuple(f"{abs(n)} {'larger' if n > 0 else 'smaller'}" for n in changes)
    assert told == f"`padding=0` makes it {said[0]}, `padding=2` makes it {said[1]}"
    for padding, change in zip((0, 2), changes, strict=True):
        example = read(f"[2, 8, 9, 9] -> {line[:-1]}, padding={padding})")
        assert infer(example.operator(), example.types)[0].sizes[2:] == (9 + change, 9 + change)


def test_an_even_window_without_padding_or_stride() -> None:
    assert mistake("[2, 8, 9, 9] -> MaskedConv(8, 4)").helps == ("an odd kernel",)


def test_divisors_are_proposed() -> None:
    found = mistake("[B, 48] -> GroupNorm(32)")
    assert found.label == "48 = 32*1 + 16"
    assert found.helps == ("groups that divide 48: 3, 4, 6, 8, 12, 16, 24, 48",)


def test_ids_out_of_range_point_at_their_range() -> None:
    place = Span("x.net", 10, 15)
    op = OPERATORS["Embedding"](num_embeddings=50000, embedding_dim=768)
    with pytest.raises(Mistake) as caught:
        op.shape(Tensor((free("B"), free("T")), "long", Number(50257, place)))
    assert caught.value.others == ((place, "ids below 50257"),)
    assert caught.value.fixes == (("`Embedding({x.below}, 768)`", "num_embeddings", "{x.below}"),)


def test_tied_widths() -> None:
    found = mistake("[B, T, 32] -> Unembed(table)", modules={"table": TABLE})
    assert found.code == "E0501" and str(found) == "`table` has rows of 64, this is [B, T, 32]"
    empty = {"table": ModuleArgument("table", NOWHERE, {})}
    op = read("[B, 64] -> Unembed(table)", modules=empty).operator()
    assert infer(op, [Tensor((4, 64))])[0].sizes[-1] is UNKNOWN
    strange = {"table": ModuleArgument("net", NOWHERE, {"0.weight": (3, 4)})}
    assert mistake("[B, 4] -> Unembed(table)", modules=strange).code == "E0301"


def test_sizes_keep_their_place() -> None:
    place = Span("x.net", 3, 5)
    width = Number(20, place)
    made: list[tuple[str, dict[str, Any], Tensor, int]] = [
        ("Linear", {"out_features": width}, Tensor((4, 8)), -1),
        ("GRU", {"hidden_size": width}, Tensor((4, 5, 8)), -1),
        ("Conv", {"out_channels": width, "kernel_size": 3}, Tensor((4, 3, 9, 9)), 1),
        ("Embedding", {"num_embeddings": 9, "embedding_dim": width}, Tensor((4,), "long"), -1),
    ]
    for name, values, x, axis in made:
        assert origin(infer(OPERATORS[name](**values), [x])[0].sizes[axis]) == place


@pytest.mark.parametrize(("line", "text"), [
    ("[1, 3, 224, 224] -> Conv(64, 7, stride=2)", "makes 64 channels, halves 224"),
    ("[B, 64, 32, 32] -> MaxPool(2)", "halves 32"),
    ("[B, 64, H, W] -> MaxPool(2)", "halves H"),
    ("[B, 64, 32, 32] -> Conv(64, 3)", ""),
    ("[B, 64, 32, 32] -> ConvTranspose(64, 4, stride=4)", "multiplies 32 by 4"),
    ("[B, 64, 7, 7] -> GlobalAvgPool", "joins 7 x 7"),
    ("[B, 64] -> GLU", "halves 64"),
])  # fmt: skip
def test_history(line: str, text: str) -> None:
    example = read(line)
    op = example.operator()
    assert op.because(infer(op, example.types)[0], *example.types) == text


def test_only_what_is_certain_is_reported() -> None:
    """H - 2 may be too small for some H, which torch tells then; that is no mistake."""
    for line in (
        "[B, 3, H, W] -> Conv(8, 9, padding=0)", "[B, C, H, W] -> MaxPool(4)",
        "[B, T] long < N -> Embedding(10, 4)",
        "([M, 4], [E] long < N) -> Gather", "[B, C, H, W] -> AvgPool([H, W])",
    ):  # fmt: skip
        infer(read(line).operator(), read(line).types)


@pytest.mark.parametrize(
    ("line", "fact"),
    [
        ("[B, C] -> GLU", "C % 2 == 0"), ("[B, C, H, W] -> PixelShuffle(2)", "C % 4 == 0"),
        ("[B, T, d] -> RoPE", "d % 2 == 0"), ("[B, C, H, W] -> PixelUnshuffle(4)", "H % 4 == 0"),
        ("[B, T, 8] -> Slice(2, 5)", "T >= 5"), ("[B, 3, H, W] -> Pad(3, mode=\"reflect\")", "H - 1 >= 3"),
    ],
)  # fmt: skip
def test_what_a_line_could_rule_out_is_reported(line: str, fact: str) -> None:
    """A program that stops, or cuts less, at some sizes: `require` says that they do not come."""
    with pytest.raises(Mistake) as caught:
        infer(read(line).operator(), read(line).types)
    assert caught.value.helps == (f"`require: {fact}`",)
