"""A quick frozen dataclass.

Enters: a class with annotations. Leaves: the same as a slotted dataclass that cannot be changed, compares and
prints by its fields, and works with `dataclasses.fields` and `replace`. The library's own sets each field of a
frozen object through `object.__setattr__`, and compiles six methods for each class; a tree has a dozen nodes a line
and forty classes, so here a field is set through its slot and all classes share their methods.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import FrozenInstanceError, dataclass
from typing import Any, NoReturn, TypeVar, dataclass_transform

T = TypeVar("T")


def _frozen_set(self: object, name: str, value: object) -> NoReturn:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _frozen_delete(self: object, name: str) -> NoReturn:
    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _values(self: Any) -> tuple[Any, ...]:
    return tuple([getattr(self, name) for name in self.__match_args__])


def _equal(self: Any, other: object) -> Any:
    if type(other) is not type(self):
        return NotImplemented
    return self is other or _values(self) == _values(other)


def _hash(self: Any) -> int:
    return hash(_values(self))


def _show(self: Any) -> str:
    inside = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__match_args__)
    return f"{type(self).__qualname__}({inside})"


def _get_state(self: Any) -> list[Any]:
    return list(_values(self))


def _set_state(self: Any, state: list[Any]) -> None:
    for name, value in zip(self.__match_args__, state, strict=True):
        object.__setattr__(self, name, value)


@dataclass_transform(frozen_default=True)
def node(cls: type[T]) -> type[T]:
    """Make a class a node. Its fields have no defaults."""
    made: Any = dataclass(init=False, repr=False, eq=False, slots=True)(cls)
    names: tuple[str, ...] = tuple(made.__dataclass_fields__)
    setattr(made, "__match_args__", names)  # noqa: B010 - mypy does not let it be assigned
    made.__init__ = _constructor(names, {f"set_{name}": made.__dict__[name].__set__ for name in names})
    made.__eq__, made.__hash__, made.__repr__ = _equal, _hash, _show
    made.__setattr__, made.__delattr__ = _frozen_set, _frozen_delete
    made.__getstate__, made.__setstate__ = _get_state, _set_state
    return made  # type: ignore[no-any-return]


def _constructor(names: tuple[str, ...], setters: dict[str, Any]) -> Callable[..., None]:
    """An `__init__` that writes each field into its slot. Built from text, as dataclasses build theirs."""
    lines = [f"def __init__(self, {', '.join(names)}):", *(f" set_{name}(self, {name})" for name in names)]
    scope = setters
    exec("\n".join(lines), scope)
    made: Callable[..., None] = scope["__init__"]
    return made
