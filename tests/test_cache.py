"""A file that was loaded before, in another process: the same module, without building it, and never another one."""

import copy
import json
import os
import pickle
import stat
import subprocess
import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

import dslnet  # noqa: E402
from dslnet import cache, unchanged  # noqa: E402
from dslnet.limits import Limits  # noqa: E402
from dslnet.ops import OPERATORS  # noqa: E402
from dslnet.resources import specs  # noqa: E402
from dslnet.seals import seal  # noqa: E402

SPEC = """\
model M(width=4):
  input x: [B, 3]
  - hidden: Linear(width) -> ReLU
  output y: Linear(2)
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of this test's own."""
    found = tmp_path / "cache"
    monkeypatch.setenv("DSLNET_CACHE", str(found))
    unchanged.forget()
    return found


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    path = tmp_path / "m.net"
    path.write_text(SPEC)
    return path


def entries(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def load_anew(path: Path, **options: object) -> dslnet.Net:
    """As another process does."""
    unchanged.forget()
    return dslnet.load(path, **options)  # type: ignore[arg-type]


def is_read(net: dslnet.Net) -> bool:
    """Whether the file was read and checked, beside its text."""
    return isinstance(net._checked._read, unchanged.Read)


def state(net: dslnet.Net, name: str = "M", **settings: object) -> dict[str, object]:
    torch.manual_seed(3)
    made: dict[str, object] = dict(net[name](**settings).state_dict())
    return made


def same(one: dict[str, object], other: dict[str, object]) -> bool:
    return list(one) == list(other) and all(torch.equal(one[key], other[key]) for key in one)


@pytest.mark.parametrize("path", sorted(specs().glob("[m-r]*.net")), ids=lambda path: path.stem)
def test_shipped_models_come_back(folder: Path, path: Path) -> None:
    first = load_anew(path)
    name = min(first, key=lambda name: sum(len(d.instances) for d in first[name].graph().definitions.values()))
    with torch.device("meta"):
        made = first[name]()
    net = load_anew(path)
    assert list(net) == list(first) and net[name].parameters == first[name].parameters
    with torch.device("meta"):
        again = net[name]()
    assert bool(entries(folder)) != is_read(net), "either there is an entry, or the file was read"
    assert type(again) is type(made)
    assert net[name].graph() == first[name].graph() == type(again).__graph__
    assert dict(again.__origin__.sources) == dict(made.__origin__.sources)
    assert again.__origin__.texts == made.__origin__.texts


def test_another_process_neither_checks_nor_emits(folder: Path, spec: Path) -> None:
    script = (
        "import sys, torch, dslnet\n"
        f"module = dslnet.load({str(spec)!r}).M(width=5)\n"
        "print('dslnet.build' in sys.modules, 'dslnet.ops' in sys.modules, tuple(module.hidden.weight.shape))\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(dslnet.__file__).parent.parent)}

    def run() -> str:
        return subprocess.run(
            [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
        ).stdout

    assert run() == "True True (5, 3)\n"
    assert len(entries(folder)) == 1
    assert run() == "False False (5, 3)\n"


def test_settings_and_training_are_told_apart(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "m.net"
    path.write_text(SPEC + "  target label: [B] long < 2\n  loss: (y, label) -> CrossEntropy\n")
    wanted = [({}, False), ({"width": 5}, False), ({"width": 5}, True), ({}, True)]
    first = load_anew(path)
    made = [first.M(inference=inference, **settings) for settings, inference in wanted]
    net = load_anew(path)
    again = [net.M(inference=inference, **settings) for settings, inference in wanted]
    assert not is_read(net)
    assert [type(m) for m in again] == [type(m) for m in made] and len({type(m) for m in again}) == 4
    with pytest.raises(TypeError, match="M takes 1 arguments"):
        net.M(1, 2)
    with pytest.raises(AttributeError, match="did you mean M"):
        net.Mm  # noqa: B018


def test_what_is_made_can_be_copied_pickled_drawn_and_exported(folder: Path, spec: Path) -> None:
    load_anew(spec).M()
    net = load_anew(spec)
    module = net.M()
    x = torch.randn(3, 3)
    assert not is_read(net)
    assert torch.equal(copy.deepcopy(module)(x), module(x))
    assert torch.equal(pickle.loads(pickle.dumps(module))(x), module(x))
    assert str(load_anew(spec).M.draw().dot)
    assert type(load_anew(spec).M()).__graph__.name == "M"


@pytest.mark.parametrize(
    ("old", "new"), [("ReLU", "Tanh"), ("width=4", "width=6"), ("[B, 3]", "[B, 8]"), ("hidden", "hiddem")]
)
def test_another_text_is_another_entry(folder: Path, spec: Path, old: str, new: str) -> None:
    """Of the same length, at the same time."""
    before = load_anew(spec).M()
    stamp = spec.stat()
    spec.write_text(SPEC.replace(old, new))
    os.utime(spec, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    net = load_anew(spec)
    assert type(net.M()) is not type(before) and is_read(net)
    spec.write_text(SPEC)
    net = load_anew(spec)
    assert type(net.M()) is type(before) and not is_read(net)
    spec.write_text(SPEC.replace("Linear", "Linar"))
    with pytest.raises(dslnet.NetError):
        load_anew(spec)


def test_another_release_limit_or_place_is_another_entry(
    folder: Path, spec: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_anew(spec).M()
    assert is_read(load_anew(spec, limits=Limits(boxes=100)))
    assert is_read(load_anew(spec, root=tmp_path.parent))
    (tmp_path / "n.net").write_text(SPEC)
    assert is_read(load_anew(tmp_path / "n.net"))
    monkeypatch.setattr(cache, "_release", lambda: "another")
    assert is_read(load_anew(spec))


def test_a_file_of_dslnet_that_changes_is_another_release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "__file__", str(tmp_path / "cache.py"))
    (tmp_path / "a.py").write_text("x = 1\n")
    first = cache._release.__wrapped__()
    os.utime(tmp_path / "a.py", ns=(1, 1))
    second = cache._release.__wrapped__()
    (tmp_path / "b.py").write_text("")
    assert len({first, second, cache._release.__wrapped__()}) == 3


def test_an_operator_of_the_users_own_keeps_it_out(folder: Path, spec: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load_anew(spec).M()
    monkeypatch.setitem(OPERATORS, "ReLU", OPERATORS["Tanh"])
    net = load_anew(spec)
    assert is_read(net)
    net.M()
    monkeypatch.undo()
    os.environ["DSLNET_CACHE"] = str(folder)
    assert "ReLU" in str(load_anew(spec).M.graph())


@pytest.mark.parametrize(
    "text",
    [
        'use P from "part.net"\n\nmodel M:\n  input x: [B, 3]\n  - P\n',
        'use python Threshold from "torch.nn"\n\nmodel M:\n  input x: [B, 3]\n  - Threshold(0, 0) -> [B, 3]\n',
        'model M:\n  input x: [B, 3]\n  - Linear(4, weights="w.safetensors")\n',
        "model M:\n  input x: [B, 3]\n  unused: x -> Linear(4)\n  output y: x -> Linear(4)\n",
    ],
    ids=["imports", "python", "weights", "warning"],
)
def test_what_more_than_its_text_decides_is_not_kept(folder: Path, tmp_path: Path, text: str) -> None:
    from safetensors.torch import save_file

    save_file({"weight": torch.ones(4, 3), "bias": torch.ones(4)}, tmp_path / "w.safetensors")
    (tmp_path / "part.net").write_text("block P:\n  - Linear(4)\n")
    path = tmp_path / "m.net"
    path.write_text(text)
    load_anew(path, allow_python=["torch"]).M()
    assert not entries(folder)
    net = load_anew(path, allow_python=["torch"])
    net.M()
    assert is_read(net)


def test_an_entry_that_is_broken_is_made_anew(folder: Path, spec: Path) -> None:
    made = state(load_anew(spec))
    [entry] = entries(folder)
    whole = entry.read_bytes()
    head, body = whole.split(b"\n", 1)
    first = head.decode().partition(" sha256:")[0]
    known = json.loads(body)
    broken = [
        b"",
        whole[:-5],
        whole.replace(b"nn.Linear(3, 4)", b"nn.Linear(3, 9)"),
        seal(first, "[" * 100_000).encode(),
        seal(first, "{}").encode(),
        seal(first, json.dumps({**known, "written": [["M", "{}", False]]})).encode(),
        b"x" * (cache.BYTES + 1),
    ]
    for data in broken:
        entry.write_bytes(data)
        net = load_anew(spec)
        assert same(state(net), made) and is_read(net)
        assert entry.read_bytes() == whole


@pytest.mark.parametrize(
    "line",
    [
        "import os",
        "open('owned', 'w')",
        "torch.load('x')",
        "().__class__",
        "x = (",
        "def f(open):\n    return open\nopen('owned', 'w')",
        "from torch import nn as open",
    ],
)
def test_a_forged_entry_runs_nothing(folder: Path, spec: Path, line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One with the right hash, by somebody who knows how: what a spec cannot say, it cannot say either."""
    made = state(load_anew(spec))
    [entry] = entries(folder)
    head, body = entry.read_text().split("\n", 1)
    known = json.loads(body)
    known["written"][0][3] += f"\n{line}\n"
    entry.write_text(seal(head.partition(" sha256:")[0], json.dumps(known)))
    monkeypatch.chdir(folder)
    net = load_anew(spec)
    assert not is_read(net)
    assert same(state(net), made) and is_read(net)
    assert not Path("owned").exists()
    assert json.dumps(line)[1:-1] not in entry.read_text()


@pytest.mark.skipif(os.name == "nt", reason="rights are told otherwise there")
def test_a_folder_of_others_is_not_used(folder: Path, spec: Path, tmp_path: Path) -> None:
    load_anew(spec).M()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    folder.chmod(0o777)
    assert is_read(load_anew(spec))
    folder.chmod(0o700)
    assert not is_read(load_anew(spec))
    folder.rename(tmp_path / "elsewhere")
    folder.symlink_to(tmp_path / "elsewhere")
    net = load_anew(spec)
    net.M()
    assert is_read(net)


@pytest.mark.parametrize("place", ["", "file", "file/below"])
def test_it_works_without_a_folder(
    folder: Path, spec: Path, place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("DSLNET_CACHE", place and str(tmp_path / place))
    for _ in range(2):
        assert len(state(load_anew(spec))) == 4
    assert not entries(folder) and (tmp_path / "file").read_text() == ""


def test_where_it_is_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DSLNET_CACHE", raising=False)
    monkeypatch.setenv("HOME", os.sep + "home")
    monkeypatch.setenv("XDG_CACHE_HOME", "relative, which counts for nothing")
    assert cache._folder() == Path.home() / ".cache" / "dslnet"
    monkeypatch.setenv("XDG_CACHE_HOME", os.path.abspath("there"))
    assert cache._folder() == Path(os.path.abspath("there")) / "dslnet"


def test_it_does_not_grow_without_end(folder: Path, spec: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "ENTRIES", 3)
    for width in range(6):
        spec.write_text(SPEC.replace("4", str(width + 4)))
        load_anew(spec).M()
    assert len(entries(folder)) == 3
    assert not is_read(load_anew(spec))
    monkeypatch.setattr(cache, "BYTES", 100)
    spec.write_text(SPEC.replace("4", "99"))
    load_anew(spec).M()
    assert len(entries(folder)) == 3 and is_read(load_anew(spec))


def test_warnings_of_settings_are_told_each_time(folder: Path, tmp_path: Path) -> None:
    """A model that is without a word at its defaults and not at other arguments."""
    path = tmp_path / "m.net"
    path.write_text(
        "model M(soft=false):\n  input x: [B, 3]\n  target label: [B] long < 4\n  - Linear(4)\n"
        "  output y: if soft: Softmax\n  loss: y -> CrossEntropy to label\n"
    )
    load_anew(path).M()
    for _ in range(2):
        with pytest.raises(dslnet.NetError):
            load_anew(path, strict=True).M(soft=True)
        load_anew(path).M(soft=True)
