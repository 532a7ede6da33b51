"""Stages: layers that are done again and again, and what ends them.

Enters: rows of a card, or a card with the one after it. Leaves: the same rows with runs folded to ×N; two cards as one.
"""

from __future__ import annotations

import re
from dataclasses import replace

from .view import Box, Row
from .wording import count_text


def folded(rows: list[Row]) -> list[Row]:
    """Rows of which the last ones do again what those before do, folded: `Conv -> ReLU -> Conv -> ReLU` is one run
    with ×2. A run begins at a layer with weights."""
    for span in range(1, len(rows) // 2 + 1):
        run = rows[-span:]
        if run[0].thin or any(row.times > 1 for row in run):
            continue
        start = len(rows) - 2 * span
        before = rows[start : start + span]
        if [row.text for row in before] != [row.text for row in run] or any(row.times > 1 for row in before[1:]):
            continue
        first, last = before[0], run[0]
        if first.times > 1 and first.span != span:
            continue
        amounts = _amounts(before, run)
        if amounts is None:
            continue
        joined = [*(replace(row, count=text, amount=n) for row, (text, n) in zip(before, amounts, strict=True))]
        joined[0].times, joined[0].span = first.times + last.times, span
        return rows[:start] + joined
    return rows


def _amounts(before: list[Row], run: list[Row]) -> list[tuple[str, int | None]] | None:
    """What is told of the parameters of each row of a run, and their number, when it is joined with the next one; None
    where nothing can be told of both."""
    found: list[tuple[str, int | None]] = []
    for a, b in zip(before, run, strict=True):
        each = a.count.removesuffix(" each")
        if each == b.count and not a.count.endswith(" in all"):
            total = a.amount + b.amount if a.amount is not None and b.amount is not None else None
            found.append((f"{each} each" if each else "", total))
        elif a.amount is not None and b.amount is not None:
            found.append((f"{count_text(a.amount + b.amount)} in all", a.amount + b.amount))
        else:
            return None
    return found


def ended(rows: list[Row]) -> bool:
    """Whether rows pool after a layer with weights, so that the next such layer begins another stage."""
    first = next((n for n, row in enumerate(rows) if not row.thin), len(rows))
    return any(row.closes for row in rows[first:])


def pooled(box: Box, end: Box) -> bool:
    """Put what pools after a closed block into its card; False where that is something else."""
    plain = end.fusable and not end.named and not end.share and all(row.thin for row in end.rows)
    if box.shape != "fold" or box.rows or not plain or not any(row.closes for row in end.rows):
        return False
    box.rows = end.rows
    return True


def alike(box: Box, other: Box) -> bool:
    """Make two stages of one block that end alike one; False where they are not."""
    both = (box, other)
    if any(b.shape != "fold" or not b.rows or b.share or b.amount is None or not b.notes for b in both):
        return False
    if box.block != other.block or [r.text for r in box.rows] != [r.text for r in other.rows]:
        return False
    if any(b.badge and not re.fullmatch(r"×\d+", b.badge) for b in both):
        return False
    first, last = (re.fullmatch(r"(.*?)([^ ,→]+)→([^ ,→]+)(.*)", b.notes[0]) for b in both)
    if first is None or last is None or (first[1], first[4]) != (last[1], last[4]):
        return False
    assert box.amount is not None and other.amount is not None
    times = sum(int(b.badge[1:] or 1) for b in both)
    box.amount += other.amount
    box.title = (
        f"{box.title.split(' … ')[0]} … {other.title.split(' … ')[-1]}" if box.title != other.title else box.title
    )
    box.notes = [f"{first[1]}{first[2]}→{last[3]}{first[4]}", f"{count_text(box.amount)} in all"]
    box.badge = f"×{times}"
    box.bar = box.bar + other.bar if box.bar is not None and other.bar is not None else None
    return True
