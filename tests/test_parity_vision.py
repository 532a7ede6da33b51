"""Shipped vision models against torchvision's: its weights, our arithmetic.

Everything is compared at two image sizes and batch 3, in eval mode. The bound is 1e-5 on the largest absolute
difference of the logits in float32, and 1e-10 in float64, where rounding no longer hides anything. Widths and depths
are the published ones unless a test says otherwise; the number of classes is small.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from copy_weights import by_name, distance, disturb, in_order, split  # noqa: E402
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


def from_text(folder: Path, text: str) -> nn.Module:
    """The last model of a spec."""
    path = folder / "case.net"
    path.write_text(text)
    net = dslnet.load(path)
    return net[list(net)[-1]]().eval()


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


def test_resnet50(models: Any) -> None:
    theirs = disturb(models.resnet50(num_classes=10))
    mine = ours("resnet:ResNet50", classes=10)
    assert list(mine.state_dict()) == list(theirs.state_dict())
    mine.load_state_dict(theirs.state_dict(), strict=True)
    compare(mine, theirs, (64, 64), (65, 96))


@pytest.mark.parametrize(
    ("name", "reference"),
    [("WideResNet50", "wide_resnet50_2"), ("ResNeXt50", "resnext50_32x4d")],
)
def test_resnet_with_other_bottlenecks(models: Any, name: str, reference: str) -> None:
    """One bottleneck in each stage."""
    wide = {"width_per_group": 128} if name.startswith("Wide") else {"groups": 32, "width_per_group": 4}
    theirs = disturb(models.ResNet(models.resnet.Bottleneck, [1, 1, 1, 1], num_classes=10, **wide))
    mine = ours(f"resnet:{name}", classes=10, depths=[1, 1, 1, 1])
    assert list(mine.state_dict()) == list(theirs.state_dict())
    mine.load_state_dict(theirs.state_dict(), strict=True)
    compare(mine, theirs, (64, 64), (65, 96))
    full = getattr(models, reference)
    with torch.device("meta"):
        names = {k: tuple(v.shape) for k, v in full().state_dict().items()}
    assert names == weights(f"resnet:{name}")


@pytest.mark.parametrize(
    ("name", "reference"),
    [
        ("resnet:ResNet18", "resnet18"),
        ("resnet:ResNet34", "resnet34"),
        ("resnet:ResNet50", "resnet50"),
        ("resnet:ResNet101", "resnet101"),
        ("resnet:ResNet152", "resnet152"),
    ],
)
def test_names_and_shapes_are_torchvisions(models: Any, name: str, reference: str) -> None:
    with torch.device("meta"):
        theirs = getattr(models, reference)()
    assert list(weights(name).items()) == [(k, tuple(v.shape)) for k, v in theirs.state_dict().items()]


@pytest.mark.parametrize("depth", [11, 13, 16, 19])
@pytest.mark.parametrize("norm", ["", "BN"])
def test_vgg_has_torchvisions_shapes_in_order(models: Any, depth: int, norm: str) -> None:
    with torch.device("meta"):
        theirs = getattr(models, f"vgg{depth}{'_bn' if norm else ''}")()
    assert list(weights(f"vgg:VGG{depth}{norm}").values()) == [tuple(v.shape) for v in theirs.state_dict().values()]


def weights(name: str) -> dict[str, tuple[int, ...]]:
    """The state_dict of a shipped model without making it."""
    from dslnet.weights import definition_weights

    file, _, model = name.partition(":")
    graph = dslnet.load(SPECS / f"{file}.net")[model].graph()
    return {w.name: tuple(w.shape) for w in definition_weights(graph, graph.entry)}


@pytest.mark.parametrize("norm", ["", "BN"])
def test_vgg16(models: Any, norm: str) -> None:
    """All the convolutions, and a dense part of 64 features in place of 4096. The average pooling to 7 x 7, which
    does nothing at 224 x 224, enlarges at these sizes; both sides have it."""
    theirs = getattr(models, "vgg16_bn" if norm else "vgg16")(num_classes=1)
    theirs.classifier = nn.Sequential(
        *(nn.Linear(25088, 64), nn.ReLU(), nn.Dropout()),
        *(nn.Linear(64, 64), nn.ReLU(), nn.Dropout()),
        nn.Linear(64, 10),
    )
    disturb(theirs)
    mine = ours(f"vgg:VGG16{norm}", classes=10, hidden=64)
    in_order(mine, theirs)
    compare(mine, theirs, (64, 64), (70, 96))


def test_vit_b_16(models: Any) -> None:
    """Of torchvision's, `in_proj` is cut into q, k and v. An image size is a parameter, so there are two models."""
    for size, depth in ((64, 12), (96, 3)):
        theirs = models.VisionTransformer(size, 16, depth, 12, 768, 3072, num_classes=10)
        nn.init.normal_(theirs.heads.head.weight, std=0.02)
        disturb(theirs)
        nn.init.normal_(theirs.class_token, std=0.02)
        mine = ours("vit:ViT", size=size, depth=depth, classes=10)
        table = dict(theirs.state_dict())
        split(table, "in_proj_weight", ("q.weight", "k.weight", "v.weight"))
        split(table, "in_proj_bias", ("q.bias", "k.bias", "v.bias"))
        by_name(
            mine,
            table,
            [
                (r"^class_token$", "cls"),
                (r"^encoder\.pos_embedding$", "pos"),
                (r"^conv_proj", "patches"),
                (r"^encoder\.layers\.encoder_layer_(\d+)", r"blocks.\1"),
                (r"^encoder\.ln", "norm"),
                (r"^heads\.head", "head"),
                (r"\.ln_(\d)", r".ln\1"),
                (r"self_attention\.out_proj", "attention1.out"),
                (r"self_attention", "attention1"),
                (r"mlp\.0", "linear1"),
                (r"mlp\.3", "linear2"),
            ],
        )
        compare(mine, theirs, (size, size))


# ------------------------------------------------------------------------------------------ further models

ALEXNET = """
model AlexNet(classes=10):
  input image: [B, 3, H, W]
  - Conv(64, 11, stride=4, padding=2) -> ReLU -> MaxPool(3, stride=2, padding=0)
  - Conv(192, 5) -> ReLU -> MaxPool(3, stride=2, padding=0)
  - repeat width in [384, 256, 256]: Conv(width, 3) -> ReLU
  - MaxPool(3, stride=2, padding=0) -> AdaptiveAvgPool(6) -> Flatten
  - repeat 2: Dropout(0.5) -> Linear(64) -> ReLU
  output logits: Linear(classes)
"""


def test_alexnet(models: Any, tmp_path: Path) -> None:
    """With a dense part of 64 features in place of 4096."""
    theirs = models.alexnet(num_classes=1)
    theirs.classifier = nn.Sequential(
        *(nn.Dropout(), nn.Linear(9216, 64), nn.ReLU(), nn.Dropout(), nn.Linear(64, 64), nn.ReLU()), nn.Linear(64, 10)
    )
    mine = from_text(tmp_path, ALEXNET)
    in_order(mine, disturb(theirs))
    compare(mine, theirs, (95, 95), (127, 96))


DENSENET = """
block DenseLayer(growth):
  - concat:
      | Identity
      | BatchNorm -> ReLU -> Conv(4 * growth, 1, bias=false) -> BatchNorm -> ReLU
        -> Conv(growth, 3, bias=false)

block Transition:
  input x: [B, C, H, W]
  - BatchNorm -> ReLU -> Conv(C // 2, 1, bias=false) -> AvgPool(2)

model DenseNet(growth=32, depths=[6, 12, 24, 16], classes=10):
  input image: [B, 3, H, W]
  - Conv(2 * growth, 7, stride=2, bias=false) -> BatchNorm -> ReLU -> MaxPool(3, stride=2)
  - repeat i in len(depths):
      - repeat depths[i]: DenseLayer(growth)
      - if i < len(depths) - 1: Transition
  - BatchNorm -> ReLU -> GlobalAvgPool
  output logits: Linear(classes)
"""


def test_densenet121(models: Any, tmp_path: Path) -> None:
    theirs = disturb(models.densenet121(num_classes=10))
    mine = from_text(tmp_path, DENSENET)
    in_order(mine, theirs)
    compare(mine, theirs, (64, 64), (65, 96))


GOOGLENET = """
block ConvBN(width, kernel, stride=1):
  - Conv(width, kernel, stride=stride, bias=false) -> BatchNorm(eps=1e-3) -> ReLU

block Inception(a, b1, b3, c1, c5, p):
  - concat:
      | ConvBN(a, 1)
      | ConvBN(b1, 1) -> ConvBN(b3, 3)
      | ConvBN(c1, 1) -> ConvBN(c5, 3)
      | MaxPool(3, stride=1) -> ConvBN(p, 1)

model GoogLeNet(classes=10):
  input image: [B, 3, H, W]
  - ConvBN(64, 7, stride=2) -> MaxPool(3, stride=2, padding=0, ceil_mode=true)
  - ConvBN(64, 1) -> ConvBN(192, 3) -> MaxPool(3, stride=2, padding=0, ceil_mode=true)
  - Inception(64, 96, 128, 16, 32, 32) -> Inception(128, 128, 192, 32, 96, 64)
  - MaxPool(3, stride=2, padding=0, ceil_mode=true)
  - Inception(192, 96, 208, 16, 48, 64) -> Inception(160, 112, 224, 24, 64, 64)
  - Inception(128, 128, 256, 24, 64, 64) -> Inception(112, 144, 288, 32, 64, 64)
  - Inception(256, 160, 320, 32, 128, 128) -> MaxPool(2, ceil_mode=true)
  - Inception(256, 160, 320, 32, 128, 128) -> Inception(384, 192, 384, 48, 128, 128)
  - GlobalAvgPool -> Dropout(0.2)
  output logits: Linear(classes)
"""


def test_googlenet_at_odd_sizes(models: Any, tmp_path: Path) -> None:
    """Without the auxiliary heads; pooling rounds up, so odd sizes are what matters."""
    theirs = disturb(models.googlenet(num_classes=10, aux_logits=False, init_weights=False))
    mine = from_text(tmp_path, GOOGLENET)
    in_order(mine, theirs)
    compare(mine, theirs, (64, 64), (67, 75))


SEGMENTATION = """
block Bottleneck(width, stride=1, dilation=1):
  input x: [B, C, H, W]
  - residual:
      - Conv(width, 1, bias=false) -> BatchNorm -> ReLU
      - Conv(width, 3, stride=stride, dilation=dilation, bias=false) -> BatchNorm -> ReLU
      - Conv(4 * width, 1, bias=false) -> BatchNorm
      | downsample: if stride != 1 or C != 4 * width:
          - 0: Conv(4 * width, 1, stride=stride, bias=false)
          - 1: BatchNorm
  - ReLU

model FCN(classes=5):
  input image: [B, 3, H, W]
  backbone:
    - Conv(64, 7, stride=2, bias=false) -> BatchNorm -> ReLU -> MaxPool(3, stride=2)
    - layer1: repeat 1: Bottleneck(64)
    - layer2: repeat i in 2: Bottleneck(128, stride=2 if i == 0 else 1)
    - layer3: repeat i in 2: Bottleneck(256, dilation=1 if i == 0 else 2)
    - layer4: repeat i in 2: Bottleneck(512, dilation=2 if i == 0 else 4)
  classifier:
    - 0: Conv(512, 3, bias=false)
    - 1: BatchNorm -> ReLU -> Dropout(0.1)
    - 4: Conv(classes, 1)
  output mask: image -> backbone -> classifier -> Resize([H, W])
"""


def test_fully_convolutional_network_with_dilated_stages(models: Any, tmp_path: Path) -> None:
    """A mask of the image's own size; torchvision's names, in its order. Fewer blocks than in resnet50."""
    resnet = models.ResNet(models.resnet.Bottleneck, [1, 2, 2, 2], replace_stride_with_dilation=[False, True, True])
    backbone = models._utils.IntermediateLayerGetter(resnet, return_layers={"layer4": "out"})
    theirs = models.segmentation.FCN(backbone, models.segmentation.fcn.FCNHead(2048, 5))
    disturb(theirs)
    mine = from_text(tmp_path, SEGMENTATION)
    assert list(mine.state_dict()) == list(theirs.state_dict())
    mine.load_state_dict(theirs.state_dict(), strict=True)

    class Mask(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net = theirs

        def forward(self, image: Any) -> Any:
            return self.net(image)["out"]

    compare(mine, Mask(), (64, 64), (65, 96))
