"""What it costs to check every shipped spec with one command.

Runs `dslnet check specs/**/*.net` beside an interpreter that does nothing, in turn, and takes the best runs of both;
then, in one process, says which files take longest. Run `python benchmarks/library.py [--runs N]`. Bytecode is
written first, as an installed package has it.

Target: 2 s of processor time, where `python -c pass` takes 10 ms; on another machine, 200 times that.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

from startup import HOME, cpu

from dslnet.build import read_program
from dslnet.checking import check
from dslnet.diagnostics import Report


def alone(file: Path) -> tuple[float, int]:
    """Processor seconds of one file in a process that is warm, and how many models it holds."""
    best, models = float("inf"), 0
    for _ in range(3):
        start = time.process_time()
        report = Report()
        program = read_program(file, report)
        assert program is not None
        check(program, report)
        best, models = min(best, time.process_time() - start), len(program.models)
    return best, models


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("--runs", type=int, default=10)
    given = arguments.parse_args()
    files = sorted((HOME / "specs").rglob("*.net"))
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "PYTHONPATH": str(HOME), "PYTHONPYCACHEPREFIX": folder}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        words = ["-m", "dslnet", "check", *map(str, files)]
        cpu(words, environment)
        nothing = check_all = float("inf")
        for _ in range(given.runs):
            nothing = min(nothing, *(cpu(["-c", "pass"], environment) for _ in range(5)))
            check_all = min(check_all, cpu(words, environment))
    print(f"python -c pass       {nothing * 1000:7.1f} ms")
    print(f"dslnet check of all  {check_all * 1000:7.1f} ms  {check_all / nothing:.0f} times (target 200)")
    taken = {file: alone(file) for file in files}
    models = sum(count for _, count in taken.values())
    warm = sum(seconds for seconds, _ in taken.values())
    print(f"{len(files)} files, {models} models, in a warm process {warm:.2f} s, the most of it:")
    for file, (seconds, count) in sorted(taken.items(), key=lambda item: -item[1][0])[:8]:
        print(f"  {seconds * 1000:6.0f} ms  {file.relative_to(HOME)}, {count} models")


if __name__ == "__main__":
    main()
