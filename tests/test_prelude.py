"""The prelude: its blocks compute what PyTorch's own modules, or a few lines of algebra, compute."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

import torch.nn.functional as F  # noqa: E402
from torch import nn  # noqa: E402

import dslnet  # noqa: E402
from dslnet.build import check_program, read_program  # noqa: E402
from dslnet.diagnostics import Report  # noqa: E402

SPECS = Path(__file__).parent.parent / "specs" / "std"


@pytest.fixture()
def make(tmp_path: Path) -> Any:
    """The module of a model's body."""

    def build(body: str) -> Any:
        path = tmp_path / "case.net"
        path.write_text("model Case:\n" + "\n".join("  " + line for line in body.strip().splitlines()) + "\n")
        torch.manual_seed(0)
        return dslnet.load(path).Case().eval()

    return build


def close(actual: Any, expected: Any) -> None:
    torch.testing.assert_close(actual, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("path", sorted(SPECS.glob("*.net")), ids=lambda path: path.stem)
def test_file_is_sound(path: Path) -> None:
    report = Report()
    program = read_program(str(path), report)
    assert program is not None
    check_program(program, report)
    assert report.diagnostics == []
    assert all(len(line) <= 100 for line in path.read_text("utf-8").splitlines() if "->" in line)


# ----------------------------------------------------------------------------------------------- attention


def copied(attention: Any, width: int, memory: int, heads: int) -> nn.MultiheadAttention:
    """PyTorch's attention with the same weights."""
    theirs = nn.MultiheadAttention(width, heads, kdim=memory, vdim=memory, batch_first=True)
    state = {name: value for name, value in attention.state_dict().items()}
    with torch.no_grad():
        if width == memory:
            theirs.in_proj_weight.copy_(torch.cat([state[f"out.{n}.weight"] for n in "qkv"]))
        else:
            for name in "qkv":
                getattr(theirs, f"{name}_proj_weight").copy_(state[f"out.{name}.weight"])
        theirs.in_proj_bias.copy_(torch.cat([state[f"out.{n}.bias"] for n in "qkv"]))
        theirs.out_proj.weight.copy_(state["out.out.weight"])
        theirs.out_proj.bias.copy_(state["out.out.bias"])
    return theirs.eval()


def test_attention_to_itself(make: Any) -> None:
    ours = make("input x: [B, T, 12]\noutput out: Attention(4)")
    assert [k.split(".")[1] for k in ours.state_dict()][::2] == ["q", "k", "v", "out"]
    x = torch.randn(2, 5, 12)
    close(ours(x), copied(ours, 12, 12, 4)(x, x, x)[0])


def test_attention_is_causal(make: Any) -> None:
    ours = make("input x: [B, T, 12]\noutput out: Attention(4, causal=true)")
    x = torch.randn(2, 5, 12)
    future = torch.ones(5, 5, dtype=torch.bool).triu(1)
    close(ours(x), copied(ours, 12, 12, 4)(x, x, x, attn_mask=future)[0])


def test_attention_to_a_masked_memory_of_another_width(make: Any) -> None:
    ours = make(
        "input x: [B, T, 12]\ninput m: [B, S, 10]\ninput mask: [B, S] bool\n"
        "output out: Attention(4) to (m, mask=mask)"
    )  # fmt: skip
    x, m = torch.randn(2, 5, 12), torch.randn(2, 7, 10)
    mask = torch.rand(2, 7) > 0.3
    mask[:, 0] = True
    close(ours(x, m, mask), copied(ours, 12, 10, 4)(x, m, m, key_padding_mask=~mask)[0])


def test_attention_with_few_keys_rotation_position_and_scale(make: Any) -> None:
    ours = make(
        "input x: [B, T, 12]\ninput near: [1, 6, T, T]\n"
        "output out: Attention(6, kv_heads=2, rope=100, scale=0.7, bias=false) with (position=near)"
    )  # fmt: skip
    state = ours.state_dict()
    assert state["out.k.weight"].shape == (4, 12) and "out.q.bias" not in state
    x, near = torch.randn(2, 5, 12), torch.randn(1, 6, 5, 5)

    def heads(name: str, count: int) -> torch.Tensor:
        return (x @ state[f"out.{name}.weight"].T).view(2, 5, count, 2).transpose(1, 2)

    def turned(h: torch.Tensor) -> torch.Tensor:
        angle = torch.arange(5.0)
        a, b = h.unbind(-1)
        return torch.stack((a * angle.cos() - b * angle.sin(), b * angle.cos() + a * angle.sin()), -1)

    q, k, v = turned(heads("q", 6)), turned(heads("k", 2)), heads("v", 2)
    k, v = k.repeat_interleave(3, 1), v.repeat_interleave(3, 1)
    weights = (0.7 * q @ k.mT + near).softmax(-1)
    close(ours(x, near), (weights @ v).transpose(1, 2).reshape(2, 5, 12) @ state["out.out.weight"].T)


@pytest.mark.parametrize("causal", [False, True])
def test_fused_attention_has_pytorchs_names(make: Any, causal: bool) -> None:
    """Its state_dict as it is, and then the same numbers."""
    ours = make(
        "input x: [B, T, 12]\ninput mask: [B, T] bool\ninput near: [1, 4, T, T]\n"
        f"a: x -> FusedAttention(4, causal={str(causal).lower()}) with (mask=mask, position=near)\n"
        f"output out: a -> FusedAttention(3, causal={str(causal).lower()})"
    )  # fmt: skip
    first, second = (nn.MultiheadAttention(12, heads, batch_first=True).eval() for heads in (4, 3))
    for name, theirs in (("a", first), ("out", second)):
        assert list(getattr(ours, name).state_dict()) == list(theirs.state_dict())
        nn.init.normal_(theirs.in_proj_bias)
        getattr(ours, name).load_state_dict(theirs.state_dict(), strict=True)
    x, near = torch.randn(2, 7, 12), torch.randn(1, 4, 7, 7)
    mask = torch.arange(7) < torch.tensor([[7], [4]])
    future = torch.zeros(7, 7).masked_fill(torch.ones(7, 7, dtype=torch.bool).triu(1), -torch.inf if causal else 0)
    bias = (near + future + torch.zeros(7).where(mask, -torch.inf)[:, None, None]).flatten(0, 1)
    between = first(x, x, x, attn_mask=bias)[0]
    close(ours(x, mask, near), second(between, between, between, attn_mask=future)[0])


def test_additive_attention(make: Any) -> None:
    ours = make(
        "input x: [B, 6]\ninput m: [B, S, 4]\ninput mask: [B, S] bool\n"
        "output out: AdditiveAttention(8) to (m, mask=mask)"
    )  # fmt: skip
    state = ours.state_dict()
    x, m = torch.randn(2, 6), torch.randn(2, 7, 4)
    mask = torch.rand(2, 7) > 0.3
    mask[:, 0] = True
    seen = F.linear(x, state["out.query.weight"], state["out.query.bias"])[:, None] + m @ state["out.key.weight"].T
    score = (seen.tanh() @ state["out.score.weight"].T)[..., 0].masked_fill(~mask, -torch.inf)
    close(ours(x, m, mask), (score.softmax(-1)[..., None] * m).sum(1))


def test_spatial_attention(make: Any) -> None:
    ours = make("input x: [B, 8, H, W]\noutput out: SpatialAttention(2)")
    x = torch.randn(2, 8, 3, 5)
    rows = x.flatten(2).mT
    close(ours(x), copied(ours, 8, 8, 2)(rows, rows, rows)[0].mT.reshape(2, 8, 3, 5))


def test_feed_forward_and_swiglu(make: Any) -> None:
    ours = make("input x: [B, T, 6]\noutput out: FeedForward(10, Act=GELU)")
    state, x = ours.state_dict(), torch.randn(2, 3, 6)
    inner = F.gelu(F.linear(x, state["out.linear1.weight"], state["out.linear1.bias"]))
    close(ours(x), F.linear(inner, state["out.linear2.weight"], state["out.linear2.bias"]))
    plain = make("input x: [B, 6]\noutput out: FeedForward")
    assert plain.state_dict()["out.linear1.weight"].shape == (24, 6)
    gated = make("input x: [B, T, 6]\noutput out: SwiGLU(10)")
    state = gated.state_dict()
    assert list(state) == ["out.w1.weight", "out.w3.weight", "out.w2.weight"]
    close(gated(x), (F.silu(x @ state["out.w1.weight"].T) * (x @ state["out.w3.weight"].T)) @ state["out.w2.weight"].T)


def test_learned_positions(make: Any) -> None:
    ours = make("input x: [B, T, 6]\nrequire: T <= 9\n- places: LearnedPositions(9)\noutput out")
    assert list(ours.state_dict()) == ["places.weight"]
    x = torch.randn(3, 5, 6)
    close(ours(x), x + ours.places.weight[:5])


def test_learned_positions_want_a_bound(tmp_path: Path) -> None:
    path = tmp_path / "case.net"
    path.write_text("model Case:\n  input x: [B, T, 6]\n  - LearnedPositions(9)\n  output out\n")
    [said] = dslnet.check(path).diagnostics
    assert said.code == "E0403" and "T <= 9" in said.helps[0].text


def test_quick_gelu(make: Any) -> None:
    x = torch.randn(3, 5)
    close(make("input x: [B, 5]\noutput out: QuickGELU")(x), x / (1 + torch.exp(-1.702 * x)))


# ---------------------------------------------------------------------------------- modulation, convolution


@pytest.mark.parametrize("space", ["", ", T", ", H, W"])
def test_film_and_gate(make: Any, space: str) -> None:
    x, cond = torch.randn(2, 6, *(3, 5)[: space.count(",")]), torch.randn(2, 4)
    lift = (..., *(None,) * space.count(","))

    def linear(state: Any, name: str) -> torch.Tensor:
        return F.linear(cond, state[f"out.{name}.weight"], state[f"out.{name}.bias"])[lift]

    head = f"input x: [B, 6{space}]\ninput cond: [B, 4]\noutput out: "
    film = make(head + "FiLM by cond")
    state = film.state_dict()
    close(film(x, cond), (1 + linear(state, "gamma")) * x + linear(state, "beta"))
    shift = make(head + "FiLM(scale=false) by cond")
    assert list(shift.state_dict()) == ["out.beta.weight", "out.beta.bias"]
    close(shift(x, cond), x + linear(shift.state_dict(), "beta"))
    gate = make(head + "Gate by cond")
    state = {k.replace("out.", "out.gate.", 1) if "gate" not in k else k: v for k, v in gate.state_dict().items()}
    close(gate(x, cond), x * linear(state, "gate").sigmoid())


def test_ada_layer_norm(make: Any) -> None:
    ours = make("input x: [B, T, 6]\ninput cond: [B, 4]\noutput out: AdaLayerNorm by cond")
    state, x, cond = ours.state_dict(), torch.randn(2, 3, 6), torch.randn(2, 4)

    def linear(name: str) -> torch.Tensor:
        return F.linear(F.silu(cond), state[f"out.{name}.weight"], state[f"out.{name}.bias"])[:, None]

    close(ours(x, cond), F.layer_norm(x, (6,)) * (1 + linear("scale")) + linear("shift"))


def test_separable_convolution(make: Any) -> None:
    ours = make("input x: [B, 4, H, W]\noutput out: SeparableConv(6, 3, stride=2)")
    state, x = ours.state_dict(), torch.randn(2, 4, 9, 7)
    each = F.conv2d(x, state["out.depthwise.weight"], stride=2, padding=1, groups=4)
    close(ours(x), F.conv2d(each, state["out.pointwise.weight"], state["out.pointwise.bias"]))
    assert list(state) == ["out.depthwise.weight", "out.pointwise.weight", "out.pointwise.bias"]


def test_squeeze_and_excite(make: Any) -> None:
    ours = make("input x: [B, 8, H, W]\noutput out: SqueezeExcite(4)")
    state, x = ours.state_dict(), torch.randn(2, 8, 5, 3)
    inner = F.conv2d(x.mean((2, 3), keepdim=True), state["out.fc1.weight"], state["out.fc1.bias"]).relu()
    close(ours(x), x * F.conv2d(inner, state["out.fc2.weight"], state["out.fc2.bias"]).sigmoid())
    signal = make("input x: [B, 8, T]\noutput out: SqueezeExcite(2)")
    assert signal(torch.randn(2, 8, 5)).shape == (2, 8, 5)


# ------------------------------------------------------------------------------------------------ recurrence


@pytest.mark.parametrize(("cell", "box"), [("RNNCell", nn.RNN), ("LSTMCell", nn.LSTM)])
def test_cell_over_time(make: Any, cell: str, box: Any) -> None:
    ours = make(f"input x: [B, T, 5]\n- out: scan: {cell}(6)\noutput y: out\noutput end: out.h")
    theirs = box(5, 6, batch_first=True)
    state = ours.state_dict()
    with torch.no_grad():
        for name in ("ih", "hh"):
            getattr(theirs, f"weight_{name}_l0").copy_(state[f"out.{name}.weight"])
            getattr(theirs, f"bias_{name}_l0").copy_(state[f"out.{name}.bias"])
    x = torch.randn(2, 7, 5)
    y, end = ours(x)
    close(y, theirs(x)[0])
    close(end, theirs(x)[0][:, -1])


def test_gru_cell_is_a_step(make: Any) -> None:
    ours = make("input x: [B, 5]\ninput h: [B, 6]\noutput out: GRUCell(6) with h")
    theirs, state = nn.GRUCell(5, 6), ours.state_dict()
    with torch.no_grad():
        for name in ("ih", "hh"):
            getattr(theirs, f"weight_{name}").copy_(state[f"out.{name}.weight"])
            getattr(theirs, f"bias_{name}").copy_(state[f"out.{name}.bias"])
    x, h = torch.randn(2, 5), torch.randn(2, 6)
    close(ours(x, h), theirs(x, h))


# ---------------------------------------------------------------------------------------------------- graphs

EDGES = torch.tensor([[0, 1, 2, 3, 0, 4], [1, 2, 0, 1, 3, 1]])
NODES = torch.randn(5, 4)
HEAD = "input x: [N, 4]\ninput edges: [2, E] long < N\noutput out: "


def adjacency() -> torch.Tensor:
    """Row i holds the nodes that i hears of."""
    table = torch.zeros(5, 5)
    table[EDGES[1], EDGES[0]] = 1.0
    return table


def test_graph_convolution(make: Any) -> None:
    ours = make(HEAD + "GraphConv(3) with edges")
    state = ours.state_dict()
    assert list(state) == ["out.bias", "out.lin.weight"]
    table = adjacency() + torch.eye(5)
    norm = table.sum(1) ** -0.5
    expected = (norm[:, None] * table * norm) @ NODES @ state["out.lin.weight"].T + state["out.bias"]
    close(ours(NODES, EDGES), expected)


def test_graph_attention(make: Any) -> None:
    ours = make(HEAD + "GraphAttention(3, heads=2) with edges")
    state = ours.state_dict()
    assert sum(v.numel() for v in state.values()) == 4 * 6 + 3 * 6
    h = (NODES @ state["out.lin.weight"].T).view(5, 2, 3)
    sends, takes = (h * state["out.att_src"]).sum(-1), (h * state["out.att_dst"]).sum(-1)
    score = F.leaky_relu(sends[None] + takes[:, None], 0.2)
    table = (adjacency() + torch.eye(5))[..., None]
    alpha = score.masked_fill(table == 0, -torch.inf).softmax(1)
    close(ours(NODES, EDGES), torch.einsum("ijh,jhc->ihc", alpha, h).reshape(5, 6) + state["out.bias"])


def test_graph_sage(make: Any) -> None:
    ours = make(HEAD + "GraphSAGE(3) with edges")
    state, table = ours.state_dict(), adjacency()
    seen = table @ NODES / table.sum(1, keepdim=True).clamp(min=1)
    expected = F.linear(seen, state["out.lin_l.weight"], state["out.lin_l.bias"]) + NODES @ state["out.lin_r.weight"].T
    close(ours(NODES, EDGES), expected)


def test_graph_isomorphism(make: Any) -> None:
    ours = make(HEAD + "GINConv(3, eps=0.5) with edges")
    state = ours.state_dict()
    x = 1.5 * NODES + adjacency() @ NODES
    inner = F.linear(x, state["out.linear1.weight"], state["out.linear1.bias"]).relu()
    close(ours(NODES, EDGES), F.linear(inner, state["out.linear2.weight"], state["out.linear2.bias"]))
    assert make(HEAD + "GINConv with edges").state_dict()["out.linear2.weight"].shape == (4, 4)


def test_graph_isomorphism_with_a_norm(make: Any) -> None:
    ours = make(HEAD + "GINConv(3, Norm=BatchNorm) with edges")
    state = ours.state_dict()
    state["out.norm1.running_mean"].copy_(torch.tensor([1.0, -1.0, 2.0]))
    x = F.linear(NODES + adjacency() @ NODES, state["out.linear1.weight"], state["out.linear1.bias"])
    inner = ((x - state["out.norm1.running_mean"]) / (1 + 1e-5) ** 0.5).relu()
    close(ours(NODES, EDGES), F.linear(inner, state["out.linear2.weight"], state["out.linear2.bias"]))


@pytest.mark.parametrize(
    ("first", "expected"),
    [([0], [0] * 5), ([0, 2], [0, 0, 1, 1, 1]), ([0, 2, 2, 4], [0, 0, 2, 2, 3]), ([0, 0, 1], [1, 2, 2, 2, 2])],
)
def test_membership(make: Any, first: list[int], expected: list[int]) -> None:
    """Graphs without nodes have none."""
    ours = make("input x: [N, 4]\ninput first: [G] long < N\noutput out: Membership with first")
    assert ours(NODES, torch.tensor(first)).tolist() == expected


# -------------------------------------------------------------------------------------------------- mistakes


@pytest.mark.parametrize(
    ("body", "code", "title"),
    [
        ("input x: [B, T, 10]\noutput out: Attention(3)", "E0306", "3 heads do not divide a width of 10"),
        ("input x: [B, T, 12]\noutput out: Attention(4, kv_heads=3)", "E0306", "3 kv_heads do not divide"),
        ("input x: [B, 12]\noutput out: Attention(4)", "E0302", ""),
        ("input x: [B, T, 10]\noutput out: FusedAttention(4)", "E0306", "4 heads do not divide a width of 10"),
        ("input x: [B, 8, H, W]\noutput out: SqueezeExcite(16)", "E0403", "`require: C >= reduction` fails"),
        ("input x: [B, 8, H, W]\noutput out: FiLM", "E0205", ""),
        ("input x: [B, T, 8]\noutput out: LSTMCell(4)", "E0215", ""),
    ],
)
def test_mistake(tmp_path: Path, body: str, code: str, title: str) -> None:
    path = tmp_path / "case.net"
    path.write_text("model Case:\n" + "\n".join("  " + line for line in body.splitlines()) + "\n")
    report = Report()
    program = read_program(str(path), report)
    assert program is not None
    check_program(program, report)
    found = [(d.code, d.title) for d in report.diagnostics]
    assert len(found) == 1 and found[0][0] == code and title in found[0][1], found
