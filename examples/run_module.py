"""Run an image model that `dslnet compile` wrote: `python run_module.py resnet18.py`.

The written file needs torch and nothing of dslnet.
"""

import importlib.util
import sys
from pathlib import Path

import torch
from torch import nn


def models(path: Path) -> dict[str, type[nn.Module]]:
    """The module classes that a Python file defines, in order."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    classes = [c for c in vars(module).values() if isinstance(c, type) and issubclass(c, nn.Module)]
    return {c.__name__: c for c in classes if c.__module__ == path.stem}


def main() -> None:
    path = Path(sys.argv[1])
    name, model_class = list(models(path).items())[-1]  # the model stands below the blocks that it uses
    torch.manual_seed(0)
    model = model_class().eval()
    images = torch.randn(2, 3, 224, 224)
    with torch.inference_mode():
        logits = model(images)
    count = sum(p.numel() for p in model.parameters())
    print(f"{name}: {count:,} parameters, {tuple(images.shape)} -> {tuple(logits.shape)}")


if __name__ == "__main__":
    main()
