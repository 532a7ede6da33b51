"""Recurrences in exported programs: any number of steps, from files and where a user calls `torch.export`."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from torch.export import Dim  # noqa: E402
from torch.utils._pytree import tree_leaves  # noqa: E402

import dslnet  # noqa: E402
from dslnet.cli import main  # noqa: E402
from dslnet.program import export, free_loops  # noqa: E402
from dslnet.targets import program, unrolling  # noqa: E402
from dslnet.targets.python import emit  # noqa: E402
from dslnet.targets.samples import inputs_of  # noqa: E402
from dslnet.targets.scanned import scanned  # noqa: E402

BOXES = {
    "RNN": "  - RNN(5, num_layers=3, bias=false) -> RNN(6, nonlinearity='relu')\n  output y",
    "GRU": "  input h: [B, 10]\n  output y: GRU(5, bidirectional=true) with h",
    "LSTM": "  - read: LSTM(5, num_layers=2, bidirectional=true, dropout=0.5)\n  output y\n  output c: read.cell",
    "states": "  input c: [B, 5]\n  - a: LSTM(5) with (cell=c)\n  - LSTM(5) with (a.state, a.cell)\n  output y",
}
SCANS = {
    "RNNCell": "  - repeat 2: residual: scan: RNNCell(4)\n  output y",
    "LSTMCell": "  input h: [B, 5]\n  - a: scan: LSTMCell(5) with (h=h)\n  output c: a.c\n  output h2: a.h",
    "memory": """  input memory: [B, S, 6]
  start: memory -> Mean(axis=1) -> Linear(5)
  z: x -> Linear(3)
  - (x, z)
  - read: scan: Look(5) with (memory, h=start)
  output y: Linear(2)
  output last: read.h

block Look(width):
  input x: [B, d]
  input z: [B, e]
  input memory: [B, S, m]
  state h: [B, width]
  seen: h -> AdditiveAttention(width) to memory
  new: (x, z, seen, h) -> Concat -> Linear(width) -> LayerNorm -> Tanh
  next h: new
  output new""",
    "ids": """  - said: scan: Speak(7)
  output y
  output last: said.word

block Speak(vocab):
  input x: [B, d]
  state word: [B] long < vocab = 0
  scores: (x, word -> Embedding(vocab, 4)) -> Concat -> Linear(vocab)
  next word: scores -> ArgMax(axis=1)
  output scores""",
    "nested": """  input memory: [B, S, 6]
  - scan: Outer(5) with memory
  output y

block Inner(width):
  input x: [B, d]
  state h: [B, width]
  next h: (x, h) -> Concat -> Linear(width) -> Tanh
  output h

block Outer(width):
  input x: [B, d]
  input memory: [B, S, m]
  state g: [B, width] = 0
  inner: memory ->
    - read: scan: Inner(width) with (h=g)
  new: (x, inner.h) -> Concat -> Linear(width) -> Tanh
  next g: new
  output new""",
    "layer": """  input memory: [B, S, 6]
  - scan: Outer(5) with memory
  output y

block Outer(width):
  input x: [B, d]
  input memory: [B, S, m]
  state g: [B, width] = 0
  read: memory -> GRU(width) with g
  new: (x, read.state) -> Concat -> Linear(width) -> Tanh
  next g: new
  output new""",
    "unread": """  - read: scan: Late
  output y
  output last: read.h

block Late:
  input x: [B, d]
  state h: [B, 3] = 0
  next h: x -> Linear(3)
  output o: x -> Linear(2)""",
    "weightless": """  - scan: Decay
  output y

block Decay:
  input x: [B, d]
  state h: [B, d] = 0
  new: 0.5 * h + x
  next h: new
  output new""",
    "known": """  input w: [B, 7, 4]
  - LSTM(4) -> Mean(axis=1)
  output y
  read: w ->
    - scan: RNNCell(2)
  output z: read""",
}
ALL = BOXES | SCANS
#: A step that changes something beside what it makes.
THEIRS = """
from torch import nn

class Counting(nn.Module):
    def __init__(self):
        super().__init__()
        self.calls = 0

    def forward(self, x):
        self.calls += 1
        return x + 1
"""
REFUSED = """use python Counting from "their_steps"

block Cell(width):
  input x: [B, width]
  state h: [B, width] = 0
  new: x + h -> Counting -> [B, width]
  next h: new
  output new

model M:
  input x: [B, T, 4]
  - scan: Cell(4)
  output y
"""


def written(body: str, folder: Path) -> Path:
    path = folder / "main.net"
    path.write_text("model M:\n  input x: [B, T, 4]\n" + body.replace("'", '"') + "\n", "utf-8")
    return path


def model_in(body: str, folder: Path) -> Any:
    torch.manual_seed(1)
    return dslnet.load(written(body, folder)).M().eval()


def tensors(made: Any) -> list[Any]:
    return tree_leaves(tuple(made) if isinstance(made, tuple) else made)


def compare(made: Any, module: Any) -> None:
    """At sizes below, at and above those of any trace, one step and one sample among them."""
    graph = type(module).__graph__
    for number, (batch, steps) in enumerate(((1, 1), (4, 1), (1, 2), (3, 150))):
        values = {name: batch if name == "B" else steps + n for n, name in enumerate(graph.free, -1)}
        given = inputs_of(graph, values, number).values()
        with torch.no_grad():
            for one, other in zip(tensors(made(*given)), tensors(module(*given)), strict=True):
                torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-6)


def nodes(made: Any) -> list[str]:
    """The operators of a program, those in its loops too."""
    graphs = (part.graph for part in made.graph_module.modules() if hasattr(part, "graph"))
    return [str(node.target) for graph in graphs for node in graph.nodes if node.op == "call_function"]


@pytest.mark.parametrize("name", ALL)
def test_any_number_of_steps(name: str, tmp_path: Path) -> None:
    module = model_in(ALL[name], tmp_path)
    worst = export(module, tmp_path / "m.pt2")
    assert worst is not None and worst <= 1e-6
    made = torch.export.load(tmp_path / "m.pt2")
    found = nodes(made)
    assert len(found) < (60 if name != "known" else 120), "the steps are written out"
    if name in BOXES:
        assert {f"aten.{box}.input" for box in ("rnn_tanh", "rnn_relu", "gru", "lstm")} & {*found}
    elif name != "known":
        assert any("scan" in operator or "Scan" in operator for operator in found)
    compare(made.module(), module)


def test_another_process_takes_any_number_of_steps(tmp_path: Path) -> None:
    files = {}
    for name in ("LSTM", "memory"):
        module = model_in(ALL[name], tmp_path)
        words = ["compile", str(tmp_path / "main.net"), "-o", str(tmp_path / f"{name}.pt2"), "--weights"]
        from safetensors.torch import save_file

        save_file(module.state_dict(), tmp_path / "w.safetensors")
        assert main([*words, str(tmp_path / "w.safetensors")]) == 0
        given = [inputs_of(type(module).__graph__, {"B": 2, "T": steps, "S": 3}, 0) for steps in (1, 7)]
        files[name] = [([*feed.values()], [x.detach() for x in tensors(module(*feed.values()))]) for feed in given]
    torch.save(files, tmp_path / "given.pt")
    code = (
        "import sys, torch; sys.modules['dslnet'] = None\n"
        "for name, cases in torch.load('given.pt').items():\n"
        "    made = torch.export.load(name + '.pt2').module()\n"
        "    for inputs, outputs in cases:\n"
        "        with torch.no_grad(): found = made(*inputs).values()\n"
        "        for one, other in zip(found, outputs, strict=True):\n"
        "            torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-6)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path)


@pytest.mark.parametrize("name", ["LSTM", "memory"])
def test_a_program_learns_as_the_module_does(name: str, tmp_path: Path) -> None:
    module = model_in(ALL[name], tmp_path)
    export(module, tmp_path / "m.pt2", verify=False)
    made = torch.export.load(tmp_path / "m.pt2").module()
    given = inputs_of(type(module).__graph__, {"B": 3, "T": 9, "S": 4}, 0).values()
    for one in (made, module):
        sum(x.square().mean() for x in tensors(one(*given))).backward()
    expected = dict(module.named_parameters())
    found = dict(made.named_parameters())
    assert {*found} == {*expected}
    for path, parameter in expected.items():
        torch.testing.assert_close(found[path].grad, parameter.grad, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", ["RNN", "GRU", "LSTM", "RNNCell", "LSTMCell"])
def test_by_hand(name: str, tmp_path: Path) -> None:
    """What PyTorch does where a user exports on his own: without `free_loops` the axis is fixed, with it it is free;
    and nothing of that stays."""
    module = model_in(ALL[name], tmp_path)
    given = tuple(inputs_of(type(module).__graph__, {"B": 3, "T": 5}, 0).values())
    classes, modules, expected = [type(part) for part in module.modules()], set(sys.modules), tensors(module(*given))

    def fixed() -> None:
        for wanted in (Dim("T"), Dim.DYNAMIC):
            with pytest.raises(Exception, match="Constraints violated"):
                torch.export.export(module, given, dynamic_shapes=({1: wanted}, *[None for _ in given[1:]]))

    fixed()
    for wanted in (Dim("T"), Dim.DYNAMIC):
        axes = ({0: Dim.DYNAMIC, 1: wanted}, *[{0: Dim.DYNAMIC} for _ in given[1:]])
        with free_loops(module):
            made = torch.export.export(module, given, dynamic_shapes=axes)
    compare(made.module(), module)
    assert [type(part) for part in module.modules()] == classes
    assert not [new for new in set(sys.modules) - modules if new.endswith("_scanned")]
    for one, other in zip(tensors(module(*given)), expected, strict=True):
        assert torch.equal(one, other)
    fixed()


def test_what_was_changed_comes_back_after_a_mistake(tmp_path: Path) -> None:
    from torch._decomp import decomposition_table

    module = model_in(SCANS["layer"], tmp_path)
    before = [type(part) for part in module.modules()]
    kernels = {op: (dict(op.py_kernels), decomposition_table[op]) for op in unrolling._operators()}
    with pytest.raises(KeyError), free_loops(module):
        assert [type(part) for part in module.modules()] != before
        raise KeyError
    assert [type(part) for part in module.modules()] == before
    assert {op: (dict(op.py_kernels), decomposition_table[op]) for op in unrolling._operators()} == kernels


@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("box", ["RNN", "GRU", "LSTM"])
def test_shapes_and_strides_are_those_of_pytorch(box: str, batch_first: bool) -> None:
    from torch._subclasses import FakeTensorMode

    layer = getattr(torch.nn, box)(4, 6, num_layers=2, bidirectional=True, batch_first=batch_first).eval()
    x = torch.randn(3, 5, 4)
    with unrolling.recurrent_layers(layer):
        expected = tree_leaves(layer(x))  # numbers are computed as ever
        with FakeTensorMode() as mode, torch._dispatch.python.enable_python_dispatcher():
            fake = torch.func.functional_call(
                layer, {n: mode.from_tensor(p) for n, p in layer.named_parameters()}, (mode.from_tensor(x),)
            )
    again = tree_leaves(layer(x))
    for told, one, other in zip(tree_leaves(fake), expected, again, strict=True):
        assert told.shape == one.shape and told.stride() == one.stride() and told.dtype == one.dtype
        assert torch.equal(one, other)


def test_a_compiled_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The module of a file that `compile` wrote, which knows nothing of dslnet."""
    path = written(SCANS["RNNCell"], tmp_path)
    assert main(["compile", str(path), "-o", str(tmp_path / "my_reader.py")]) == 0
    monkeypatch.syspath_prepend(tmp_path)
    module = importlib.import_module("my_reader").M().eval()
    with free_loops(module):
        made = torch.export.export(module, (torch.randn(2, 5, 4),), dynamic_shapes=({0: Dim.AUTO, 1: Dim.DYNAMIC},))
    for given in (torch.randn(1, 1, 4), torch.randn(3, 9, 4)):
        torch.testing.assert_close(made.module()(given), module(given))


def test_shapes_are_not_taken_for_results() -> None:
    """A trace that takes a layer apart, within: what only has a shape is not written down as what it computes."""
    layer, x = torch.nn.GRU(4, 6, batch_first=True).eval(), torch.randn(2, 5, 4)
    with free_loops(layer):
        made = torch.export.export(layer, (x,)).run_decompositions()
        assert "aten.gru" not in str(made.graph)
    for one, other in zip(tree_leaves(made.module()(x)), tree_leaves(layer(x)), strict=True):
        torch.testing.assert_close(one, other)


def test_a_layer_of_somebody_else() -> None:
    """In a module that no spec made."""
    layer = torch.nn.LSTM(4, 6, batch_first=True, proj_size=3).eval()
    with free_loops(layer):
        made = torch.export.export(layer, (torch.randn(2, 5, 4),), dynamic_shapes=({0: Dim.AUTO, 1: Dim.AUTO},))
    for given in (torch.randn(1, 1, 4), torch.randn(3, 9, 4)):
        for one, other in zip(tree_leaves(made.module()(given)), tree_leaves(layer(given)), strict=True):
            torch.testing.assert_close(one, other)


def test_a_step_that_pytorch_does_not_keep(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Right at one size only is not right."""
    path, out = tmp_path / "main.net", tmp_path / "m.pt2"
    path.write_text(REFUSED, "utf-8")
    (tmp_path / "their_steps.py").write_text(THEIRS, "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    assert main(["compile", str(path), "-o", str(out), "--allow-python", "their_steps"]) == 1
    error = capsys.readouterr().err
    assert "error[E0820]: torch.export fixes the steps of a `scan`" in error and "main.net:10" in error
    assert "= note: Attribute 'calls' on an outer-scope object was changed from 0 to 1" in error
    assert "= help: write a number in the place of their size" in error
    assert not out.exists()
    with pytest.raises(dslnet.NetError, match="E0820"):
        export(dslnet.load(path, allow_python=["their_steps"]).M(), out)
    path.write_text(REFUSED.replace("[B, T, 4]", "[B, 3, 4]"), "utf-8")  # as the help says
    assert main(["compile", str(path), "-o", str(out), "--allow-python", "their_steps"]) == 0


@pytest.mark.parametrize("name", ["LSTM", "RNNCell"])
def test_a_pytorch_that_keeps_no_loop(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(ALL[name], tmp_path)
    monkeypatch.setattr(program, "missing", lambda: "torch 2.5 has no way to leave the number of steps open")
    monkeypatch.setattr(program, "STARTS", (8,))
    assert main(["compile", str(path), "-o", str(tmp_path / "m.pt2")]) == 1
    error = capsys.readouterr().err
    assert "error[E0820]: torch.export fixes the size `T`" in error and "= note: torch 2.5 has no way" in error
    assert not (tmp_path / "m.pt2").exists()


def test_what_a_version_lacks_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    assert unrolling.missing() == ""
    monkeypatch.setitem(sys.modules, "torch._higher_order_ops.scan", None)
    assert unrolling.missing() == f"torch {torch.__version__} has no way to leave the number of steps open"


def test_from_python(tmp_path: Path) -> None:
    """A module with training, in half precision: the program has what the outputs need, in single precision."""
    path = tmp_path / "main.net"
    path.write_text(
        "model M:\n  input x: [B, T, 4]\n  target c: [B] long < 3\n  - GRU(6) -> Mean(axis=1)\n  output y: Linear(3)\n"
        "  extra: y -> Linear(3)\n  loss: extra -> CrossEntropy to c\n",
        "utf-8",
    )
    module = dslnet.load(path).M()
    assert any(name.startswith("extra") for name in module.state_dict())
    state = torch.get_rng_state()
    assert export(module, tmp_path / "a.pt2") == 0.0 and module.training
    assert torch.equal(state, torch.get_rng_state())
    names = torch.export.load(tmp_path / "a.pt2").state_dict
    assert not any(name.startswith("extra") for name in names) and "gru1.weight_hh_l0" in names
    assert export(module.half(), tmp_path / "b.pt2", verify=False) is None
    assert {x.dtype for x in torch.export.load(tmp_path / "b.pt2").state_dict.values()} == {torch.float32}
    (tmp_path / "c.pt2").write_text("mine")
    with pytest.raises(dslnet.NetError, match="E0810"):
        export(module, tmp_path / "c.pt2", verify=False)
    module.y.register_forward_hook(lambda layer, given, made: made + 1)
    with pytest.raises(dslnet.NetError, match="E0821"):  # it computes something else than its spec says
        export(module, tmp_path / "d.pt2")
    module.y = torch.nn.Identity()
    with pytest.raises(ValueError, match="the module has no `y.weight`, which M has in its spec"):
        export(module, tmp_path / "d.pt2")
    assert not (tmp_path / "d.pt2").exists()
    with pytest.raises(TypeError, match="Linear was not made from a spec"):
        export(torch.nn.Linear(1, 1), tmp_path / "d.pt2")


# ------------------------------------------------------------------------------------------------- the text

LOOP = """
class M:
    def forward(self, x, y, h):
        z = 0
        hs = []
        for x_t, y_t in zip(x.unbind(1), self.f(y).unbind(1)):
            z = self.g(x_t)
            h = self.cell(z, y_t, h)
            hs.append(h)
        return self.head(torch.stack(hs, dim=1)), h
"""
SCAN = """
class M:
    def forward(self, x, y, h):
        z = 0
        hs = []
        def _0_step0(h, x_t, y_t):
            z = self.g(x_t)
            h = self.cell(z, y_t, h)
            _0_made0 = h
            return ((h,), (_0_made0,))
        (h,), (hs,) = _0_scan(_0_step0, (h,), (x, self.f(y)))
        return self.head(hs), h
"""


def plain(tree: ast.AST) -> str:
    return ast.unparse(tree)


def test_a_loop_over_steps_as_a_scan() -> None:
    tree, name = scanned(LOOP)
    assert plain(tree) == plain(ast.parse(SCAN)) and name == "_0_scan"
    tree, name = scanned(LOOP.replace("hs", "_0_hs"))
    assert name == "_1_scan" and plain(tree) == plain(ast.parse(SCAN.replace("_0_", "_1_").replace("hs", "_0_hs")))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("x.unbind(1)", "x.unbind(0)"),  # another axis
        ("x.unbind(1)", "self.layers"),  # another loop
        (", h\n", ", hs\n"),  # the list is more than stacked
        ("dim=1", "dim=0"),
        (", h\n", ", y_t\n"),  # what only the loop makes
        ("y, h):", "y):"),  # a state that is nowhere
    ],
)
def test_what_is_no_such_loop_stays(old: str, new: str) -> None:
    text = LOOP.replace(old, new)
    tree, name = scanned(text)
    assert not name and plain(tree) == plain(ast.parse(text))


def test_a_value_of_the_last_step_is_carried() -> None:
    """It is read behind the loop, and in none of the steps."""
    tree, name = scanned(LOOP.replace("self.head(", "self.head(z, "))
    assert name and "def _0_step0(z, h, x_t, y_t):" in plain(tree) and "(z, h), (hs,) = _0_scan(" in plain(tree)


def test_a_loop_over_what_a_loop_made() -> None:
    chained = """
def f(x, h):
    hs = []
    for x_t in x.unbind(1):
        h = h + x_t
        hs.append(h)
    gs = []
    for h_t in torch.stack(hs, dim=1).unbind(1):
        h = h * h_t
        gs.append(h)
    return torch.stack(gs, dim=1)
"""
    tree, _ = scanned(chained)
    assert "_0_scan(_0_step1, (h,), (hs,))" in plain(tree) and "stack" not in plain(tree)


def test_the_source_for_users_keeps_its_loop(tmp_path: Path) -> None:
    text = emit(type(model_in(SCANS["RNNCell"], tmp_path)).__graph__)
    assert ".unbind(1):" in text and "_scan" not in text
