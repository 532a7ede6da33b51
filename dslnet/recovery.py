"""Going on after a mistake.

Enters: a driver that stopped, and the token where it did. Leaves: a diagnostic, and the driver at a token where it
can go on. A line is repaired if one small change makes it read on to its end; else it becomes an ERROR in the place
of a statement, and the lines under it are still read. An indentation that opens nothing is dropped together with
its end, and a block without lines gets one. Each call reads on or gives a line up, so the work is linear.
"""

from __future__ import annotations

import re

from .diagnostics import Help
from .driver import Driver, accepted, expected
from .kinds import DEDENT, END, ERROR, INDENT, JUNK, NEWLINE, SPELLING
from .mistakes import quoted
from .repair import Line, Repair
from .repairs import repairs
from .syntax import Suite

#: What may begin a line at the top of a file.
_TOP = "Du"


def recover(driver: Driver, index: int) -> int:
    """Handle the token at `index`, which the grammar does not go on with. Returns the token to go on at."""
    text = driver.text
    kind = text.kinds[index]
    state = driver.states[-1]
    if kind == JUNK:
        # The end of an indentation that was dropped.
        return index + 1
    if kind == END or (driver.borrowed and kind in _TOP):
        if driver.feed(DEDENT, index, kind):
            driver.borrowed = max(driver.borrowed - 1, 0)
            return index
    elif kind == DEDENT and INDENT not in state.shift:
        return index + 1
    if INDENT in state.shift and kind != INDENT:
        return _empty_block(driver, index)
    if kind == INDENT:
        return _indented(driver, index)
    if index and text.kinds[index - 1] == DEDENT and kind not in _TOP and _reopen(driver, index):
        return index
    return _bad_line(driver, _line(driver, index))


def _line(driver: Driver, index: int, depth: int | None = None) -> Line:
    """The logical line around the token at `index`, and how deep the stacks are where it begins."""
    kinds = driver.text.kinds
    first = index
    while first and kinds[first - 1] not in (NEWLINE, INDENT, DEDENT, JUNK):
        first -= 1
    stop = index
    while kinds[stop] not in (NEWLINE, END):
        stop += 1
    if depth is None:
        depth = len(driver.states)
    while depth > 1 and not _takes_error(driver, depth):
        depth -= 1
    return Line(driver, first, index, stop, depth)


def _takes_error(driver: Driver, depth: int) -> bool:
    state = driver.states[depth - 1]
    return ERROR in state.shift or ERROR in state.reduce


def _unwind(driver: Driver, depth: int) -> None:
    del driver.states[depth:], driver.values[depth:]


def _bad_line(driver: Driver, line: Line) -> int:
    text = driver.text
    silent = text.mistakes.more_between(line.start(0), text.ends[line.stop])
    found = _repair(line)
    if not silent:
        if found is not None:
            _report(line, found)
        else:
            _report_unexpected(line)
    if found is not None:
        return _apply(driver, line, found)
    return _give_up(driver, line)


def _give_up(driver: Driver, line: Line) -> int:
    """Read an ERROR in the place of the line."""
    _unwind(driver, line.depth)
    driver.feed(ERROR, line.first, NEWLINE)
    if driver.text.kinds[line.stop] == END:
        driver.feed(NEWLINE, line.stop, END)
    return line.stop


def _repair(line: Line) -> Repair | None:
    """The first change that makes the line read on to its end; best into the line after it."""
    stack = line.driver.states[: line.depth]
    fallback = None
    following = line.driver.text.kinds[line.stop + 1]
    for repair in repairs(line):
        if not repair.replaces:
            return repair
        kinds = repair.kinds(line.kinds) + following
        count = accepted(stack, kinds)
        if count == len(kinds):
            return repair
        if count == len(kinds) - 1 and fallback is None:
            fallback = repair
    return fallback


def _apply(driver: Driver, line: Line, repair: Repair) -> int:
    """Read the line as repaired, up to its NEWLINE."""
    text = driver.text
    if not repair.replaces:
        return _give_up(driver, line)
    for index in repair.renamed:
        text.kinds[index] = "a"
    _unwind(driver, line.depth)
    tokens = [(text.kinds[i], i) for i in range(line.first, line.first + repair.begin)]
    place = text.ends[line.first + repair.begin - 1] if repair.begin else line.start(0)
    own, stop = line.first + repair.begin, line.first + repair.end
    for number, (kind, word) in enumerate(repair.tokens):
        same = own < stop and (text.kinds[own], text.words[own]) == (kind, word)
        if same:
            # It only moves along: the text's own token, with its place.
            tokens.append((kind, own))
        else:
            # New tokens are kept behind the others, where no run of the driver comes by.
            text.words.append(word)
            text.ends.append(place + (len(word) if repair.end > repair.begin else 0))
            tokens.append((kind, len(text.words) - 1))
        if same or len(repair.tokens) - number <= stop - own:
            place = text.ends[own]
            own += 1
    tokens += [(text.kinds[i], i) for i in range(line.first + repair.end, line.stop)]
    for (kind, index), (following, _) in zip(tokens, [*tokens[1:], (NEWLINE, line.stop)], strict=True):
        driver.feed(kind, index, following)
    return line.stop


def _report(line: Line, repair: Repair) -> None:
    line.driver.text.mistakes.add(
        repair.code, repair.title, *repair.place, repair.label, helps=[repair.help] if repair.help else []
    )


def _report_unexpected(line: Line) -> None:
    """Nothing better to say than what came, and what could have come."""
    text = line.driver.text
    kind, word = text.kinds[line.at], text.words[line.at]
    start = line.start(line.at - line.first)
    wanted = list(
        dict.fromkeys(
            SPELLING.get(k, f"`{k}`") for k in expected(line.driver.states) if k in SPELLING or k in "()[]:,="
        )
    )
    label = f"expected {' or '.join(wanted)}" if 0 < len(wanted) <= 3 else ""
    if kind == NEWLINE:
        text.mistakes.add("E0100", "this line ends too early", max(start - 1, 0), start, label)
    else:
        text.mistakes.add("E0100", f"{quoted(word)} cannot stand here", start, text.ends[line.at], label)


# ------------------------------------------------------------------------------------------------- indentation


def _empty_block(driver: Driver, index: int) -> int:
    """A line that opens a block has nothing under it. `index` is the first token after it."""
    text = driver.text
    newline = index - 1
    kinds = text.kinds
    header = _line(driver, newline, len(driver.states) - 1)
    start, end = header.start(0), text.ends[newline]
    shown = quoted(text.mistakes.source.text[start:end], 30)
    is_top = kinds[header.first] == "D"
    last = newline - 1
    place = (header.start(last - header.first), text.ends[last])
    if not text.mistakes.more_between(start, end):
        if kinds[last] == ">":
            text.mistakes.add(
                "E0109",
                "this arrow leads nowhere",
                *place,
                "no step after it, none indented below",
                helps=["name the next step, or indent a list of steps below the line"],
            )
        else:
            below = text.ends[index] - len(text.words[index])
            column = text.mistakes.source.position(start)[1]
            level = text.mistakes.source.position(below)[1] == column and kinds[index] in "-|a"
            if kinds[last] in "-|":
                title = f"nothing follows this `{kinds[last]}`"
            elif re.fullmatch('[-|]?(aa?|0|"):;', header.kinds):
                title = f"{shown} has no value"
            else:
                title = f"nothing is indented below {shown}"
            advice = "indent its lines below it" if level else "write its value on the line, or its lines below"
            text.mistakes.add("E0109", title, *place, helps=[advice])
    if is_top and kinds[index] not in _TOP and kinds[index] not in (DEDENT, END):
        # The body stands at the margin: read it as the body, up to the next definition.
        driver.borrowed += 1
        driver.feed(INDENT, newline, kinds[index])
        return index
    for kind, following in ((INDENT, ERROR), (ERROR, NEWLINE), (NEWLINE, DEDENT), (DEDENT, kinds[index])):
        driver.feed(kind, newline, following)
    return index


def _indented(driver: Driver, index: int) -> int:
    """An INDENT where no block was opened."""
    text = driver.text
    kinds, mistakes = text.kinds, text.mistakes
    if index:
        above = _line(driver, index - 1, len(driver.states) - 1)
        if above.kinds in ("a;", "aa;", "-a;", "-aa;", "|a;", "|aa;"):
            kind = kinds[above.stop - 1]
            found = Repair.insert(
                above, above.stop - above.first, ":", ":", f"{quoted(text.words[above.stop - 1])} opens a block"
            )
            if (
                kind == "a"
                and accepted(driver.states[: above.depth], found.kinds(above.kinds) + INDENT) > len(above.kinds) + 1
            ):
                if not mistakes.more_between(above.start(0), text.ends[above.stop]):
                    _report(above, found)
                return _apply(driver, above, found)
    position = text.ends[index]
    line = mistakes.source.position(position)[0]
    began = mistakes.source.starts[line - 1]
    silent = mistakes.more_between(position, position) or driver.borrowed > 0
    if not silent:
        helps: list[Help] = []
        if index:
            first = above.start(0)
            column = mistakes.source.position(first)[1] - 1
            stop = kinds.index(NEWLINE, index)
            alone = kinds[stop + 1] == DEDENT and (column > 0 or kinds[index + 1] in _TOP)
            helps.append(mistakes.put(f"indent it by {column}", began, position, " " * column, sure=alone))
        mistakes.add(
            "E0108", "this line is indented deeper, but nothing above opens a block", began, position, helps=helps
        )
    if accepted(driver.states, ERROR + NEWLINE + INDENT) == 3 and accepted(driver.states, "-A;") != 3:
        # At the top of a file these may be the lines of a definition whose head is lost.
        driver.feed(ERROR, index, NEWLINE)
        driver.feed(NEWLINE, index, INDENT)
        return index
    depth = 0
    for other in range(index, len(kinds)):
        depth += (kinds[other] == INDENT) - (kinds[other] == DEDENT)
        if depth == 0:
            kinds[other] = JUNK
            break
    return index + 1


def _reopen(driver: Driver, index: int) -> bool:
    """A step at the margin, right after the lines of a definition, belongs to them."""
    text = driver.text
    line = _line(driver, index)
    suite = driver.values[-1]
    stack = driver.states[:-1]
    if type(suite) is not Suite or NEWLINE not in stack[-1].shift or line.kinds[0] not in "-|":
        return False
    # The end of the definition is taken back, and a later line gives it: NEWLINE INDENT statements.
    for kind in (NEWLINE, INDENT):
        stack.append(stack[-1].shift[kind].target)
    stack.append(stack[-1].goto["statements"].target)
    driver.states[:] = stack
    driver.values[-1:] = [index, index, list(suite.statements)]
    driver.borrowed += 1
    start = line.start(0)
    if not text.mistakes.more_between(start, start):
        indented = text.mistakes.put("indent it", start, start, "  ")
        text.mistakes.add(
            "E0102",
            "this line stands outside of every block",
            start,
            text.ends[index],
            "at the margin",
            helps=[indented],
        )
    return True
