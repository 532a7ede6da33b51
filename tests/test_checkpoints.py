"""Published weights: tables of names, what fits a model and what does not, files that may come from anybody."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dslnet
from dslnet.checkpoints import Table, WeightsMistake, fitted, parse_table, read_tensors
from dslnet.cli import main
from dslnet.diagnostics import Report
from dslnet.ops.base import Weight
from dslnet.source import Source

numpy: Any = pytest.importorskip("numpy")

TABLE = """\
# a comment, and a blank line

prefix net.inner
drop h.{i}.mask
h.{i}.ln_{n}.{p} -> h.{i}.ln{n}.{p}
h.{i}.qkv.weight -> transpose -> h.{i}.attn.{q,k, v}.weight
h.{i}.qkv.bias -> h.{i}.attn.{q,k,v}.bias     # cut in three
h.{i}.same.{i} -> twice.{i}
head.weight -> wte.weight
"""


def table(text: str) -> Table:
    report = Report()
    made = parse_table(Source("t.names", text), report)
    assert made is not None, report.diagnostics
    return made


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("wte.weight", ["wte.weight"]),
        ("net.inner.wte.weight", ["wte.weight"]),
        ("net.wte.weight", ["net.wte.weight"]),
        ("h.0.mask", []),
        ("h.12.ln_1.bias", ["h.12.ln1.bias"]),
        ("h.12.ln_1.bias.more", ["h.12.ln_1.bias.more"]),
        ("h.12.ln_.bias", ["h.12.ln_.bias"]),
        ("h.12.ln_é.bias", ["h.12.ln_é.bias"]),
        ("net.inner.h.0.qkv.bias", ["h.0.attn.q.bias", "h.0.attn.k.bias", "h.0.attn.v.bias"]),
        ("h.3.same.3", ["twice.3"]),
        ("h.3.same.4", ["h.3.same.4"]),
        ("", [""]),
    ],
)
def test_names_lead(theirs: str, ours: list[str]) -> None:
    assert table(TABLE).lead(theirs)[0] == ours


@pytest.mark.parametrize(
    ("line", "at", "said"),
    [
        ("perfix net", "perfix", "did you mean `prefix`?"),
        ("prefix a b", "prefix a b", "`prefix transformer`"),
        ("prefix a..b", "prefix a..b", "`prefix transformer`"),
        ("drop", "drop", "`drop h.{i}.attn.bias`"),
        ("a b", "a b", "`their.name -> our.name`"),
        ("-> b", "-> b", "`their.name -> our.name`"),
        ("a ->", "a ->", "`their.name -> our.name`"),
        ("a -> b -> c", "a -> b -> c", "`their.name -> transpose -> our.name`"),
        ("transpose -> a -> b", "transpose -> a -> b", "`their.name -> transpose -> our.name`"),
        ("h.{i} -> g.{j}", "{j}", "did you mean `{i}`?"),
        ("{a}{b}.c -> d", "{a}{b}.c", "divide segments with dots"),
        ("a..b -> c", "a..b", "letters, digits"),
        ("a.* -> c", "a.*", "letters, digits"),
        ("a.{ -> c", "a.{", "letters, digits"),
        ("a.{q,k} -> c", "a.{q,k}", None),
        ("a -> {q,k}.{r,s}", "{q,k}.{r,s}", None),
    ],
)
def test_lines_that_are_wrong(line: str, at: str, said: str | None) -> None:
    """Each is told at its place, with a way out; what is right around it is no trouble."""
    report = Report()
    text = f"a.b -> c.d\n{line}  # here\n"
    assert parse_table(Source("t.names", text), report) is None
    (one,) = report.diagnostics
    span = one.primary.span
    assert (one.code, text[span.start : span.end]) == ("E0822", at)
    assert said is None or any(said in help.text for help in one.helps)


def test_a_prefix_is_said_once() -> None:
    report = Report()
    assert parse_table(Source("t.names", "prefix a\nprefix b\n"), report) is None
    assert [d.code for d in report.diagnostics] == ["E0822"]


def test_a_table_is_no_longer_than_it_may_be() -> None:
    report = Report()
    assert parse_table(Source("t.names", "a -> b\n" * 100_000), report) is None
    assert [d.code for d in report.diagnostics] == ["E0907"]


WORDS = st.sampled_from(
    [
        "prefix",
        "drop",
        "->",
        "transpose",
        "a",
        "h.{i}",
        "{i}",
        "{",
        "}",
        "{q,k}",
        "{q,",
        ".",
        "..",
        "#",
        "\t",
        "\n",
        ",",
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(max_size=200), st.lists(WORDS, max_size=40).map(" ".join)), st.text(max_size=40))
def test_any_text_is_a_table_or_a_mistake(text: str, name: str) -> None:
    report = Report()
    made = parse_table(Source("t.names", text), report)
    assert (made is None) == bool(report.errors)
    if made is not None:
        names, rule = made.lead(name)
        assert rule is not None or len(names) == 1


def test_a_hostile_table_takes_no_time() -> None:
    """As many lines and placeholders as there may be, against many names that almost fit."""
    lines = "".join(f"{'.'.join('{' + chr(97 + n % 20) + '}' for n in range(23))}.x{m} -> y\n" for m in range(200))
    made = table(lines)
    tensors = {".".join(["a" * 50] * 23) + f".z{n}": numpy.zeros(1) for n in range(1000)}
    start = time.process_time()
    with pytest.raises(WeightsMistake):
        fitted(tensors, [Weight(f"w{n}", (1,)) for n in range(1000)], [made], file="f", model="M")
    assert time.process_time() - start < 5
    report = Report()
    assert parse_table(Source("t.names", ".".join("a" * 25) + " -> b"), report) is None
    assert [d.code for d in report.diagnostics] == ["E0822"]


# ---------------------------------------------------------------------------------------------------- fitting

WEIGHTS = [
    Weight("wte.weight", (5, 4)),
    *(Weight(f"h.0.attn.{n}.weight", (4, 4)) for n in "qkv"),
    *(Weight(f"h.0.attn.{n}.bias", (4,)) for n in "qkv"),
    Weight("h.0.ln1.weight", (4,)),
    Weight("bn.num_batches_tracked", (), trained=False, dtype="long"),
]


def arrays(**changed: Any) -> dict[str, Any]:
    """A file that fits by `TABLE`, and what is different in it; None takes a tensor away."""
    made: dict[str, Any] = {
        "net.inner.wte.weight": numpy.arange(20.0).reshape(5, 4),
        "head.weight": numpy.arange(20.0).reshape(5, 4),
        "net.inner.h.0.qkv.weight": numpy.arange(48.0).reshape(4, 12),
        "net.inner.h.0.qkv.bias": numpy.arange(12.0),
        "net.inner.h.0.ln_1.weight": numpy.ones(4),
        "net.inner.h.0.mask": numpy.ones((1, 9)),
    }
    made.update({k.replace("__", "."): v for k, v in changed.items()})
    return {k: v for k, v in made.items() if v is not None}


def fit(tensors: dict[str, Any], tables: list[Table]) -> Any:
    return fitted(tensors, WEIGHTS, tables, file="dir/w.safetensors", model="M")


def test_a_table_transposes_and_cuts() -> None:
    made = fit(arrays(), [table(TABLE)])
    assert made.table == "t.names" and list(made.tensors) == [w.name for w in WEIGHTS[:-1]]
    whole = numpy.arange(48.0).reshape(4, 12)
    for n, part in enumerate("qkv"):
        assert (made.tensors[f"h.0.attn.{part}.weight"] == whole.T[4 * n : 4 * n + 4]).all()
        assert (made.tensors[f"h.0.attn.{part}.bias"] == numpy.arange(4.0) + 4 * n).all()


def test_axes_of_one_in_front_are_no_difference() -> None:
    token = Weight("token", (1, 1, 4))
    made = fitted({"t": numpy.arange(4.0)}, [token], [table("t -> token")], file="f", model="M")
    assert made.tensors["token"].shape == (1, 1, 4)
    for shape in ((4, 1), (2, 2), (1, 4, 1)):
        with pytest.raises(WeightsMistake):
            fitted({"t": numpy.zeros(shape)}, [token], [table("t -> token")], file="f", model="M")


def test_names_that_fit_want_no_table() -> None:
    tensors = {w.name: numpy.zeros(w.shape) for w in WEIGHTS} | {"pruned": numpy.zeros(1)}
    made = fit(tensors, [table("wte.weight -> nowhere")])
    assert made.table is None and "pruned" not in made.tensors


def test_the_first_table_that_fits_is_taken() -> None:
    assert fit(arrays(), [table("drop x"), table(TABLE)]).table == "t.names"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"net__inner__wte__weight": None, "head__weight": None}, "`w.safetensors` has no `wte.weight` for M"),
        ({"net__inner__other": numpy.ones(2)}, "no line of `t.names` fits `net.inner.other`"),
        ({"h__1__ln_1__weight": numpy.ones(4)}, "`h.1.ln_1.weight` would be `h.1.ln1.weight`, which M does not have"),
        ({"head__weight": numpy.ones((5, 4))}, "`net.inner.wte.weight` and `head.weight`"),
        ({"head__weight": numpy.ones((5, 3))}, "which would be `wte.weight`, is [5, 3], not [5, 4] as in M"),
        ({"net__inner__h__0__qkv__weight": numpy.ones((4, 12, 1))}, "only a matrix is transposed"),
        ({"net__inner__h__0__qkv__weight": numpy.ones((4, 13))}, "cannot be cut into 3 equal parts"),
        ({"net__inner__h__0__qkv__bias": numpy.ones(())}, "cannot be cut into 3 equal parts"),
        ({"net__inner__h__0__qkv__bias": numpy.ones(15)}, "is [5], not [4] as in M"),
    ],
)
def test_what_does_not_fit_is_named(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(WeightsMistake) as caught:
        fit(arrays(**changed), [table(TABLE)])
    assert said in caught.value.title and caught.value.code == "E0823"


# ------------------------------------------------------------------------------------------- files and callers

NET = """\
model M(width=4):
  input x: [B, 3]
  - first: Linear(width) -> ReLU
  output y: Linear(2)
"""
NAMES = "prefix theirs\na.kernel -> transpose -> first.weight\na.{p} -> first.{p}\nb.{p} -> y.{p}\n"


def save(path: Path, tensors: dict[str, Any]) -> Path:
    """A safetensors file of single precision."""
    table, body = {}, b""
    for name, value in tensors.items():
        data = numpy.ascontiguousarray(value, "<f4").tobytes()
        table[name] = {"dtype": "F32", "shape": list(value.shape), "data_offsets": [len(body), len(body) + len(data)]}
        body += data
    head = json.dumps(table).encode()
    path.write_bytes(len(head).to_bytes(8, "little") + head + body)
    return path


def theirs() -> dict[str, Any]:
    values = numpy.random.default_rng(0)
    return {
        "theirs.a.kernel": values.normal(size=(3, 4)), "theirs.a.bias": values.normal(size=4),
        "theirs.b.weight": values.normal(size=(2, 4)), "theirs.b.bias": values.normal(size=2),
    }  # fmt: skip


def expected(x: Any) -> Any:
    t = theirs()
    return numpy.maximum(x @ t["theirs.a.kernel"] + t["theirs.a.bias"], 0) @ t["theirs.b.weight"].T + t["theirs.b.bias"]


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    (tmp_path / "m.net").write_text(NET)
    (tmp_path / "m.other.names").write_text("drop nothing\n")
    (tmp_path / "m.theirs.names").write_text(NAMES)
    save(tmp_path / "w.safetensors", theirs())
    return tmp_path / "m.net"


def test_a_module_takes_the_table_beside_its_spec(spec: Path) -> None:
    torch = pytest.importorskip("torch")
    folder, net = spec.parent, dslnet.load(spec)
    x = numpy.random.default_rng(1).normal(size=(5, 3))
    given = torch.from_numpy(x.astype("f4"))
    explicit = {"weights": folder / "w.safetensors", "names": folder / "m.theirs.names"}
    for made in (net.M(weights=folder / "w.safetensors"), net.M(4, **explicit)):
        numpy.testing.assert_allclose(made(given).detach().numpy(), expected(x), rtol=1e-5, atol=1e-6)
    with pytest.raises(dslnet.NetError, match="E0823.*no line of `m.other.names` fits `theirs.a.kernel`"):
        net.M(weights=folder / "w.safetensors", names=folder / "m.other.names")
    with pytest.raises(dslnet.NetError, match=r"which would be `first.weight`, is \[4, 3\], not \[5, 3\]"):
        net.M(width=5, weights=folder / "w.safetensors")
    with pytest.raises(TypeError, match="`names` says"):
        net.M(names=folder / "m.theirs.names")
    with pytest.raises(dslnet.NetError, match="E0801"):
        net.M(weights=folder / "w.safetensors", names=folder / "none.names")
    (folder / "m.theirs.names").write_text("what\n")
    with pytest.raises(dslnet.NetError, match="E0822.*\n.*m.theirs.names:1:1"):
        net.M(weights=folder / "w.safetensors")


BOXES = """\
use Cell from "cell.net"

model Two:
  input x: [B, 3]
  - rounds: repeat 2: Cell(weights="w.safetensors")
  part: x -> Cell(weights="w.safetensors")
  output y: rounds
  output z: part.first
"""


def test_a_box_takes_the_table_beside_its_block(tmp_path: Path) -> None:
    """In every round, and where a part of it is not used and therefore not there."""
    pytest.importorskip("torch")
    (tmp_path / "boxes.net").write_text(BOXES)
    (tmp_path / "cell.net").write_text(
        "block Cell:\n  input x: [B, 3]\n  - first: Linear(4) -> ReLU\n  - y: Linear(3)\n"
    )
    (tmp_path / "cell.theirs.names").write_text(NAMES)
    tensors = {**theirs(), "theirs.b.weight": numpy.ones((3, 4)), "theirs.b.bias": numpy.arange(3.0)}
    save(tmp_path / "w.safetensors", tensors)
    made = dslnet.load(tmp_path / "boxes.net").Two()
    for cell in (*made.rounds, made.part):
        numpy.testing.assert_allclose(cell.first.weight.detach(), tensors["theirs.a.kernel"].T, rtol=1e-6)
    assert made.rounds[1].y.bias.tolist() == [0, 1, 2] and not hasattr(made.part, "y")
    save(tmp_path / "w.safetensors", {**tensors, "theirs.a.bias": numpy.ones(7)})
    with pytest.raises(dslnet.NetError, match=r"E0823.*is \[7\], not \[4\].*\n.*boxes.net:5:23\n.*\n.* filled here"):
        dslnet.load(tmp_path / "boxes.net").Two()


def test_weights_of_training_are_filled_too(tmp_path: Path) -> None:
    """A head that only a loss trains: from a file that has it, and left as it is by one that has not."""
    torch = pytest.importorskip("torch")
    path = tmp_path / "m.net"
    path.write_text(
        "model M:\n  input x: [B, 3]\n  target t: [B, 2]\n  - body: Linear(4)\n"
        "  head: body -> Linear(2)\n  output y: Linear(5)\n  loss: head -> MSE to t\n"
    )
    net = dslnet.load(path)
    own = net.M().state_dict()
    assert "head.weight" in own
    save(tmp_path / "whole.safetensors", {name: numpy.full(value.shape, 0.5) for name, value in own.items()})
    made = net.M(weights=tmp_path / "whole.safetensors").state_dict()
    assert all((value == 0.5).all() for value in made.values())
    less = {name: numpy.full(value.shape, 0.5) for name, value in own.items() if not name.startswith("head")}
    save(tmp_path / "less.safetensors", less)
    torch.manual_seed(0)
    made = net.M(weights=tmp_path / "less.safetensors").state_dict()
    assert all((made[name] == 0.5).all() for name in less) and not (made["head.weight"] == 0.5).all()


DEEP = """\
block Deep(layers):
  - body: repeat layers: Linear(3)
  - head: Linear(5)

model M(layers=2):
  input x: [B, 3]
  target t: [B, 4]
  - body: repeat layers: Linear(3)
  extra: body -> Linear(4)
  output y: Linear(5)
  loss: extra -> MSE to t
  freeze: y

model Two(layers=2):
  input x: [B, 3]
  net: x -> Deep(layers, weights="deep.safetensors")
  output y: net.body
"""


def tensors_of(layers: int, **more: Any) -> dict[str, Any]:
    made = {f"body.{n}.{p}": numpy.ones((3, 3) if p == "weight" else 3) for n in range(layers) for p in WEIGHT_BIAS}
    return {**made, **more}


WEIGHT_BIAS = ("weight", "bias")


def test_what_is_left_over_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The first half of a deep network is another network; what the text explains is no matter."""
    pytest.importorskip("torch")
    path = tmp_path / "m.net"
    path.write_text(DEEP)
    y = {"y.weight": numpy.ones((5, 3)), "y.bias": numpy.ones(5)}
    quiet = {
        **y,
        "extra.weight": numpy.ones((4, 3)),
        "copy.weight": numpy.ones((5, 3)),
        "n.num_batches_tracked": numpy.ones(()),
    }
    save(tmp_path / "w.safetensors", tensors_of(2, **quiet))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        dslnet.load(path).M(weights=tmp_path / "w.safetensors")
    save(tmp_path / "w.safetensors", tensors_of(3, **{**y, "body.2.weight": numpy.zeros((3, 3))}))
    with pytest.warns(UserWarning, match="W0441: `w.safetensors` has `body.2.weight`, which M does not have"):
        dslnet.load(path).M(weights=tmp_path / "w.safetensors")
    with pytest.raises(dslnet.NetError, match="W0441"):
        dslnet.load(path, strict=True).M(weights=tmp_path / "w.safetensors")
    words = ["compile", f"{path}:M", "-o", str(tmp_path / "m.pt2"), "--weights", str(tmp_path / "w.safetensors")]
    assert main(words) == 0 and "warning[W0441]" in capsys.readouterr().err


def test_what_is_left_over_of_a_box_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its head stands in the text, and nothing uses it."""
    pytest.importorskip("torch")
    path = tmp_path / "m.net"
    path.write_text(DEEP)
    head = {"head.weight": numpy.zeros((5, 3)), "head.bias": numpy.zeros(5)}
    save(tmp_path / "deep.safetensors", tensors_of(2, **head))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made = dslnet.load(path).Two()
    assert not hasattr(made.net, "head") and (made.net.body[1].weight == 1).all()
    save(tmp_path / "deep.safetensors", tensors_of(2, **head, other=numpy.zeros(1)))
    with pytest.warns(UserWarning, match="W0441: `deep.safetensors` has `other`, which `net` does not have"):
        dslnet.load(path).Two()
    assert main(["compile", f"{path}:Two", "-o", str(tmp_path / "m.pt2")]) == 0
    assert "dslnet: W0441: `deep.safetensors` has `other`" in capsys.readouterr().err


def test_parameters_of_these_names_are_the_models_own(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    path = tmp_path / "m.net"
    path.write_text("model M(weights=2, names=3):\n  input x: [B, 3]\n  output y: Linear(weights + names)\n")
    assert dslnet.load(path).M(weights=4)(torch.zeros(1, 3)).shape == (1, 7)


def test_onnx_without_torch_by_a_table(spec: Path) -> None:
    pytest.importorskip("onnx")
    runtime = pytest.importorskip("onnxruntime")
    out = spec.parent / "m.onnx"
    code = (
        "import sys; sys.modules['torch'] = sys.modules['safetensors'] = None\n"
        "from dslnet.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    words = ["compile", str(spec), "-o", str(out), "--no-verify", "--weights", str(spec.parent / "w.safetensors")]
    for more in ([], ["--names", str(spec.parent / "m.theirs.names")]):
        done = subprocess.run([sys.executable, "-c", code, *words, *more], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert "m.theirs.names" in done.stderr
        x = numpy.random.default_rng(2).normal(size=(5, 3)).astype("f4")
        (found,) = runtime.InferenceSession(str(out)).run(None, {"x": x})
        numpy.testing.assert_allclose(found, expected(x), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--weights", "w.safetensors", "--names", "m.other.names"], "E0823"),
        (["--weights", "w.safetensors", "--names", "m.net"], "E0803"),
        (["--weights", "w.safetensors", "--names", "m.their.names"], "did you mean `m.theirs.names`"),
        (["--weights", "w.safetensors", "--set", "width=6"], "not [6, 3] as in M"),
        (["--names", "m.theirs.names"], "`--names` says what"),
    ],
)
def test_mistakes_of_the_command(
    spec: Path, words: list[str], said: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("onnx")
    monkeypatch.chdir(spec.parent)
    assert main(["compile", "m.net", "-o", "m.onnx", "--no-verify", *words]) in (1, 2)
    assert said in capsys.readouterr().err
    assert not (spec.parent / "m.onnx").exists()


def test_a_file_in_pieces(spec: Path) -> None:
    folder, tensors = spec.parent, theirs()
    first, second = dict(list(tensors.items())[:2]), dict(list(tensors.items())[2:])
    save(folder / "one-1.safetensors", first)
    save(folder / "one-2.safetensors", second)
    where = {**dict.fromkeys(first, "one-1.safetensors"), **dict.fromkeys(second, "one-2.safetensors")}
    index = folder / "one.safetensors.index.json"
    index.write_text(json.dumps({"metadata": {}, "weight_map": where}))
    found = read_tensors(str(index))
    assert set(found) == set(tensors)
    assert all((found[name] == tensors[name].astype("f4")).all() for name in tensors)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "E0817"),
        ("[" * 100_000, "E0817"),
        ("[]", "E0817"),
        ('{"weight_map": []}', "E0817"),
        ('{"weight_map": {"a": 3}}', "E0817"),
        ('{"weight_map": {"a": "../w.safetensors"}}', "E0804"),
        ('{"weight_map": {"a": "/etc/w.safetensors"}}', "E0804"),
        ('{"weight_map": {"a": "w.bin"}}', "E0804"),
        ('{"weight_map": {"a": "none.safetensors"}}', "E0801"),
        ('{"weight_map": {"a": "w.safetensors"}}', "E0817"),
    ],
)
def test_a_wrong_index(spec: Path, text: str, code: str) -> None:
    index = spec.parent / "x.safetensors.index.json"
    index.write_text(text)
    with pytest.raises(WeightsMistake) as caught:
        read_tensors(str(index))
    assert caught.value.code == code


def test_no_pipe_is_waited_for(tmp_path: Path) -> None:
    for name in ("w.safetensors", "w.safetensors.index.json"):
        os.mkfifo(tmp_path / name)
        with pytest.raises(WeightsMistake) as caught:
            read_tensors(str(tmp_path / name))
        assert caught.value.code == "E0806"
