"""What emitted source may hold.

Enters: text. Leaves: nothing, or `InternalError`. This knows nothing of the emitter: it parses the text and walks
it, so a hole in the emitter is found before anything runs. Names must be defined in the file or be on a list, the
things reached through `torch`, `nn` and `F` must not lead out of computing, and no attribute is private.
"""

from __future__ import annotations

import ast
import builtins

from .names import MODULE_ATTRIBUTES

_NODES = frozenset(
    """Module Import ImportFrom alias ClassDef FunctionDef arguments arg Return Assign AnnAssign AugAssign For If Expr
    Pass Delete Name Attribute Call keyword Constant Subscript Slice Tuple List Starred BinOp UnaryOp Compare BoolOp
    IfExp ListComp GeneratorExp comprehension Load Store Del Add Sub Mult Div FloorDiv Mod Pow MatMult USub Not Invert
    And Or Eq NotEq Lt LtE Gt GtE Is IsNot In NotIn BitAnd BitOr BitXor Raise With withitem Lambda Dict JoinedStr
    FormattedValue DictComp Continue Break While Assert Try""".split()
)
_BUILTINS = frozenset(
    """range len int float bool str list tuple dict set zip enumerate reversed min max sum abs super isinstance
    staticmethod property map next sorted any all round ValueError RuntimeError
    NotImplementedError object None True False slice""".split()
)
_IMPORTS = frozenset({"torch", "torch.nn.functional", "math", "copy", "typing", "torch.nn"})
_FROM = {"collections": {"OrderedDict"}, "torch": {"Tensor", "nn"}, "typing": {"NamedTuple", "Any"}}
_PRIVATE = frozenset({"__init__", "_modules", "_parameters", "_buffers", "_", "__len__", "__iter__"})
#: What must not be reached through `torch`, `nn`, `F`, or as a method of anything.
_REFUSED = frozenset(
    """load save hub ops classes jit serialization package multiprocessing distributed library backends cuda compile
    export onnx fx utils os sys subprocess importlib builtins storage from_file fromfile tofile numpy share_memory
    set_default_device overrides testing profiler monitor futures rpc ctypes eval exec open getattr setattr globals
    locals warnings register_forward_hook register_forward_pre_hook register_full_backward_hook
    load_state_dict torch_function version cpp types functools inspect pickle modules""".split()
)
#: Those of these that every module has.
_OF_MODULES = _REFUSED & MODULE_ATTRIBUTES
_ALLOWED_CHAINS = frozenset({"nn.utils.parametrizations", "nn.utils"})


class InternalError(Exception):
    """A bug of dslnet: what was emitted is not what may be emitted (E9001). Nothing was run."""

    code = "E9001"


def check(text: str, modules: frozenset[str] = frozenset()) -> None:
    """Refuse a text that holds anything but what an emitted model needs. `modules` may be imported besides."""
    if not text.isascii():
        raise InternalError("emitted source is not ASCII")
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError) as error:
        raise InternalError(f"emitted source is not Python: {error}") from error
    nodes = list(ast.walk(tree))
    known = _defined(nodes)
    if hidden := known & set(dir(builtins)):
        # one definition anywhere would let the builtin be used wherever it does not reach
        raise InternalError(f"emitted source defines {min(hidden)}")
    for node in nodes:
        kind = type(node).__name__
        if kind not in _NODES:
            raise InternalError(f"emitted source holds a {kind}")
        if isinstance(node, ast.Import):
            if any(a.name not in _IMPORTS for a in node.names):
                raise InternalError("emitted source imports more than it may")
        elif isinstance(node, ast.ImportFrom):
            allowed = _FROM.get(node.module or "", set())
            if node.level or (node.module not in modules and any(a.name not in allowed for a in node.names)):
                raise InternalError(f"emitted source imports from {node.module}")
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            if node.id not in known and node.id not in _BUILTINS:
                raise InternalError(f"emitted source uses the name {node.id}")
        elif isinstance(node, ast.Attribute):
            _attribute(node)


def _defined(nodes: list[ast.AST]) -> set[str]:
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
            found.add(node.name)
        elif isinstance(node, ast.arg):
            found.add(node.arg)
        elif isinstance(node, ast.alias):
            found.add((node.asname or node.name).partition(".")[0])
        elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            found.add(node.id)
    return found


def _attribute(node: ast.Attribute) -> None:
    name = node.attr
    if name.startswith("_") and name not in _PRIVATE:
        raise InternalError(f"emitted source uses the attribute {name}")
    if name not in _REFUSED:
        return
    chain: list[str] = []
    part: ast.expr = node
    while isinstance(part, ast.Attribute):
        chain.append(part.attr)
        part = part.value
        if name == "eval" and isinstance(part, ast.Subscript):
            part = part.value  # `self.layers[0].eval()`
    root = part.id if isinstance(part, ast.Name) else ""
    dotted = ".".join([root, *reversed(chain)])
    if dotted in _ALLOWED_CHAINS:
        return
    if root == "self" and name == "eval":
        return  # a module's mode, not the builtin
    if root == "self" and name not in _OF_MODULES:
        return  # a module, or a wire of a block, that the author called so
    raise InternalError(f"emitted source reaches {dotted}")
