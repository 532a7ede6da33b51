"""What the emitted source costs beside a module that somebody wrote by hand.

For ResNet-18, a GPT-2 block and an MLP of 50 layers: the time of a forward pass, the peak memory of inference, and
the time from a `.net` file to a module, each as a ratio to plain PyTorch. Weights are copied over and the outputs
compared first. Both sides run in turn and the best runs count. Run `python benchmarks/forward.py [--runs N]`.

The time to a module is taken where the file was loaded before in the process; in a process of its own, where it was
loaded before in another one; and where it is loaded for the first time, so that it is checked and written as Python.

Targets: forward 1.03, peak memory 1.05, construction 1.30.
"""

from __future__ import annotations

import argparse
import gc
import inspect
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.profiler import ProfilerActivity, profile

import dslnet
from dslnet.unchanged import forget

SPECS = Path(__file__).resolve().parent.parent / "specs"


GPT_BLOCK = """\
model Block(d=768, heads=12):
  input x: [B, T, d]
  - residual:
      - ln_1: LayerNorm
      - attn: Attention(heads, causal=true)
  - residual:
      - ln_2: LayerNorm
      - fc: Linear(4 * d)
      - GELU(approximate="tanh")
      - proj: Linear(d)
"""

MLP = """\
model MLP(width=256, depth=50, classes=10):
  input x: [B, 784]
  - layers: repeat depth: Linear(width) -> ReLU
  output logits: Linear(classes)
"""


class BasicBlock(nn.Module):
    def __init__(self, channels: int, width: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, width, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample: nn.Module | None = None
        if stride != 1 or channels != width:
            self.downsample = nn.Sequential(nn.Conv2d(channels, width, 1, stride, bias=False), nn.BatchNorm2d(width))

    def forward(self, x: Tensor) -> Tensor:
        identity = x if self.downsample is None else self.downsample(x)
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        out += identity
        return self.relu(out)


class ResNet18(nn.Module):
    def __init__(self, classes: int = 1000) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        self.layer1 = nn.Sequential(BasicBlock(64, 64), BasicBlock(64, 64))
        self.layer2 = nn.Sequential(BasicBlock(64, 128, 2), BasicBlock(128, 128))
        self.layer3 = nn.Sequential(BasicBlock(128, 256, 2), BasicBlock(256, 256))
        self.layer4 = nn.Sequential(BasicBlock(256, 512, 2), BasicBlock(512, 512))
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(512, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(torch.flatten(self.avgpool(x), 1))


class CausalAttention(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.q = nn.Linear(width, width)
        self.k = nn.Linear(width, width)
        self.v = nn.Linear(width, width)
        self.out = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        B, T, C = x.shape
        q = self.q(x).view(B, T, self.heads, -1).transpose(1, 2)
        k = self.k(x).view(B, T, self.heads, -1).transpose(1, 2)
        v = self.v(x).view(B, T, self.heads, -1).transpose(1, 2)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.out(y.transpose(1, 2).reshape(B, T, C))


class GPTBlock(nn.Module):
    def __init__(self, width: int = 768, heads: int = 12) -> None:
        super().__init__()
        self.ln_1 = nn.LayerNorm(width)
        self.attn = CausalAttention(width, heads)
        self.ln_2 = nn.LayerNorm(width)
        self.fc = nn.Linear(width, 4 * width)
        self.proj = nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attn(self.ln_1(x))
        return x + self.proj(F.gelu(self.fc(self.ln_2(x)), approximate="tanh"))


class DeepMLP(nn.Module):
    def __init__(self, width: int = 256, depth: int = 50, classes: int = 10) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(784 if i == 0 else width, width) for i in range(depth))
        self.logits = nn.Linear(width, classes)

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = F.relu(layer(x))
        return self.logits(x)


@dataclass(frozen=True)
class Case:
    name: str
    spec: str | Path
    model: str
    hand: type[nn.Module]
    shape: tuple[int, ...]


CASES = (
    Case("ResNet-18", SPECS / "resnet.net", "ResNet18", ResNet18, (8, 3, 224, 224)),
    Case("GPT-2 block", GPT_BLOCK, "Block", GPTBlock, (4, 256, 768)),
    Case("MLP of 50 layers", MLP, "MLP", DeepMLP, (64, 784)),
)


def copied(source: nn.Module, target: nn.Module) -> None:
    """Weights from one module to the other: both list the same ones in the same order."""
    weights = list(source.state_dict().values())
    names = list(target.state_dict())
    assert [w.shape for w in weights] == [w.shape for w in target.state_dict().values()]
    target.load_state_dict(dict(zip(names, weights, strict=True)))


def peak(module: nn.Module, x: Tensor) -> int:
    """Bytes that one forward pass holds at most, beside the weights and its input."""
    with torch.inference_mode(), profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        module(x)
    results = profiler.profiler.kineto_results  # type: ignore[union-attr]
    events = sorted((e.start_ns(), e.nbytes()) for e in results.events() if e.name() == "[memory]")
    held = most = 0
    for _, size in events:
        held += size
        most = max(most, held)
    return most


def best_of(runs: int, *actions: Callable[[], object]) -> list[float]:
    """The best time of each action, run in turn."""
    best = [float("inf")] * len(actions)
    for _ in range(runs):
        for number, action in enumerate(actions):
            gc.collect()
            start = time.perf_counter()
            action()
            best[number] = min(best[number], time.perf_counter() - start)
    return best


#: What a process does to have the module, after torch is there and has drawn random numbers.
PROCESS = """\
import time, torch
from {home} import {name}
torch.set_num_threads(1)
torch.nn.Linear(2000, 2000)
start = time.process_time()
{make}
print(time.process_time() - start)
"""


def in_processes_of_their_own(case: Case, path: Path, folder: Path, runs: int = 7) -> float:
    """The processor time of `load` and the module, beside that of the hand-written class."""
    hand = PROCESS.format(home="hand_written", name=case.hand.__name__, make=f"{case.hand.__name__}()")
    ours = PROCESS.format(home="dslnet", name="load", make=f"load({str(path)!r}).{case.model}()")
    write_hand_written(folder)
    paths = os.pathsep.join([str(folder), str(SPECS.parent)])
    environment = {**os.environ, "DSLNET_CACHE": str(folder / "cache"), "PYTHONPATH": paths}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    best = [float("inf")] * 2
    for run in range(runs + 1):
        for number, action in enumerate((hand, ours)):
            words = [sys.executable, "-c", action]
            done = subprocess.run(words, env=environment, capture_output=True, text=True, check=True)
            if run:  # the first one writes what dslnet keeps, and bytecode
                best[number] = min(best[number], float(done.stdout))
    return best[1] / best[0]


def write_hand_written(folder: Path) -> None:
    """The classes above as a module that imports torch and nothing else."""
    head = "import torch\nfrom torch import Tensor, nn\nfrom torch.nn import functional as F\n\n"
    classes = (BasicBlock, ResNet18, CausalAttention, GPTBlock, DeepMLP)
    (folder / "hand_written.py").write_text(head + "\n\n".join(map(inspect.getsource, classes)), encoding="utf-8")


def measure(case: Case, folder: Path, runs: int) -> None:
    path = case.spec if isinstance(case.spec, Path) else folder / f"{case.model.lower()}.net"
    if isinstance(case.spec, str):
        path.write_text(case.spec, encoding="utf-8")

    def make() -> nn.Module:
        return getattr(dslnet.load(path), case.model)()  # type: ignore[no-any-return]

    hand, ours = case.hand().eval(), make().eval()
    copied(hand, ours)
    x = torch.randn(*case.shape)
    with torch.inference_mode():
        torch.testing.assert_close(ours(x), hand(x), rtol=1e-4, atol=1e-4)
        forward = best_of(runs, lambda: hand(x), lambda: ours(x))
    memory = peak(hand, x), peak(ours, x)

    def make_anew() -> nn.Module:
        forget()
        return make()

    os.environ["DSLNET_CACHE"] = ""
    construction = best_of(max(runs // 3, 5), case.hand, make, make_anew)
    apart = in_processes_of_their_own(case, path, folder)
    print(case.name)
    print(f"  forward       {forward[0] * 1e3:8.2f} ms   {forward[1] / forward[0]:5.2f} times (target 1.03)")
    print(f"  peak memory   {memory[0] / 2**20:8.2f} MiB  {memory[1] / memory[0]:5.2f} times (target 1.05)")
    again, anew = (time / construction[0] for time in construction[1:])
    print(f"  construction  {construction[0] * 1e3:8.2f} ms   {again:5.2f} times (target 1.30)")
    print(f"    in a process of its own          {apart:5.2f} times (target 1.30)")
    print(f"    of a file that was never loaded  {anew:5.2f} times")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("--runs", type=int, default=40)
    given = arguments.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        for case in CASES:
            measure(case, Path(folder), given.runs)


if __name__ == "__main__":
    main()
