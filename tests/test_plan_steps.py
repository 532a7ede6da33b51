"""Steps of training against the same steps written by hand: losses and weights, several steps, within 1e-6.

The hand-written side is plain PyTorch: its own modules, its own loops, gradients of one optimizer at a time. It begins
at the weights of the model, which are copied into it.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

import torch.nn.functional as F  # noqa: E402
from torch import Tensor, nn  # noqa: E402

import dslnet  # noqa: E402
from dslnet.training.plan import (  # noqa: E402
    Plan,
    clip_gradients,
    clip_weights,
    make_optimizer,
    plan_of,
    updating,
)

STEPS = 7
Batch = dict[str, Tensor]
Make = Callable[[str], nn.Module]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    def made(text: str) -> nn.Module:
        path = tmp_path / "case.net"
        path.write_text(text, encoding="utf-8")
        net = dslnet.load(path)
        torch.manual_seed(0)
        return net[next(iter(net))]()

    return made


def follow(model: nn.Module, batches: list[Batch]) -> list[dict[str, float]]:
    """The loop of `dslnet.training.plan`, and the losses of each step."""
    plan = plan_of(model)
    optimizers = {step.name: make_optimizer(step, model) for step in plan.steps}
    told = []
    for number, batch in enumerate(batches, 1):
        for step in plan.steps:
            if number % step.every:
                continue
            with updating(step, model):
                value, losses = model.objective(step.name, batch)
                optimizers[step.name].zero_grad()
                value.backward()
            clip_gradients(step, model)
            optimizers[step.name].step()
            clip_weights(step, model)
            if plan.averages:
                model.average()
            told.append({"value": value.item(), **{name: loss.item() for name, loss in losses.items()}})
    return told


def same(model: nn.Module, path: str, other: nn.Module) -> None:
    """The parameters and buffers of a part of the model are those of the hand-written module."""
    mine, theirs = model.get_submodule(path).state_dict(), other.state_dict()
    assert mine.keys() == theirs.keys()
    for name, value in mine.items():
        torch.testing.assert_close(value, theirs[name], rtol=0, atol=1e-6, msg=f"{path}.{name}")


def alike(told: list[dict[str, float]], expected: list[dict[str, float]]) -> None:
    assert len(told) == len(expected)
    for number, (mine, theirs) in enumerate(zip(told, expected, strict=True)):
        for name, value in theirs.items():
            assert mine[name] == pytest.approx(value, abs=1e-6), (number, name)


# ------------------------------------------------------------------------------------------------ distillation


class Classifier(nn.Module):
    """`Linear(width, bias=false) -> BatchNorm -> ReLU -> Dropout(p) -> Linear(4)`, names as the language gives them."""

    def __init__(self, width: int, p: float = 0.0) -> None:
        super().__init__()
        self.linear1, self.bn1, self.linear2 = (
            nn.Linear(8, width, bias=False),
            nn.BatchNorm1d(width),
            nn.Linear(width, 4),
        )
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        return self.linear2(F.dropout(F.relu(self.bn1(self.linear1(x))), self.p, self.training))


DISTILLED = """
model Distilled(classes=4):
  input x: [B, 8]
  target label: [B] long < classes
  teacher big: x -> Linear(64, bias=false) -> BatchNorm -> ReLU -> Dropout(0.5) -> Linear(classes)
  student small: x -> Linear(16, bias=false) -> BatchNorm -> ReLU -> Linear(classes)
  output logits: small
  loss hard: logits -> CrossEntropy to label
  loss soft: logits -> Distill(4) to big
  metric accuracy: logits -> Accuracy to label
  train small: 0.1 * hard + 0.9 * soft
  optimizer small: AdamW(lr=3e-3, weight_decay=0.05)
"""


def test_distillation(make: Make) -> None:
    model = make(DISTILLED)
    batches = [{"x": torch.randn(6, 8), "label": torch.randint(0, 4, (6,))} for _ in range(STEPS)]
    teacher, student = Classifier(64, 0.5), Classifier(16)
    teacher.load_state_dict(model.get_submodule("big").state_dict())
    student.load_state_dict(model.get_submodule("small").state_dict())
    before = copy.deepcopy(teacher.state_dict())
    told = follow(model, batches)

    teacher.eval()
    optimizer = torch.optim.AdamW(student.parameters(), lr=3e-3, weight_decay=0.05)
    expected = []
    for batch in batches:
        logits = student(batch["x"])
        with torch.no_grad():
            wanted = teacher(batch["x"])
        hard = F.cross_entropy(logits, batch["label"])
        p, q = F.softmax(wanted / 4, dim=1), F.softmax(logits / 4, dim=1)
        soft = 16 * (p * (p.log() - q.log())).sum(1).mean()
        value = 0.1 * hard + 0.9 * soft
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        accuracy = (logits.argmax(1) == batch["label"]).float().mean()
        expected.append({"value": value.item(), "hard": hard.item(), "soft": soft.item(), "accuracy": accuracy.item()})
    alike(told, expected)
    same(model, "small", student)
    for name, value in model.get_submodule("big").state_dict().items():
        assert torch.equal(value, before[name]), "the teacher is as it was, its running statistics too"


def test_a_teacher_is_in_evaluation_always_and_has_no_gradient(make: Make) -> None:
    model = make(DISTILLED)
    assert model.training and not model.big.training
    assert model.train() is model and model.small.training and not model.big.training
    assert not any(p.requires_grad for p in model.big.parameters())
    value, _ = model.objective("small", {"x": torch.randn(3, 8), "label": torch.tensor([0, 1, 2])})
    value.backward()
    assert all(p.grad is None for p in model.big.parameters())
    assert all(p.grad is not None for p in model.small.parameters())


def test_a_teacher_whose_boxes_are_written_in_place_drops_nothing_out(make: Make) -> None:
    """One box with weights makes no class of its own, and the dropout behind it is a line of the model's."""
    model = make(
        """
model Distilled:
  input x: [B, 8]
  teacher big: x -> Linear(4) -> Dropout(0.5)
  student small: x -> Linear(4)
  output logits: small
  loss soft: logits -> MSE to big
"""
    )
    x = torch.randn(5, 8)
    first, second = (model.losses({"x": x})["soft"].item() for _ in range(2))
    assert first == second == F.mse_loss(model.small(x), model.big(x)).item()


# --------------------------------------------------------------------------------------------------------- GAN


class Two(nn.Module):
    """`Linear(width) -> activation -> Linear(out)`."""

    def __init__(self, into: int, width: int, out: int, slope: float) -> None:
        super().__init__()
        self.linear1, self.linear2, self.slope = nn.Linear(into, width), nn.Linear(width, out), slope

    def forward(self, x: Tensor) -> Tensor:
        return self.linear2(F.leaky_relu(self.linear1(x), self.slope))


GAN = """
model GAN:
  input z: [B, 16]
  target real: [B, 8]
  generator gen: Linear(32) -> ReLU -> Linear(8)
  critic judge: Linear(32) -> LeakyReLU(0.2) -> Linear(1)
  output fake: z -> gen
  loss on_real: real -> judge -> BCELogits to 1
  loss on_fake: fake -> StopGrad -> judge -> BCELogits to 0
  loss fool: fake -> judge -> BCELogits to 1
  train judge: on_real + on_fake
  train gen: fool
  optimizer: Adam(lr=2e-3, betas=[0.5, 0.999])
"""


def opponents(model: nn.Module) -> tuple[nn.Module, nn.Module, list[Batch]]:
    generator, critic = Two(16, 32, 8, 0.0), Two(8, 32, 1, 0.2)
    generator.load_state_dict(model.gen.state_dict())
    critic.load_state_dict(model.judge.state_dict())
    return generator, critic, [{"z": torch.randn(6, 16), "real": torch.randn(6, 8)} for _ in range(STEPS)]


@pytest.mark.parametrize("stopped", [True, False], ids=["detached", "not detached by the text"])
def test_gan(make: Make, stopped: bool) -> None:
    model = make(GAN if stopped else GAN.replace("StopGrad -> ", ""))
    generator, critic, batches = opponents(model)
    told = follow(model, batches)
    of_critic = torch.optim.Adam(critic.parameters(), lr=2e-3, betas=(0.5, 0.999))
    of_generator = torch.optim.Adam(generator.parameters(), lr=2e-3, betas=(0.5, 0.999))
    expected = []
    for batch in batches:
        ones, zeros = torch.ones(6, 1), torch.zeros(6, 1)
        on_real = F.binary_cross_entropy_with_logits(critic(batch["real"]), ones)
        on_fake = F.binary_cross_entropy_with_logits(critic(generator(batch["z"]).detach()), zeros)
        of_critic.zero_grad()
        (on_real + on_fake).backward()
        of_critic.step()
        expected.append({"value": (on_real + on_fake).item(), "on_real": on_real.item(), "on_fake": on_fake.item()})
        fool = F.binary_cross_entropy_with_logits(critic(generator(batch["z"])), ones)
        of_generator.zero_grad()
        fool.backward()
        of_generator.step()
        expected.append({"value": fool.item(), "fool": fool.item()})
    alike(told, expected)
    same(model, "gen", generator)
    same(model, "judge", critic)


def test_a_step_leaves_no_gradient_in_what_others_update(make: Make) -> None:
    model = make(GAN)
    batch = {"z": torch.randn(3, 16), "real": torch.randn(3, 8)}
    for step, mine, theirs in (("judge", model.judge, model.gen), ("gen", model.gen, model.judge)):
        model.zero_grad(set_to_none=True)
        with updating(plan_of(model).step(step), model):
            value, _ = model.objective(step, batch)
            value.backward()
        assert all(p.grad is not None for p in mine.parameters())
        assert all(p.grad is None for p in theirs.parameters())
        assert all(p.requires_grad for p in model.parameters()), "as it was"


def test_a_step_computes_what_it_needs_and_nothing_else(make: Make) -> None:
    """The generator's step has no use for real images, the critic runs twice in its own and once in the other's."""
    model = make(GAN)
    calls: list[str] = []
    for name in ("gen", "judge"):
        getattr(model, name).register_forward_hook(lambda *_, name=name: calls.append(name))
    model.objective("gen", {"z": torch.randn(3, 16)})
    assert calls == ["gen", "judge"]
    calls.clear()
    model.objective("judge", {"z": torch.randn(3, 16), "real": torch.randn(3, 8)})
    assert sorted(calls) == ["gen", "judge", "judge"]
    with pytest.raises(KeyError):
        model.objective("nobody", {"z": torch.randn(3, 16)})


WGAN = """
model WGAN:
  input z: [B, 16]
  target real: [B, 8]
  generator gen: Linear(32) -> ReLU -> Linear(8)
  critic judge: Linear(32) -> LeakyReLU(0.2) -> Linear(1)
  output fake: z -> gen
  loss distance: (fake -> judge -> Mean) - (real -> judge -> Mean)
  loss fool: -(fake -> judge -> Mean)
  train judge: distance
  train gen: fool
  optimizer judge: ClipGradValue(0.5) -> RMSprop(lr=5e-3) -> ClipWeights(0.05)
  optimizer gen: Every(3) -> ClipGradNorm(0.01) -> RMSprop(lr=5e-3)
"""


def test_wasserstein_gan_with_clipping_and_three_steps_of_the_critic(make: Make) -> None:
    model = make(WGAN)
    generator, critic, batches = opponents(model)
    told = follow(model, batches)
    of_critic = torch.optim.RMSprop(critic.parameters(), lr=5e-3)
    of_generator = torch.optim.RMSprop(generator.parameters(), lr=5e-3)
    expected = []
    for number, batch in enumerate(batches, 1):
        distance = critic(generator(batch["z"]).detach()).mean() - critic(batch["real"]).mean()
        of_critic.zero_grad()
        distance.backward()
        for parameter in critic.parameters():
            assert parameter.grad is not None
            parameter.grad.clamp_(-0.5, 0.5)
        of_critic.step()
        with torch.no_grad():
            for parameter in critic.parameters():
                parameter.clamp_(-0.05, 0.05)
        expected.append({"value": distance.item(), "distance": distance.item()})
        if number % 3 == 0:
            fool = -critic(generator(batch["z"])).mean()
            of_generator.zero_grad()
            fool.backward()
            gradients = [p.grad for p in generator.parameters() if p.grad is not None]
            norm = torch.sqrt(sum((g**2).sum() for g in gradients))
            assert norm > 0.01, "the bound is met"
            for gradient in gradients:
                gradient.mul_(0.01 / (norm + 1e-6))
            of_generator.step()
            expected.append({"value": fool.item(), "fool": fool.item()})
    alike(told, expected)
    same(model, "gen", generator)
    same(model, "judge", critic)
    assert max(p.abs().max() for p in model.judge.parameters()) <= 0.05


# -------------------------------------------------------------------------------------------------- multi-task


class Heads(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.trunk, self.kind, self.size = nn.Linear(8, 16), nn.Linear(16, 4), nn.Linear(16, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = F.relu(self.trunk(x))
        return self.kind(x), self.size(x)


MULTI = """
model Tasks:
  input x: [B, 8]
  target label: [B] long < 4
  target length: [B, 1]
  - trunk: Linear(16) -> ReLU
  output kind: Linear(4)
  output size: Linear(1)
  loss what: kind -> CrossEntropy to label
  loss far: size -> Huber(delta=0.5) to length
  train: what + 0.2 * far
  optimizer: SGD(lr=0.1, momentum=0.9, weight_decay=0.01)
"""


@pytest.mark.parametrize("frozen", [False, True], ids=["all", "frozen trunk"])
def test_several_tasks(make: Make, frozen: bool) -> None:
    model = make(MULTI + ("  freeze: trunk\n" if frozen else ""))
    other = Heads()
    other.load_state_dict(model.state_dict())
    batches = [
        {"x": torch.randn(6, 8), "label": torch.randint(0, 4, (6,)), "length": torch.randn(6, 1)} for _ in range(STEPS)
    ]
    told = follow(model, batches)
    wanted = [p for n, p in other.named_parameters() if not (frozen and n.startswith("trunk"))]
    optimizer = torch.optim.SGD(wanted, lr=0.1, momentum=0.9, weight_decay=0.01)
    expected = []
    for batch in batches:
        kind, size = other(batch["x"])
        what, far = F.cross_entropy(kind, batch["label"]), F.huber_loss(size, batch["length"], delta=0.5)
        optimizer.zero_grad()
        (what + 0.2 * far).backward()
        optimizer.step()
        expected.append({"value": (what + 0.2 * far).item(), "what": what.item(), "far": far.item()})
    alike(told, expected)
    same(model, "", other)


# ------------------------------------------------------------------------------------------------ mean teacher


MEAN_TEACHER = """
model MeanTeacher:
  input x: [B, 8]
  target label: [B] long < 4
  target changed: [B, 8]
  student net: Linear(16, bias=false) -> BatchNorm -> ReLU -> Linear(4)
  teacher mean: EMA(net, 0.9)
  output logits: x -> net
  told: changed -> mean -> Softmax
  loss hard: logits -> CrossEntropy to label
  loss agree: logits -> Softmax -> MSE to told
  train net: hard + 2 * agree
  optimizer: SGD(lr=0.1)
"""


def test_mean_teacher(make: Make) -> None:
    model = make(MEAN_TEACHER)
    student = Classifier(16)
    student.load_state_dict(model.net.state_dict())
    teacher = copy.deepcopy(student).eval()
    same(model, "mean", teacher)
    batches = [
        {"x": torch.randn(6, 8), "label": torch.randint(0, 4, (6,)), "changed": torch.randn(6, 8)} for _ in range(STEPS)
    ]
    told = follow(model, batches)
    optimizer = torch.optim.SGD(student.parameters(), lr=0.1)
    expected = []
    for batch in batches:
        logits = student(batch["x"])
        with torch.no_grad():
            wanted = F.softmax(teacher(batch["changed"]), dim=1)
        hard, agree = F.cross_entropy(logits, batch["label"]), F.mse_loss(F.softmax(logits, dim=1), wanted)
        optimizer.zero_grad()
        (hard + 2 * agree).backward()
        optimizer.step()
        with torch.no_grad():
            for old, new in zip(teacher.parameters(), student.parameters(), strict=True):
                old.copy_(0.9 * old + 0.1 * new)
            for old, new in zip(teacher.buffers(), student.buffers(), strict=True):
                old.copy_(new)
        expected.append({"value": (hard + 2 * agree).item(), "hard": hard.item(), "agree": agree.item()})
    alike(told, expected)
    same(model, "net", student)
    same(model, "mean", teacher)


def test_the_plan_as_data(make: Make) -> None:
    plan = plan_of(make(MEAN_TEACHER))
    assert (plan.losses, plan.metrics, plan.frozen, plan.teachers, plan.averages) == (
        ("hard", "agree"), (), ("mean",), ("mean",), ("mean",),
    )  # fmt: skip
    (step,) = plan.steps
    assert (step.name, step.updates, step.losses, step.descends) == (
        "net", ("net",), ("hard", "agree"), "hard + 2 * agree",
    )  # fmt: skip
    assert step.optimizer is not None and (step.optimizer.name, step.optimizer.arguments) == ("SGD", {"lr": 0.1})
    judge, gen = plan_of(make(WGAN)).steps
    assert (judge.every, judge.clip_value, judge.clip_weights, judge.clip_norm) == (1, 0.5, 0.05, None)
    assert (gen.every, gen.clip_value, gen.clip_weights, gen.clip_norm) == (3, None, None, 0.01)
    with pytest.raises(TypeError, match="has no plan"):
        plan_of(nn.Linear(2, 2))
    assert Plan().steps == ()
