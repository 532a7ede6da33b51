"""The training of emitted classes against the graph: every loss, what each step descends, and the inference graph.

The other side is `interpret_graph`, which runs the nodes of the training graph one by one and knows no emitter.
"""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from interpret_graph import Interpreter  # noqa: E402
from torch import Tensor, nn  # noqa: E402

import dslnet  # noqa: E402
from dslnet.graph import Model  # noqa: E402
from dslnet.node import replace  # noqa: E402
from dslnet.runtime import instantiate  # noqa: E402
from dslnet.shape import evaluate  # noqa: E402
from dslnet.targets.json import read_json, write_json  # noqa: E402
from dslnet.targets.python import emit  # noqa: E402
from dslnet.training.plan import plan_of, updating  # noqa: E402

CASES = {
    "a loss inside a group": """
model M:
  input x: [B, 8]
  target label: [B] long < 4
  - trunk:
      - Linear(16) -> ReLU
      - hidden: Linear(12)
      loss early: hidden -> Linear(4) -> CrossEntropy to label
      - ReLU
  output logits: Linear(4)
  loss late: logits -> CrossEntropy to label
  train: late + 0.3 * trunk.early
""",
    "a posterior inside a group, from the target": """
model M:
  input x: [B, 8]
  target y: [B, 3]
  - net:
      - Linear(16) -> ReLU
      prior: Linear(4)
      mean: x -> prior
      posterior: (x, y) -> Concat -> Linear(4)
      - residual: Linear(16)
  output out: Linear(3)
  loss near: net.posterior -> MSE to net.mean
  loss right: out -> MSE to y
""",
    "a tap that only a loss reads": """
block Body(width):
  input x: [B, d]
  - first: Linear(width) -> ReLU
  - second: Linear(width)
  output out: ReLU
  output sure: first -> Linear(1)

model M:
  input x: [B, 8]
  target ok: [B, 1]
  - body: Body(6)
  output y: Linear(2)
  loss confident: body.sure -> BCELogits to ok
  loss small: body.first -> Mean
""",
    "a free parameter of a group": """
model M:
  input x: [B, 8]
  target y: [B, 4]
  - part:
      param w: [4] = 0.5
      param s: [] = 0.1
      - Linear(4)
      - hidden: ReLU
      loss odd: (hidden * w) -> MSE to y
  output out: part -> Linear(4)
  loss near: exp(-part.s) * (out -> L1 to y) + part.s
""",
    "an input that may be left out": """
model M:
  input x: [B, T, 8]
  input mask: [B, T] bool = none
  target y: [B, T, 8]
  - Attention(2) with (mask=mask)
  output out: Linear(8)
  loss near: out -> MSE to y
""",
    "recurrence": """
block Cell(width):
  input x: [B, d]
  state h: [B, width] = 0
  next h: (x, h) -> Concat -> Linear(width) -> Tanh
  output h

model M:
  input x: [B, T, 5]
  target y: [B, 6]
  target w: [B, T, 6]
  - read: scan: Cell(6)
  output last: read.h
  loss near: last -> MSE to y
  loss all: read -> MSE to w
  metric worst: abs(read - w) -> Max
""",
    "rounds and lanes": """
model M:
  input x: [B, 8]
  target y: [B, 8]
  - layers: repeat i in 3:
      - step: Linear(8) -> Tanh
  heads: layers ->
    - parallel:
        | each i in 2: Linear(8)
  output out: heads -> Add
  loss deep: layers.step[0] -> MSE to y
  loss near: out -> MSE to y
  loss flat: heads -> Stack(axis=1) -> Mean
""",
    "domain-adversarial": """
model M:
  input x: [B, 8]
  target label: [B] long < 3
  target other: [B, 8]
  trunk: Linear(16) -> ReLU
  here: x -> trunk
  output logits: here -> Linear(3)
  there: other -> trunk
  domain: Linear(8) -> ReLU -> Linear(1)
  loss what: logits -> CrossEntropy to label
  loss home: here -> ReverseGrad(0.3) -> domain -> BCELogits to 1
  loss away: there -> ReverseGrad(0.3) -> domain -> BCELogits to 0
  train: what + 0.1 * (home + away)
""",
    "names that mean something else": """
model M:
  input batch: [B, 8]
  input self: [B, 8] = none
  target losses: [B] long < 3
  target step: [B, 3]
  - plan: Linear(6) -> ReLU
  - train: Linear(6)
  - objective: Linear(6) -> Tanh
  - average: Linear(5)
  output generate: Linear(3)
  loss total: generate -> CrossEntropy to losses
  loss for: generate -> MSE to step
  metric value: generate -> Accuracy to losses
""",
    "names of steps": """
model M:
  input x: [B, 8]
  target y: [B, 3]
  a: Linear(6)
  a_objective: Linear(3)
  hidden: x -> a
  output out: hidden -> a_objective
  loss first: out -> MSE to y
  loss second: hidden -> Mean
  train a: second
  train a_objective: first * first + second
""",
    "two teachers, and a student in between": """
block Tower(width):
  - Linear(width) -> BatchNorm -> ReLU -> Dropout(0.5) -> Linear(4)

model M:
  input x: [B, 8]
  target other: [B, 8]
  teacher one: Tower(16)
  teacher two: x -> Linear(4) -> Dropout(0.3)
  student net: x -> Tower(6)
  told: other -> one
  again: net -> Linear(8) -> one
  output logits: net
  loss near: net -> MSE to told
  loss far: net -> MSE to two
  loss round: again -> MSE to told
""",
    "functions that are called as the methods' locals are, and a teacher that is an output": """
block Batch:
  input x: [B, d]
  - ReLU -> Tanh -> Scale(2)

block Losses:
  input x: [B, d]
  - Tanh -> ReLU -> Scale(3)

model M:
  input x: [B, 8]
  target y: [B, 8]
  teacher two: x -> Linear(8) -> Dropout(0.5)
  output stable: two
  output out: x -> Linear(8) -> Batch -> Losses
  loss near: (out -> Batch -> Losses -> MSE to y) + (two -> MSE to out)
""",
    "copies inside blocks, with other copies": """
block Twin(width):
  input x: [B, d]
  net: Linear(width)
  slow: EMA(net, 0.5)
  teacher still: Linear(width)
  out: x -> net
  output y: out
  output near: out - (x -> slow) - (x -> still -> Dropout(0.5))

model M:
  input x: [B, 8]
  target t: [B, 8]
  - first: Twin(8)
  - layers: repeat 2: Twin(8)
  last: Linear(8)
  mean: EMA(last, 0.9)
  - last
  output out
  loss close: out -> MSE to t
  loss same: (first.near ** 2 -> Mean) + (layers.near[0] ** 2 -> Mean) + (layers.near[1] ** 2 -> Mean)
  loss mild: (x -> mean) - out -> Norm
""",
    "only a metric": """
model M:
  input x: [B, 8]
  target label: [B] long < 3
  output logits: Linear(3)
  metric right: logits -> Accuracy to label
""",
    "a frozen start and a step that needs no loss of its own": """
model M:
  input x: [B, 8]
  target y: [B, 3]
  - backbone: Linear(6) -> BatchNorm -> ReLU
  - mid: Linear(5) -> ReLU
  output out: Linear(3)
  loss near: out -> Huber to y
  train: 2 * near + 0.01 * (mid ** 2 -> Mean)
  freeze: backbone
""",
    "several outputs, one of them an input of a loss twice": """
model M:
  input x: [B, 8]
  target y: [B, 3]
  - Linear(6)
  output a: Linear(3)
  output b: ReLU -> Linear(3)
  output c: a
  loss one: (a + b) -> MSE to y
  loss two: a -> MSE to b
""",
    "a critic in a group and a generator with rounds": """
model M:
  input z: [B, T, 4]
  target real: [B, T, 6]
  generator gen:
    - repeat 2: residual: Linear(4) -> ReLU
    - Linear(6)
  critic judge:
    - Linear(5) -> LeakyReLU(0.2)
    - Mean(axis=1) -> Linear(1)
  output fake: z -> gen
  sham: fake -> judge
  genuine: real -> judge
  loss margin: sham - genuine -> Mean
  loss fool: -(sham -> Mean)
  train judge: margin
  train gen: fool
  optimizer gen: Every(2) -> Adam(lr=1e-3)
""",
}


def loaded(text: str, tmp_path: Path) -> tuple[dslnet.loading.Net, str]:
    path = tmp_path / "case.net"
    path.write_text(text, encoding="utf-8")
    net = dslnet.load(path)
    return net, next(iter(net))


def batch_of(model: Model) -> dict[str, Tensor]:
    """Something for each input and target of the training graph."""
    generator = torch.Generator().manual_seed(7)
    sizes = {name: 3 + number for number, name in enumerate(model.free)}
    made = {}
    for given in model.definitions[model.training].inputs:
        type_ = given.value.type
        shape = [int(evaluate(size, sizes)) for size in type_.sizes]
        if type_.dtype == "long":
            made[given.value.name] = torch.randint(0, int(type_.below), shape, generator=generator)
        elif type_.dtype == "bool":
            made[given.value.name] = torch.rand(shape, generator=generator) < 0.7
        else:
            made[given.value.name] = torch.rand(shape, generator=generator)
    return made


def expected(model: Model, module: nn.Module, batch: dict[str, Tensor]) -> dict[str, Tensor]:
    """What the training graph makes, by the names of its outputs."""
    whole = replace(model, entry=model.training)
    sizes = {name: 3 + number for number, name in enumerate(model.free)}
    interpreter = Interpreter(whole, dict(module.state_dict()), sizes)
    values = interpreter.run(*(batch[i.value.name] for i in whole.definition.inputs))
    return dict(zip((name for name, _ in whole.definition.outputs), values, strict=False))


@pytest.mark.parametrize("name", CASES)
def test_equal_to_the_graph(name: str, tmp_path: Path) -> None:
    net, model_name = loaded(CASES[name], tmp_path)
    torch.manual_seed(0)
    graph, module = net[model_name].graph(), net[model_name]().eval()
    batch = batch_of(graph)
    wanted = expected(graph, module, batch)
    told = module.losses(batch)
    plan = plan_of(module)
    assert list(told) == [loss.name for loss in graph.objectives.losses]
    assert set(told) == {*plan.losses, *plan.metrics}
    for loss, value in told.items():
        torch.testing.assert_close(value, wanted[f"loss {loss}"], msg=loss)
    for number, step in enumerate(plan.steps):
        value, losses = module.objective(step.name, batch)
        sums = sum(told[loss] for loss in plan.losses)
        torch.testing.assert_close(value, wanted.get(f"train {number}", sums), msg=step.name)
        for loss in step.losses:
            torch.testing.assert_close(losses[loss], wanted[f"loss {loss}"])


@pytest.mark.parametrize("name", [name for name, text in CASES.items() if "ReverseGrad" not in text])
def test_gradients_are_the_slopes_of_the_graph(name: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Of each step along some direction of what it updates, by differences of the graph's own values."""
    torch.set_default_dtype(torch.float64)
    request.addfinalizer(lambda: torch.set_default_dtype(torch.float32))
    net, model_name = loaded(CASES[name], tmp_path)
    torch.manual_seed(0)
    graph, module = net[model_name].graph(), net[model_name]().eval()
    batch = batch_of(graph)
    for number, step in enumerate(plan_of(module).steps):
        mine = step.parameters(module)
        assert mine
        with updating(step, module):
            value, _ = module.objective(step.name, batch)
            module.zero_grad(set_to_none=True)
            value.backward()
        assert {id(p) for p in module.parameters() if p.grad is not None} <= {id(p) for p in mine}
        directions = [torch.randn_like(p) for p in mine]
        slope = sum((p.grad * d).sum() for p, d in zip(mine, directions, strict=True) if p.grad is not None)
        values = []
        for sign in (1, -1):
            with torch.no_grad():
                for p, d in zip(mine, directions, strict=True):
                    p.add_(d, alpha=sign * 1e-6)
            table = expected(graph, module, batch)
            with torch.no_grad():
                for p, d in zip(mine, directions, strict=True):
                    p.sub_(d, alpha=sign * 1e-6)
            losses = [table[f"loss {loss.name}"] for loss in graph.objectives.losses if loss.kind == "loss"]
            values.append(table.get(f"train {number}", sum(losses)))
        torch.testing.assert_close(slope, (values[0] - values[1]) / 2e-6, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", CASES)
def test_inference_is_the_same_with_and_without_training(name: str, tmp_path: Path) -> None:
    net, model_name = loaded(CASES[name], tmp_path)
    torch.manual_seed(0)
    graph, module = net[model_name].graph(), net[model_name]().eval()
    alone = net[model_name](inference=True).eval()
    own, whole = alone.state_dict(), module.state_dict()
    assert own.keys() <= whole.keys()
    alone.load_state_dict({key: whole[key] for key in own})
    batch = batch_of(graph)
    fed = [batch[i.value.name] for i in graph.definition.inputs]
    left, right = module(*fed), alone(*fed)
    for a, b in zip(
        left if isinstance(left, tuple) else [left], right if isinstance(right, tuple) else [right], strict=True
    ):
        torch.testing.assert_close(a, b)
    assert not hasattr(type(alone), "plan") and not hasattr(type(alone), "losses")


@pytest.mark.parametrize("name", CASES)
def test_the_module_is_an_ordinary_one(name: str, tmp_path: Path) -> None:
    """Copied, pickled, compiled in one graph, made from the graph as JSON."""
    net, model_name = loaded(CASES[name], tmp_path)
    graph, module = net[model_name].graph(), net[model_name]().eval()
    batch = batch_of(graph)
    wanted = module.losses(batch)
    for other in (copy.deepcopy(module), pickle.loads(pickle.dumps(module))):
        for loss, value in other.losses(batch).items():
            torch.testing.assert_close(value, wanted[loss])
        assert plan_of(other) == plan_of(module)
    again = instantiate(read_json(write_json(graph))).eval()
    again.load_state_dict(module.state_dict())
    for loss, value in again.losses(batch).items():
        torch.testing.assert_close(value, wanted[loss])
    assert plan_of(again) == plan_of(module)
    fed = [batch[i.value.name] for i in graph.definition.inputs]
    compiled = torch.compile(module, fullgraph=True, backend="eager")(*fed)
    told = module(*fed)
    first, second = (t[0] if isinstance(t, tuple) else t for t in (compiled, told))
    torch.testing.assert_close(first, second)


def test_the_sources_are_what_ruff_likes(tmp_path: Path) -> None:
    pytest.importorskip("ruff")
    for number, text in enumerate(CASES.values()):
        folder = tmp_path / str(number)
        folder.mkdir()
        net, name = loaded(text, folder)
        (folder / "source.py").write_text(emit(net[name].graph()), encoding="utf-8")
    for command in (["check", "--ignore=E501"], ["format", "--check"]):
        line = [sys.executable, "-m", "ruff", *command, "--isolated", "--no-cache", str(tmp_path)]
        done = subprocess.run(line, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_a_teacher_that_is_an_output_drops_nothing_out(tmp_path: Path) -> None:
    name = next(name for name in CASES if name.endswith("a teacher that is an output"))
    net, model_name = loaded(CASES[name], tmp_path)
    module = net[model_name]()
    x = torch.randn(5, 8)
    assert module.training
    torch.testing.assert_close(module(x).stable, module.two(x))
    assert torch.equal(module(x).stable, module(x).stable)


def test_the_command_leaves_out_what_only_training_needs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from dslnet.cli import main

    path = tmp_path / "case.net"
    path.write_text(CASES["two teachers, and a student in between"], encoding="utf-8")
    assert main(["compile", str(path), "-o", "-"]) == 0
    whole = capsys.readouterr().out
    assert main(["compile", str(path), "-o", "-", "--inference"]) == 0
    alone = capsys.readouterr().out
    assert "self.one" in whole and "plan = " in whole
    assert "self.one" not in alone and "plan = " not in alone and "def losses" not in alone
    assert main(["compile", str(path), "-o", str(tmp_path / "case.onnx"), "--inference"]) == 2


def test_copies_inside_blocks_follow(tmp_path: Path) -> None:
    net, model_name = loaded(CASES["copies inside blocks, with other copies"], tmp_path)
    module = net[model_name]()
    pairs = [(twin.slow, twin.net, 0.5) for twin in (module.first, *module.layers)] + [(module.mean, module.last, 0.9)]
    plan = plan_of(module)
    assert plan.averages == ("first.slow", "layers.0.slow", "layers.1.slow", "mean")
    before = [(slow.weight.clone(), fast.weight.clone()) for slow, fast, _ in pairs]
    with torch.no_grad():
        for _, fast, _ in pairs:
            fast.weight.add_(1)
    module.average()
    for (slow, fast, decay), (old, source) in zip(pairs, before, strict=True):
        torch.testing.assert_close(slow.weight, decay * old + (1 - decay) * (source + 1))
        torch.testing.assert_close(fast.weight, source + 1)
    assert not any(twin.still.training for twin in (module.first, *module.layers))
    assert module.train().first.still.training is False and module.first.net.training
