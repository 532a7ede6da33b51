"""What every operator must keep, checked from its class alone.

Enters: an operator's class with the examples of its docstring. Leaves: passed, or an assertion that says which of
the promises is broken: the example's shape is the inferred shape is the executed shape, at two sizes where it is
symbolic; `weights` is the real state_dict; gradients flow; FLOPs are torch's where torch counts; an unknown size
anywhere is silent. `read` is a tiny reader of example lines, so that these tests do not need the language's parser.

    INPUTS -> Box(arguments) with SIDES    # OUTPUTS

INPUTS is a shape or `(shape, shape)`, SIDES is `shape` or `(name=shape, shape)`, OUTPUTS are shapes joined by
` and `. A shape is `[B, T, 8]`, perhaps with a dtype and a range: `[B, T] long < 100`. A lower-case name given to
an argument that takes a module stands for the module of that name in `modules`.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from dslnet.ops.arguments import ModuleArgument, ModuleType
from dslnet.ops.base import OPERATORS, Mistake, Operator
from dslnet.shape import UNKNOWN, Dim, Shape, Size, Tensor, evaluate, free, numel

#: Values of the symbols for the two runs of a symbolic example; any other symbol is `OTHER`.
SIZES: tuple[dict[str, int], dict[str, int]] = (
    {"B": 2, "T": 5, "S": 7, "H": 15, "W": 24, "D": 9, "N": 5, "E": 11, "L": 16},
    {"B": 3, "T": 8, "S": 4, "H": 24, "W": 17, "D": 12, "N": 7, "E": 6, "L": 22},
)
OTHER = (6, 10)


@dataclass
class Example:
    """An example line, read. `types` has one entry for each port that is fed, None for one that is not; those of a
    variadic port follow the others. `inputs` are the ones that stand before the arrow."""

    cls: type[Operator]
    values: dict[str, Any]
    types: list[Tensor | None]
    outputs: list[Tensor]
    inputs: int = 1
    held: dict[str, str] = field(default_factory=dict)

    def operator(self) -> Operator:
        return self.cls(**self.values)

    def symbols(self) -> list[str]:
        """The names of the symbols, those of arguments and ranges included."""
        found: dict[str, None] = {}
        for tensor in (*self.types, *self.outputs):
            for size in (*tensor.sizes, tensor.below) if tensor is not None else ():
                found.update(dict.fromkeys(size.symbols() if isinstance(size, Dim) else ()))
        for size in _flat(self.values.values()):
            found.update(dict.fromkeys(size.symbols() if isinstance(size, Dim) else ()))
        return list(found)


def cases(operators: Iterable[type[Operator]]) -> list[Any]:
    """(class, pipeline, result) of every example, as pytest parameters."""
    import pytest

    return [
        pytest.param(cls, before, after, id=f"{cls.name}-{number}")
        for cls in dict.fromkeys(operators)
        for number, (before, after) in enumerate(cls.examples())
    ]


def family(module: str) -> list[type[Operator]]:
    """The operators of one file of `dslnet/ops`."""
    return [cls for cls in dict.fromkeys(OPERATORS.values()) if cls.__module__ == f"dslnet.ops.{module}"]


# ------------------------------------------------------------------------------------------------- reading


def read(before: str, after: str = "[]", modules: Mapping[str, ModuleArgument] | None = None) -> Example:
    """An example line as an operator's class, arguments and types."""
    feed, step = _split(before, "->")
    match = re.fullmatch(r"(\w+)\s*(\((?:.*?)\))?(?:\s+(?:with|by|to)\s+(.*))?", step.strip(), re.S)
    assert match, f"not an example: {before}"
    name, arguments, sides = match.groups()
    cls = OPERATORS[name]
    values: dict[str, Any] = {}
    held: dict[str, str] = {}
    collected: list[Any] = []
    for position, text in enumerate(_parts(arguments[1:-1]) if arguments else ()):
        key, equals, rest = text.partition("=")
        named = equals and re.fullmatch(r"\w+", key.strip()) and not rest.startswith("=")
        name = key.strip() if named else cls.variadic or list(cls.arguments)[position]
        text = (rest if named else text).strip()
        if named and name not in cls.arguments and cls.open_arguments:
            values.setdefault("sizes", {})[name] = value(text)
            continue
        argument = cls.arguments[name]
        if name == cls.variadic and not named:
            collected.append(value(text))
            values[name] = argument.type.accept(tuple(collected))
        elif isinstance(argument.type, ModuleType):
            held[argument.name] = text
            values[argument.name] = (modules or {})[text]
        else:
            values[argument.name] = argument.type.accept(value(text))
    flowing = [_tensor(text) for text in (_parts(feed[1:-1]) if feed.startswith("(") else [feed])]
    types: list[Tensor | None] = list(flowing)
    variadic = any(port.variadic for port in cls.ports)
    names = [port.name for port in cls.ports]
    if not variadic:
        types += [None] * (len(names) - len(types))
    for text in _parts(sides[1:-1]) if sides and sides.startswith("(") else [sides] if sides else []:
        key, equals, rest = text.partition("=")
        if equals and key.strip() in names:
            types[names.index(key.strip())] = _tensor(rest)
        elif variadic:
            types.append(_tensor(text))
        else:
            types[next(i for i, t in enumerate(types) if t is None)] = _tensor(text)
    return Example(cls, values, types, [_tensor(t) for t in after.split(" and ")], len(flowing), held)


def value(text: str) -> Any:
    """An argument as the language writes it: a literal, a size, a list of them."""
    tree = ast.parse(text.strip(), mode="eval").body
    return _value(tree)


OPERATIONS: dict[type, Any] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod, ast.Pow: operator.pow, ast.Div: operator.truediv,
}  # fmt: skip


def _value(node: ast.AST) -> Any:
    match node:
        case ast.Constant(constant):
            return constant
        case ast.Name(name):
            words = {"true": True, "false": False, "none": None}
            return words[name] if name in words else free(name)
        case ast.List(elements) | ast.Tuple(elements):
            return tuple(map(_value, elements))
        case ast.UnaryOp(ast.USub(), operand):
            return -_value(operand)
        case ast.BinOp(left, sign, right):
            return OPERATIONS[type(sign)](_value(left), _value(right))
    raise ValueError(f"not a value: {ast.unparse(node)}")


def _tensor(text: str) -> Tensor:
    match = re.fullmatch(r"(\[.*\])\s*(long|bool|float)?\s*(?:<\s*(.+))?", text.strip())
    assert match, f"not a shape: {text}"
    shape, dtype, below = match.groups()
    return Tensor(value(shape), dtype or "float", value(below) if below else None)


def _parts(text: str) -> list[str]:
    """The parts between commas that stand in no bracket and no string."""
    found, depth, quoted = [""], 0, False
    for letter in text:
        quoted ^= letter == '"'
        depth += 0 if quoted else (letter in "([") - (letter in ")]")
        if letter == "," and depth == 0 and not quoted:
            found.append("")
        else:
            found[-1] += letter
    return [part.strip() for part in found if part.strip()]


def _split(text: str, mark: str) -> tuple[str, str]:
    left, found, right = text.partition(mark)
    assert found, f"no {mark} in {text}"
    return left.strip(), right.strip()


def _flat(values: Iterable[Any]) -> Iterator[Any]:
    for each in values:
        if isinstance(each, (tuple, list, dict)):
            yield from _flat(each.values() if isinstance(each, dict) else each)
        else:
            yield each


# ------------------------------------------------------------------------------------------------ checking


def infer(op: Operator, types: Iterable[Tensor | None]) -> tuple[Tensor, ...]:
    """The outputs of the shape rule, as a tuple."""
    result = op.shape(*types)
    return result if isinstance(result, tuple) else (result,)


def settle(size: Size, sizes: Mapping[str, int]) -> int:
    return evaluate(size, sizes)


def concrete(tensor: Tensor, sizes: Mapping[str, int]) -> Tensor:
    """The type with its symbols replaced by numbers."""
    below = None if tensor.below is None else settle(tensor.below, sizes)
    return Tensor(tuple(settle(s, sizes) for s in tensor.sizes), tensor.dtype, below)


def example_input(tensor: Tensor) -> Any:
    """A tensor of a known type: numbers that are never tied, ids in their range, booleans that keep something."""
    import torch

    shape: Shape = tensor.sizes
    if tensor.dtype == "long":
        return torch.randint(0, int(tensor.below or 4), shape)  # type: ignore[arg-type]
    if tensor.dtype == "bool":
        kept = torch.rand(shape) < 0.7  # type: ignore[arg-type]
        if shape:
            kept[..., 0] = True
        return kept
    return torch.randn(shape, requires_grad=True)  # type: ignore[arg-type]


def dtype_name(dtype: Any) -> str:
    return {"torch.float32": "float", "torch.int64": "long", "torch.bool": "bool"}.get(str(dtype), str(dtype))


def check(
    cls: type[Operator],
    before: str,
    after: str,
    *,
    modules: Mapping[str, tuple[ModuleArgument, Any]] | None = None,
    bodies: Any = (),
    sizes: Mapping[str, Iterable[int]] | None = None,
    gradient: bool | str = True,
    counted: bool = True,
) -> None:
    """Every promise of an example. `sizes` gives other values of symbols for the two runs; `gradient=False` is for
    operators that stop it, `gradient="weights"` for those that only read the shape of their inputs, and
    `counted=False` for those whose FLOPs torch counts differently."""
    example = read(before, after, {name: m[0] for name, m in (modules or {}).items()})
    op = example.operator()
    inferred = infer(op, example.types)
    assert len(inferred) == len(cls.outputs) or len(cls.outputs) == 1, "outputs of the class and of the rule differ"
    assert [str(t) for t in inferred] == [str(t) for t in example.outputs]
    assert [t.dtype for t in inferred] == [t.dtype for t in example.outputs]
    names = example.symbols()
    for run in (0, 1) if names else (0,):
        at = {name: tuple((sizes or {}).get(name, ()))[run : run + 1] for name in names}
        bound = {name: at[name][0] if at[name] else SIZES[run].get(name, OTHER[run]) for name in names}
        held = {argument: modules[name][1]() for argument, name in example.held.items()} if modules else {}
        check_run(example, op, bound, held, bodies, gradient, counted)
    check_unknown(example)


def check_run(
    example: Example,
    op: Operator,
    sizes: Mapping[str, int],
    held: Mapping[str, Any],
    bodies: Any,
    gradient: bool | str,
    counted: bool,
) -> None:
    """An example at given sizes, executed."""
    import torch
    from interpret import Box
    from torch.utils.flop_counter import FlopCounterMode

    torch.manual_seed(0)
    types = [None if t is None else concrete(t, sizes) for t in example.types]
    inputs = [None if t is None else example_input(t) for t in types]
    box = Box(op, example.types, sizes, held, bodies).eval()
    expected = [concrete(t, sizes) for t in example.outputs]

    def run() -> tuple[Any, ...]:
        result = box(*inputs)
        return tuple(result) if isinstance(result, (tuple, list)) else (result,)

    outputs = run()
    assert [tuple(y.shape) for y in outputs] == [t.sizes for t in expected], "executed shapes differ"
    assert [dtype_name(y.dtype) for y in outputs] == [t.dtype for t in expected], "executed dtypes differ"
    check_weights(op, example.types, box, sizes)
    if gradient:
        check_gradients(outputs, inputs if gradient is True else [], box)
    box.train()
    assert [tuple(y.shape) for y in run()] == [t.sizes for t in expected], "shapes differ in training"
    box.eval()
    flops = settle(op.flops(*example.types), sizes)
    settled = type(op)(**{k: _settled(v, sizes) for k, v in op.values().items()})
    assert flops == settle(settled.flops(*types), sizes), "symbolic and concrete FLOPs differ"
    again = infer(settled, types)
    assert [t.sizes for t in again] == [t.sizes for t in expected], "symbolic and concrete shapes differ"
    if counted:
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            box(*(x if x is None else x.detach() for x in inputs))
        total = counter.get_total_flops()
        assert total in (0, flops), f"torch counts {total} FLOPs, the operator {flops}"
    for before_, after_ in zip(inputs, [None if t is None else t.sizes for t in types], strict=True):
        assert before_ is None or tuple(before_.shape) == after_, "an input was changed in place"


def _settled(value: Any, sizes: Mapping[str, int]) -> Any:
    if isinstance(value, tuple):
        return tuple(_settled(v, sizes) for v in value)
    if isinstance(value, dict):
        return {k: _settled(v, sizes) for k, v in value.items()}
    return settle(value, sizes) if isinstance(value, Dim) else value


def check_weights(op: Operator, types: Iterable[Tensor | None], box: Any, sizes: Mapping[str, int]) -> None:
    """`weights` is the state_dict of the module that is built: names, order, shapes, dtypes, what is trained."""
    real = {} if box.own is None else box.own.state_dict()
    trained = {} if box.own is None else dict(box.own.named_parameters())
    said = list(op.weights(*types))
    assert [w.name for w in said] == list(real), "state_dict names differ"
    for weight in said:
        actual = real[weight.name]
        assert tuple(actual.shape) == tuple(settle(s, sizes) for s in weight.shape), f"shape of {weight.name}"
        assert dtype_name(actual.dtype) == weight.dtype, f"dtype of {weight.name}"
        assert (weight.name in trained) == weight.trained, f"{weight.name}: trained?"
    counted = sum(settle(numel(w.shape), sizes) for w in said if w.trained)
    assert counted == sum(p.numel() for p in trained.values())
    assert bool(said) <= op.weighted, "a box with weights is `weighted`"


def check_gradients(outputs: Iterable[Any], inputs: Iterable[Any], box: Any) -> None:
    """A change of any float input and of any weight changes the outputs."""
    import torch

    differentiable = [y for y in outputs if y.is_floating_point() and y.requires_grad]
    if not differentiable:
        return
    loss = sum((y * torch.randn_like(y)).masked_fill(~torch.isfinite(y), 0).sum() for y in differentiable)
    loss.backward()  # type: ignore[union-attr]
    for number, x in enumerate(inputs):
        if x is not None and x.is_floating_point():
            assert x.grad is not None and torch.isfinite(x.grad).all(), f"no gradient to input {number}"
    for name, parameter in box.named_parameters():
        assert parameter.grad is not None, f"no gradient to {name}"


def check_unknown(example: Example) -> None:
    """One unknown size, or one unknown argument, is silent; a symbol in the place of a number is fine or E0312."""
    for number, tensor in enumerate(example.types):
        for axis in range(tensor.rank if tensor is not None else 0):
            assert tensor is not None
            for size in (UNKNOWN, free("Z")):
                shape = (*tensor.sizes[:axis], size, *tensor.sizes[axis + 1 :])
                types = list(example.types)
                types[number] = Tensor(shape, tensor.dtype, tensor.below)
                _silent(example.operator(), types, size is UNKNOWN, f"axis {axis} of input {number}")
    for name, argument in example.cls.arguments.items():
        if name in example.held:
            continue
        for size in (UNKNOWN, free("Z")):
            try:
                accepted = argument.type.accept(size)
            except Exception:
                continue
            op = example.cls(**{**example.values, name: accepted})
            _silent(op, example.types, size is UNKNOWN, f"argument {name}")


def _silent(op: Operator, types: list[Tensor | None], unknown: bool, where: str) -> None:
    try:
        outputs = infer(op, types)
        if any(t.shape is None for t in outputs):
            return
        list(op.weights(*types))
        op.flops(*types)
        op.because(outputs[0], *types)
    except Mistake as mistake:
        # two symbols that are not known to be equal may be a mistake, an unknown size never is
        assert not unknown, f"{where} unknown: {mistake.code} {mistake}"
        check_mistake(mistake)


def check_mistake(mistake: Mistake) -> None:
    """The house style of diagnostics."""
    title = str(mistake)
    assert re.fullmatch(r"E0[2-5]\d\d", mistake.code), mistake.code
    assert len(title) <= 80 and "\n" not in title and not title.endswith("."), title
    assert "invalid" not in title and "Dim(" not in title and "Number" not in title, title
    assert all(len(label) < 50 for label in (mistake.label, *(label for _, label in mistake.others))), mistake.label


def mistake(line: str, modules: Mapping[str, ModuleArgument] | None = None) -> Mistake:
    """The mistake that the shape rule finds in an example line; fails when it finds none."""
    example = read(line, "[]", modules)
    try:
        result = infer(example.operator(), example.types)
    except Mistake as found:
        check_mistake(found)
        return found
    raise AssertionError(f"no mistake found in {line}: {', '.join(map(str, result))}")


def ran(line: str, *inputs: Any, train: bool = False) -> tuple[Any, list[Any], Any]:
    """A box with its inputs, made up where none are given, and what it makes of them."""
    import torch
    from interpret import Box

    torch.manual_seed(0)
    example = read(line)
    given = list(inputs) or [None if t is None else example_input(t) for t in example.types]
    box = Box(example.operator(), example.types).train(train)
    with torch.no_grad():
        return box, given, box(*given)
