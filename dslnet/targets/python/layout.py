"""Statements as lines of at most 88 columns, broken where `ruff format` breaks them.

Enters: a settled expression with what stands before and after it. Leaves: lines. The rules are those of the
formatter's default style: first the groups of brackets from the left that do not fit, arguments on one indented
line if they fit there and else one on each line with a comma after the last, operators at the beginning of a line.
"""

from __future__ import annotations

from dataclasses import dataclass

from .tree import (
    ATOM,
    COMPARISONS,
    PRECEDENCE,
    Attribute,
    Binary,
    Call,
    Comprehension,
    Name,
    Pair,
    Sequence,
    Star,
    Subscript,
    Tree,
    flat,
    pair_key,
    rank,
)

WIDTH = 88
STEP = "    "
_NOTHING = Name("_")


def statement(tree: Tree, before: str = "", after: str = "", indent: str = "") -> list[str]:
    """The lines of `before tree after`, where `tree` stands at the end of a simple statement."""
    return _write(tree, before, after, indent, inside=False)


def call_lines(before: str, items: list[str], after: str, indent: str) -> list[str]:
    """The lines of a header such as `def f(a, b) -> Tensor:` whose items are texts."""
    line = f"{indent}{before}{', '.join(items)}{after}"
    if len(line) <= WIDTH or not items:
        return [line]
    one = indent + STEP + ", ".join(items)
    body = [one] if len(one) <= WIDTH else [f"{indent}{STEP}{item}," for item in items]
    return [indent + before, *body, indent + after]


@dataclass(frozen=True, slots=True)
class _Link:
    """A part of `root.name(args)[items]`: `text` when it is a name, else a group of brackets."""

    text: str = ""
    group: Tree | None = None


def _links(tree: Tree) -> tuple[Tree, list[_Link]]:
    links: list[_Link] = []
    while True:
        if isinstance(tree, Attribute):
            links.append(_Link("." + tree.name))
            tree = tree.owner
        elif isinstance(tree, Call):
            links.append(_Link(group=tree))
            tree = tree.function
        elif isinstance(tree, Subscript):
            links.append(_Link(group=tree))
            tree = tree.owner
        else:
            return tree, links[::-1]


def _write(tree: Tree, before: str, after: str, indent: str, inside: bool) -> list[str]:
    line = f"{indent}{before}{flat(tree)}{after}"
    if len(line) <= WIDTH:
        return [line]
    if isinstance(tree, Binary):
        return _operators(tree, before, after, indent, inside)
    if isinstance(tree, Star):
        return _write(tree.operand, before + tree.sign, after, indent, True)
    if isinstance(tree, Pair):
        return _write(tree.value, f"{before}{pair_key(tree)}: ", after, indent, True)
    root, links = _links(tree)
    if _is_fluent(root, links):
        return _fluent(tree, before, after, indent, inside)
    return _brackets(root, links, before, after, indent)


def _is_fluent(root: Tree, links: list[_Link]) -> bool:
    """Whether there are two calls or more of methods of results; what stands in parentheses is a result, too."""
    seen, calls = rank(root) < ATOM, 0
    for number, link in enumerate(links):
        if link.group is not None:
            if seen and isinstance(link.group, Call) and links[number - 1].text:
                calls += 1
            seen = True
    return calls > 1


def _fluent(tree: Tree, before: str, after: str, indent: str, inside: bool) -> list[str]:
    if not inside:
        one = f"{indent}{STEP}{flat(tree)}"
        within = [one] if len(one) <= WIDTH else _fluent(tree, "", "", indent + STEP, True)
        return [f"{indent}{before}(", *within, f"{indent}){after}"]
    root, links = _links(tree)
    rows: list[tuple[Tree | None, list[_Link]]] = [(root, [])]
    called = enclosed = rank(root) < ATOM
    for number, link in enumerate(links):
        if link.text and called and (number == 0 or links[number - 1].group is not None):
            rows.append((None, []))
        called = called or link.group is not None
        rows[-1][1].append(link)
    lines: list[str] = []
    for number, (start, row) in enumerate(rows):
        last = number == len(rows) - 1
        if enclosed and number == 0 and not row:
            lines.append(f"{indent}{before}({flat(root)})")
            continue
        lines += _brackets(start, row, before if number == 0 else "", after if last else "", indent)
    return lines


def _brackets(root: Tree | None, links: list[_Link], before: str, after: str, indent: str) -> list[str]:
    """Break the first groups that do not fit, keep the others flat."""
    if root is None:
        start = before
    elif links:
        start = before + (f"({flat(root)})" if rank(root) < ATOM else flat(root))
    elif isinstance(root, (Sequence, Comprehension)):
        start, links = before, [_Link(group=root)]
    else:
        return [f"{indent}{before}{flat(root)}{after}"]
    if links and isinstance(root, (Sequence, Comprehension)) and links[0].group is not root:
        links = [_Link(group=root), *links]
        start = before
    lines: list[str] = []
    if root is not None and rank(root) < ATOM and len(indent + start + _until_group(links, after)) > WIDTH:
        lines = [f"{indent}{before}(", *_write(root, "", "", indent + STEP, True)]
        start = ")"
    for number, link in enumerate(links):
        if link.group is None:
            start += link.text
            continue
        opening, closing, text = _group(link.group)
        rest = _until_group(links[number + 1 :], after)
        if not text or len(indent + start + opening + text + closing + rest) <= WIDTH:
            start += opening + text + closing
            continue
        lines += [indent + start + opening, *_contents(link.group, indent + STEP)]
        start = closing
    return [*lines, indent + start + after]


def _until_group(links: list[_Link], after: str) -> str:
    """What stands on the same line whatever is broken: up to the next opening bracket, or the end."""
    text = ""
    for link in links:
        if link.group is not None:
            return text + _group(link.group)[0]
        text += link.text
    return text + after


def _group(tree: Tree) -> tuple[str, str, str]:
    """The brackets of a group and the text between them."""
    if isinstance(tree, Call):
        text = flat(Call(_NOTHING, tree.args, tree.keywords))
        return "(", ")", text[len(flat(_NOTHING)) + 1 : -1]
    if isinstance(tree, Subscript):
        text = flat(Subscript(_NOTHING, tree.items))
        return "[", "]", text[len(flat(_NOTHING)) + 1 : -1]
    text = flat(tree)
    return text[0], text[-1], text[1:-1]


def _contents(tree: Tree, indent: str) -> list[str]:
    """What stands between brackets that were broken."""
    if isinstance(tree, Comprehension):
        return _comprehension(tree, indent)
    if isinstance(tree, Call):
        if len(tree.args) == 1 and not tree.keywords and isinstance(only := tree.args[0], Comprehension):
            if only.bracket == "(":
                one = f"{indent}{_group(tree)[2]}"
                return [one] if len(one) <= WIDTH else _comprehension(only, indent)
        items = [("", a) for a in tree.args] + [(f"{k}=", v) for k, v in tree.keywords]
    elif isinstance(tree, (Subscript, Sequence)):
        items = [("", a) for a in tree.items]
    else:
        raise TypeError(tree)
    one = f"{indent}{_group(tree)[2]}"
    if len(one) <= WIDTH and not isinstance(tree, Sequence):
        return [one]
    comma = "," if len(items) > 1 or isinstance(tree, Sequence) else ""
    return [line for word, item in items for line in _write(item, word, comma, indent, True)]


def _comprehension(tree: Comprehension, indent: str) -> list[str]:
    return [
        *_write(tree.element, "", "", indent, True),
        *_write(tree.iterable, f"for {tree.variable} in ", "", indent, True),
    ]


def _operators(tree: Binary, before: str, after: str, indent: str, inside: bool) -> list[str]:
    level = PRECEDENCE[tree.operator]
    operands: list[tuple[str, Tree]] = []
    left: Tree = tree
    while isinstance(left, Binary) and PRECEDENCE[left.operator] == level:
        operands.append((left.operator + " ", left.right))
        left = left.left
        if tree.operator in COMPARISONS:
            break
    operands.append(("", left))
    operands.reverse()
    if not inside:
        last = operands[-1][1]
        if len(operands) == 2 and isinstance(last, (Call, Subscript)) and not _is_fluent(*_links(last)):
            head = f"{before}{_operand(left, level)} {tree.operator} "
            lines = _write(last, head, after, indent, False)
            if all(len(line) <= WIDTH for line in lines):
                return lines
        return [f"{indent}{before}(", *_operators(tree, "", "", indent + STEP, True), f"{indent}){after}"]
    lines = []
    for number, (word, operand) in enumerate(operands):
        text = _operand(operand, level + (number > 0))
        last_one = number == len(operands) - 1
        head = before if number == 0 else word
        tail = after if last_one else ""
        if len(indent + head + text + tail) <= WIDTH:
            lines.append(indent + head + text + tail)
        else:
            lines += _write(operand, head, tail, indent, rank(operand) >= level + (number > 0))
    return lines


def _operand(tree: Tree, least: int) -> str:
    return f"({flat(tree)})" if rank(tree) < least else flat(tree)
