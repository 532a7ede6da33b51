"""A loaded file gives the very source that `compile` writes, though it is built beside the other models of the file."""

from pathlib import Path

import pytest

import dslnet
from dslnet.build import read_program
from dslnet.checking import compile_model
from dslnet.diagnostics import Report
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
