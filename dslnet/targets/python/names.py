"""The allocator of Python names.

Enters: names that a spec's author chose. Leaves: identifiers that are unique in their scope and shadow nothing: not
a keyword, builtin, dunder, attribute of `nn.Module` or alias of the emitted file. A key of the state_dict keeps
the author's name even where the identifier differs.
"""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Iterable

#: Attributes of nn.Module and its containers that do not begin with an underscore (a test compares with torch).
MODULE_ATTRIBUTES = frozenset(
    """T_destination add_module append apply bfloat16 buffers call_super_init children clear compile cpu cuda double
    dump_patches eval extend extra_repr float forward get_buffer get_extra_state get_parameter get_submodule half
    insert ipu items keys load_state_dict modules mtia named_buffers named_children named_modules named_parameters
    parameters pop register_backward_hook register_buffer register_forward_hook register_forward_pre_hook
    register_full_backward_hook register_full_backward_pre_hook register_load_state_dict_post_hook
    register_load_state_dict_pre_hook register_module register_parameter register_state_dict_post_hook
    register_state_dict_pre_hook requires_grad_ set_extra_state set_submodule share_memory state_dict to to_empty
    train training type update values xpu zero_grad reset_parameters""".split()
)

#: What the class of a model that is trained has beside.
METHODS = frozenset({"plan", "losses", "objective", "average", "generate"})

#: What the methods of training call their arguments and locals.
TRAINING_LOCALS = frozenset({"batch", "losses", "step", "total"})

#: What an emitted file may have at its top.
ALIASES = frozenset({"torch", "nn", "F", "Tensor", "NamedTuple", "OrderedDict", "math", "copy", "self", "init"})

_BUILTINS = frozenset(dir(builtins))
_LEGAL = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,127}")


def fits(name: str) -> bool:
    """Whether a name is an identifier that means nothing else in Python or in the emitted file."""
    if not _LEGAL.fullmatch(name) or "__" in name:
        return False
    return not (keyword.iskeyword(name) or keyword.issoftkeyword(name) or name in _BUILTINS or name in ALIASES)


def attribute_fits(name: str) -> bool:
    """Whether a module may keep a child or parameter under this name as a plain attribute."""
    legal = _LEGAL.fullmatch(name) is not None and "__" not in name and not keyword.iskeyword(name)
    return legal and name not in MODULE_ATTRIBUTES and name not in METHODS


def safe(name: str) -> str:
    """An identifier as near to `name` as is allowed."""
    text = re.sub(r"[^A-Za-z0-9_]", "_", name)
    text = re.sub(r"__+", "_", text).strip("_") or "value"
    if text[0].isdigit():
        text = "n" + text
    text = text[:120]
    while not fits(text):
        text += "_" if not text.endswith("_") else "1"
    return text


class Names:
    """The names of one scope."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self.taken = set(taken)

    def new(self, wanted: str) -> str:
        """`wanted`, or the like with a number, now taken."""
        base = safe(wanted)
        name, number = base, 2
        while name in self.taken:
            name, number = f"{base}{number}" if not base[-1].isdigit() else f"{base}_{number}", number + 1
        self.taken.add(name)
        return name


class LoopNames:
    """The variables of the comprehensions of a constructor, which must hide none of its parameters: those have the
    `names` of the block."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = frozenset(names)

    def new(self, wanted: str, inner: Iterable[str] = ()) -> str:
        """`wanted` where that is free, `inner` being the variables of the comprehensions inside."""
        taken = self.names.union(inner)
        if wanted == "i":
            return next((name for name in "ijkmn" if name not in taken), None) or Names(taken).new("i")
        return Names({"i", *taken}).new(wanted)


def camel(name: str) -> str:
    """A class name from a path segment: `film_block` gives `FilmBlock`."""
    return "".join(part[:1].upper() + part[1:] for part in re.split(r"[^A-Za-z0-9]+", name) if part)


def snake(name: str) -> str:
    """A function name from a class name: `QuickGELU` gives `quick_gelu`."""
    text = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name)
    return re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", text).lower()


def plural(name: str) -> str:
    """A name for a list of things of that name."""
    return name if name.endswith("s") else name + "s"
