"""Tokens to nodes: one function for each alias of `grammars/net.lark`.

Enters: the values of a rule's symbols, on the parser's stack. Leaves: the node, in their place. The value of a
terminal is the number of its token. A function of `LEAVES` makes a node of one token; a function of `BUILDERS`
takes the values of a whole rule off the end of the stack and puts its own there. They look at nothing but those
values and the tokens, so they are shared by all parses.
"""

from __future__ import annotations

from typing import Any

from .leaves import Builder, Text, Values, box_ref, identifier, inside_quotes, make_span, new, start_of, token_span
from .source import Span
from .syntax import (
    Bad,
    Choice,
    Constant,
    Declaration,
    Definition,
    Flow,
    Item,
    Key,
    Lane,
    Name,
    Nest,
    Parameter,
    Repeat,
    Structure,
    Suite,
    Use,
    UseName,
    Valued,
    Wrap,
)
from .terms import EXPRESSIONS, joined

# ---------------------------------------------------------------------------------------------------- lists


def one(v: Values, t: Text) -> None:
    v[-1] = [v[-1]]


def more(v: Values, t: Text) -> None:
    last = v.pop()
    v[-1].append(last)


def more_comma(v: Values, t: Text) -> None:
    last = v.pop()
    del v[-1]
    v[-1].append(last)


def more_names(v: Values, t: Text) -> None:
    last = v.pop()
    del v[-1]
    v[-1].append(identifier(t, last))


def mark_comma(v: Values, t: Text) -> None:
    del v[-2]


# -------------------------------------------------------------------------------------------------- top level


def file(v: Values, t: Text) -> None:
    pass


def bad(v: Values, t: Text) -> None:
    del v[-1]
    error = v[-1]
    v[-1] = Bad(None, make_span(t, start_of(t, error), t.ends[error]))


def bad_suite(v: Values, t: Text) -> None:
    del v[-1]
    statements = v.pop()
    del v[-2:]
    error = v[-1]
    start = start_of(t, error)
    suite = Suite(tuple(statements), make_span(t, statements[0].span[1], statements[-1].span[2]))
    v[-1] = Bad(suite, make_span(t, start, suite.span[2]))


def _use_any(v: Values, t: Text, python: bool) -> None:
    newline = v.pop()
    origin = v.pop()
    del v[-1]
    names = v.pop()
    if python:
        word = v.pop()
        if t.words[word] != "python":
            start, end = start_of(t, word), t.ends[word]
            t.mistakes.add(
                "E0100",
                "`use` is followed by the names of boxes",
                start,
                end,
                helps=["write `use Name from ...`, or `use python Name from ...`"],
            )
    use = v[-1]
    text = inside_quotes(t.words[origin])
    v[-1] = Use(
        tuple(names), python, text, False, token_span(t, origin), make_span(t, start_of(t, use), t.ends[newline])
    )


def use(v: Values, t: Text) -> None:
    _use_any(v, t, False)


def use_python(v: Values, t: Text) -> None:
    _use_any(v, t, True)


def use_dotted(v: Values, t: Text) -> None:
    newline = v.pop()
    dotted: list[Name] = v.pop()
    del v[-1]
    names = v.pop()
    use = v[-1]
    origin = ".".join(name.text for name in dotted)
    span = dotted[0].span.to(dotted[-1].span)
    v[-1] = Use(tuple(names), False, origin, True, span, make_span(t, start_of(t, use), t.ends[newline]))


def use_alias(v: Values, t: Text) -> None:
    alias = v.pop()
    del v[-1]
    v[-1] = UseName(identifier(t, v[-1]), identifier(t, alias))


def constant(v: Values, t: Text) -> None:
    del v[-1]
    value = v.pop()
    del v[-1]
    name = identifier(t, v[-1])
    v[-1] = Constant(name, value, make_span(t, name.span[1], value.span[2]))


def _define(v: Values, t: Text, body: Any, parameters: tuple[Parameter, ...]) -> None:
    name = identifier(t, v.pop())
    word = v[-1]
    v[-1] = Definition(
        t.words[word], name, parameters, body, t.docs.get(word, ()), make_span(t, start_of(t, word), body.span[2])
    )


def definition(v: Values, t: Text) -> None:
    body = v.pop()
    del v[-1]
    _define(v, t, body, ())


def definition_empty(v: Values, t: Text) -> None:
    body = v.pop()
    del v[-3:]
    _define(v, t, body, ())


def definition_parameters(v: Values, t: Text) -> None:
    body = v.pop()
    del v[-2:]
    parameters = v.pop()
    del v[-1]
    _define(v, t, body, tuple(parameters))


def parameter(v: Values, t: Text) -> None:
    name = v[-1]
    v[-1] = Parameter(name, None, name.span)


def parameter_default(v: Values, t: Text) -> None:
    value = v.pop()
    del v[-1]
    name = v[-1]
    v[-1] = Parameter(name, value, make_span(t, name.span[1], value.span[2]))


# ------------------------------------------------------------------------------------------------- statements


def suite(v: Values, t: Text) -> None:
    del v[-1]
    statements = v.pop()
    del v[-1]
    v[-1] = Suite(tuple(statements), make_span(t, statements[0].span[1], statements[-1].span[2]))


def item(v: Values, t: Text) -> None:
    body = v.pop()
    i = v[-1]
    v[-1] = Item(None, body, t.docs.get(i, ()), new(Span, (t.file, t.ends[i] - 1, body.span[2])))


def item_key(v: Values, t: Text) -> None:
    body = v.pop()
    del v[-1]
    key = v.pop()
    i = v[-1]
    v[-1] = Item(key, body, t.docs.get(i, ()), new(Span, (t.file, t.ends[i] - 1, body.span[2])))


def lane(v: Values, t: Text) -> None:
    body = v.pop()
    i = v[-1]
    v[-1] = Lane(None, body, t.docs.get(i, ()), new(Span, (t.file, t.ends[i] - 1, body.span[2])))


def lane_key(v: Values, t: Text) -> None:
    body = v.pop()
    del v[-1]
    key = v.pop()
    i = v[-1]
    v[-1] = Lane(key, body, t.docs.get(i, ()), new(Span, (t.file, t.ends[i] - 1, body.span[2])))


def _doc_of(t: Text, colon: int, words: int) -> tuple[str, ...]:
    """The doc comment of the declaration whose key of so many words ends before the token `colon`."""
    return t.docs.get(colon - words, ()) if t.docs else ()


def declaration(v: Values, t: Text) -> None:
    body = v.pop()
    colon = v.pop()
    key = v[-1]
    span = new(Span, (t.file, key.span[1], body.span[2]))
    v[-1] = Declaration(key, body, _doc_of(t, colon, len(key.words)), span)


def export(v: Values, t: Text) -> None:
    del v[-1]
    second = v.pop()
    first = v[-1]
    words = identifier(t, first), identifier(t, second)
    span = make_span(t, words[0].span[1], words[1].span[2])
    v[-1] = Declaration(Key(words, False, False, span), None, t.docs.get(first, ()), span)


def key_role(v: Values, t: Text) -> None:
    second = v.pop()
    words = identifier(t, v[-1]), identifier(t, second)
    v[-1] = Key(words, False, False, make_span(t, words[0].span[1], words[1].span[2]))


def value(v: Values, t: Text) -> None:
    del v[-1]
    value = v[-1]
    v[-1] = Valued(value, None, value.span)


def value_default(v: Values, t: Text) -> None:
    del v[-1]
    default = v.pop()
    del v[-1]
    value = v[-1]
    v[-1] = Valued(value, default, make_span(t, value.span[1], default.span[2]))


def flow(v: Values, t: Text) -> None:
    suite = v.pop()
    del v[-1]
    source = joined(v[-1], t)
    v[-1] = Flow(source, suite, make_span(t, source.span[1], suite.span[2]))


def nest(v: Values, t: Text) -> None:
    body = v.pop()
    del v[-1]
    combinator = v[-1]
    v[-1] = Nest(combinator, body, make_span(t, combinator.span[1], body.span[2]))


def repeat(v: Values, t: Text) -> None:
    count = v.pop()
    word = v[-1]
    v[-1] = Repeat(t.words[word], None, count, make_span(t, start_of(t, word), count.span[2]))


def repeat_in(v: Values, t: Text) -> None:
    count = v.pop()
    del v[-1]
    variable = identifier(t, v.pop())
    word = v[-1]
    v[-1] = Repeat(t.words[word], variable, count, make_span(t, start_of(t, word), count.span[2]))


def structure_arguments(v: Values, t: Text) -> None:
    arguments, end = v.pop()
    word = v[-1]
    v[-1] = Structure(t.words[word], arguments, make_span(t, start_of(t, word), end))


def choice(v: Values, t: Text) -> None:
    condition = v.pop()
    word = v[-1]
    v[-1] = Choice(t.words[word], condition, make_span(t, start_of(t, word), condition.span[2]))


def wrap_arguments(v: Values, t: Text) -> None:
    arguments, end = v.pop()
    box = box_ref(t, v[-1])
    v[-1] = Wrap(box, arguments, make_span(t, box.span[1], end))


BUILDERS: dict[str, Builder] = EXPRESSIONS | {
    build.__name__: build
    for build in (
        one,
        more,
        more_comma,
        more_names,
        mark_comma,
        file,
        bad,
        bad_suite,
        use,
        use_python,
        use_dotted,
        use_alias,
        constant,
        definition,
        definition_empty,
        definition_parameters,
        parameter,
        parameter_default,
        suite,
        item,
        item_key,
        lane,
        lane_key,
        declaration,
        export,
        key_role,
        value,
        value_default,
        flow,
        nest,
        repeat,
        repeat_in,
        structure_arguments,
        choice,
        wrap_arguments,
    )
}
