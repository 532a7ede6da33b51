"""Tokens to nodes: one function for each alias of `grammars/net.lark`.

Enters: the values of a rule's symbols, on the parser's stack. Leaves: the node, in their place. The value of a
terminal is the number of its token. A function of `LEAVES` makes a node of one token; a function of `BUILDERS`
takes the values of a whole rule off the end of the stack and puts its own there. They look at nothing but those
values and the tokens, so they are shared by all parses.
"""

from __future__ import annotations

from collections.abc import Callable
from math import isinf
from typing import Any

from .limits import INTEGER_MAX
from .mistakes import Mistakes
from .source import Span
from .syntax import (
    Argument,
    Attribute,
    Bad,
    Binary,
    BoxRef,
    Call,
    Choice,
    Conditional,
    Constant,
    Declaration,
    Definition,
    Ellipsis,
    Flow,
    Index,
    Item,
    Key,
    Lane,
    List,
    Literal,
    Name,
    Nest,
    Parameter,
    Paren,
    Pipeline,
    Ref,
    Repeat,
    Side,
    Structure,
    Suite,
    Unary,
    Use,
    UseName,
    Valued,
    Wrap,
)


class Text:
    """What the functions below read: the tokens, and whom to tell of a literal that is too large."""

    __slots__ = ("docs", "ends", "file", "kinds", "mistakes", "words")

    def __init__(
        self,
        file: str,
        kinds: list[str],
        words: list[str],
        ends: list[int],
        docs: dict[int, tuple[str, ...]],
        mistakes: Mistakes,
    ) -> None:
        self.file = file
        self.kinds = kinds
        self.words = words
        self.ends = ends
        self.docs = docs
        self.mistakes = mistakes


Values = list[Any]
Leaf = Callable[[Text, int], Any]
Builder = Callable[[Values, Text], None]

_new: Callable[[type[Span], tuple[str, int, int]], Span] = tuple.__new__


def _span(t: Text, start: int, end: int) -> Span:
    # What `Span(...)` does, without its Python-level constructor: half of all objects are spans.
    return _new(Span, (t.file, start, end))


def _token(t: Text, i: int) -> Span:
    end = t.ends[i]
    return _new(Span, (t.file, end - len(t.words[i]), end))


def _start(t: Text, i: int) -> int:
    return t.ends[i] - len(t.words[i])


# ------------------------------------------------------------------------------------------------ one token


def _ref(t: Text, i: int) -> Ref:
    word = t.words[i]
    end = t.ends[i]
    return Ref(word, _new(Span, (t.file, end - len(word), end)))


def _box(t: Text, i: int) -> BoxRef:
    word = t.words[i]
    end = t.ends[i]
    return BoxRef(word, _new(Span, (t.file, end - len(word), end)))


def _identifier(t: Text, i: int) -> Name:
    word = t.words[i]
    end = t.ends[i]
    return Name(word, _new(Span, (t.file, end - len(word), end)))


_CONSTANTS: dict[str, bool | None] = {"true": True, "false": False, "none": None}


def _literal(t: Text, i: int) -> Literal:
    word = t.words[i]
    span = _token(t, i)
    if word.isdigit():
        return Literal(_integer(t, word, span), word, span)
    if word in _CONSTANTS:
        return Literal(_CONSTANTS[word], word, span)
    if word[0] == '"':
        return Literal(_inside(word), word, span)
    value = float(word)
    if isinf(value):
        t.mistakes.add("E0903", "this number is too large for a float", span.start, span.end, "more than 1.8e308")
        value = 1.0
    return Literal(value, word, span)


def _inside(word: str) -> str:
    """What a quoted string says. One that was never closed has no quote at its end; it is reported already."""
    inside = word[1:-1]
    if "\\" in inside:
        inside = inside.replace("\\\\", "\0").replace('\\"', '"').replace("\0", "\\")
    return inside


def _integer(t: Text, word: str, span: Span) -> int:
    digits = word.lstrip("0") if len(word) > 19 else word
    # Counted before `int`, which refuses thousands of digits and takes quadratic time for fewer.
    if len(digits) <= 19 and (value := int(digits or "0")) <= INTEGER_MAX:
        return value
    t.mistakes.add(
        "E0904", "this whole number does not fit 64 bits", span.start, span.end, f"the largest is {INTEGER_MAX}"
    )
    return 1


def _ellipsis(t: Text, i: int) -> Ellipsis:
    return Ellipsis(_token(t, i))


def _key_name(t: Text, i: int) -> Key:
    name = _identifier(t, i)
    return Key((name,), False, False, name.span)


def _key_number(t: Text, i: int) -> Key:
    name = _identifier(t, i)
    return Key((name,), True, True, name.span)


def _key_string(t: Text, i: int) -> Key:
    span = _token(t, i)
    return Key((Name(t.words[i][1:-1], span),), True, False, span)


def _structure(t: Text, i: int) -> Structure:
    return Structure(t.words[i], (), _token(t, i))


def _otherwise(t: Text, i: int) -> Choice:
    return Choice(t.words[i], None, _token(t, i))


def _wrap(t: Text, i: int) -> Wrap:
    box = _box(t, i)
    return Wrap(box, (), box.span)


def _mark(t: Text, i: int) -> int:
    return i


def _use_name(t: Text, i: int) -> UseName:
    return UseName(_identifier(t, i), None)


def _one_name(t: Text, i: int) -> list[Name]:
    return [_identifier(t, i)]


LEAVES: dict[str, Leaf] = {
    "ref": _ref,
    "box": _box,
    "identifier": _identifier,
    "literal": _literal,
    "ellipsis": _ellipsis,
    "key_name": _key_name,
    "key_number": _key_number,
    "key_string": _key_string,
    "structure": _structure,
    "otherwise": _otherwise,
    "wrap": _wrap,
    "mark": _mark,
    "use_name": _use_name,
    "one_name": _one_name,
}

# ---------------------------------------------------------------------------------------------------- lists


def _one(v: Values, t: Text) -> None:
    v[-1] = [v[-1]]


def _more(v: Values, t: Text) -> None:
    last = v.pop()
    v[-1].append(last)


def _more_comma(v: Values, t: Text) -> None:
    last = v.pop()
    del v[-1]
    v[-1].append(last)


def _more_names(v: Values, t: Text) -> None:
    last = v.pop()
    del v[-1]
    v[-1].append(_identifier(t, last))


def _mark_comma(v: Values, t: Text) -> None:
    del v[-2]


# -------------------------------------------------------------------------------------------------- top level


def _file(v: Values, t: Text) -> None:
    pass


def _bad(v: Values, t: Text) -> None:
    del v[-1]
    error = v[-1]
    v[-1] = Bad(None, _span(t, _start(t, error), t.ends[error]))


def _bad_suite(v: Values, t: Text) -> None:
    del v[-1]
    statements = v.pop()
    del v[-2:]
    error = v[-1]
    start = _start(t, error)
    suite = Suite(tuple(statements), _span(t, statements[0].span[1], statements[-1].span[2]))
    v[-1] = Bad(suite, _span(t, start, suite.span[2]))


def _use_any(v: Values, t: Text, python: bool) -> None:
    newline = v.pop()
    origin = v.pop()
    del v[-1]
    names = v.pop()
    if python:
        word = v.pop()
        if t.words[word] != "python":
            start, end = _start(t, word), t.ends[word]
            t.mistakes.add(
                "E0100",
                "`use` is followed by the names of boxes",
                start,
                end,
                helps=["write `use Name from ...`, or `use python Name from ...`"],
            )
    use = v[-1]
    text = _inside(t.words[origin])
    v[-1] = Use(tuple(names), python, text, False, _token(t, origin), _span(t, _start(t, use), t.ends[newline]))


def _use(v: Values, t: Text) -> None:
    _use_any(v, t, False)


def _use_python(v: Values, t: Text) -> None:
    _use_any(v, t, True)


def _use_dotted(v: Values, t: Text) -> None:
    newline = v.pop()
    dotted: list[Name] = v.pop()
    del v[-1]
    names = v.pop()
    use = v[-1]
    origin = ".".join(name.text for name in dotted)
    span = dotted[0].span.to(dotted[-1].span)
    v[-1] = Use(tuple(names), False, origin, True, span, _span(t, _start(t, use), t.ends[newline]))


def _use_alias(v: Values, t: Text) -> None:
    alias = v.pop()
    del v[-1]
    v[-1] = UseName(_identifier(t, v[-1]), _identifier(t, alias))


def _constant(v: Values, t: Text) -> None:
    del v[-1]
    value = v.pop()
    del v[-1]
    name = _identifier(t, v[-1])
    v[-1] = Constant(name, value, _span(t, name.span[1], value.span[2]))


def _define(v: Values, t: Text, body: Any, parameters: tuple[Parameter, ...]) -> None:
    name = _identifier(t, v.pop())
    word = v[-1]
    v[-1] = Definition(
        t.words[word], name, parameters, body, t.docs.get(word, ()), _span(t, _start(t, word), body.span[2])
    )


def _definition(v: Values, t: Text) -> None:
    body = v.pop()
    del v[-1]
    _define(v, t, body, ())


def _definition_empty(v: Values, t: Text) -> None:
    body = v.pop()
    del v[-3:]
    _define(v, t, body, ())


def _definition_parameters(v: Values, t: Text) -> None:
    body = v.pop()
    del v[-2:]
    parameters = v.pop()
    del v[-1]
    _define(v, t, body, tuple(parameters))


def _parameter(v: Values, t: Text) -> None:
    name = v[-1]
    v[-1] = Parameter(name, None, name.span)


def _parameter_default(v: Values, t: Text) -> None:
    value = v.pop()
    del v[-1]
    name = v[-1]
    v[-1] = Parameter(name, value, _span(t, name.span[1], value.span[2]))


# ------------------------------------------------------------------------------------------------- statements


def _suite(v: Values, t: Text) -> None:
    del v[-1]
    statements = v.pop()
    del v[-1]
    v[-1] = Suite(tuple(statements), _span(t, statements[0].span[1], statements[-1].span[2]))


def _item(v: Values, t: Text) -> None:
    body = v.pop()
    i = v[-1]
    v[-1] = Item(None, body, t.docs.get(i, ()), _new(Span, (t.file, t.ends[i] - 1, body.span[2])))


def _item_key(v: Values, t: Text) -> None:
    body = v.pop()
    del v[-1]
    key = v.pop()
    i = v[-1]
    v[-1] = Item(key, body, t.docs.get(i, ()), _new(Span, (t.file, t.ends[i] - 1, body.span[2])))


def _lane(v: Values, t: Text) -> None:
    body = v.pop()
    i = v[-1]
    v[-1] = Lane(None, body, t.docs.get(i, ()), _new(Span, (t.file, t.ends[i] - 1, body.span[2])))


def _lane_key(v: Values, t: Text) -> None:
    body = v.pop()
    del v[-1]
    key = v.pop()
    i = v[-1]
    v[-1] = Lane(key, body, t.docs.get(i, ()), _new(Span, (t.file, t.ends[i] - 1, body.span[2])))


def _doc_of(t: Text, colon: int, words: int) -> tuple[str, ...]:
    """The doc comment of the declaration whose key of so many words ends before the token `colon`."""
    return t.docs.get(colon - words, ()) if t.docs else ()


def _declaration(v: Values, t: Text) -> None:
    body = v.pop()
    colon = v.pop()
    key = v[-1]
    span = _new(Span, (t.file, key.span[1], body.span[2]))
    v[-1] = Declaration(key, body, _doc_of(t, colon, len(key.words)), span)


def _export(v: Values, t: Text) -> None:
    del v[-1]
    second = v.pop()
    first = v[-1]
    words = _identifier(t, first), _identifier(t, second)
    span = _span(t, words[0].span[1], words[1].span[2])
    v[-1] = Declaration(Key(words, False, False, span), None, t.docs.get(first, ()), span)


def _key_role(v: Values, t: Text) -> None:
    second = v.pop()
    words = _identifier(t, v[-1]), _identifier(t, second)
    v[-1] = Key(words, False, False, _span(t, words[0].span[1], words[1].span[2]))


def _value(v: Values, t: Text) -> None:
    del v[-1]
    value = v[-1]
    v[-1] = Valued(value, None, value.span)


def _value_default(v: Values, t: Text) -> None:
    del v[-1]
    default = v.pop()
    del v[-1]
    value = v[-1]
    v[-1] = Valued(value, default, _span(t, value.span[1], default.span[2]))


def _flow(v: Values, t: Text) -> None:
    suite = v.pop()
    del v[-1]
    source = _joined(v[-1], t)
    v[-1] = Flow(source, suite, _span(t, source.span[1], suite.span[2]))


def _nest(v: Values, t: Text) -> None:
    body = v.pop()
    del v[-1]
    combinator = v[-1]
    v[-1] = Nest(combinator, body, _span(t, combinator.span[1], body.span[2]))


def _repeat(v: Values, t: Text) -> None:
    count = v.pop()
    word = v[-1]
    v[-1] = Repeat(t.words[word], None, count, _span(t, _start(t, word), count.span[2]))


def _repeat_in(v: Values, t: Text) -> None:
    count = v.pop()
    del v[-1]
    variable = _identifier(t, v.pop())
    word = v[-1]
    v[-1] = Repeat(t.words[word], variable, count, _span(t, _start(t, word), count.span[2]))


def _structure_arguments(v: Values, t: Text) -> None:
    arguments, end = v.pop()
    word = v[-1]
    v[-1] = Structure(t.words[word], arguments, _span(t, _start(t, word), end))


def _choice(v: Values, t: Text) -> None:
    condition = v.pop()
    word = v[-1]
    v[-1] = Choice(t.words[word], condition, _span(t, _start(t, word), condition.span[2]))


def _wrap_arguments(v: Values, t: Text) -> None:
    arguments, end = v.pop()
    box = _box(t, v[-1])
    v[-1] = Wrap(box, arguments, _span(t, box.span[1], end))


# ------------------------------------------------------------------------------------------------ expressions


def _joined(steps: list[Any], t: Text) -> Any:
    if len(steps) == 1:
        return steps[0]
    return Pipeline(tuple(steps), _new(Span, (t.file, steps[0].span[1], steps[-1].span[2])))


def _pipeline(v: Values, t: Text) -> None:
    v[-1] = _joined(v[-1], t)


def _conditional(v: Values, t: Text) -> None:
    otherwise = v.pop()
    del v[-1]
    condition = v.pop()
    del v[-1]
    then = v[-1]
    v[-1] = Conditional(then, condition, otherwise, _span(t, then.span[1], otherwise.span[2]))


def _binary(v: Values, t: Text) -> None:
    right = v.pop()
    operator = v.pop()
    left = v[-1]
    span = _new(Span, (t.file, left.span[1], right.span[2]))
    v[-1] = Binary(t.words[operator], left, right, _token(t, operator), span)


def _unary(v: Values, t: Text) -> None:
    operand = v.pop()
    operator = v[-1]
    v[-1] = Unary(t.words[operator], operand, _span(t, _start(t, operator), operand.span[2]))


def _side(v: Values, t: Text) -> None:
    inputs = v.pop()
    word = v.pop()
    step = v[-1]
    v[-1] = Side(step, t.words[word], inputs, _new(Span, (t.file, step.span[1], inputs.span[2])))


def _side_minus(v: Values, t: Text) -> None:
    _unary(v, t)
    _side(v, t)


def _attribute(v: Values, t: Text) -> None:
    name = _identifier(t, v.pop())
    del v[-1]
    value = v[-1]
    v[-1] = Attribute(value, name, _span(t, value.span[1], name.span[2]))


def _index(v: Values, t: Text) -> None:
    close = v.pop()
    arguments = v.pop()
    del v[-1]
    value = v[-1]
    v[-1] = Index(value, tuple(arguments), _span(t, value.span[1], t.ends[close]))


def _call_ref(v: Values, t: Text) -> None:
    arguments, end = v.pop()
    callee = _ref(t, v[-1])
    v[-1] = Call(callee, arguments, _new(Span, (t.file, callee.span[1], end)))


def _call_box(v: Values, t: Text) -> None:
    arguments, end = v.pop()
    callee = _box(t, v[-1])
    v[-1] = Call(callee, arguments, _new(Span, (t.file, callee.span[1], end)))


def _shape_dtype(v: Values, t: Text) -> None:
    dtype = _identifier(t, v.pop())
    shape = v[-1]
    v[-1] = List(shape.items, dtype, _span(t, shape.span[1], dtype.span[2]))


def _shape_empty(v: Values, t: Text) -> None:
    close = v.pop()
    v[-1] = List((), None, _span(t, _start(t, v[-1]), t.ends[close]))


def _shape(v: Values, t: Text) -> None:
    close = v.pop()
    items = v.pop()
    v[-1] = List(tuple(items), None, _new(Span, (t.file, t.ends[v[-1]] - 1, t.ends[close])))


def _paren(v: Values, t: Text) -> None:
    close = v.pop()
    items = v.pop()
    v[-1] = Paren(tuple(items), _new(Span, (t.file, t.ends[v[-1]] - 1, t.ends[close])))


def _no_items(v: Values, t: Text) -> None:
    close = v.pop()
    v[-1] = (), t.ends[close]


def _items(v: Values, t: Text) -> None:
    close = v.pop()
    items = v.pop()
    v[-1] = tuple(items), t.ends[close]


def _argument(v: Values, t: Text) -> None:
    value = v[-1]
    v[-1] = Argument(None, value, value.span)


def _argument_name(v: Values, t: Text) -> None:
    value = v.pop()
    del v[-1]
    name = v[-1]
    v[-1] = Argument(name, value, _new(Span, (t.file, name.span[1], value.span[2])))


_HERE = dict(globals())

BUILDERS: dict[str, Builder] = {
    name: _HERE["_" + name]
    for name in (
        "one more more_comma more_names mark_comma file bad bad_suite use use_dotted use_python use_alias constant"
        " definition definition_empty definition_parameters parameter parameter_default suite item item_key lane"
        " lane_key declaration export key_role value value_default flow nest repeat repeat_in structure_arguments"
        " choice wrap_arguments pipeline conditional binary unary side side_minus attribute index call_ref call_box"
        " shape_dtype shape_empty shape paren no_items items argument argument_name"
    ).split()
}
