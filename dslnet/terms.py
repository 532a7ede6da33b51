"""Nodes of expressions, from the values of their parts.

Enters: the end of the parser's stack. Leaves: the node, in the place of its parts. See tree.py.
"""

from __future__ import annotations

from typing import Any

from .leaves import Builder, Text, Values, box_ref, identifier, make_span, new, ref, start_of, token_span
from .source import Span
from .syntax import (
    Argument,
    Attribute,
    Binary,
    Call,
    Conditional,
    Index,
    List,
    Paren,
    Pipeline,
    Side,
    Unary,
)


def joined(steps: list[Any], t: Text) -> Any:
    if len(steps) == 1:
        return steps[0]
    return Pipeline(tuple(steps), new(Span, (t.file, steps[0].span[1], steps[-1].span[2])))


def pipeline(v: Values, t: Text) -> None:
    v[-1] = joined(v[-1], t)


def conditional(v: Values, t: Text) -> None:
    otherwise = v.pop()
    del v[-1]
    condition = v.pop()
    del v[-1]
    then = v[-1]
    v[-1] = Conditional(then, condition, otherwise, make_span(t, then.span[1], otherwise.span[2]))


def binary(v: Values, t: Text) -> None:
    right = v.pop()
    operator = v.pop()
    left = v[-1]
    span = new(Span, (t.file, left.span[1], right.span[2]))
    v[-1] = Binary(t.words[operator], left, right, token_span(t, operator), span)


def unary(v: Values, t: Text) -> None:
    operand = v.pop()
    operator = v[-1]
    v[-1] = Unary(t.words[operator], operand, make_span(t, start_of(t, operator), operand.span[2]))


def side(v: Values, t: Text) -> None:
    inputs = v.pop()
    word = v.pop()
    step = v[-1]
    v[-1] = Side(step, t.words[word], inputs, new(Span, (t.file, step.span[1], inputs.span[2])))


def side_minus(v: Values, t: Text) -> None:
    unary(v, t)
    side(v, t)


def attribute(v: Values, t: Text) -> None:
    name = identifier(t, v.pop())
    del v[-1]
    value = v[-1]
    v[-1] = Attribute(value, name, make_span(t, value.span[1], name.span[2]))


def index(v: Values, t: Text) -> None:
    close = v.pop()
    arguments = v.pop()
    del v[-1]
    value = v[-1]
    v[-1] = Index(value, tuple(arguments), make_span(t, value.span[1], t.ends[close]))


def call_ref(v: Values, t: Text) -> None:
    arguments, end = v.pop()
    callee = ref(t, v[-1])
    v[-1] = Call(callee, arguments, new(Span, (t.file, callee.span[1], end)))


def call_box(v: Values, t: Text) -> None:
    arguments, end = v.pop()
    callee = box_ref(t, v[-1])
    v[-1] = Call(callee, arguments, new(Span, (t.file, callee.span[1], end)))


def shape_dtype(v: Values, t: Text) -> None:
    dtype = identifier(t, v.pop())
    shape = v[-1]
    v[-1] = List(shape.items, dtype, make_span(t, shape.span[1], dtype.span[2]))


def shape_empty(v: Values, t: Text) -> None:
    close = v.pop()
    v[-1] = List((), None, make_span(t, start_of(t, v[-1]), t.ends[close]))


def shape(v: Values, t: Text) -> None:
    close = v.pop()
    items = v.pop()
    v[-1] = List(tuple(items), None, new(Span, (t.file, t.ends[v[-1]] - 1, t.ends[close])))


def paren(v: Values, t: Text) -> None:
    close = v.pop()
    items = v.pop()
    v[-1] = Paren(tuple(items), new(Span, (t.file, t.ends[v[-1]] - 1, t.ends[close])))


def no_items(v: Values, t: Text) -> None:
    close = v.pop()
    v[-1] = (), t.ends[close]


def items(v: Values, t: Text) -> None:
    close = v.pop()
    items = v.pop()
    v[-1] = tuple(items), t.ends[close]


def argument(v: Values, t: Text) -> None:
    value = v[-1]
    v[-1] = Argument(None, value, value.span)


def argument_name(v: Values, t: Text) -> None:
    value = v.pop()
    del v[-1]
    name = v[-1]
    v[-1] = Argument(name, value, new(Span, (t.file, name.span[1], value.span[2])))


EXPRESSIONS: dict[str, Builder] = {
    build.__name__: build
    for build in (
        pipeline,
        conditional,
        binary,
        unary,
        side,
        side_minus,
        attribute,
        index,
        call_ref,
        call_box,
        shape_dtype,
        shape_empty,
        shape,
        paren,
        no_items,
        items,
        argument,
        argument_name,
    )
}
