"""Lines and indentation to tokens.

Enters: a source. Leaves: `Tokens`: what the lexer found, without comments and line ends, with NEWLINE, INDENT and
DEDENT as ordinary tokens, every bracket closed and every INDENT with its DEDENT, whatever the text. Comments are
collected; those that document a line are kept with the number of its first token.

A line that begins with `->` continues the line above, as does one that begins with `with`, `by` or `to`, and so does
everything inside brackets. Inside brackets a line is indented deeper than the line that began them; only a closing
bracket may stand at its column. A line that is not, or that has a bar at its start or a colon, cannot be inside: the
bracket was never closed.

All state is in one object for each call. A line whose brackets are balanced, which is nearly every line, is copied
by slices; brackets.py reads the others token by token.
"""

from __future__ import annotations

from typing import NamedTuple

from .kinds import ARROW, COMMENT, DEDENT, DEFINE, ERROR, INDENT, JUNK, KINDS, LINE_END, NEWLINE, OPENING, WITH
from .lexer import Lexed, lex
from .limits import Limits
from .mistakes import Mistakes
from .source import Source, Span
from .syntax import Comment

_KEPT = "()[]:\n"
_BRACKETS_ONLY = {ord(kind): None for kind in (*KINDS.values(), "#", " ", "?") if kind not in _KEPT}

#: Kinds that make a tree deeper each time they are written.
_DEEPENING = frozenset("+-*^<v&~iw.[:")


class Tokens(NamedTuple):
    """What the parser reads. `kinds[i]` is the kind of `words[i]`, which ends at `ends[i]`."""

    source: Source
    kinds: str
    words: list[str]
    ends: list[int]
    docs: dict[int, tuple[str, ...]]
    comments: list[Comment]


_NOTHING = Lexed("", [], [], set())


def layout(source: Source, mistakes: Mistakes, limits: Limits) -> Tokens:
    """The tokens of a source. Reports what is wrong with its words, brackets and indentation."""
    over = None
    if len(source.text) > limits.file_bytes:
        over = limits.file_bytes, f"more than {limits.file_bytes:,} characters"
    lexed = _NOTHING if over else lex(source.text)
    if len(lexed.words) > limits.tokens:
        over = lexed.ends[limits.tokens] - 1, f"more than {limits.tokens:,} words and signs"
        lexed = _NOTHING
    if over:
        place, much = over
        advice = "split the file; or raise the limit, if you trust it"
        mistakes.add("E0900", f"this file has {much}", place, place + 1, "the limit is reached here", helps=[advice])
    if JUNK in lexed.kinds or lexed.long:
        # Loaded when there is something unusual to read; so is brackets.py.
        from .words import settle_words

        lexed = settle_words(lexed, mistakes, limits)
    return Layout(source, lexed, mistakes, limits).tokens()


class Level:
    """A block that lines are read into: its column, and why it was opened."""

    __slots__ = ("colons", "column", "why", "wrong")

    def __init__(self, column: int, why: str) -> None:
        self.column = column
        #: "sound"; "tabs" when the column is a guess; "unasked" when the line above opens no block.
        self.why = why
        #: Another column that was read as this one: lines at it are the same mistake.
        self.wrong = -1
        #: How many colons its last line has: each may be a combinator around the next block.
        self.colons = 0


class Layout:
    """The state of one pass over the lines of a file."""

    def __init__(self, source: Source, lexed: Lexed, mistakes: Mistakes, limits: Limits) -> None:
        self.source = source
        self.lexed = lexed
        self.mistakes = mistakes
        self.limits = limits
        self.kinds: list[str] = []
        self.words: list[str] = []
        self.ends: list[int] = []
        self.docs: dict[int, tuple[str, ...]] = {}
        self.comments: list[Comment] = []
        #: The blocks around the line, and their columns once more, where the loop over the lines reads them.
        self.levels: list[Level] = [Level(0, "sound")]
        self.columns: list[int] = [0]
        #: Whether the line above began with a dash or a bar.
        self.dashed = False
        self.colon_limit = 2 * limits.indentation
        #: The last line that was indented with tabs: a run of such lines is one mistake.
        self.tabbed = -1
        self.lines = lexed.kinds.split(LINE_END)
        #: Where each line's first token is.
        self.firsts = [0]
        for line in self.lines:
            self.firsts.append(self.firsts[-1] + len(line) + 1)
        #: How many tokens may be read a second time, so that the work stays linear whatever the text.
        self.patience = 4 * len(lexed.kinds) + 1000

    def tokens(self) -> Tokens:
        """Read every line."""
        lexed = self.lexed
        raw_words, raw_ends = lexed.words, lexed.ends
        kinds, words, ends = self.kinds, self.words, self.ends
        columns = self.columns
        lines = self.lines
        shapes = lexed.kinds.translate(_BRACKETS_ONLY).split(LINE_END)
        balanced = _Balanced(self.limits.brackets)
        operators = self.limits.operators
        longest = self.limits.line
        colon_limit = self.colon_limit
        text = self.source.text
        tabs = "\t" in text
        doc: list[str] = []
        first = number = began = 0
        count = len(lines)
        while number < count:
            line = lines[number]
            size = len(line)
            last = first + size
            if size and raw_ends[last - 1] - began > longest:
                self.long_line(began, raw_ends[last - 1])
            if line and line[-1] == " ":
                line = line[:-1]
            if line and line[-1] == COMMENT:
                line = line[:-1]
                comment = self.comment(first + len(line), bool(line))
                if not line and comment.startswith("##"):
                    doc.append(comment[2:].removeprefix(" "))
            if line:
                stop = first + len(line)
                if kinds and (line[0] == ARROW or (line[0] == WITH and line[1:2] != ":")):
                    # The line goes on: take the NEWLINE back. Comments in between document nothing.
                    kinds.pop()
                    words.pop()
                    ends.pop()
                    doc = []
                else:
                    word = raw_words[first]
                    position = raw_ends[first] - len(word)
                    if position - began != columns[-1] or (tabs and "\t" in text[began:position]):
                        if not self.indent(began, position):
                            break
                    if line[0] == "a" and word in ("block", "model") and (columns[-1] == 0 or line[1:2] == "A"):
                        line = DEFINE + line[1:]
                    if doc:
                        self.docs[len(words)] = tuple(doc)
                        doc = []
                colons = self.levels[-1].colons = line.count(":")
                self.dashed = line[0] in "-|"
                if not balanced[shapes[number]]:
                    from .brackets import read_brackets

                    number = read_brackets(self, number, line)
                    first = self.firsts[number]
                    began = raw_ends[first - 1] if first <= len(raw_ends) else began
                    continue
                kinds.append(line)
                words += raw_words[first:stop]
                ends += raw_ends[first:stop]
                if colons > colon_limit or len(line) > operators:
                    self.check_operators(line, first)
                kinds.append(NEWLINE)
                words.append("")
                ends.append(ends[-1])
            if last < len(raw_ends):
                began = raw_ends[last]
            first = last + 1
            number += 1
        return self.finish()

    def finish(self) -> Tokens:
        """The tokens, with every block closed."""
        end = self.ends[-1] if self.ends else 0
        closing = len(self.columns) - 1
        self.kinds.append(DEDENT * closing + "$")
        self.words += [""] * (closing + 1)
        self.ends += [end] * (closing + 1)
        return Tokens(self.source, "".join(self.kinds), self.words, self.ends, self.docs, self.comments)

    def emit(self, kind: str, word: str, end: int) -> None:
        self.kinds.append(kind)
        self.words.append(word)
        self.ends.append(end)

    def comment(self, index: int, trailing: bool) -> str:
        """Keep the comment that is the lexer's token `index`."""
        word, end = self.lexed.words[index], self.lexed.ends[index]
        start = end - len(word)
        word = word.rstrip()
        self.comments.append(Comment(word, trailing, Span(self.source.name, start, start + len(word))))
        return word

    # ------------------------------------------------------------------------------------------- indentation

    def indent(self, began: int, position: int) -> bool:
        """Open or close blocks for a line whose first word stands at `position`. False when it is too deep."""
        column = position - began
        # Whether the line above opens a block: it ends with a colon or an arrow.
        opens = len(self.kinds) > 1 and self.kinds[-2][-1] in ":>"
        tabs = "\t" in self.source.text[began:position]
        if tabs:
            column = self.tab(began, position, opens)
        level = self.levels[-1]
        if column == level.wrong and not (opens and column > level.column):
            return True
        if column > level.column:
            return self.open(began, position, column, "tabs" if tabs else "sound" if opens else "unasked")
        while column < self.levels[-1].column:
            inner = self.levels.pop()
            outer = self.levels[-1]
            if column > outer.column or column == inner.wrong:
                # Between two blocks: a line of the inner one, which was not left then.
                self.levels.append(inner)
                if column == inner.wrong:
                    return True
                if inner.why == "unasked" and opens:
                    # The line above was too deep, and this is where its block is.
                    inner.column = outer.column
                    return self.open(began, position, column, "sound")
                if inner.why != "tabs":
                    self.between(began, position, inner.column, outer.column)
                # Either column may be the right one; both are of this block from here on.
                inner.column, inner.wrong = column, inner.column
                self.columns[-1] = column
                return True
            self.columns.pop()
            self.emit(DEDENT, "", position)
        return True

    def open(self, began: int, position: int, column: int, why: str) -> bool:
        """Begin a block at a column. False when it is too deep."""
        if len(self.levels) > self.limits.indentation or sum(level.colons for level in self.levels) > self.colon_limit:
            self.mistakes.add(
                "E0901",
                f"blocks are nested more than {self.limits.indentation} deep",
                began,
                position,
                "the limit is reached here",
                helps=["give the inner part a name: write it as a block of its own"],
            )
            # The line above keeps a body, which is all that is read of it.
            self.columns.append(column)
            for kind in (INDENT, ERROR, NEWLINE):
                self.emit(kind, "", position)
            return False
        self.levels.append(Level(column, why))
        self.columns.append(column)
        self.emit(INDENT, "", position)
        return True

    def between(self, began: int, position: int, inner: int, outer: int) -> None:
        column = position - began
        nearest = inner if inner - column <= column - outer else outer
        self.mistakes.add(
            "E0102",
            f"indented by {column}, but the blocks around are at {outer} and {inner}",
            began,
            position,
            f"{column} spaces fit no block",
            helps=[self.mistakes.put(f"indent it by {nearest}", began, position, " " * nearest, sure=nearest == inner)],
        )

    def tab(self, began: int, position: int, opens: bool) -> int:
        """The column that an indentation with tabs means, most likely."""
        blanks = self.source.text[began:position]
        widths = [len(blanks.expandtabs(width)) for width in (4, 2, 8)]
        column = next((width for width in widths if width in self.columns), self.columns[-1])
        if opens:
            column = self.columns[-1] + (4 if self.dashed else 2)
        line = self.source.position(began)[0]
        if line != self.tabbed + 1:
            self.mistakes.add(
                "E0103",
                "a tab in the indentation",
                began,
                position,
                "a tab has no width of its own",
                helps=[self.mistakes.put("indent with spaces", began, position, " " * column, sure=False)],
            )
        else:
            self.mistakes.lines.setdefault(line, None)
        self.tabbed = line
        return column

    # ------------------------------------------------------------------------------------------------ limits

    def long_line(self, start: int, end: int) -> None:
        self.mistakes.add(
            "E0905",
            f"this line has {end - start:,} characters; the limit is {self.limits.line:,}",
            start,
            start + 1,
            "the line begins here",
            helps=["break it before a `->`, or after a comma"],
        )

    def check_operators(self, line: str, first: int) -> None:
        """Report an expression that would be too deep a tree. `line` has the kinds of the tokens from `first`."""
        limit = self.limits.operators
        count = sum(kind in _DEEPENING for kind in line)
        colons = line.count(":")
        if count <= limit and colons <= self.colon_limit:
            return
        end = self.lexed.ends[first]
        what = f"{count:,} operators; the limit is {limit:,}"
        if colons > self.colon_limit:
            what = f"{colons:,} colons; the limit is {self.colon_limit:,}"
        self.mistakes.add(
            "E0902",
            f"this expression has {what}",
            end - len(self.lexed.words[first]),
            end,
            "it begins here",
            helps=["give its parts names, on lines of their own"],
        )
        self.forget_line()

    def forget_line(self) -> None:
        """Put one ERROR in the place of the line that was emitted last; the parser reads it as a bad statement."""
        size = len(self.kinds[-1]) if self.kinds else 0
        del self.kinds[-1:], self.words[len(self.words) - size :]
        end = self.ends[-size] if size else 0
        del self.ends[len(self.ends) - size :]
        self.emit(ERROR, "", end)


class _Balanced(dict[str, bool]):
    """Whether a line is whole in itself: its brackets match, are not too many, and hold no colon."""

    def __init__(self, limit: int) -> None:
        self.limit = limit

    def __missing__(self, shape: str) -> bool:
        stack: list[str] = []
        deepest = 0
        whole = True
        for kind in shape:
            if kind in OPENING:
                stack.append(OPENING[kind])
                deepest = max(deepest, len(stack))
            elif kind == ":":
                whole = whole and not stack
            elif not stack or stack.pop() != kind:
                whole = False
        self[shape] = whole = whole and not stack and deepest <= self.limit
        return whole
