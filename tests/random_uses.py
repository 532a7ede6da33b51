"""Random uses of one operator, right and wrong alike.

Enters: a source of random choices and the name of an operator. Leaves: the text of a model that feeds it inputs of any
rank and type, with arguments that its signature may or may not allow.
"""

from __future__ import annotations

from random import Random
from typing import Any

from dslnet.ops import OPERATORS, Operator, literal
from dslnet.ops.arguments import (
    ChoiceType,
    FlagType,
    ListType,
    ModuleType,
    OptionalType,
    PaddingType,
    RealType,
    SizesType,
    WholeType,
    WordType,
)

SHAPES = (
    "[B]", "[B, 6]", "[6, 6]", "[B, T]", "[B, T, 6]", "[3, 5, 6]", "[B, 6, T]", "[B, 6, H, W]", "[2, 4, 6, 5]",
    "[B, 2, D, H, W]", "[T]", "[B, T, 4] bool", "[B] long < 6", "[B, T] long < 6", "[3, 5] long", "[B, 2, T, T]",
    "[B, B]", "[2, B, T, 3, 4, 5]", "[1, 1]", "[B, H // 2, 4]",
)  # fmt: skip
SIZES = ("T", "B * T", "T // 2", "T - 1", "2 * T", "H", "T % 3")
WORDS = ("same", "causal", "none", "mean", "sum", "b t d -> b d t", "b t d -> (b t) d", "ij,jk->ik", "é")


def value(random: Random, type: Any, depth: int = 0) -> str:
    """A value for an argument: mostly one of its type, sometimes anything."""
    if random.random() < 0.12:
        others = (WholeType(), RealType(), FlagType(), WordType(), ListType(WholeType()), OptionalType(WholeType()))
        type = random.choice(others)
    if isinstance(type, OptionalType):
        return "none" if random.random() < 0.3 else value(random, type.inner, depth)
    if isinstance(type, (FlagType, ModuleType)):
        return random.choice(("true", "false"))
    if isinstance(type, ChoiceType):
        return literal(random.choice(type.words))
    if isinstance(type, RealType):
        return random.choice(("0", "0.5", "1", "-1", "2.5", "1e-5", "1e9"))
    if isinstance(type, WordType):
        return literal(random.choice(WORDS))
    if isinstance(type, (ListType, SizesType, PaddingType)) and depth < 2 and random.random() < 0.6:
        element = type.element if isinstance(type, ListType) else WholeType()
        count = random.choice((0, 1, 1, 2, 2, 3, 4))
        return "[" + ", ".join(value(random, element, depth + 1) for _ in range(count)) + "]"
    if random.random() < 0.15:
        return random.choice(SIZES)
    return str(random.choice((1, 2, 2, 3, 3, 4, 6, 0, -1, -2, 5, 8, 10**7)))


def use(random: Random, operator: type[Operator]) -> str:
    """A model with one use of an operator."""
    ports = len(operator.ports) + (random.randrange(3) if any(p.variadic for p in operator.ports) else 0)
    count = max(1, ports if random.random() < 0.9 else random.randrange(1, 4))
    shapes = [random.choice(SHAPES) for _ in range(count)]
    if random.random() < 0.5:
        shapes = [shapes[0]] * count
    arguments = []
    for name, argument in operator.arguments.items():
        if argument.required or random.random() < 0.4:
            text = value(random, argument.type)
            arguments.append(text if argument.required and random.random() < 0.5 else f"{name}={text}")
    positional = [a for a in arguments if "=" not in a.split('"')[0]]
    named = [a for a in arguments if "=" in a.split('"')[0]]
    box = operator.name + (f"({', '.join(positional + named)})" if arguments else "")
    inputs = [f"  input x{n}: {shape}\n" for n, shape in enumerate(shapes)]
    fed = "x0" if count == 1 else "(" + ", ".join(f"x{n}" for n in range(count)) + ")"
    return "model M:\n" + "".join(inputs) + f"  y: {fed} -> {box}\n  output z: y\n"


def uses(seed: int, count: int) -> list[str]:
    """So many uses, over all operators in turn."""
    random = Random(seed)
    names = sorted(OPERATORS)
    return [use(random, OPERATORS[names[n % len(names)]]) for n in range(count)]
