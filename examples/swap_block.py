"""One architecture, several blocks: the activation and the norm are arguments. `python swap_block.py`."""

import tempfile
from pathlib import Path

import torch

import dslnet

SPEC = """\
block Layer(width, Norm=BatchNorm, Act=ReLU):
  - Conv(width, 3, bias=false) -> Norm -> Act

model Plain(Block=Layer, classes=10):
  input image: [B, 3, 32, 32]
  - repeat width in [16, 32, 64]: Block(width) -> MaxPool(2)
  - GlobalAvgPool
  output logits: Linear(classes)

model Modern: Plain(Block=Layer(Norm=GroupNorm(8), Act=SiLU))
"""

with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "plain.net"
    path.write_text(SPEC, encoding="utf-8")
    net = dslnet.load(path)
    image = torch.randn(1, 3, 32, 32)
    for name in net:
        model = net[name]().eval()
        kinds = sorted({type(module).__name__ for module in model.modules() if not list(module.children())})
        print(f"{name}: {tuple(model(image).shape)}, {', '.join(kinds)}")
