"""Shipped vision models against torchvision's: its weights, our arithmetic.

Everything is compared at two image sizes and batch 3, in eval mode. The bound is 1e-5 on the largest absolute
difference of the logits in float32, and 1e-10 in float64, where rounding no longer hides anything. Widths and depths
are the published ones unless a test says otherwise; the number of classes is small.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

import shipped  # noqa: E402
from copy_weights import distance, disturb  # noqa: E402
from torch import nn  # noqa: E402
from torchvision_on_cpu import torchvision  # noqa: E402

import dslnet  # noqa: E402

SPECS = Path(__file__).parent.parent / "specs"


@pytest.fixture(scope="module")
def models() -> Any:
    torch.manual_seed(0)
    return torchvision().models


def ours(name: str, **settings: Any) -> nn.Module:
    """A shipped model: `resnet:ResNet18`."""
    file, _, model = name.partition(":")
    made: nn.Module = dslnet.load(SPECS / f"{file}.net")[model](**settings)
    return made.eval()


@torch.no_grad()
def compare(mine: nn.Module, other: nn.Module, *sizes: tuple[int, int], bound: float = 1e-5) -> None:
    """Both on the same images, in float32 and in float64."""
    torch.manual_seed(1)
    other.eval()
    for height, width in sizes:
        image = torch.randn(3, 3, height, width)
        expected = other(image)
        assert expected.abs().max() > 0.01, "the reference says nothing"
        assert distance(mine(image), expected) <= bound
    mine, other = mine.double(), other.double()
    assert distance(mine(image.double()), other(image.double())) <= 1e-10


def test_resnet18_is_torchvisions_name_by_name(models: Any) -> None:
    theirs = disturb(models.resnet18(num_classes=10))
    mine = ours("resnet:ResNet18", classes=10)
    assert list(mine.state_dict()) == list(theirs.state_dict())
    assert len(mine.state_dict()) == 122
    mine.load_state_dict(theirs.state_dict(), strict=True)
    compare(mine, theirs, (64, 64), (96, 65))


TORCHVISION = {
    name: where
    for name, where in shipped.published().items()
    if name.partition(":")[0]
    in ("alexnet", "deeplab", "densenet", "fcn", "googlenet", "mobilenet", "resnet", "se_resnet", "vgg", "vit", "wrn")
    and re.fullmatch(r"[a-z0-9_]+", where)
}


@pytest.mark.parametrize("name", TORCHVISION)
def test_names_and_shapes_are_torchvisions(models: Any, name: str) -> None:
    """Its checkpoints load by name: every key, with its shape, and no other."""
    published = TORCHVISION[name]
    segmentation = name.startswith(("fcn", "deeplab"))
    more = {"weights_backbone": None, "aux_loss": True} if segmentation else {}
    if name.startswith("googlenet"):
        more = {"aux_logits": False, "init_weights": False}
    if published == "vit_h_14":
        more = {"image_size": 518}  # of its published weights
    with torch.device("meta"):
        theirs = getattr(models.segmentation if segmentation else models, published)(**more)
    assert list(weights(name).items()) == [(k, tuple(v.shape)) for k, v in theirs.state_dict().items()]


def weights(name: str) -> dict[str, tuple[int, ...]]:
    """The state_dict of a shipped model without making it."""
    from dslnet.weights import definition_weights

    file, _, model = name.partition(":")
    graph = shipped.net(file)[model].graph()
    return {w.name: tuple(w.shape) for w in definition_weights(graph, graph.entry)}
