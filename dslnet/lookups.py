"""What the commands do that look something up: a box, or a diagnostic.

Enters: its name, or none for all there are. Leaves: its page, and the exit code; a name that nothing has is `Misuse`.
"""

from __future__ import annotations

from .codes import CATALOGUE, family, page
from .diagnostics import did_you_mean
from .settings import Misuse
from .terminal import Session, put


def ops(session: Session, name: str | None) -> int:
    """`dslnet ops`: the boxes by family, or one of them."""
    from .reference import box_list, describe_box

    session.doing("ops")
    if name is None:
        put(box_list())
        return 0
    text = describe_box(name)
    if isinstance(text, list):
        near = f"; did you mean {_or(text)}?" if text else "; `dslnet ops` lists them"
        raise Misuse(f"there is no box `{name}`{near}")
    put(text)
    return 0


def explain(code: str | None) -> int:
    """`dslnet explain`: the page of a code, or all codes."""
    if code is None:
        previous = ""
        for known, sentence in CATALOGUE.items():
            if family(known) != previous:
                put(("\n" if previous else "") + family(known) + "\n")
                previous = family(known)
            put(f"  {known}  {sentence}\n")
        return 0
    text = page(code.strip().strip("[]").upper())
    if text is None:
        near = did_you_mean(code.upper(), CATALOGUE)
        told = f"did you mean {_or(near)}?" if near else "`dslnet explain` lists them"
        raise Misuse(f"there is no diagnostic `{code}`; {told}")
    put(text)
    return 0


def _or(names: list[str]) -> str:
    return " or ".join(f"`{name}`" for name in names)
