"""Losses and metrics: every example executed, values against torch.nn.functional, mistakes between both sides."""

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch")

import torch.nn.functional as F  # noqa: E402
from interpret import Box  # noqa: E402
from operator_harness import cases, check, family, mistake, read  # noqa: E402

from dslnet.ops.base import Operator  # noqa: E402

FAMILIES = ("losses", "pair_losses", "metrics")
BOXES = [cls for name in FAMILIES for cls in family(name)]
#: Examples whose random inputs are outside the domain (probabilities, distances), or that have no gradient.
SPECIAL = {"BCE", "Dice", "Contrastive", "Accuracy", "F1", "MeanIoU", "CTC", "KLDiv", "CosineLoss"}


@pytest.mark.parametrize(("cls", "before", "after"), cases(BOXES))
def test_example(cls: type[Operator], before: str, after: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if cls.name == "BCE":
        monkeypatch.setattr(torch, "randn", lambda *shape, **_: torch.rand(*shape, requires_grad=True))
    check(cls, before, after, gradient=cls.name not in SPECIAL, counted=False, sizes={"T": (9, 12), "S": (4, 5)})


def test_every_box_has_an_example() -> None:
    assert [cls.name for cls in BOXES if not cls.examples()] == []


def run(line: str, *inputs: Any) -> Any:
    example = read(line)
    return Box(example.operator(), example.types).eval()(*inputs)


torch.manual_seed(0)
X, Y = torch.randn(6, 5), torch.randn(6, 5)
P, Q = torch.rand(6, 5), torch.rand(6, 5)
LABEL = torch.tensor([0, 4, 2, 2, 1, 3])
SOME = torch.where(torch.arange(6) % 2 == 0, LABEL, -1)
YES = torch.tensor([True, False, True, True, False, False])
SEQ, WORDS = torch.randn(2, 7, 5), torch.randint(5, (2, 7))
MAP, PIXELS = torch.randn(2, 5, 4, 3), torch.randint(5, (2, 4, 3))
SIGN = torch.tensor([1.0, -1, 1, -1, -1, 1])
LOG = X.log_softmax(-1)

VALUES: list[tuple[str, tuple[Any, ...], Any]] = [
    ("[6, 5] -> CrossEntropy to [6] long", (X, LABEL), F.cross_entropy(X, LABEL)),
    ("[6, 5] -> CrossEntropy(0.1, ignore_index=2, weight=[1, 2, 3, 4, 5]) to [6] long", (X, LABEL),
     F.cross_entropy(X, LABEL, label_smoothing=0.1, ignore_index=2, weight=torch.tensor([1.0, 2, 3, 4, 5]))),
    ("[6, 5] -> CrossEntropy to [6, 5]", (X, P), F.cross_entropy(X, P)),
    ("[2, 7, 5] -> CrossEntropy to [2, 7] long", (SEQ, WORDS), F.cross_entropy(SEQ.mT, WORDS)),
    ('[2, 7, 5] -> CrossEntropy(reduction="none") to [2, 7] long', (SEQ, WORDS),
     F.cross_entropy(SEQ.mT, WORDS, reduction="none")),
    ('[2, 5, 7] -> CrossEntropy(reduction="sum") to [2, 7] long', (SEQ.mT, WORDS),
     F.cross_entropy(SEQ.mT, WORDS, reduction="sum")),
    ("[2, 5, 4, 3] -> CrossEntropy to [2, 4, 3] long", (MAP, PIXELS), F.cross_entropy(MAP, PIXELS)),
    ("[2, 4, 3, 5] -> CrossEntropy to [2, 4, 3] long", (MAP.permute(0, 2, 3, 1), PIXELS), F.cross_entropy(MAP, PIXELS)),
    ("[5, 5, 5] -> CrossEntropy to [5, 5] long", (torch.eye(5)[None].expand(5, 5, 5) * 9, torch.arange(5).expand(5, 5)),
     F.cross_entropy(torch.eye(5) * 9, torch.arange(5))),
    ("[2, 7, 5] -> CrossEntropy to [2, 7, 5]", (SEQ, SEQ.softmax(2)), F.cross_entropy(SEQ.mT, SEQ.softmax(2).mT)),
    ("[2, 5, 4, 3] -> CrossEntropy to [2, 5, 4, 3]", (MAP, MAP.softmax(1)), F.cross_entropy(MAP, MAP.softmax(1))),
    ("[6, 5] -> BCE to [6, 5]", (P, Q), F.binary_cross_entropy(P, Q)),
    ("[6] -> BCE to [6] bool", (P[:, 0], YES), F.binary_cross_entropy(P[:, 0], YES.float())),
    ("[6, 5] -> BCELogits to [6, 5]", (X, Q), F.binary_cross_entropy_with_logits(X, Q)),
    ("[6, 5] -> MSE to [6, 5]", (X, Y), F.mse_loss(X, Y)),
    ('[6, 5] -> L1(reduction="sum") to [6, 5]', (X, Y), F.l1_loss(X, Y, reduction="sum")),
    ("[6, 5] -> Huber(0.3) to [6, 5]", (X, Y), F.huber_loss(X, Y, delta=0.3)),
    ("[6, 5] -> NLL to [6] long", (LOG, LABEL), F.nll_loss(LOG, LABEL)),
    ("[6, 5] -> NLL to [6] long", (X, LABEL), -torch.distributions.Categorical(logits=X).log_prob(LABEL).mean()),
    ("[6, 5] -> NLL to [6, 5]", (X, Q.round()), -torch.distributions.Bernoulli(logits=X).log_prob(Q.round()).mean()),
    ("[6, 4] -> NLL to [6, 2]", (X[:, :4], Y[:, :2]),
     -torch.distributions.Normal(X[:, :2], (X[:, 2:4] / 2).exp()).log_prob(Y[:, :2]).mean()
     - 0.5 * torch.log(torch.tensor(2 * torch.pi))),
    ("[6, 5] -> KLDiv to [6, 5]", (LOG, P), (P * (P.log() - LOG)).mean()),
    ('[6, 5] -> KLDiv(reduction="batchmean", log_target=true) to [6, 5]', (LOG, LOG.flip(0)),
     F.kl_div(LOG, LOG.flip(0), reduction="batchmean", log_target=True)),
    ("[6, 5] -> Distill(4) to [6, 5]", (X, Y),
     16 * torch.distributions.kl_divergence(
         torch.distributions.Categorical(logits=Y / 4), torch.distributions.Categorical(logits=X / 4)).mean()),
    ("[2, 5, 4, 3] -> Distill(1) to [2, 5, 4, 3]", (MAP, MAP.flip(0)),
     F.kl_div(MAP.log_softmax(1), MAP.flip(0).softmax(1), reduction="batchmean")),
    ("[6] -> Contrastive(1) to [6] bool", (P[:, 0], YES),
     0.5 * torch.where(YES, P[:, 0] ** 2, (1 - P[:, 0]) ** 2).mean()),
    ("([6, 5], [6, 5]) -> Triplet(0.5) to [6, 5]", (X, Y, P), F.triplet_margin_loss(X, Y, P, margin=0.5)),
    ("[5, 5] -> InfoNCE", (X[:5],),
     (F.cross_entropy(X[:5], torch.arange(5)) + F.cross_entropy(X[:5].T, torch.arange(5))) / 2),
    ("[5, 5] -> InfoNCE(temperature=0.5)", (X[:5],),
     (F.cross_entropy(2 * X[:5], torch.arange(5)) + F.cross_entropy(2 * X[:5].T, torch.arange(5))) / 2),
    ("([6, 5], [6, 5]) -> CosineLoss(0.2) to [6]", (X, Y, SIGN), F.cosine_embedding_loss(X, Y, SIGN, margin=0.2)),
    ("[6] -> Hinge to [6]", (X[:, 0], SIGN), (1 - X[:, 0] * SIGN).clamp(min=0).mean()),
    ("[6, 5] -> Dice to [6, 5]", (P, Q.round()),
     (1 - (2 * (P * Q.round()).sum(1) + 1) / (P.sum(1) + Q.round().sum(1) + 1)).mean()),
    ("[6, 5] -> Focal(0) to [6] long", (X, LABEL), F.cross_entropy(X, LABEL)),
    ("[6, 5] -> Focal(2) to [6] long", (X, LABEL),
     (-(1 - X.softmax(1)[range(6), LABEL]) ** 2 * LOG[range(6), LABEL]).mean()),
    ("[6, 5] -> Focal(2, alpha=0.25) to [6, 5]", (X, Q.round()),
     (torch.where(Q > 0.5, 0.25, 0.75) * torch.where(Q > 0.5, 1 - X.sigmoid(), X.sigmoid()) ** 2
      * F.binary_cross_entropy_with_logits(X, Q.round(), reduction="none")).mean()),
    ("[6, 5] -> Accuracy to [6] long", (X, LABEL), (X.argmax(1) == LABEL).float().mean()),
    ("[2, 5, 4, 3] -> Accuracy(top=2) to [2, 4, 3] long", (MAP, PIXELS),
     (MAP.topk(2, 1).indices == PIXELS[:, None]).any(1).float().mean()),
    ("[6, 5] -> Accuracy(threshold=0) to [6, 5]", (X, Q.round()), ((X > 0) == (Q > 0.5)).float().mean()),
    ("[6] -> Accuracy to [6] bool", (P[:, 0], YES), ((P[:, 0] > 0.5) == YES).float().mean()),
    ("[6, 5] -> F1(average=\"micro\") to [6] long", (X, LABEL), (X.argmax(1) == LABEL).float().mean()),
    ("[6, 5] -> Accuracy(ignore_index=-1) to [6] long", (X, SOME), (X.argmax(1) == SOME)[::2].float().mean()),
    ("[6, 5] -> Accuracy(top=3, ignore_index=-1) to [6] long", (X, SOME),
     (X[::2].topk(3).indices == SOME[::2, None]).any(1).float().mean()),
    ("[6, 5] -> F1(average=\"micro\", ignore_index=-1) to [6] long", (X, SOME),
     (X.argmax(1) == SOME)[::2].float().mean()),
    ("[6, 5] -> Perplexity(ignore_index=-1) to [6] long", (X, SOME), F.cross_entropy(X[::2], SOME[::2]).exp()),
    ("[6, 5] -> PSNR(2) to [6, 5]", (X, Y), 10 * torch.log10(4 / F.mse_loss(X, Y))),
    ("[2, 7, 5] -> Perplexity to [2, 7] long", (SEQ, WORDS), F.cross_entropy(SEQ.mT, WORDS).exp()),
]  # fmt: skip


@pytest.mark.parametrize(("line", "inputs", "expected"), VALUES, ids=[line for line, _, _ in VALUES])
def test_value(line: str, inputs: tuple[Any, ...], expected: Any) -> None:
    torch.testing.assert_close(run(line, *inputs), expected, rtol=1e-5, atol=1e-6)


def test_ctc() -> None:
    x, y = torch.randn(3, 9, 6), torch.randint(1, 6, (3, 4))
    lengths, sizes = torch.tensor([9, 8, 7]), torch.tensor([4, 3, 2])
    scores = x.log_softmax(-1).transpose(0, 1)
    torch.testing.assert_close(run("[3, 9, 6] -> CTC to [3, 4] long", x, y, None, None),
                               F.ctc_loss(scores, y, (9, 9, 9), (4, 4, 4)))  # fmt: skip
    torch.testing.assert_close(run("[3, 9, 6] -> CTC to ([3, 4] long, [3] long, [3] long)", x, y, lengths, sizes),
                               F.ctc_loss(scores, y, lengths, sizes))  # fmt: skip


def test_overlaps() -> None:
    """Two classes of three occur; class 0: 2 right of 3 said and 2 true, class 1: 1 right of 1 said and 2 true."""
    scores = torch.eye(3)[torch.tensor([0, 0, 0, 1])]
    label = torch.tensor([0, 0, 1, 1])
    torch.testing.assert_close(run("[4, 3] -> MeanIoU to [4] long", scores, label), torch.tensor((2 / 3 + 1 / 2) / 2))
    torch.testing.assert_close(run("[4, 3] -> F1 to [4] long", scores, label), torch.tensor((4 / 5 + 2 / 3) / 2))
    more, void = torch.cat([scores, scores[1:]]), torch.cat([label, torch.full((3,), 255)])
    torch.testing.assert_close(
        run("[7, 3] -> MeanIoU(ignore_index=255) to [7] long", more, void), torch.tensor((2 / 3 + 1 / 2) / 2)
    )
    torch.testing.assert_close(
        run("[7, 3] -> F1(ignore_index=255) to [7] long", more, void), torch.tensor((4 / 5 + 2 / 3) / 2)
    )


@pytest.mark.parametrize(
    ("line", "code", "words"),
    [
        ("[B, 10] -> CrossEntropy to [B]", "E0511", "CrossEntropy wants class numbers, `{target}` is [B] float"),
        ("[B, 10] -> CrossEntropy to [B] bool", "E0511", "`{target}` is [B] bool"),
        ("[B, 10] -> CrossEntropy to [B, 10] long", "E0511", "less an axis"),
        ("[B, T, 10] -> CrossEntropy to [B, S] long", "E0511", "less an axis"),
        ("[B, 10] -> CrossEntropy to [B] long < 20", "E0313", "class numbers go up to 19, the prediction has 10"),
        ("[B, 10] -> CrossEntropy(weight=[1, 2]) to [B] long", "E0511", "2 numbers for 10 classes"),
        ("[B, 10] long -> CrossEntropy to [B] long", "E0511", "the prediction is [B, 10] long"),
        ("[B, 1] -> BCE to [B]", "E0511", "`BCE` compares equal shapes, [B, 1] with a target of [B]"),
        ("[B] -> BCELogits to [B] long < 10", "E0511", "BCELogits wants 0 or 1, `{target}` goes up to 9"),
        ("[B, 3, 8, 8] -> MSE to [B, 3, 8, 9]", "E0511", "equal shapes"),
        ("[B, 8] -> L1 to [B, 9]", "E0511", "equal shapes"),
        ("[B, 8] -> Huber to [B]", "E0511", "equal shapes"),
        ("[B, 8] -> NLL to [B, 3]", "E0511", "`NLL` knows no distribution of [B, 8] and [B, 3]"),
        ("[B, 8] -> NLL to [B]", "E0511", "`NLL` knows no distribution"),
        ("[B, 8] -> NLL to [B] long < 9", "E0313", "go up to 8"),
        ("[B, 8] -> KLDiv to [B]", "E0511", "equal shapes"),
        (
            "[B, 100] -> Distill(4) to [B, 1000]",
            "E0510",
            "teacher and student do not make the same classes: 1000 and 100",
        ),
        ("[B, 100] -> Distill(4) to [B] long", "E0511", "a teacher's logits"),
        ("[B] -> Contrastive to [B, 1]", "E0511", "equal shapes"),
        ("([B, 8], [B, 8]) -> Triplet to [B, 9]", "E0511", "`Triplet`"),
        ("[B, C] -> InfoNCE", "E0511", "scores of each with each"),
        ("[B, 2, 2] -> InfoNCE", "E0302", "scores of each with each"),
        ("([B, 8], [B, 8]) -> CosineLoss to [B, 1]", "E0511", "1 or -1 for each row"),
        ("([B, 8], [B, 9]) -> CosineLoss to [B]", "E0511", "compares two"),
        ("[B] -> Hinge to [B] bool", "E0511", "`Hinge` wants 1 or -1"),
        ("[B] -> Hinge to [B] long < 2", "E0511", "`Hinge` wants 1 or -1"),
        ("([B, 8], [B, 8]) -> CosineLoss to [B] bool", "E0511", "`CosineLoss` wants 1 or -1"),
        ("([B, 8], [B, 8]) -> CosineLoss to [B] long < 2", "E0511", "`CosineLoss` wants 1 or -1"),
        ("[4, 9, 6] -> CTC(blank=-1) to [4, 3] long", "E0313", "`blank` is -1"),
        ("[4, 9, 6] -> CTC to ([4, 3] long, [5] long)", "E0511", "a length for each of 4"),
        ("[B, 9] -> Focal(2, alpha=0.25) to [B] long", "E0511", "`alpha` of Focal"),
        ("[B, 8] -> CTC to [B, 4] long", "E0302", "scores [B, T, classes]"),
        ("[B, T, 8] -> CTC to [B, 4]", "E0511", "label sequences"),
        ("[B, T, 8] -> CTC(blank=8) to [B, 4] long", "E0313", "`blank` is 8"),
        ("[B, 3, 8] -> CTC to [B, 4] long", "E0511", "cannot align 4 labels with 3 steps"),
        ("[B] -> Dice to [B]", "E0302", "`Dice`"),
        ("[B, 10] -> Focal to [B]", "E0511", "wants class numbers"),
        ("[B, 10] -> Accuracy to [B, 10] long < 5", "E0511", "Accuracy wants 0 or 1"),
        ("[B, 10] -> Accuracy to [B]", "E0511", "Accuracy wants class numbers"),
        ("[B, 10] -> Accuracy(ignore_index=0) to [B, 10]", "E0511", "is for class numbers"),
        ("[B, 10] -> Accuracy(top=11) to [B] long", "E0301", "always 1"),
        ("[B, 3] -> PSNR to [B, 4]", "E0511", "equal shapes"),
    ],
)
def test_mistake(line: str, code: str, words: str) -> None:
    found = mistake(line)
    assert found.code == code and words in str(found), f"{found.code} {found}"


def test_help_names_the_target() -> None:
    assert mistake("[B, 10] -> CrossEntropy to [B]").fixes == (
        ("`target {target}: [B] long < 10`", "target", "[B] long < 10"),
    )
    assert mistake("[B, 1] -> BCE to [B]").helps[0] == "`target {target}: [B, 1]`"


def test_arguments_in_a_figures_order() -> None:
    assert read("[B, 10] -> Focal(3) to [B] long").operator().values()["gamma"] == 3
    assert all(list(cls.arguments)[-1] == "reduction" for cls in BOXES if "reduction" in cls.arguments)
