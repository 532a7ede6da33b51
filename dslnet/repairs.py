"""What a line that cannot be read was meant to say.

Enters: a line, as kinds and words, and the token where the grammar stopped. Leaves: changes of a few neighbouring
tokens, the likeliest first, each with its diagnostic. Whether a change helps is for recovery.py to try; so nothing
here needs to be right, only to be well said when it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from .capitals import capital
from .diagnostics import Help
from .driver import accepted
from .foreign import foreign
from .habits import habits
from .kinds import RESERVED
from .mistakes import quoted
from .repair import Line, Repair

#: Words that begin a line in the languages people come from.
_FOREIGN_LINES = {
    "import": 'files are used by `use Name from "file.net"`',
    "from": 'files are used by `use Name from "file.net"`',
    "def": "a reusable piece begins with `block Name(...):`",
    "class": "a network begins with `model Name(...):`",
    "return": "a result is named by `output name: ...`",
    "for": "a loop is written `- repeat i in n: ...`",
    "while": "a loop is written `- repeat n: ...`",
}
_ROLES = (
    "input output param buffer state next require target loss metric train optimizer freeze"
    " encoder decoder latent teacher student generator critic"
).split()
_OPERAND_ENDS = 'aA01"c)]t'
_OPERAND_STARTS = 'aA01"c(['


def repairs(line: Line) -> Iterator[Repair]:
    """The changes to try, in order."""
    at = line.at - line.first
    yield from capital(line)
    yield from habits(line, at)
    yield from foreign(line, at)
    yield from _whole_line(line, at)
    yield from _at_token(line, at)
    if line.word(at) in RESERVED and line.kinds[at + 1] in ":=,).":
        yield from _reserved(line, at)
    yield from _missing_token(line, at)
    yield from _reserved(line, at)
    yield from _hopeless(line, at)
    yield from _extra_token(line, at)


def _put(line: Line, text: str, start: int, end: int, new: str, sure: bool = True) -> Help:
    return line.driver.text.mistakes.put(text, start, end, new, sure=sure)


def _token(line: Line, offset: int) -> tuple[int, int]:
    return line.start(offset), line.end(offset)


# ------------------------------------------------------------------------------------------- the line as a whole


def _whole_line(line: Line, at: int) -> Iterator[Repair]:
    kinds = line.kinds
    start = line.start(0)
    named = re.match(r"([-|]?)([aA]{1,2})(:?=)", kinds)
    if named:
        offset = named.start(3)
        stop = named.end(3)
        place = line.start(offset), line.end(stop - 1)
        name = line.text(named.start(2), offset - 1)
        rest = line.text(stop) if len(kinds) > stop + 1 else ""
        both = len(named.group(3)) == 2
        title = "`:=` is written `:`" if both else "`=` gives defaults and options"
        shown = f"name a value with a colon: `{name}: {rest}`"
        edit = _put(line, shown, line.end(offset - 1), line.end(stop - 1), ":")
        yield Repair("E0100", title, place, offset, stop, ((":", ":"),), "", edit)
    if kinds[0] in 'aA0("[rSilet~c1' and not (kinds[0] == "a" and line.word(0) in _FOREIGN_LINES):
        if not re.match(r"aa?[:;]", kinds):
            sign, kind, where = ("| ", "|", "a branch of a merge starts with a bar")
            if not _among_lanes(line):
                sign, kind, where = ("- ", "-", "a step of the flow starts with a dash")
            edit = _put(line, f"`{sign}{line.text(0)}`", start, start, sign)
            yield Repair("E0113", where, _token(line, 0), 0, 0, ((kind, kind),), "", edit)
    if kinds == "a;":
        edit = _put(line, f"`- {line.word(0)}`", start, start, "- ")
        yield Repair("E0113", "a step of the flow starts with a dash", _token(line, 0), 0, 0, (("-", "-"),), "", edit)
    capital = re.match(r"Aa?:", kinds)
    if capital and line.word(0).lower() in _ROLES:
        word = line.word(0).lower()
        edit = _put(line, f"write `{word}`", *_token(line, 0), word)
        yield Repair(
            "E0100",
            f"`{line.word(0)}` is a box name; a role is lower case",
            _token(line, 0),
            0,
            1,
            (("a", word),),
            "",
            edit,
        )
    first = 1 if re.match("[-|]a[aA0]", kinds) else 0
    if kinds[first] in "af" and line.word(first) in _FOREIGN_LINES:
        word = line.word(first)
        advice = Help(_FOREIGN_LINES[word])
        title = f"`{word}` begins no line of this language"
        yield Repair("E0100", title, _token(line, first), help=advice, replaces=False)


def _among_lanes(line: Line) -> bool:
    """Whether the statement before this one, in the same block, is a lane."""
    below = line.driver.values[line.depth - 1]
    if isinstance(below, list) and below:
        return type(below[-1]).__name__ == "Lane"
    for value in reversed(line.driver.values[: line.depth]):
        if type(value).__name__ in ("Structure", "Item", "Lane", "Definition"):
            return getattr(value, "word", "") in ("concat", "add", "mul", "stack", "parallel")
    return False


# ---------------------------------------------------------------------------------------------------- the token


def _at_token(line: Line, at: int) -> Iterator[Repair]:
    kinds = line.kinds
    here = kinds[at]
    place = _token(line, at)
    before = kinds[at - 1] if at else ""
    touching = bool(at) and line.end(at - 1) == line.start(at)
    if here == "e" and kinds[at + 1] == "i" or here == "i" and before == "e":
        offset = at if here == "e" else at - 1
        span = line.start(offset), line.end(offset + 1)
        edit = _put(line, "write `elif`", *span, "elif")
        yield Repair("E0100", "`else if` is written `elif`", span, offset, offset + 2, (("l", "elif"),), "", edit)
    if here == "." and kinds[at + 1] == "0" and line.end(at) == line.start(at + 1):
        word = f"0.{line.word(at + 1)}"
        span = line.start(at), line.end(at + 1)
        edit = _put(line, f"write `{word}`", *span, word)
        yield Repair("E0100", "a number has a digit before its point", span, at, at + 2, (("1", word),), "", edit)
    if before == "." and at > 1 and kinds[at - 2] == "0":
        word = f"{line.word(at - 2)}.0"
        span = line.start(at - 2), line.end(at - 1)
        edit = _put(line, f"write `{word}`", *span, word)
        yield Repair("E0100", "a number has a digit after its point", span, at - 2, at, (("1", word),), "", edit)
    if touching and before in "01" and here in "aA":
        span = line.start(at - 1), line.end(at)
        word = line.word(at - 1) + line.word(at)
        title = f"{quoted(word)} is neither a number nor a name"
        yield Repair("E0100", title, span, at - 1, at + 1, (("a", word),), "a name begins with a letter")
    if here == "*" and before == "*" and touching:
        span = line.start(at - 1), line.end(at)
        yield Repair(
            "E0100", f"`{line.word(at - 1)}{line.word(at)}` is no operator", span, at - 1, at + 1, (("*", "*"),)
        )
    if here == "=" and before in "=<" and touching or here == "<" and before == "=" and touching:
        span = line.start(at - 1), line.end(at)
        word = line.word(at - 1) + line.word(at)
        yield Repair("E0100", f"`{word}` is no operator", span, at - 1, at + 1, (("<", "=="),))
    if here == "=" and before == "a" and kinds[at - 2] == "w":
        yield _named_side(line, at - 1)
    if here == "," and "w" in kinds[:at] and "=" in kinds[at:]:
        yield _named_side(line, kinds.rindex("w", 0, at) + 1)
    if here == "=" and re.match(r"[-|]?(?:aa?:)?[il]", kinds):
        edit = _put(line, "write `==`", *place, "==")
        yield Repair("E0100", "things are compared with `==`", place, at, at + 1, (("<", "=="),), "", edit)
    if here == "." and before == ".":
        advice = Help("such as `repeat i in 3`, where `i` is 0, 1 and 2")
        yield Repair(
            "E0100", "a range is counted from 0", (line.start(at - 1), line.end(at)), help=advice, replaces=False
        )
    if here == "*" and not at and line.word(0) == "*":
        edit = _put(line, "write `-`", *place, "-")
        yield Repair("E0113", "a step of the flow starts with a dash", place, 0, 1, (("-", "-"),), "", edit)
    if here == "=" and at > 1 and before not in "aA":
        yield Repair("E0100", "`=` gives defaults and options", place, at, at + 1, (("<", "=="),), help=_eq(line, at))
    if before == "D" and here == "a":
        word = line.word(at)
        title = f"the name of a {line.word(0)} begins with a capital letter"
        new = word[0].upper() + word[1:]
        edit = _put(line, f"call it `{new}`", *place, new, sure=False)
        yield Repair("E0100", title, place, at, at + 1, (("A", new),), "", edit)
    if "u" in kinds[:1] and here == "a":
        title = f"{quoted(line.word(at))} is not a box name: those begin with a capital"
        yield Repair("E0100", title, place, at, at + 1, (("A", line.word(at)),))
    if kinds[0] == "u" and before == "a" and here in "f,":
        word = line.word(at - 1)
        title = f"{quoted(word)} is not a box name: those begin with a capital"
        yield Repair("E0100", title, _token(line, at - 1), at - 1, at, (("A", word),))
    if kinds[:1] == "u" and here == "A" and before == "f":
        word = line.word(at)
        yield Repair("E0100", "a file is named in quotes, or by `specs.name`", place, at, at + 1, (('"', f'"{word}"'),))


def _named_side(line: Line, first: int) -> Repair:
    """`with mask=m`: a side input that is fed by name, up to the next arrow or the end of the line."""
    depth, stop = 0, first
    while stop < len(line.kinds) - 1 and (depth or line.kinds[stop] != ">"):
        depth += (line.kinds[stop] in "([") - (line.kinds[stop] in ")]")
        stop += 1
    word, inside = line.word(first - 1), line.text(first, stop - 1)
    tokens = (("(", "("), *((line.kinds[n], line.word(n)) for n in range(first, stop)), (")", ")"))
    place = line.start(first), line.end(stop - 1)
    whole = line.driver.text.mistakes.source.text[place[0] : place[1]]
    edit = _put(line, f"write `{word} ({inside})`", *place, f"({whole})")
    return Repair("E0100", "side inputs that are named stand in parentheses", place, first, stop, tokens, "", edit)


def _eq(line: Line, at: int) -> Help:
    return _put(line, "to compare, write `==`", *_token(line, at), "==", sure=False)


# ------------------------------------------------------------------------------------------- one token missing


def _missing_token(line: Line, at: int) -> Iterator[Repair]:
    if not at:
        return
    kinds = line.kinds
    here, before = kinds[at], kinds[at - 1]
    word = quoted(line.word(at - 1))
    colon = Repair.insert(line, at, ":", ":", f"a `:` is missing after {word}")
    arrow = Repair.insert(line, at, ">", "->", f"a `->` is missing after {word}")
    inside = _depth(kinds[:at]) > 0
    if inside and before in _OPERAND_ENDS and here in _OPERAND_STARTS:
        setting = before == "a" and kinds[at - 2] in "(,"
        pair = f"{line.word(at - 1)}={line.word(at)}"
        equal = Repair.insert(line, at, "=", "=", f"a `=` is missing after {word}", f"write `{pair}`")
        comma = Repair.insert(line, at, ",", ",", f"a `,` is missing after {word}")
        yield from (equal, comma) if setting else (comma, equal)
    if before in "A)]" and here == "A" and not re.match(r"-?(i|r|l)", kinds) and not (before == "A" and at <= 1):
        yield arrow
    if kinds[0] == "u" and here in '"a':
        yield Repair.insert(line, at, "f", "from", f"`from` is missing after {word}")
        yield Repair.insert(line, at, ",", ",", f"a `,` is missing after {word}")
    if re.match(r"[-|](aa?:)?ra$", kinds[:at]) and here in _OPERAND_STARTS:
        yield Repair.insert(line, at, "n", "in", f"`in` is missing after {word}")
    if before in _OPERAND_ENDS + "Se":
        yield colon
        if not inside:
            yield arrow
    if re.fullmatch(r"[-|]?aa", kinds[:at]) and here in ">;.+-*^<&v":
        # `gate x ->`, `require n % 2`: the grammar takes two words for a role and a name, and stops after them.
        yield Repair.insert(line, at - 1, ":", ":", f"a `:` is missing after {quoted(line.word(at - 2))}")
    if here in ")];" and kinds.rfind("i", 0, at) > kinds.rfind("e", 0, at):
        title = "this choice has no `else`"
        place = _token(line, kinds.rfind("i", 0, at))
        both = (("e", "else"), ("A", "Identity"))
        yield Repair(
            "E0111", title, place, at, at, both, "", Help("write `a if c else b`; for a step, `else Identity`")
        )


def _depth(kinds: str) -> int:
    return sum(kind in "([" for kind in kinds) - sum(kind in ")]" for kind in kinds)


# ------------------------------------------------------------------------------------------------- other words


def _reserved(line: Line, at: int) -> Iterator[Repair]:
    """A reserved word where a name stands; the grammar may notice at the token after it."""
    for offset in (at, at - 1):
        if 0 <= offset < len(line.kinds) - 1 and line.word(offset) in RESERVED:
            word = line.word(offset)
            title = f"`{word}` is a word of the language and cannot be a name"
            edit = _put(line, "choose another name", *_token(line, offset), f"{word}_", sure=False)
            yield Repair("E0100", title, _token(line, offset), offset, offset + 1, (("a", word),), "", edit)


def _hopeless(line: Line, at: int) -> Iterator[Repair]:
    """Lines that no small change saves, but whose mistake has a name."""
    kinds = line.kinds
    here = kinds[at]
    place = _token(line, at)
    before = kinds[at - 1] if at else ""
    if here == "|" and before in _OPERAND_ENDS:
        advice = Help("the next step follows an arrow, `->`; a lane has a line of its own")
        yield Repair("E0100", "a bar begins a lane", place, help=advice, replaces=False)
    named = re.match(r"[-|]?(?:a\.)?([aA])=", kinds)
    if named and at < named.end():
        name = line.word(named.start(1))
        advice = Help(f"name a value with a colon: `{name}: ...`")
        yield Repair("E0100", "`=` gives defaults and options", place, help=advice, replaces=False)
    if here == "<" and "<" in kinds[:at]:
        advice = Help("compare twice: `a < b and b < c`")
        yield Repair("E0100", "comparisons do not chain", place, help=advice, replaces=False)
    if here in "+-*^<&v" and before in _OPERAND_ENDS and ">" in kinds[:at]:
        advice = Help(f"put it in parentheses: `-> (a {line.word(at)} b)`, or name the parts first")
        yield Repair("E0100", "arithmetic after an arrow takes parentheses", place, help=advice, replaces=False)
    if here == "i" and ">" in kinds[:at]:
        advice = Help("put it in parentheses: `-> (A if c else B)`")
        yield Repair("E0100", "a choice between steps takes parentheses", place, help=advice, replaces=False)
    if here == ":" and before == "a" and at > 1 and kinds[at - 2] == ">":
        stop = kinds.find(">", at)
        step = line.text(at - 1, (stop if stop > 0 else len(kinds) - 1) - 1)
        title = "a name stands at the beginning of a line"
        yield Repair("E0100", title, _token(line, at - 1), help=Help(f"a line of its own: `- {step}`"), replaces=False)
    if here in "Sr" and before == ">":
        above, where = (at - 2, "") if kinds[0] in "-|" else (at - 1, ", indented")
        advice = Help(f"in two lines: `{line.text(0, above)}`, and below it `- {line.text(at)}`{where}")
        title = f"`{line.word(at)}` begins a line"
        yield Repair("E0100", title, place, help=advice, replaces=False)
    if here == ">" and before in "-|:":
        yield Repair(
            "E0100", "nothing flows into this arrow", place, at, at + 1, help=Help("name what flows before the arrow")
        )
    if here == ">" and at == 0:
        yield Repair(
            "E0100", "this arrow continues no line", place, 0, 1, (("-", "-"),), help=Help("begin with a dash: `- ...`")
        )
    if here == ">" and before == ">":
        edit = _put(line, "write it once", line.end(at - 1), line.end(at), "")
        yield Repair("E0100", "two arrows and no step between them", place, at, at + 1, help=edit)
    if here == "," and before in ",([":
        edit = _put(line, "leave it out", *place, "", sure=before == ",")
        yield Repair("E0100", "nothing stands before this comma", place, at, at + 1, help=edit)
    if before == ":" and here == ":":
        yield Repair("E0100", "one colon is enough", place, at, at + 1, help=_put(line, "leave it out", *place, ""))
    if re.match(r"[-|(\[0\"AriSel]|aa:", kinds) and accepted(line.driver.states[: line.depth], "-A;") < 3:
        advice = Help("write it under a `block Name(...):` or a `model Name(...):`, indented")
        title = "this line stands outside of every block and model"
        yield Repair("E0100", title, _token(line, 0), help=advice, replaces=False)


def _extra_token(line: Line, at: int) -> Iterator[Repair]:
    if at < len(line.kinds) - 1:
        place = _token(line, at)
        title = f"{quoted(line.word(at))} is one too many"
        yield Repair("E0100", title, place, at, at + 1, help=_put(line, "leave it out", *place, "", sure=False))
