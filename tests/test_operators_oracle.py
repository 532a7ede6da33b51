"""Random arguments and shapes: what the rules accept runs in PyTorch with the shape that they say, and what PyTorch
refuses they report. Some mistakes are PyTorch's silence (sizes of 0, causal attention over other lengths)."""

from __future__ import annotations

import random
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from interpret import Box  # noqa: E402
from operator_harness import check_mistake, example_input, infer  # noqa: E402

from dslnet.ops import OPERATORS, Mistake  # noqa: E402
from dslnet.ops.arguments import Wrong  # noqa: E402
from dslnet.shape import Tensor  # noqa: E402

MODES = ["nearest", "nearest-exact", "bilinear", "bicubic", "area"]
PLAIN = ["GlobalAvgPool", "GlobalMaxPool", "BatchNorm", "InstanceNorm", "LayerNorm", "RMSNorm", "First", "Last",
         "ReLU", "Positions"]  # fmt: skip
#: What may be reported although PyTorch computes something.
STRICTER = {"E0302", "E0305", "E0311", "E0313"}


class Draw:
    """A random use of a box."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def often(self, share: float) -> bool:
        return self.random.random() < share

    def sizes(self, n: int, low: int = 1, high: int = 6) -> Any:
        if self.often(0.7):
            return self.random.randint(low, high)
        return tuple(self.random.randint(low, high) for _ in range(n if self.often(0.9) else n + 1))

    def window(self, n: int, convolution: bool) -> dict[str, Any]:
        values: dict[str, Any] = {"out_channels": self.random.choice([1, 2, 4, 6])} if convolution else {}
        values["kernel_size"] = self.sizes(n)
        if self.often(0.6):
            values["stride"] = self.sizes(n, 1, 4)
        if self.often(0.4):
            values["padding"] = self.sizes(n, 0, 3)
        if convolution and self.often(0.3):
            values["dilation"] = self.sizes(n, 1, 3)
        if convolution and self.often(0.3):
            values["groups"] = self.random.choice([1, 2, 3, 4])
        if not convolution and self.often(0.3):
            values["ceil_mode"] = True
        return values

    def attention(self) -> tuple[str, dict[str, Any], list[Tensor | None]]:
        choose = self.random.choice
        heads, t = choose([1, 2, 4, 6]), choose([3, 4])
        served, s = choose([1, 2, 3, heads]), choose([t, t, 5])
        mask = choose([None, (2, s), (2, t, s), (1, 1, t, s), (2, heads, 1, s), (2, 1, s, t)])
        position = choose([None, (1, heads, t, s), (t, s), (heads, 1, s), (1, 1, s, t)])
        inputs = [Tensor((2, heads, t, 4)), Tensor((2, served, s, 4)), Tensor((2, served, s, 6))]
        sides = [mask and Tensor(mask, "bool"), position and Tensor(position)]
        return "DotProductAttention", {"causal": self.often(0.4)}, [*inputs, *sides]

    def use(self) -> tuple[str, dict[str, Any], list[Tensor | None]]:
        choose = self.random.choice
        rank = choose([1, 2, 3, 3, 4, 4, 4, 5])
        n = max(1, rank - 2)
        x = Tensor(tuple(choose([1, 2, 3, 4, 6, 9]) for _ in range(rank)))
        match self.random.randrange(9):
            case 0 | 1:
                return choose(["Conv", "ConvTranspose"]), self.window(n, True), [x]
            case 2 | 3:
                return choose(["MaxPool", "AvgPool"]), self.window(n, False), [x]
            case 4:
                values = {"mode": choose(MODES), "align_corners": self.often(0.3)}
                name, key = choose([("Upsample", "scale_factor"), ("Resize", "size")])
                return name, {key: self.sizes(n, 1, 4), **values}, [x]
            case 5:
                return choose(["Softmax", "GLU", "Normalize"]), {"axis": self.random.randint(-4, 3)}, [x]
            case 6:
                numbers = {"GroupNorm": "num_groups", "PixelShuffle": "upscale_factor",
                           "PixelUnshuffle": "downscale_factor", "AdaptiveAvgPool": "output_size"}  # fmt: skip
                name = choose(list(numbers))
                return name, {numbers[name]: self.random.randint(1, 4)}, [x]
            case 7:
                return self.attention()
        if self.often(0.5):
            return choose(PLAIN), {}, [x]
        size, ways = self.random.randint(1, 4), self.often(0.5)
        state = choose([None, Tensor((x.sizes[0], size)), Tensor((x.sizes[0], 2 * size))])
        return choose(["RNN", "GRU"]), {"hidden_size": size, "bidirectional": ways}, [x, state]


@pytest.mark.parametrize("seed", range(8))
def test_rules_agree_with_torch(seed: int) -> None:
    torch.manual_seed(seed)
    draw = Draw(seed)
    accepted = 0
    for _ in range(100):
        name, values, types = draw.use()
        cls = OPERATORS[name]
        try:
            op = cls(**{k: cls.arguments[k].type.accept(v) for k, v in values.items()})
        except Wrong:
            continue
        inputs = [None if t is None else example_input(t) for t in types]
        try:
            made = infer(op, types)
        except Mistake as mistake:
            check_mistake(mistake)
            if mistake.code not in STRICTER:
                with pytest.raises(Exception):  # noqa: B017
                    Box(op, types)(*inputs)
            continue
        box = Box(op, types).eval()
        result = box(*inputs)
        result = result if isinstance(result, tuple) else (result,)
        assert [tuple(y.shape) for y in result] == [t.sizes for t in made], f"{types} -> {op}"
        accepted += 1
    assert accepted > 20
