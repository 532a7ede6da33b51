"""The Python target: what is written reads well, is formatted, runs, and computes what the graph says."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dslnet.build import build_model, read_program
from dslnet.diagnostics import Report
from dslnet.graph import Model
from dslnet.limits import DEFAULT
from dslnet.shape import Dim, Tensor, evaluate
from dslnet.targets.python import InternalError, emit
from dslnet.targets.python.allowlist import check
from dslnet.targets.python.literals import docstring, lit, plain
from dslnet.targets.python.names import MODULE_ATTRIBUTES, Names, fits
from dslnet.weights import definition_weights

SPECS = Path(__file__).parents[1] / "specs"


def model_of(text: str, tmp_path: Path, name: str | None = None, **settings: Any) -> Model:
    path = tmp_path / "spec.net"
    path.write_text(text, "utf-8")
    return model_at(path, name, **settings)


def model_at(path: Path, name: str | None = None, **settings: Any) -> Model:
    report = Report()
    program = read_program(path, report, DEFAULT)
    assert program is not None
    model = build_model(program, name or program.models[-1], settings, report)
    assert model is not None and not report.errors, [d.title for d in report.diagnostics]
    return model


def sizes_of(model: Model, more: int = 0) -> dict[str, int]:
    """Values for the free dimensions that their facts allow."""
    found = {}
    for name, fact in model.free.items():
        value = fact.remainder + fact.multiple * -(-max(5, fact.low) // fact.multiple)
        found[name] = (2 if name == "B" else max(value, 32) if name in "HW" else value) + more * fact.multiple
    return found


def examples(model: Model, sizes: dict[str, int]) -> list[Any]:
    import torch

    made = []
    for entry in model.definition.inputs:
        type_ = entry.value.type
        assert isinstance(type_, Tensor)
        shape = [evaluate(s, sizes) if isinstance(s, Dim) else int(s) for s in type_.sizes]
        if type_.dtype == "long":
            below = type_.below
            top = 4 if below is None else evaluate(below, sizes) if isinstance(below, Dim) else int(below)
            made.append(torch.randint(0, top, shape))
        else:
            made.append(torch.ones(shape, dtype=torch.bool) if type_.dtype == "bool" else torch.randn(shape))
    return made


#: Small models that between them use every construct of the graph.
SMALL: dict[str, str] = {
    "second names": """
model Renamed:
  input x: [B, T, 4]
  read: x -> Linear(5) -> GRU(6)
  all: read
  latent last: read.state
  output y: all + (last -> Unsqueeze(1))
  output z: last -> Linear(2)
""",
    "residual": """
block Basic(width, stride=1):
  input x: [B, C, H, W]
  - residual:
      - Conv(width, 3, stride=stride, bias=false) -> BatchNorm -> ReLU
      - Conv(width, 3, bias=false) -> BatchNorm
      | downsample: if stride != 1 or C != width:
          - 0: Conv(width, 1, stride=stride, bias=false)
          - 1: BatchNorm
  - ReLU

block Stage(width, depth, stride=1):
  - repeat i in depth: Basic(width, stride=stride if i == 0 else 1)

model Residual:
  input image: [B, 3, H, W]
  - layer1: Stage(8, 2)
  - layer2: Stage(16, 3, stride=2)
  - layer3: Stage(32, 2, stride=2)
  - GlobalAvgPool
  output logits: Linear(5)
""",
    "decoder": """
block Layer(heads, drop):
  input x: [B, T, d]
  - residual: LayerNorm -> Attention(heads, causal=true, dropout=drop) -> Dropout(drop)
  - residual: LayerNorm -> Linear(4 * d) -> GELU(approximate="tanh") -> Linear(d) -> Dropout(drop)

model Decoder(vocab=50, d=16):
  input tokens: [B, T] long < vocab
  wte: Embedding(vocab, d)
  wpe: Embedding(40, d)
  - (tokens -> wte) + (tokens -> Positions -> wpe) -> Dropout(0.1)
  - h: repeat 3: Layer(4, 0.1)
  - ln_f: LayerNorm
  output logits: Unembed(wte) -> [B, T, vocab]
""",
    "encoder_decoder": """
block Layer(heads):
  input x: [B, T, d]
  input memory: [B, S, d]
  - residual: Attention(heads) to memory
  - LayerNorm

model EncoderDecoder(vocab=30, d=16):
  input source: [B, S] long < vocab
  input shifted: [B, T] long < vocab
  embed: Embedding(vocab, d)
  encoder memory: source -> embed -> Scale(sqrt(d)) -> SinePositions ->
    - repeat 2: Linear(d) -> ReLU
  decoder hidden: shifted -> embed -> SinePositions ->
    - repeat 2: Layer(4) with memory
  output logits: hidden -> Unembed(embed)
""",
    "shared": """
model Shared(vocab=20, d=16):
  input tokens: [B, T] long < vocab
  embed: Embedding(vocab, d)
  layer:
    - residual: LayerNorm -> Attention(4)
    - residual: LayerNorm -> Linear(d)
  - tokens -> embed
  - repeat 3: layer
  - repeat 2:
      - layer
      - Linear(d)
  output logits: Unembed(embed)
""",
    "keys": """
model Keys(width=8):
  input x: [B, 8]
  - "LayerNorm": Linear(width)
  - train: Linear(width) -> ReLU
  - forward: Linear(width)
  - "my-key": Linear(width)
  - class: Linear(width)
  - self: Linear(width)
  - torch: Linear(width)
  - print: Linear(width)
  - lambda: Linear(width)
  output out: Linear(4)
""",
    "params": """
model Params(n=6, d=8):
  input x: [B, n, d]
  param scale: [d] = 1
  param bias: [] = 0.5
  param noise: [n, d] = Normal(0.02)
  param t: [n, d] = TruncatedNormal(0.02)
  param u: [n, d] = Uniform(0.1)
  buffer pos: [n, 1] = 2
  - x * scale + bias
  - a: Linear(d, init=Normal(0.02), frozen=true) -> ReLU
  output y: (a + noise + t + u) * pos
""",
    "taps": """
block Pair(w):
  input x: [B, C, H, W]
  input y: [B, w]
  output out: x -> Conv(w, 1) -> Mul with (y -> Linear(w) -> Unsqueeze(2) -> Unsqueeze(3))
  output tap: out -> GlobalAvgPool

model Taps(w=8):
  input x: [B, 3, H, W]
  input y: [B, w]
  - blocks: repeat 3: Pair(w) with y
  output a: blocks.tap -> Stack(axis=1)
  output last
""",
    "rounds": """
model Rounds(d=16):
  input x: [B, T, d]
  - repeat i in 3: Scale(i + 2)
  - repeat w in [16, 32, 64]: Linear(w) -> ReLU
  - repeat i in 4: Linear(2 ** (i % 2) * 32) -> GELU -> Dropout(0.1)
  - repeat i in 4:
      - if i % 2 == 0: Linear(32) -> ReLU
      - else: Linear(64) -> LayerNorm
  - deep: repeat 2:
      - repeat 3: Linear(64) -> ReLU
      - LayerNorm
  output y
""",
    "lanes": """
model Lanes(d=8):
  input x: [B, d]
  - concat:
      | each i in 3: Linear(d * (i + 1)) -> ReLU
      | Identity
      | side: Linear(4) -> Sigmoid
  - heads: parallel:
      | mu: Linear(3)
      | logvar: Linear(3)
  output z: SampleGaussian
""",
    "library": """
model Library(d=8):
  input x: [B, T, d]
  - residual: StochasticDepth(0.1): LayerNorm -> Linear(d)
  - residual: MoE(4, top=2): SwiGLU(16)
  - residual: MoE(4, top=2): Linear(16) -> GELU -> Linear(d)
  - LSTM(8) -> Last
  output y: Bernoulli
""",
    "scan": """
block Cell(width):
  input x: [B, D]
  input m: [B, S, M]
  state h: [B, width] = 0
  state k: [B, width]
  new: (x, h, m -> Mean(axis=1)) -> Concat -> Linear(width) -> Tanh
  next h: new
  next k: k + new
  output out: new * k

model Scans(d=8):
  input x: [B, T, d]
  input m: [B, S, 6]
  start: m -> Mean(axis=1) -> Linear(d)
  - s: scan: Cell(d) with (m, k=start)
  output y: Linear(3)
  output fin: s.h
""",
    "sizes": """
model Sizes(d=4):
  input x: [B, d, H, W]
  require: H % 4 == 0
  require: W >= 2
  - Conv(d, 3, stride=2) -> Resize([H, W])
  - Slice(0, H // 2, axis=2) -> Slice(1, W - 1, axis=3)
  - Rearrange("b c h w -> b (h w) c")
  output y: Linear(3)
""",
    "asked": """
block Up(n, m):
  input x: [B, C, H, W]
  - Conv(4, 3, stride=2)
  - Resize([n, m])

block Both(n):
  input x: [B, C, H, W]
  - Conv(4, 3)
  - Up(n, 2 * n)
  - Up(5, n)

block Bare(n):
  - Resize([n, 3])

model Asked:
  input x: [B, 3, H, W]
  - AvgPool(2)
  - Both(H)
  - repeat 2: Up(W, H) -> ReLU
  - repeat 2: Up(H + 1, H)
  - group:
      - Conv(4, 3) -> MaxPool(2)
      - Up(W, W // 2)
      - Conv(4, 3)
  - Bare(H)
  output y
""",
    "recursive": """
block Twice(width):
  - repeat 2: Conv(width, 3, bias=false) -> BatchNorm -> ReLU

block Level(width, depth):
  - Twice(width)
  - if depth > 0:
      - concat:
          | skip: Identity
          | below: MaxPool(2) -> Level(2 * width, depth - 1) -> ConvTranspose(width, 2, stride=2)
      - Twice(width)

model Recursive:
  input image: [B, 3, H, W]
  require: H % 8 == 0 and W % 8 == 0
  - Level(4, 2)
  output mask: Conv(2, 1)
""",
    "numbered": """
block Seq(d):
  - 0: Linear(d) -> ReLU
  - repeat 3: Linear(d) -> ReLU
  - 4: Linear(d)

model Numbered(d=8):
  input x: [B, d]
  - body: Seq(d)
  - features:
      - 0: Linear(d) -> ReLU
      - repeat 2:
          - residual: Linear(d) -> ReLU
      - 3: Linear(d)
  - end:
      - 0: Linear(d)
      - 1: Linear(d)
  output y
""",
    "weightless": """
block Quick:
  - mul:
      | Identity
      | Scale(1.702) -> Sigmoid -> Dropout(0.1)

model Weightless(d=8):
  input x: [B, d]
  - Linear(d) -> Quick -> Linear(d) -> Quick
  output y
""",
}


@pytest.fixture(params=sorted(SMALL))
def small(request: pytest.FixtureRequest, tmp_path: Path) -> Model:
    return model_of(SMALL[request.param], tmp_path)


def shipped() -> list[tuple[str, str]]:
    found = []
    for path in sorted(SPECS.glob("*.net")):
        report = Report()
        program = read_program(path, report, DEFAULT)
        assert program is not None
        found += [(path.name, name) for name in program.models]
    return found


# ---------------------------------------------------------------------------------------------- what it does


def test_small_models_compute_what_the_graph_says(small: Model) -> None:
    torch = pytest.importorskip("torch")
    from interpret_graph import Interpreter

    from dslnet.runtime import instantiate

    torch.manual_seed(0)
    module = instantiate(small).eval()
    expected = [(w.name, tuple(w.shape)) for w in definition_weights(small, small.entry)]
    assert [(k, tuple(v.shape)) for k, v in module.state_dict().items()] == expected
    for more in (0, 1):
        sizes = sizes_of(small, more)
        inputs = examples(small, sizes)
        with torch.no_grad():
            made = module(*inputs)
            wanted = Interpreter(small, module.state_dict(), sizes).run(*inputs)
        outputs = [made] if isinstance(made, torch.Tensor) else list(made)
        names = list(dict.fromkeys(v for _, v in small.definition.outputs))
        places = [next(n for n, (_, v) in enumerate(small.definition.outputs) if v == name) for name in names]
        for output, place in zip(outputs, places, strict=True):
            torch.testing.assert_close(output, wanted[place])


@pytest.mark.parametrize(("file", "name"), shipped())
def test_shipped_models_have_the_graphs_weights_in_its_order(file: str, name: str) -> None:
    torch = pytest.importorskip("torch")
    from dslnet.runtime import instantiate

    model = model_at(SPECS / file, name)
    with torch.device("meta"):
        module = instantiate(model, inference=True)
    expected = [(w.name, tuple(w.shape)) for w in definition_weights(model, model.entry)]
    assert [(k, tuple(v.shape)) for k, v in module.state_dict().items()] == expected


# -------------------------------------------------------------------------------------------- what it looks like


def test_everything_is_as_ruff_writes_it(tmp_path: Path) -> None:
    ruff = shutil.which("ruff") or str(Path(sys.executable).with_name("ruff"))
    if not Path(ruff).exists():
        pytest.skip("ruff is not installed")
    out = tmp_path / "out"
    out.mkdir()
    for name, text in SMALL.items():
        (out / f"{name}.py").write_text(emit(model_of(text, tmp_path)))
    for file, name in shipped():
        (out / f"{file[:-4]}_{name}.py").write_text(emit(model_at(SPECS / file, name)))
    checked = subprocess.run([ruff, "check", "--isolated", str(out)], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout
    done = subprocess.run([ruff, "format", "--isolated", "--diff", str(out)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_ten_thousand_rounds_are_one_line(tmp_path: Path) -> None:
    text = emit(model_of("model Deep:\n  input x: [B, 8]\n  - net: repeat 10000: Linear(8) -> ReLU\n", tmp_path))
    assert "range(10000)" in text and len(text.splitlines()) < 50


WHOLE_NUMBERS = """
block Body(width):
  - Linear(width) -> ReLU

model Near:
  input t: [B] long < 10
  - OneHot(10) -> Linear(4)
  output y: Body(3)

model Far:
  input t: [B] long < 10
  - SineEmbedding(8) -> Body(3)
  output y: Body(2)

model Bare:
  input t: [B] long < 10
  output y: OneHot(10)
"""


@pytest.mark.parametrize("name", ["Near", "Far", "Bare"])
def test_fractions_of_whole_numbers_are_of_the_type_of_the_weights(name: str, tmp_path: Path) -> None:
    """A model in another precision runs: what is made of ids and times follows the layer beside it."""
    torch = pytest.importorskip("torch")
    from dslnet.runtime import instantiate

    made = instantiate(model_of(WHOLE_NUMBERS, tmp_path, name))
    for dtype in (torch.float32, torch.float64, torch.bfloat16):
        expected = torch.float32 if name == "Bare" else dtype
        assert made.to(dtype)(torch.tensor([3, 7])).dtype == expected


def test_the_same_bytes_under_every_hash_seed(tmp_path: Path) -> None:
    path = tmp_path / "spec.net"
    path.write_text(SMALL["residual"] + SMALL["scan"])
    code = (
        "import sys; sys.path.insert(0, sys.argv[2]); from pathlib import Path\n"
        "from test_python_target import model_at\n"
        "from dslnet.targets.python import emit; import hashlib\n"
        "print(hashlib.sha256(emit(model_at(Path(sys.argv[1]))).encode()).hexdigest())\n"
        "assert 'torch' not in sys.modules"
    )
    seen = set()
    for seed in ("0", "1", "2"):
        arguments = [sys.executable, "-c", code, str(path), str(Path(__file__).parent)]
        root = str(Path(__file__).parents[1])
        env = {"PYTHONHASHSEED": seed, "PYTHONPATH": root}
        done = subprocess.run(arguments, capture_output=True, text=True, env=env)
        assert done.returncode == 0, done.stderr
        seen.add(done.stdout)
    assert len(seen) == 1


# ------------------------------------------------------------------------------------------------- injection


def test_doc_comments_stay_text(tmp_path: Path) -> None:
    evil = '## """ + __import__("os").system("true") + """ \\" \\N{x} \u00e9 \\x41\n## coding: utf-7\n'
    text = emit(model_of(evil + "model Doc:\n  input x: [B, 8]\n  - Linear(8)\n  output y\n", tmp_path))
    assert text.isascii() and text.split("\n")[0] == "# Generated by dslnet; do not edit."
    assert not [n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Name) and n.id == "__import__"]


@pytest.mark.parametrize(
    "text",
    [
        "import os",
        "from os import path",
        "x = __import__('os')",
        "x = eval('1')",
        "import torch\nx = torch.load('f')",
        "import torch\nx = torch.hub.load('f')",
        "x = ().__class__",
        "x = open('f')",
        "import torch\nx = torch.ops",
        "x = getattr(1, 'a')",
        "exec('1')",
        "x = 'caf\u00e9'",
        "async def f(): pass",
        "global x",
        "def f(:",
    ],
)
def test_the_allow_list_refuses(text: str) -> None:
    with pytest.raises(InternalError):
        check(text)


def test_literals() -> None:
    assert [lit(v) for v in (None, True, 3, 1e-5, 1e22, 0.1, -2, (1,), [1, "a"], 1e9, 1234567.5)] == [
        "None", "True", "3", "1e-5", "1e22", "0.1", "-2", "(1,)", '[1, "a"]', "1e9", "1234567.5",
    ]  # fmt: skip
    for text in ('a"b', "a'b", "\n\r\0", "\u202e", "\\", "\"'", "'''\"\"\""):
        assert ast.literal_eval(lit(text)) == text and lit(text).isascii()
    for value in (float("inf"), float("nan"), object(), 1j):
        with pytest.raises(InternalError):
            lit(value)


def test_free_text_is_one_printable_line() -> None:
    for text in ("a\rb", "a\nb\u2028c", "\x1b[31m", "x" * 5000, '"""', "\\"):
        assert plain(text).isprintable() and len(plain(text)) <= 500 and "\n" not in plain(text)
        lines = docstring([text], "    ")
        assert isinstance(ast.literal_eval("\n".join(lines).strip()), str)


def test_names() -> None:
    names = Names({"x"})
    assert [names.new(n) for n in ("x", "x", "class", "print", "__a__", "my-key", "0", "torch", "")] == [
        "x2", "x3", "class_", "print_", "a", "my_key", "n0", "torch_", "value",
    ]  # fmt: skip
    assert not fits("forward__") and not fits("lambda") and fits("forward")


def test_reserved_attributes_are_torchs() -> None:
    torch = pytest.importorskip("torch")
    nn = torch.nn
    modules = (nn.Module(), nn.ModuleList(), nn.Sequential(), nn.ModuleDict())
    # A library that is imported beside torch may put names of its own on nn.Module.
    foreign = {n for n, v in vars(nn.Module).items() if not getattr(v, "__module__", "torch").startswith("torch")}
    public = {n for module in modules for n in dir(module) if not n.startswith("_")}
    assert public - foreign <= MODULE_ATTRIBUTES
