"""One mistake, one message: a mistake is seeded into each shipped spec and each example, and the diagnostics counted.

`pytest tests/test_one_mistake.py -s` prints those that come to more than one.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random

from checking import check_text, inside

from dslnet.diagnostics import Report

ROOT = Path(__file__).parent.parent
MORE = int(os.environ.get("DSLNET_EXAMPLES", "1"))


def texts() -> dict[str, str]:
    """Whole files without mistakes: the shipped specs, and the `net` fences of the cases and of the documents."""
    found = {f"specs/{p.stem}": p.read_text("utf-8") for p in sorted((ROOT / "specs").glob("*.net"))}
    pages = [*sorted((ROOT / "tests" / "cases" / "language").rglob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
    for page in pages:
        for number, text in enumerate(re.findall(r"^```net *\n((?:.*\n)*?)```", page.read_text("utf-8"), re.M)):
            if "# error" not in text and "# warning" not in text and re.search(r"^model ", text, re.M):
                found[f"{page.stem}:{number}"] = text
    return found


Seed = Callable[[str, Random], str | None]


def replaced(pattern: str, make: Callable[[re.Match[str], Random], str | None]) -> Seed:
    """A seed that changes one match of a pattern, comments and `use` lines left alone."""

    def seed(text: str, random: Random) -> str | None:
        places = [m for m in re.finditer(pattern, text, re.M) if _code(text, m.start())]
        if not places:
            return None
        match = random.choice(places)
        new = make(match, random)
        return None if new is None or new == match[0] else text[: match.start()] + new + text[match.end() :]

    return seed


def _code(text: str, start: int) -> bool:
    line = text[text.rfind("\n", 0, start) + 1 :].split("\n", 1)[0]
    before = text[text.rfind("\n", 0, start) + 1 : start]
    return not line.lstrip().startswith(("use ", "#")) and "#" not in before and before.count('"') % 2 == 0


def misspelt(word: str, random: Random) -> str:
    i = random.randrange(1, len(word)) if len(word) > 1 else 0
    return word[:i] + random.choice("qzxj") + word[i:]


SEEDS: dict[str, Seed] = {
    "a box misspelt": replaced(r"(?<=[>|:-] )[A-Z][a-z]\w+(?=[(\s]|$)", lambda m, r: misspelt(m[0], r)),
    "an argument's name misspelt": replaced(r"^( .*[(, ])([a-z_]{3,})(?==[^=])", lambda m, r: m[1] + misspelt(m[2], r)),
    "a wire misspelt": replaced(r"(?<=: )[a-z]\w+(?= ->)", lambda m, r: misspelt(m[0], r)),
    "a side input misspelt": replaced(r"( with | to )([a-z]\w*)", lambda m, r: m[1] + misspelt(m[2], r)),
    "a size in a setting misspelt": replaced(r"^( .*\()([a-z]\w+)(?=[,)])", lambda m, r: m[1] + misspelt(m[2], r)),
    "a string for a number": replaced(r"(?<=\()\d+(?=[,)])", lambda m, r: f'"{m[0]}"'),
    "none for a number": replaced(r"(?<=\()\d+(?=[,)])", lambda m, r: "none"),
    "a number with a point": replaced(r"(?<=\()\d+(?=[,)])", lambda m, r: f"{m[0]}.5"),
    "zero for a number": replaced(r"(?<=(?:Conv|near|Norm)\()\d+(?=[,)])", lambda m, r: "0"),
    "a setting missing": replaced(r"\b(Linear|Conv|Embedding|GRU|LSTM)\([^()]*\)", lambda m, r: m[1]),
    "a setting too many": replaced(r"\b(Linear|GELU|ReLU|LayerNorm|BatchNorm)\(\w+\)",
                                   lambda m, r: m[0][:-1] + ", 3, 4, 5, 6, 7, 8, 9, 10, 11)"),
    "another width": replaced(r"(?<=Linear\()(\w+)(?=\))", lambda m, r: "97"),
    "another width of a convolution": replaced(r"(?<=Conv\()(\w+)(?=, )", lambda m, r: "97"),
    "an assertion that fails": replaced(r"-> \[B, ", lambda m, r: "-> [B, 77, "),
    "a role misspelt": replaced(r"^ +(?:- )?(input|output|require|target|loss) (?=\w+:)",
                                lambda m, r: m[0].replace(m[1], misspelt(m[1], r))),
    "an input's rank": replaced(r"(?<=input )(\w+): \[B, ", lambda m, r: f"{m[1]}: [B, 2, "),
    "a type of an input": replaced(r"\] long\b", lambda m, r: "]"),
    "a line dropped": replaced(r"^  - \w+: .*\n(?=  )", lambda m, r: ""),
    "a definition dropped": replaced(r"^  [a-z]\w*: .*\n(?=  )", lambda m, r: ""),
    "a line twice": replaced(r"^  - [a-z]\w*: .*\n", lambda m, r: m[0] + m[0]),
    "an input twice": replaced(r"^  input .*\n", lambda m, r: m[0] + m[0]),
    "a dash forgotten": replaced(r"^  - (?=[a-z]\w+: [A-Z]\w+\()", lambda m, r: "  "),
    "a division by zero": replaced(r"(?<=// )\d+", lambda m, r: "0"),
    "a condition of another kind": replaced(r"(?<=if )[a-z]\w*(?=:| [!=<>])", lambda m, r: '"yes"'),
    "a require that fails": replaced(r"(?<=require: ).*", lambda m, r: m[0] + " and 3 > 4"),
    "two wires swapped": replaced(r"\((\w+), (\w+)\) ->", lambda m, r: f"({m[2]}, {m[1]}) ->"),
    "a repeat of a string": replaced(r"repeat (\w+)(?=:)", lambda m, r: 'repeat "x"'),
    "a preset's argument": replaced(r"^(model \w+: \w+\()(\w+)=", lambda m, r: f"{m[1]}{misspelt(m[2], r)}="),
    "a model without its block": replaced(r"^block (\w+)(?=[(:])", lambda m, r: f"block {m[1]}Other"),
}  # fmt: skip


def seeded(count: int, folder: Path) -> list[tuple[str, str, str]]:
    """(file, mistake, text): so many of each mistake over all the files."""
    made = []
    files = {name: text for name, text in texts().items() if not check_text(text, folder)[0].errors}
    assert len(files) >= 40
    for number, (name, seed) in enumerate(SEEDS.items()):
        random = Random(number)
        order = sorted(files) * count
        random.shuffle(order)
        done = 0
        for file in order:
            text = seed(files[file], random)
            if text is not None:
                made.append((file, name, text))
                done += 1
            if done >= count:
                break
    return made


def shown(report: Report) -> str:
    from dslnet.render import render

    return render(report, "short")


def test_one_mistake_is_one_message(tmp_path: Path) -> None:
    counts: Counter[int] = Counter()
    worst: list[str] = []
    for file, name, text in seeded(12 * MORE, tmp_path):
        report, _ = check_text(text, tmp_path)
        inside(report)
        number = sum(d.severity == "error" for d in report.diagnostics)
        counts[min(number, 3)] += number > 0
        if number > 1:
            worst.append(f"{file}: {name}: {number}\n{shown(report)}")
    print(*worst, sep="\n")
    total = sum(counts.values())
    print(f"{total} mistakes: {counts[1]} told once, {counts[2]} twice, {counts[3]} more often")
    assert total >= 150 * MORE
    assert counts[1] >= 0.95 * total, "\n".join(worst[:10])
    assert not counts[3], "\n".join(w for w in worst if ": 2\n" not in w)
