"""How well mistakes are found when a file has several.

Plants one to five mistakes of eighteen kinds in files that have none, and looks at what `parse` reports: is each
mistake located (a diagnostic on its line or the next), is anything reported that no mistake explains, does anything
crash, how long does the slowest file take. Run `python benchmarks/syntax_recovery.py [FOLDER] [--files N]`.

Targets: at least 98 % located, at most 0.03 extra diagnostics a mistake, no crash.
"""

from __future__ import annotations

import argparse
import random
import re
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from dslnet.diagnostics import Report
from dslnet.parse import parse
from dslnet.source import Source

Change = Callable[[random.Random, str], str | None]


def _drop(pattern: str, new: str = "") -> Change:
    """Replace one match of a pattern, outside of comments."""

    def change(chance: random.Random, line: str) -> str | None:
        code = line.split("#")[0]
        found = list(re.finditer(pattern, code))
        if not found:
            return None
        match = chance.choice(found)
        return line[: match.start()] + match.expand(new) + line[match.end() :]

    return change


KINDS: dict[str, Change] = {
    "closing bracket missing": _drop(r"[)\]]"),
    "opening bracket missing": _drop(r"[(\[]"),
    "wrong closing bracket": _drop(r"\)", "]"),
    "colon missing": _drop(r":"),
    "comma missing": _drop(r","),
    "comma twice": _drop(r",", ",,"),
    "quote missing": _drop(r'(?<=\w)"'),
    "unknown character": _drop(r"(?<=\w) (?=\w|->)", " § "),
    "equals for a colon": _drop(r"(?<=\w):(?= [\w\[(])", " ="),
    "dash missing": _drop(r"^( *)- (?=\w)", r"\1"),
    "arrow twice": _drop(r" ->", " -> ->"),
    "arrow missing": _drop(r"(?<=[\w)]) -> (?=[A-Z])", " "),
    "capital constant": _drop(r"\b(false|true|none)\b", "False"),
    "reserved word for a name": _drop(r"(?<=[(, ])[a-z]\w*(?==)", "from"),
    "indented by one more": _drop(r"^(?= +\S)", " "),
    "indented by four more": _drop(r"^(?= +\S)", "    "),
    "tab": _drop(r"^  ", "\t"),
    "operand missing": _drop(r"(?<=[*/+] )\w+(?=[,)\] ])"),
}


@dataclass
class Tally:
    files: int = 0
    mistakes: int = 0
    located: int = 0
    extra: int = 0
    exact: int = 0
    crashes: int = 0
    slowest: float = 0.0
    missed: Counter[str] = field(default_factory=Counter)
    extras: Counter[str] = field(default_factory=Counter)
    planted: Counter[str] = field(default_factory=Counter)


def reported(text: str) -> list[int]:
    """The lines of the diagnostics of a text."""
    source = Source("planted.net", text)
    report = Report()
    parse(source, report)
    return sorted(source.position(d.primary.span.start)[0] for d in report.diagnostics)


def plant(chance: random.Random, text: str, count: int) -> tuple[str, dict[int, str]]:
    """A text with mistakes, and what is wrong on which line. Each of them is a mistake by itself."""
    lines = text.split("\n")
    planted: dict[int, str] = {}
    for _ in range(60):
        if len(planted) == count:
            break
        number = chance.randrange(len(lines))
        if not lines[number].strip() or any(abs(number + 1 - other) < 2 for other in planted):
            continue
        kind = chance.choice(list(KINDS))
        changed = KINDS[kind](chance, lines[number])
        if changed is None or changed == lines[number]:
            continue
        alone = text.split("\n")
        alone[number] = changed
        try:
            wrong = bool(reported("\n".join(alone)))
        except Exception:  # counted when the whole file is read
            wrong = True
        if wrong:
            lines[number] = changed
            planted[number + 1] = kind
    return "\n".join(lines), planted


def measure(texts: list[str], files: int, seed: int) -> Tally:
    chance = random.Random(seed)
    tally = Tally()
    for _ in range(files):
        text, planted = plant(chance, chance.choice(texts), chance.randint(1, 5))
        if not planted:
            continue
        tally.files += 1
        tally.mistakes += len(planted)
        tally.planted.update(planted.values())
        start = time.perf_counter()
        try:
            found = reported(text)
        except Exception:
            tally.crashes += 1
            continue
        tally.slowest = max(tally.slowest, time.perf_counter() - start)
        left = found.copy()
        for line, kind in planted.items():
            here = [other for other in left if other in (line, line + 1)]
            if here:
                tally.located += 1
                left.remove(here[0])
            else:
                tally.missed[kind] += 1
        tally.extra += len(left)
        for line in left:
            nearest = min(planted, key=lambda other: (other > line, abs(other - line)))
            tally.extras[planted[nearest]] += 1
        tally.exact += not left and len(found) == len(planted)
    return tally


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    specs = Path(__file__).resolve().parent.parent / "specs"
    arguments.add_argument("folder", nargs="?", type=Path, default=specs)
    arguments.add_argument("--files", type=int, default=1500)
    arguments.add_argument("--seed", type=int, default=1)
    given = arguments.parse_args()
    texts = [path.read_text(encoding="utf-8") for path in sorted(given.folder.rglob("*.net"))]
    texts = [text for text in texts if not reported(text)]
    tally = measure(texts, given.files, given.seed)
    print(f"{len(texts)} files, {tally.files} runs, {tally.mistakes} mistakes of {len(tally.planted)} kinds")
    print(f"located            {tally.located / tally.mistakes:.1%} (target 98 %)")
    print(f"extra a mistake    {tally.extra / tally.mistakes:.3f} (target 0.03)")
    print(f"runs exact         {tally.exact / tally.files:.1%}")
    print(f"crashes            {tally.crashes}")
    print(f"slowest            {tally.slowest * 1000:.0f} ms")
    print("missed by kind:   ", dict(tally.missed.most_common()))
    print("extra by kind:    ", dict(tally.extras.most_common()))


if __name__ == "__main__":
    main()
