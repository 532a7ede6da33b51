"""Quick dataclasses: `node`, which is frozen, and `record`, which is not.

Enters: a class with annotations. Leaves: the same as a slotted dataclass; it works with `dataclasses.fields` and
`replace`. The library's own sets each field of a
frozen object through `object.__setattr__`, and compiles six methods for each class; a tree has a dozen nodes a line
and forty classes, so here a field is set through its slot and all classes share their methods.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, FrozenInstanceError, dataclass, field
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


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def node(cls: type[T]) -> type[T]:
    """Make a class a node: frozen, compared and printed by its fields."""
    made: Any = dataclass(init=False, repr=False, eq=False, slots=True)(cls)
    names: tuple[str, ...] = tuple(made.__dataclass_fields__)
    setattr(made, "__match_args__", names)  # noqa: B010 - mypy does not let it be assigned
    made.__init__ = _constructor(
        made, {f"set_{name}": made.__dict__[name].__set__ for name in names}, "set_{0}(self, {0})"
    )
    made.__eq__, made.__hash__, made.__repr__ = _equal, _hash, _show
    made.__setattr__, made.__delattr__ = _frozen_set, _frozen_delete
    made.__getstate__, made.__setstate__ = _get_state, _set_state
    made.__dataclass_params__.frozen = True
    return made  # type: ignore[no-any-return]


@dataclass_transform(eq_default=False, field_specifiers=(field,))
def record(cls: type[T]) -> type[T]:
    """Make a class a record: its fields may change, and it is equal to itself only."""
    made: Any = dataclass(init=False, repr=False, eq=False, slots=True)(cls)
    setattr(made, "__match_args__", tuple(made.__dataclass_fields__))  # noqa: B010
    made.__init__, made.__repr__ = _constructor(made, {}, "self.{0} = {0}"), _show
    return made  # type: ignore[no-any-return]


def _constructor(cls: Any, scope: dict[str, Any], setting: str) -> Callable[..., None]:
    """An `__init__` that sets each field. Built from text, as dataclasses build theirs."""
    parameters: list[str] = []
    lines: list[str] = []
    for name, declared in cls.__dataclass_fields__.items():
        if declared.default is not MISSING:
            scope[f"default_{name}"] = declared.default
            parameters.append(f"{name}=default_{name}")
        elif declared.default_factory is not MISSING:
            scope["MISSING"], scope[f"make_{name}"] = MISSING, declared.default_factory
            parameters.append(f"{name}=MISSING")
            lines.append(f" if {name} is MISSING: {name} = make_{name}()")
        else:
            parameters.append(name)
        lines.append(" " + setting.format(name))
    exec("\n".join([f"def __init__(self, {', '.join(parameters)}):", *(lines or [" pass"])]), scope)
    made: Callable[..., None] = scope["__init__"]
    return made
