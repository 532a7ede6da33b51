"""Recurrent and transformer layers against PyTorch's own modules, with their weights.

The recurrent ones twice: the built-in boxes, and cells written in the language that `scan` runs. Batch 3, two
lengths. Bound: 1e-5 in float32, 1e-10 in float64.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from copy_weights import by_name, distance, disturb, split  # noqa: E402
from torch import nn  # noqa: E402

import dslnet  # noqa: E402

Make = Callable[[str], nn.Module]


@pytest.fixture()
def make(tmp_path: Path) -> Make:
    """The last model of a text, in eval mode."""

    def build(text: str) -> nn.Module:
        path = tmp_path / "case.net"
        path.write_text(text.strip() + "\n")
        net = dslnet.load(path)
        torch.manual_seed(0)
        made: nn.Module = net[list(net)[-1]]()
        return made.eval()

    return build


@torch.no_grad()
def compare(mine: Callable[..., Any], theirs: Callable[..., Any], *inputs: tuple[Any, ...]) -> None:
    """All outputs of both on the same inputs; the bound is that of their dtype."""
    for given in inputs:
        ours, expected = mine(*given), theirs(*given)
        ours = ours if isinstance(ours, tuple) else (ours,)
        expected = expected if isinstance(expected, tuple) else (expected,)
        bound = 1e-10 if ours[0].dtype == torch.float64 else 1e-5
        for one, other in zip(ours, expected, strict=True):
            assert distance(one, other) <= bound


def sequences(width: int) -> tuple[tuple[Any], ...]:
    torch.manual_seed(1)
    return (torch.randn(3, 7, width),), (torch.randn(3, 12, width),)


# ----------------------------------------------------------------------------------- recurrence, built in


@pytest.mark.parametrize("kind", ["RNN", "GRU", "LSTM"])
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("both", [False, True], ids=["forward", "bidirectional"])
def test_built_in(make: Make, kind: str, layers: int, both: bool) -> None:
    """All steps, and the last state of the last layer with both directions side by side."""
    mine = make(f"""
model Case:
  input x: [B, T, 6]
  - out: {kind}(5, num_layers={layers}, bidirectional={str(both).lower()})
  output steps: out
  output state: out.state
""")
    theirs = getattr(nn, kind)(6, 5, layers, bidirectional=both, batch_first=True).eval()
    by_name(mine, dict(theirs.state_dict()), [("^", "out.")])

    def reference(x: Any) -> Any:
        steps, state = theirs(x)
        hidden = state[0] if kind == "LSTM" else state
        return steps, torch.cat((hidden[-2], hidden[-1]), 1) if both else hidden[-1]

    compare(mine, reference, *sequences(6))
    mine, theirs = mine.double(), theirs.double()
    compare(mine, reference, *((x.double(),) for (x,) in sequences(6)))


# --------------------------------------------------------------------------- recurrence, cells and `scan`

CELLS = {
    "RNN": """
model Case:
  input x: [B, T, 6]
  - scan: RNNCell(5)
""",
    "GRU": """
block Cell(width):
  input x: [B, D]
  state h: [B, width] = 0
  cell: x -> GRUCell(width) with h
  next h: cell
  output cell

model Case:
  input x: [B, T, 6]
  - scan: Cell(5)
""",
    "LSTM": """
model Case:
  input x: [B, T, 6]
  - scan: LSTMCell(5)
""",
}


def renamed(theirs: nn.Module, mine: nn.Module, layer: int = 0, reverse: bool = False) -> None:
    """One layer of PyTorch's in a cell that has `ih` and `hh`."""
    ending = f"_l{layer}{'_reverse' if reverse else ''}"
    table = {k[: -len(ending)]: v for k, v in theirs.state_dict().items() if k.endswith(ending)}
    names = {name.rpartition(".")[0].rpartition(".")[0] for name in mine.state_dict()}
    assert len(names) == 1
    prefix = names.pop()
    by_name(mine, table, [(r"^(\w+)_([ih]h)$", rf"{prefix}.\2.\1")])


@pytest.mark.parametrize("kind", ["RNN", "GRU", "LSTM"])
def test_cell_of_the_prelude(make: Make, kind: str) -> None:
    mine = make(CELLS[kind])
    theirs = getattr(nn, kind)(6, 5, batch_first=True).eval()
    renamed(theirs, mine)
    compare(mine, lambda x: theirs(x)[0], *sequences(6))
    mine, theirs = mine.double(), theirs.double()
    compare(mine, lambda x: theirs(x)[0], *((x.double(),) for (x,) in sequences(6)))


STACKS = {
    "forward": """
block Layer(width):
  - scan: CELL(width)
""",
    "bidirectional": """
block Layer(width):
  input x: [B, T, d]
  back: T - 1 - (x -> Positions)
  fore: x ->
    - scan: CELL(width)
  rear: x -> Gather(axis=1) with back ->
    - scan: CELL(width)
  output out: (fore, (rear -> Gather(axis=1) with back)) -> Concat(axis=2)
""",
}


@pytest.mark.parametrize("kind", ["RNN", "GRU", "LSTM"])
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("direction", STACKS)
def test_stack_of_cells(make: Make, kind: str, layers: int, direction: str) -> None:
    """Layers upon layers, and a second direction that reads from the end: all of it in the language."""
    cell = "Cell" if kind == "GRU" else f"{kind}Cell"
    wrapped = CELLS["GRU"].partition("model")[0] if kind == "GRU" else ""
    body = STACKS[direction].replace("CELL", cell)
    mine = make(f"{wrapped}{body}\nmodel Case:\n  input x: [B, T, 6]\n  - layers: repeat {layers}: Layer(5)\n")
    both = direction == "bidirectional"
    theirs = disturb(getattr(nn, kind)(6, 5, layers, bidirectional=both, batch_first=True)).eval()
    inner = "cell." if kind == "GRU" else ""
    by_name(
        mine,
        dict(theirs.state_dict()),
        [
            (r"^(\w+)_([ih]h)_l(\d)_reverse$", rf"layers.\3.rear.{inner}\2.\1"),
            (r"^(\w+)_([ih]h)_l(\d)$", rf"layers.\3.{'fore.' if both else ''}{inner}\2.\1"),
        ],
    )
    compare(mine, lambda x: theirs(x)[0], *sequences(6))
    mine, theirs = mine.double(), theirs.double()
    compare(mine, lambda x: theirs(x)[0], *((x.double(),) for (x,) in sequences(6)))


def test_cells_in_two_layers_that_start_anywhere_and_show_where_they_end(make: Make) -> None:
    """`h=` sets the first state, `.h` and `.c` are the last ones."""
    mine = make("""
model Case:
  input x: [B, T, 6]
  input h: [B, 5]
  input c: [B, 5]
  - lower: scan: LSTMCell(5) with (h=h, c=c)
  - upper: scan: LSTMCell(5) with (h=lower.h)
  output steps: upper
  output h1: lower.h
  output c1: lower.c
  output h2: upper.h
  output c2: upper.c
""")
    theirs = nn.LSTM(6, 5, 2, batch_first=True).eval()
    by_name(
        mine,
        dict(theirs.state_dict()),
        [(r"^(\w+)_([ih]h)_l0$", r"lower.\2.\1"), (r"^(\w+)_([ih]h)_l1$", r"upper.\2.\1")],
    )

    def reference(x: Any, h: Any, c: Any) -> Any:
        # the second layer starts where the first one ended, so the first runs once to know where
        first = nn.LSTM(6, 5, batch_first=True)
        first.load_state_dict({k: v for k, v in theirs.state_dict().items() if k.endswith("_l0")})
        _, (end, _) = first(x, (h[None], c[None]))
        steps, (hs, cs) = theirs(x, (torch.stack((h, end[0])), torch.stack((c, torch.zeros_like(c)))))
        return steps, hs[0], cs[0], hs[1], cs[1]

    given = [(x, torch.randn(3, 5), torch.randn(3, 5)) for (x,) in sequences(6)]
    compare(mine, reference, *given)


@pytest.mark.parametrize("kind", ["RNN", "GRU", "LSTM"])
def test_built_in_and_cell_train_alike(make: Make, kind: str) -> None:
    """The gradient of the first matrix."""
    cell = make(CELLS[kind])
    theirs = getattr(nn, kind)(6, 5, batch_first=True)
    renamed(theirs, cell)
    ((x,), _) = sequences(6)
    cell(x).square().sum().backward()
    theirs(x)[0].square().sum().backward()
    grads = {name.rpartition(".")[0].rpartition(".")[2]: p.grad for name, p in cell.named_parameters()
             if name.endswith("weight")}  # fmt: skip
    assert distance(grads["ih"], theirs.weight_ih_l0.grad) <= 1e-4
    assert distance(grads["hh"], theirs.weight_hh_l0.grad) <= 1e-4


# ------------------------------------------------------------------------------------- transformer layers

LAYERS = """
block EncoderAfter(heads, ff):
  - residual: Attention(heads)
  - LayerNorm
  - residual: FeedForward(ff)
  - LayerNorm

block EncoderBefore(heads, ff):
  - residual: LayerNorm -> Attention(heads)
  - residual: LayerNorm -> FeedForward(ff)

block DecoderAfter(heads, ff):
  input x: [B, T, d]
  input memory: [B, S, d]
  - residual: Attention(heads, causal=true)
  - LayerNorm
  - residual: Attention(heads) to memory
  - LayerNorm
  - residual: FeedForward(ff)
  - LayerNorm

block DecoderBefore(heads, ff):
  input x: [B, T, d]
  input memory: [B, S, d]
  - residual: LayerNorm -> Attention(heads, causal=true)
  - residual: LayerNorm -> Attention(heads) to memory
  - residual: LayerNorm -> FeedForward(ff)
"""


def layer_weights(mine: nn.Module, theirs: nn.Module, name: str) -> None:
    table = dict(theirs.state_dict())
    split(table, "in_proj_weight", ("q.weight", "k.weight", "v.weight"))
    split(table, "in_proj_bias", ("q.bias", "k.bias", "v.bias"))
    by_name(
        mine,
        table,
        [
            (r"self_attn\.out_proj", "attention1.out"),
            (r"self_attn", "attention1"),
            (r"multihead_attn\.out_proj", "attention2.out"),
            (r"multihead_attn", "attention2"),
            (r"(^|\.)linear", r"\1feedforward1.linear"),
            (r"(^|\.)norm", r"\1ln"),
            (r"^(?!layers)", f"{name}."),
        ],
    )


@pytest.mark.parametrize("first", [False, True], ids=["after", "before"])
def test_transformer_encoder_layer(make: Make, first: bool) -> None:
    block = "EncoderBefore" if first else "EncoderAfter"
    mine = make(f"{LAYERS}\nmodel Case:\n  input x: [B, T, 12]\n  output y: {block}(4, 20)\n")
    theirs = disturb(nn.TransformerEncoderLayer(12, 4, 20, batch_first=True, norm_first=first)).eval()
    layer_weights(mine, theirs, "y")
    # with gradients on, PyTorch takes its plain path and not the fused one
    for (x,) in sequences(12):
        assert distance(mine(x), theirs(x)) <= 1e-5
    mine, theirs = mine.double(), theirs.double()
    for (x,) in sequences(12):
        assert distance(mine(x.double()), theirs(x.double())) <= 1e-10
    compare(mine.float(), theirs.float(), *sequences(12))


@pytest.mark.parametrize("first", [False, True], ids=["after", "before"])
def test_transformer_decoder_layer(make: Make, first: bool) -> None:
    block = "DecoderBefore" if first else "DecoderAfter"
    mine = make(
        f"{LAYERS}\nmodel Case:\n  input x: [B, T, 12]\n  input memory: [B, S, 12]\n"
        f"  output y: {block}(4, 20) with memory\n"
    )
    theirs = disturb(nn.TransformerDecoderLayer(12, 4, 20, batch_first=True, norm_first=first)).eval()
    layer_weights(mine, theirs, "y")

    def reference(x: Any, memory: Any) -> Any:
        length = x.shape[1]
        future = torch.ones(length, length, dtype=torch.bool).triu(1)
        return theirs(x, memory, tgt_mask=future, tgt_is_causal=True)

    given = [(x, torch.randn(3, 5 + x.shape[1] % 5, 12)) for (x,) in sequences(12)]
    compare(mine, reference, *given)
    mine, theirs = mine.double(), theirs.double()
    compare(mine, reference, *((x.double(), memory.double()) for x, memory in given))


def test_stack_of_encoder_layers(make: Make) -> None:
    """Three of them under `repeat`, each with its own weights."""
    mine = make(f"{LAYERS}\nmodel Case:\n  input x: [B, T, 12]\n  - layers: repeat 3: EncoderAfter(4, 20)\n")
    theirs = disturb(nn.TransformerEncoder(nn.TransformerEncoderLayer(12, 4, 20, batch_first=True), 3)).eval()
    layer_weights(mine, theirs, "layers")
    compare(mine, theirs, *sequences(12))
