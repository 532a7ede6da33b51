"""Every shipped spec: checked, counted, written as Python, run.

The source and the summary of a model are compared with `tests/golden`; `pytest --update` writes them anew, and the
diff is for a person to read. What runs is small; `shipped` says how, with a module for each file.
"""

from __future__ import annotations

import copy
import pickle
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import shipped

from dslnet.build import check_program, read_program
from dslnet.diagnostics import Report
from dslnet.format import format_spec
from dslnet.graph import Model
from dslnet.parse import parse
from dslnet.shape import Tensor, evaluate
from dslnet.source import Source
from dslnet.targets.python import emit
from dslnet.targets.summary import summary
from dslnet.weights import count_parameters, definition_weights

SPECS = Path(__file__).parent.parent / "specs"
GOLDEN = Path(__file__).parent / "golden"
FILES = sorted(SPECS.glob("*.net"))

SMALL = shipped.small()
GOLDENS = shipped.goldens()
PUBLISHED = shipped.published()
net = shipped.net


@cache
def graph(name: str, small: bool = False) -> Model:
    """The checked graph of `file:Model`, as shipped or small."""
    file, _, model = name.partition(":")
    made: Model = net(file)[model].graph(**(SMALL[name].settings if small else {}))
    return made


def names() -> list[str]:
    """All the models of all the files."""
    return [f"{path.stem}:{model}" for path in FILES for model in net(path.stem)]


# ------------------------------------------------------------------------------------------------- the text


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_checks_without_a_word(path: Path) -> None:
    report = Report()
    program = read_program(str(path), report)
    assert program is not None
    models = check_program(program, report)
    assert report.diagnostics == []
    assert models


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_is_in_canonical_form(path: Path) -> None:
    report = Report()
    spec = parse(Source(str(path), path.read_text("utf-8")), report)
    assert format_spec(spec) == path.read_text("utf-8")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_says_what_it_is(path: Path) -> None:
    """Each model has a caption, and a paper of its own or of the model that it configures."""
    text = path.read_text("utf-8")
    for comment, head in re.findall(r"((?:^## .*\n)+)?^(model .*)$", text, re.MULTILINE):
        lines = comment.splitlines()
        assert lines and ":" not in lines[0].partition(" ")[2].partition(" ")[0], head
        assert re.search(r"^model \w+: ", head) or "\n## paper: " in comment, head


def test_a_published_count_is_written_down() -> None:
    """Checked wherever the file is; here, that it is there. `facts/parameters.csv` of the design has the sources."""
    assert set(PUBLISHED) <= set(names())
    for name in PUBLISHED:
        model = graph(name)
        assert model.metadata.get("params") == str(count_parameters(model)), name


@pytest.mark.parametrize("name", GOLDENS)
def test_golden(name: str, request: pytest.FixtureRequest) -> None:
    """The source that `compile` writes for a model, and its table."""
    model, program = graph(name), net(name.partition(":")[0])._program
    for suffix, text in ((".py", emit(model, program.report.sources)), (".txt", summary(model))):
        path = GOLDEN / f"{model.name.lower()}{suffix}"
        if request.config.getoption("--update"):
            GOLDEN.mkdir(exist_ok=True)
            path.write_text(text, "utf-8", newline="\n")
        assert path.is_file(), "pytest --update writes it"
        assert text == path.read_text("utf-8"), "pytest --update writes it anew; read the diff"


def test_no_golden_is_left_over() -> None:
    assert {p.stem for p in GOLDEN.iterdir() if p.is_file()} == {name.partition(":")[2].lower() for name in GOLDENS}


def test_each_file_has_a_small_model() -> None:
    assert {name.partition(":")[0] for name in SMALL} == {path.stem for path in FILES} == set(shipped.modules())


@pytest.mark.parametrize("command", [("check", "--ignore=E501"), ("format", "--check")], ids=["check", "format"])
def test_golden_source_is_what_ruff_likes(command: tuple[str, ...]) -> None:
    """By ruff's own defaults, not by this repository's."""
    pytest.importorskip("ruff")
    line = [sys.executable, "-m", "ruff", *command, "--isolated", "--no-cache", str(GOLDEN)]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_nothing_here_imports_torch() -> None:
    """A spec is read, checked, written as Python and summed up without it."""
    program = (
        "import sys, dslnet; from dslnet.targets.python import emit; from dslnet.targets.summary import summary\n"
        "model = dslnet.load(sys.argv[1])['ResNet18'].graph(); emit(model); summary(model)\n"
        "assert not {'torch', 'numpy', 'onnx', 'sympy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program, str(SPECS / "resnet.net")], check=True, cwd=SPECS.parent)


# --------------------------------------------------------------------------------------------- what it runs


@cache
def shared(name: str) -> Any:
    """A small model that nobody changes."""
    return fresh(name)


def fresh(name: str, seed: int = 0, inference: bool = True) -> Any:
    torch = pytest.importorskip("torch")
    from dslnet.runtime import instantiate

    torch.manual_seed(seed)
    return instantiate(graph(name, small=True), inference=inference).eval()


def sizes(name: str, which: int) -> dict[str, int]:
    return {"B": (3, 2)[which], **{k: v[which] for k, v in SMALL[name].sizes.items()}}


def inputs(name: str, which: int = 0) -> tuple[Any, ...]:
    """Something for each input, at the first or the second sizes."""
    return tuple(batch(name, graph(name, small=True).entry, which).values())


def batch(name: str, definition: str, which: int = 0) -> dict[str, Any]:
    """Something for each input of a definition, by name; that of training has the targets too."""
    import torch

    torch.manual_seed(7 + which)
    made = {}
    for entry in graph(name, small=True).definitions[definition].inputs:
        type_ = entry.value.type
        assert isinstance(type_, Tensor)
        shape = [evaluate(size, sizes(name, which)) for size in type_.sizes]
        if type_.dtype == "long":
            assert type_.below is not None
            made[entry.value.name] = torch.randint(evaluate(type_.below, sizes(name, which)), shape)
        else:
            made[entry.value.name] = torch.rand(shape)
    return made


def results(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, tuple) else (value,)


running = pytest.mark.parametrize("name", SMALL)


@running
def test_every_free_dimension_has_sizes(name: str) -> None:
    assert set(graph(name, small=True).free) | {"B"} == {"B", *SMALL[name].sizes}


@running
def test_state_dict_is_what_was_said(name: str) -> None:
    """Keys, order and shapes."""
    model = graph(name, small=True)
    said = [(w.name, tuple(w.shape)) for w in definition_weights(model, model.entry)]
    made = shared(name)
    assert [(k, tuple(v.shape)) for k, v in made.state_dict().items()] == said
    assert sum(p.numel() for p in made.parameters()) == count_parameters(model)


@running
@pytest.mark.parametrize("which", [0, 1], ids=["first", "second"])
def test_shapes_are_what_was_said(name: str, which: int) -> None:
    import torch

    definition = graph(name, small=True).definition
    values = definition.values()
    with torch.no_grad():
        outputs = shared(name)(*inputs(name, which))
    if len(definition.outputs) > 1:
        assert outputs._fields == tuple(output for output, _ in definition.outputs)
    for (_, value), output in zip(definition.outputs, results(outputs), strict=True):
        type_ = values[value].type
        assert isinstance(type_, Tensor)
        assert tuple(output.shape) == tuple(evaluate(size, sizes(name, which)) for size in type_.sizes)
        assert output.isfinite().all()


@running
def test_every_parameter_gets_a_gradient(name: str) -> None:
    made = fresh(name).train()
    sum(output.square().sum() for output in results(made(*inputs(name)))).backward()
    without = [key for key, p in made.named_parameters() if p.grad is None or not p.grad.isfinite().all()]
    assert without == []


def within(key: str, parts: tuple[str, ...]) -> bool:
    """Whether a parameter is of one of these parts of the model; "" is all of it."""
    return any(part == "" or f"{key}.".startswith(f"{part}.") for part in parts)


@pytest.mark.parametrize("name", [name for name in SMALL if graph(name, small=True).objectives.losses])
def test_each_step_of_training_reaches_what_it_updates(name: str) -> None:
    """With all that only training needs: its weights, finite losses, and a gradient for each weight that a step
    updates and for none that is frozen."""
    model, made = graph(name, small=True), fresh(name, inference=False).train()
    said = [w.name for w in definition_weights(model, model.training)]
    assert list(made.state_dict()) == said
    assert {*fresh(name).state_dict()} <= {*made.state_dict()}
    still = (*made.plan.frozen, *made.plan.teachers, *made.plan.averages)
    for step in made.plan.steps:
        made.zero_grad()
        total, told = made.objective(step.name, batch(name, model.training))
        assert {*step.losses} <= {*told} and all(loss.isfinite().all() for loss in (total, *told.values()))
        total.backward()
        moved = {key for key, p in made.named_parameters() if p.grad is not None and p.grad.isfinite().all()}
        mine = {key for key, _ in made.named_parameters() if within(key, step.updates) and not within(key, still)}
        assert mine and mine <= moved
        assert not any(within(key, still) for key in moved)


@running
def test_copies_compute_the_same(name: str) -> None:
    """`deepcopy`, `pickle`, and a state_dict in a model of another seed."""
    import torch

    made, given = shared(name), inputs(name)
    other = fresh(name, seed=1)
    other.load_state_dict(made.state_dict(), strict=True)
    with torch.no_grad():
        expected = results(made(*given))
        for twin in (copy.deepcopy(made), pickle.loads(pickle.dumps(made)), other):
            assert all(map(torch.equal, results(twin(*given)), expected))


@running
def test_float64(name: str) -> None:
    """All of it: nothing inside is made in float32 and meets the rest."""
    import torch

    made = copy.deepcopy(shared(name)).to(torch.float64)
    given = tuple(x.double() if x.is_floating_point() else x for x in inputs(name))
    with torch.no_grad():
        exact, rounded = results(made(*given)), results(shared(name)(*inputs(name)))
    for one, other in zip(exact, rounded, strict=True):
        assert one.dtype == torch.float64
        torch.testing.assert_close(one.float(), other, rtol=1e-3, atol=1e-4)


@running
def test_a_seed_decides_the_weights(name: str) -> None:
    import torch

    one, same, other = fresh(name).state_dict(), fresh(name).state_dict(), fresh(name, seed=1).state_dict()
    assert all(torch.equal(one[key], same[key]) for key in one)
    assert any(not torch.equal(one[key], other[key]) for key in one)


@running
def test_exported_with_dynamic_sizes(name: str) -> None:
    """Traced at the first sizes, run at the second."""
    import torch
    from torch.export import Dim, export

    from dslnet.program import free_loops

    model = graph(name, small=True)
    axes: dict[str, Any] = {}
    for symbol, fact in model.free.items():
        least = min(sizes(name, 0)[symbol], sizes(name, 1)[symbol])
        if fact.multiple > 1:
            factor = Dim(f"{symbol}_{fact.multiple}", min=least // fact.multiple, max=64)
            axes[symbol] = fact.multiple * factor + fact.remainder if fact.remainder else fact.multiple * factor
        elif SMALL[name].named:
            axes[symbol] = Dim(symbol, min=least, max=fact.high or 512)
        else:
            axes[symbol] = Dim.DYNAMIC  # an error where the trace makes a number of it
    dynamic = []
    for entry in model.definition.inputs:
        assert isinstance(entry.value.type, Tensor)
        dynamic.append({n: axes[str(s)] for n, s in enumerate(entry.value.type.sizes) if str(s) in axes})
    made = shared(name)
    with free_loops(made):
        program = export(made, inputs(name), dynamic_shapes=tuple(dynamic)).module()
    second = inputs(name, 1)
    with torch.no_grad():
        for one, other in zip(results(program(*second)), results(made(*second)), strict=True):
            torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", ["mlp:MLP", "unet:UNet", "lstm:Tagger", "gpt2:GPT2", "transformer:Transformer"])
def test_compiled_as_one_graph(name: str) -> None:
    import torch

    torch._dynamo.reset()
    made = shared(name)
    compiled = torch.compile(made, fullgraph=True, backend="aot_eager" if name == "mlp:MLP" else "eager")
    with torch.no_grad():
        for one, other in zip(results(compiled(*inputs(name))), results(made(*inputs(name))), strict=True):
            torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-6)
