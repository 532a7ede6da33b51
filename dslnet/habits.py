"""What people write by habit of Python: `x.mean(1)`, `Linear(20)(x)`, `a, b` without parentheses.

Enters: a line and the token where the grammar stopped. Leaves: repairs that say how it is written here; of a comma,
also what makes the line right.
"""

from __future__ import annotations

from collections.abc import Iterator

from .diagnostics import Edit, Help
from .repair import Line, Repair
from .source import Span

#: Where functions stand in Python, and the boxes that are not written as their names would be.
_PACKAGES = frozenset("F K torch nn.functional torch.nn.functional tf tf.nn np jnp jax.nn".split())
_SPELLED = {
    "relu": "ReLU", "gelu": "GELU", "silu": "SiLU", "elu": "ELU", "selu": "SELU", "celu": "CELU", "glu": "GLU",
    "cat": "Concat", "matmul": "MatMul", "max_pool2d": "MaxPool", "avg_pool2d": "AvgPool",
}  # fmt: skip


def habits(line: Line, at: int) -> Iterator[Repair]:
    """What a `(` after a name with a dot, or after a `)`, was meant to be; or a comma outside of brackets."""
    kinds = line.kinds
    if kinds[at] == ",":
        yield from _commas(line, at)
    if kinds[at] != "(" or at < 3:
        return
    if kinds[at - 1] == "a" and kinds[at - 2] == ".":
        first = at - 3
        while first >= 2 and kinds[first] == "a" and kinds[first - 1] == ".":
            first -= 2
        yield _method(line, first, at)
    elif kinds[at - 1] == ")":
        opened, closed = opening(kinds, at - 1), closing(kinds, at)
        if opened and kinds[opened - 1] in "aA" and closed is not None and closed > at + 1:
            fed = line.text(at + 1, closed - 1)
            source = f"({fed})" if "," in kinds[at:closed] else fed
            yield told(line, opened - 1, at, "a box is fed by an arrow", f"{source} -> {line.text(opened - 1, at - 1)}")


def _method(line: Line, first: int, at: int) -> Repair:
    """`x.mean(1)`, `F.relu(x)`, `self.fc(x)`; the name begins at `first`, and `at` is its bracket."""
    kinds, owner, method = line.kinds, line.text(first, at - 3), line.word(at - 1)
    box = _SPELLED.get(method) or "".join(part.title() for part in method.split("_"))
    title = f"a wire has no methods such as `{method[:20]}`"
    fed = owner
    if (owner in _PACKAGES or line.word(first) == "self") and kinds[at + 1] != ")":
        # The first argument is what flows.
        stop = at + 1
        while kinds[stop] not in ",)":
            stop = (closing(kinds, stop) or stop) + 1 if kinds[stop] in "([" else stop + 1
        fed = line.text(at + 1, stop - 1)
        if fed[0] == "[" and fed[-1] == "]":
            fed = f"({fed[1:-1]})"
        title = f"`{owner[:40]}` has no functions here"
        if owner not in _PACKAGES:
            title, box = "a module belongs to nobody", method
    return told(line, first, at, title, f"{fed} -> {box}")


def _commas(line: Line, at: int) -> Iterator[Repair]:
    """`require: a, b`, and a tuple without its parentheses: `a, b -> Concat`, `with a, b`, `freeze: a, b`."""
    kinds = line.kinds
    begin = at
    depth = 0
    while begin and (depth or kinds[begin - 1] not in ":>w" and not (begin == 1 and kinds[0] in "-|")):
        begin -= 1
        depth += (kinds[begin] in ")]") - (kinds[begin] in "([")
    commas, end = _list_from(kinds, begin)
    if not begin or not commas or commas[0] != at or kinds[end] == ":" or commas[-1] == end - 1:
        return
    opened, closed = line.start(begin), line.end(end - 1)
    if kinds[begin - 1] == ":" and line.word(begin - 2) == "require" and kinds[end] == ";":
        parts = list(zip([begin, *(comma + 1 for comma in commas)], [*commas, end], strict=True))
        edits = [(line.end(comma - 1), line.end(comma), " and") for comma in commas]
        # What binds more loosely than `and` takes parentheses.
        loose = [(first, stop) for first, stop in parts if _outside(kinds, first, stop) & set("vi")]
        for first, stop in loose:
            edits += [(line.start(first), line.start(first), "("), (line.end(stop - 1), line.end(stop - 1), ")")]
        places = set(commas)
        tokens = tuple(
            ("&", "and") if offset in places else (kinds[offset], line.word(offset))
            for offset in range(at, commas[-1] + 1)
        )
        title = "requirements are joined with `and`"
        help = edited(line, "write `and` in place of the comma", edits)
        place = line.start(at), line.end(at)
        yield Repair("E0100", title, place, at, commas[-1] + 1, tokens, "", help, replaces=not loose)
    elif kinds[end] == ">" or kinds[begin - 1] == "w" or kinds[begin - 1] == ":" and line.word(begin - 2) == "freeze":
        tokens = (("(", "("), *((kinds[offset], line.word(offset)) for offset in range(begin, end)), (")", ")"))
        help = edited(line, f"write `({line.text(begin, end - 1)})`", [(opened, opened, "("), (closed, closed, ")")])
        title = "several stand in parentheses"
        yield Repair("E0100", title, (opened, closed), begin, end, tokens, "", help)


def _list_from(kinds: str, begin: int) -> tuple[list[int], int]:
    """The commas outside of brackets from an offset on, and where what they separate ends."""
    commas: list[int] = []
    depth = 0
    for offset in range(begin, len(kinds)):
        kind = kinds[offset]
        if depth == 0 and kind in ";>:=":
            return commas, offset
        if depth == 0 and kind == ",":
            commas.append(offset)
        depth += (kind in "([") - (kind in ")]")
    return [], len(kinds) - 1


def _outside(kinds: str, begin: int, end: int) -> set[str]:
    """The kinds of the tokens that stand outside of brackets."""
    found, depth = set(), 0
    for kind in kinds[begin:end]:
        depth += (kind in "([") - (kind in ")]")
        if depth == 0:
            found.add(kind)
    return found


def edited(line: Line, text: str, edits: list[tuple[int, int, str]], sure: bool = True) -> Help:
    file = line.driver.text.file
    return Help(text, tuple(Edit(Span(file, start, end), new) for start, end, new in edits), sure)


def told(line: Line, first: int, at: int, title: str, written: str) -> Repair:
    place = line.start(first), line.end(at)
    label = "parentheses configure, arrows carry"
    return Repair("E0100", title, place, label=label, help=Help(f"such as `{written}`"[:90]), replaces=False)


def opening(kinds: str, close: int) -> int:
    """Where the bracket at `close` was opened; 0 when that is nowhere."""
    depth = 0
    for offset in range(close, 0, -1):
        depth += (kinds[offset] in ")]") - (kinds[offset] in "([")
        if depth == 0:
            return offset
    return 0


def closing(kinds: str, opened: int) -> int | None:
    depth = 0
    for offset in range(opened, len(kinds)):
        depth += (kinds[offset] in "([") - (kinds[offset] in ")]")
        if depth == 0:
            return offset
    return None
