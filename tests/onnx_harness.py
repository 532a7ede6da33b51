"""One operator, or one model, in onnxruntime beside torch.

Enters: an example line of an operator, or a graph with its weights. Leaves: the worst difference of the outputs.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

import numpy
import onnx
import onnxruntime
import torch
from interpret import Box
from operator_harness import OTHER, SIZES, concrete, example_input, infer, read

from dslnet.graph import Definition, Input, Instance, Model, Node, Value
from dslnet.ops.arguments import ModuleArgument
from dslnet.ops.base import Combinator
from dslnet.ops.dense import Linear
from dslnet.shape import Tensor, free
from dslnet.targets.onnx.inlining import Onnx
from dslnet.targets.onnx.weights import Weights
from dslnet.targets.onnx.writing import write

PATH = "stem.box"
#: How often a graph is run.
RUNS = 5


def session(data: bytes) -> Any:
    """The graph, checked in full, in onnxruntime."""
    onnx.checker.check_model(onnx.load_from_string(data), full_check=True)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])


def difference(expected: Any, found: Any) -> float:
    """The largest difference, relative where values are large. Shapes, dtypes and infinities must be the same."""
    a = expected.detach().numpy() if hasattr(expected, "detach") else numpy.asarray(expected)
    assert a.shape == found.shape, f"shape {found.shape}, not {a.shape}"
    assert a.dtype == found.dtype, f"dtype {found.dtype}, not {a.dtype}"
    if a.dtype.kind != "f":
        return float((a != found).sum())
    strange = ~numpy.isfinite(a)
    assert (strange == ~numpy.isfinite(found)).all(), "not finite at other places"
    assert (a[strange & ~numpy.isnan(a)] == found[strange & ~numpy.isnan(a)]).all(), "other infinities"
    if not (~strange).any():
        return 0.0
    a, b = a[~strange].astype("f8"), found[~strange].astype("f8")
    return float((numpy.abs(a - b) / numpy.maximum(1, numpy.abs(a))).max())


def graph_of(operator: Any, types: list[Tensor | None], names_of_sizes: list[str], body: Definition | None) -> Model:
    """A model that is one box. The sizes that no input of the box shows, an input of its own does."""
    made = operator.shape(*types)
    many = isinstance(made, tuple)
    names = [None if t is None else f"x{n}" for n, t in enumerate(types)]
    inputs = [Input(Value(f"x{n}", t)) for n, t in enumerate(types) if t is not None]
    if names_of_sizes:
        inputs.append(Input(Value("sizes", Tensor(tuple(map(free, names_of_sizes)), "bool"))))
    outputs: tuple[Value, ...]
    if many and len(operator.outputs) > 1:
        outputs = tuple(Value(f"y{n}", t) for n, t in enumerate(made))
    else:
        outputs = (Value("y0", made),)
    held = [v for v in operator.values().values() if isinstance(v, ModuleArgument)]
    instances = [Instance(PATH, operator=operator, inputs=tuple(types), body=body and body.key)]
    instances += [Instance(module.path) for module in held]
    node = Node("box", tuple(names), outputs, operator=operator, module=PATH)
    entry = Definition(
        "Main",
        "Main",
        "model",
        {},
        tuple(inputs),
        (),
        (),
        (),
        tuple(instances),
        (node,),
        tuple((value.name, value.name) for value in outputs),
    )
    definitions = {**({body.key: body} if body else {}), "Main": entry}
    return Model("Main", "Main", definitions, {})


def operator_difference(
    before: str,
    opset: int = 20,
    modules: Mapping[str, tuple[ModuleArgument, Any]] | None = None,
    sizes: Mapping[str, tuple[int, ...]] | None = None,
    given: Callable[..., Any] | None = None,
) -> float:
    """The worst difference of an example from one graph, run with other numbers, and at other sizes where it can.

    `given` makes the inputs of concrete types, where not any numbers will do.
    """
    example = read(before, modules={name: m[0] for name, m in (modules or {}).items()})
    op = example.operator()
    names = example.symbols()
    for outcome in infer(op, example.types):
        assert outcome.shape is not None
    runner: Any = None
    worst = 0.0
    held = {argument: modules[name][1]() for argument, name in example.held.items()} if modules else {}
    box: Any = None
    body = None
    bodies: list[torch.nn.Module] = []
    if isinstance(op, Combinator) and not op.inline:  # the body is one Linear
        inner = [t for t in op.inner(*example.types)]
        linear = Linear(out_features=inner[0].sizes[-1])
        body = Definition(
            "Body",
            "Body",
            "body",
            {},
            (Input(Value("x", inner[0])),),
            (),
            (),
            (),
            (Instance("linear", operator=linear, inputs=tuple(inner)),),
            (Node("box", ("x",), (Value("y", linear.shape(*inner)),), operator=linear, module="linear"),),
            (("y", "y"),),
        )
        bodies = [torch.nn.Sequential(OrderedDict(linear=torch.nn.Linear(16, 16))) for _ in range(op.copies)]
    for run in range(RUNS):
        chosen = {n: values[run % len(values)] for n, values in (sizes or {}).items()}
        bound = {n: chosen.get(n, SIZES[run % 2].get(n, OTHER[run % 2]) + run // 2) for n in names}
        torch.manual_seed(run)
        types = [None if t is None else concrete(t, bound) for t in example.types]
        inputs: list[Any] = given(*types) if given else [None if t is None else example_input(t) for t in types]
        if box is None:
            box = Box(op, example.types, bound, held, bodies).eval()
            state = {f"{PATH}.{k}": v for k, v in box.own.state_dict().items()} if box.own is not None else {}
            stir(state)
            for name, module in held.items():
                state.update({f"{getattr(op, name).path}.{k}": v for k, v in module.state_dict().items()})
            graph = Onnx(graph_of(op, example.types, names, body), Weights(state), opset)
            runner = session(write(graph, "dslnet").data)
        box.sizes = dict(bound)
        with torch.no_grad():
            expected = box(*inputs)
        wanted = list(expected) if isinstance(expected, (tuple, list)) else [expected]
        feed = {f"x{n}": x.detach().numpy() for n, x in enumerate(inputs) if x is not None}
        feed["sizes"] = numpy.zeros([bound[n] for n in names], bool)
        found = runner.run(None, {k: v for k, v in feed.items() if k in {i.name for i in runner.get_inputs()}})
        assert len(found) == len(wanted)
        worst = max(worst, *(difference(a, b) for a, b in zip(wanted, found, strict=True)))
    return worst


def stir(state: dict[str, torch.Tensor]) -> None:
    """Weights that are not all 0 or 1, so that none can be forgotten."""
    for name, tensor in state.items():
        if tensor.is_floating_point() and tensor.numel() and bool((tensor == tensor.flatten()[0]).all()):
            tensor.copy_(torch.rand_like(tensor) + (0.5 if name.endswith("var") else 0))
