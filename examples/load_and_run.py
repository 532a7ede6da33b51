"""Load a shipped spec, make a module with ten classes, and run it: `python load_and_run.py`."""

import torch

import dslnet
from dslnet.resources import specs

net = dslnet.load(specs() / "resnet.net")
print("models:", ", ".join(net))

torch.manual_seed(0)
model = net.ResNet18(classes=10).eval()
with torch.inference_mode():
    logits = model(torch.randn(2, 3, 64, 64))
print("logits:", tuple(logits.shape))

# The keys are torchvision's, so published weights load by name.
for key in list(model.state_dict())[:3]:
    print("key:", key)
