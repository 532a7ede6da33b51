"""Write `diagnostics.md` from the catalogue of codes: `python docs/index_codes.py`. A test compares the two."""

from __future__ import annotations

from pathlib import Path

from dslnet.codes import CATALOGUE, family

HEAD = """\
# Diagnostics

Every message has a code, and every code a page: what it means, a spec that is wrong, the same one right, and why.
`dslnet explain CODE` prints it. Errors begin with E; warnings begin with W and change the exit code only under
`--strict`. A code is never used again for something else.

<!-- made by index_codes.py -->
"""


def index() -> str:
    """The page: one table for each family."""
    parts = [HEAD]
    previous = ""
    for code, sentence in CATALOGUE.items():
        if family(code) != previous:
            previous = family(code)
            parts.append(f"\n## {previous.capitalize()}\n\n| code | stands for |\n|---|---|\n")
        parts.append(f"| [{code}](../dslnet/pages/{code}.md) | {sentence} |\n")
    return "".join(parts)


if __name__ == "__main__":
    (Path(__file__).parent / "diagnostics.md").write_text(index(), encoding="utf-8")
