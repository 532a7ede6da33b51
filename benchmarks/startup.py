"""How long a first `dslnet check` takes, beside an interpreter that does nothing.

Runs both in turn, many times, and compares the processor time of the best runs; what is loaded is counted too. Run
`python benchmarks/startup.py [FILE] [--runs N]`. Bytecode is written first, as an installed package has it.

Target: at most 12 times `python -c pass`, and neither torch nor pydantic, lark, click, numpy or onnx loaded.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

HOME = Path(__file__).resolve().parent.parent

HEAVY = ("torch", "pydantic", "lark", "click", "numpy", "onnx", "sympy", "inspect", "dataclasses", "pathlib")

LISTED = "import sys, dslnet.cli; dslnet.cli.main(['check', sys.argv[1]]); print('\\n'.join(sorted(sys.modules)))"


def cpu(words: list[str], environment: dict[str, str]) -> float:
    """Processor seconds of a child process, user and system."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *words], env=environment, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def modules(words: list[str], environment: dict[str, str]) -> set[str]:
    text = subprocess.run([sys.executable, *words], env=environment, check=True, capture_output=True, text=True).stdout
    return set(text.split("\n"))


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("file", nargs="?", default=str(HOME / "specs" / "resnet.net"))
    arguments.add_argument("--runs", type=int, default=40)
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "PYTHONPATH": str(HOME), "PYTHONPYCACHEPREFIX": folder}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        nothing = ["-c", "pass"]
        check = ["-m", "dslnet", "check", given.file]
        imports = ["-c", "import dslnet.build, dslnet.commands, dslnet.render"]
        times: dict[str, list[float]] = {"nothing": [], "imports": [], "check": []}
        cpu(check, environment)
        for _ in range(given.runs):
            times["nothing"].append(cpu(nothing, environment))
            times["imports"].append(cpu(imports, environment))
            times["check"].append(cpu(check, environment))
        plain = modules(["-c", "import sys; print('\\n'.join(sys.modules))"], environment)
        loaded = modules(["-c", LISTED, given.file], environment) - plain
    best = {name: min(taken) for name, taken in times.items()}
    base = best["nothing"]
    print(f"python -c pass   {base * 1000:6.1f} ms")
    print(f"imports alone    {best['imports'] * 1000:6.1f} ms  {best['imports'] / base:5.1f} times")
    print(f"dslnet check     {best['check'] * 1000:6.1f} ms  {best['check'] / base:5.1f} times (target 12)")
    ours = sum(name.split(".")[0] == "dslnet" for name in loaded)
    heavy = [name for name in HEAVY if name in loaded]
    print(f"modules loaded   {ours} of dslnet, {len(loaded) - ours} others; heavy ones: {', '.join(heavy) or 'none'}")


if __name__ == "__main__":
    main()
