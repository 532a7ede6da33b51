"""A loaded file gives the very source that `compile` writes, though it is built beside the other models of the file."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

import dslnet
from dslnet.build import read_program
from dslnet.checking import compile_model
from dslnet.diagnostics import Report
from dslnet.limits import DEFAULT
from dslnet.resources import specs
from dslnet.targets.python import emit

SPECS = sorted(specs().glob("*.net"))


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_loading_and_compiling_write_the_same(path: Path) -> None:
    net = dslnet.load(path)
    for name in list(net)[:4]:
        report = Report()
        program = read_program(path, report)
        assert program is not None
        alone = compile_model(program, name, {}, report)
        assert alone is not None and not report.errors
        assert emit(net[name].graph()) == emit(alone)


def test_arguments_build_anew() -> None:
    net = dslnet.load(specs() / "mlp.net")
    assert net.MLP.graph() is net.MLP.graph()
    assert net.MLP.graph(classes=3) != net.MLP.graph()


def test_an_unchanged_file_is_not_read_twice(tmp_path: Path) -> None:
    path = tmp_path / "a.net"
    text = "model M(w=4):\n  input x: [B, 3]\n  - Linear(w) -> ReLU\n"
    path.write_text(text)
    first = dslnet.load(path)
    assert dslnet.load(path).M.graph() is first.M.graph()
    assert dslnet.load(path).M.graph(w=5) is first.M.graph(5)


@pytest.mark.parametrize("before", ["Linear(4)", "Linear(w)"])
def test_a_changed_file_is_read_anew(tmp_path: Path, before: str) -> None:
    """Of the same length, at the same time."""
    path = tmp_path / "a.net"
    text = "model M(w=4):\n  input x: [B, 3]\n  - " + before + " -> ReLU\n"
    path.write_text(text)
    stamp = path.stat()
    old = dslnet.load(path).M.graph()
    path.write_text(text.replace("ReLU", "Tanh").replace("w=4", "w=6"))
    os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    new = dslnet.load(path).M.graph()
    assert new != old and "tanh" in emit(new) and "tanh" not in emit(old)


def test_a_mistake_is_told_each_time(tmp_path: Path) -> None:
    path = tmp_path / "a.net"
    path.write_text("model M:\n  input x: [B, 3]\n  - Linear(4)\n")
    assert dslnet.load(path)
    path.write_text("model M:\n  input x: [B, 3]\n  - Lnear(4)\n")
    for _ in range(2):
        with pytest.raises(dslnet.NetError):
            dslnet.load(path)


def test_limits_and_imports_are_not_forgotten(tmp_path: Path) -> None:
    """Another limit reads anew; so does a file that imports, for what it imports may change."""
    path, part = tmp_path / "a.net", tmp_path / "b.net"
    part.write_text("block P:\n  - Linear(4)\n")
    path.write_text('use P from "b.net"\n\nmodel M:\n  input x: [B, 3]\n  - P\n')
    assert "4" in emit(dslnet.load(path).M.graph())
    part.write_text("block P:\n  - Linear(7)\n")
    assert "7" in emit(dslnet.load(path).M.graph())
    alone = tmp_path / "c.net"
    alone.write_text("model M:\n  input x: [B, 3]\n  - Linear(4)\n")
    assert dslnet.load(alone)
    with pytest.raises(dslnet.NetError):
        dslnet.load(alone, limits=replace(DEFAULT, file_bytes=10))


def test_an_operator_registered_since_counts(tmp_path: Path) -> None:
    """A user's operator of the same name, defined again, is the one that is meant."""
    from dslnet.ops import OPERATORS

    path = tmp_path / "a.net"
    path.write_text("model M:\n  input x: [B, 3]\n  - ReLU\n")
    old = dslnet.load(path).M.graph()
    saved = OPERATORS["ReLU"]
    try:
        OPERATORS["ReLU"] = OPERATORS["Tanh"]
        assert dslnet.load(path).M.graph() != old
    finally:
        OPERATORS["ReLU"] = saved
