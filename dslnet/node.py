"""Quick dataclasses: `node`, which is frozen, and `record`, which is not.

Enters: a class with annotations. Leaves: the same as a slotted dataclass; it works with `dataclasses.fields` and
`replace`, and with pydantic. The library's own sets each field of a frozen object through `object.__setattr__`,
compiles six methods for each class, and takes as long to load as a small file to check; a tree has a dozen nodes a
line and forty classes, so here a field is set through its slot, all fields are read in one call, and the library is
loaded when somebody asks a class for its fields.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from operator import attrgetter
from typing import Any, NoReturn, TypeVar, dataclass_transform

T = TypeVar("T")


class Made:
    """The default of a field that each object has its own of."""

    def __init__(self, default_factory: Callable[[], Any]) -> None:
        self.default_factory = default_factory


def field(*, default_factory: Callable[[], Any]) -> Any:
    """A default that is made for each object."""
    return Made(default_factory)


def fields(kind: type) -> tuple[str, ...]:
    """The names of the fields of a node or record; none for any other class."""
    return kind.__match_args__ if "__dataclass_fields__" in vars(kind) else ()  # type: ignore[attr-defined]


def replace(changed: T, **fields: Any) -> T:
    """A copy of a node or record with some fields changed."""
    names: tuple[str, ...] = changed.__match_args__  # type: ignore[attr-defined]
    return type(changed)(**{name: getattr(changed, name) for name in names} | fields)


def _frozen_set(self: object, name: str, value: object) -> NoReturn:
    from dataclasses import FrozenInstanceError

    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _frozen_delete(self: object, name: str) -> NoReturn:
    from dataclasses import FrozenInstanceError

    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _reader(names: tuple[str, ...]) -> Callable[[Any], tuple[Any, ...]]:
    """What gives the fields of an object, in order."""
    if len(names) > 1:
        return attrgetter(*names)
    return lambda made: tuple([getattr(made, name) for name in names])


def _comparison(values: Callable[[Any], tuple[Any, ...]]) -> Callable[[Any, object], Any]:
    def equal(self: Any, other: object) -> Any:
        if type(other) is not type(self):
            return NotImplemented
        return self is other or values(self) == values(other)

    return equal


def _show(self: Any) -> str:
    inside = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__match_args__)
    return f"{type(self).__qualname__}({inside})"


def _get_state(self: Any) -> list[Any]:
    return [getattr(self, name) for name in self.__match_args__]


def _set_state(self: Any, state: list[Any]) -> None:
    for name, value in zip(self.__match_args__, state, strict=True):
        object.__setattr__(self, name, value)


class _Twin:
    """What a real dataclass with the same fields has under a name, made when it is asked for."""

    def __init__(self, name: str, defaults: dict[str, Any], frozen: bool) -> None:
        self.name, self.defaults, self.frozen = name, defaults, frozen

    def __get__(self, instance: object, owner: type) -> Any:
        import dataclasses

        body: dict[str, Any] = {"__module__": owner.__module__, "__annotations__": owner.__annotations__}
        for name, default in self.defaults.items():
            made = isinstance(default, Made)
            body[name] = dataclasses.field(default_factory=default.default_factory) if made else default
        twin: type = dataclasses.dataclass(init=False, eq=False, frozen=self.frozen)(type(owner.__name__, (), body))
        value = twin.__dict__[self.name]
        setattr(owner, self.name, value)
        return value


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def node(cls: type[T]) -> type[T]:
    """Make a class a node: frozen, compared and printed by its fields."""
    made, defaults = _slotted(cls, frozen=True)
    scope = {f"set_{name}": made.__dict__[name].__set__ for name in made.__match_args__}
    made.__init__ = _constructor(made.__match_args__, defaults, scope, "set_{0}(self, {0})")
    values = _reader(made.__match_args__)
    made.__eq__, made.__hash__, made.__repr__ = _comparison(values), lambda self: hash(values(self)), _show
    made.__setattr__, made.__delattr__ = _frozen_set, _frozen_delete
    made.__getstate__, made.__setstate__ = _get_state, _set_state
    return made  # type: ignore[no-any-return]


@dataclass_transform(eq_default=False, field_specifiers=(field,))
def record(cls: type[T]) -> type[T]:
    """Make a class a record: its fields may change, and it is equal to itself only."""
    made, defaults = _slotted(cls, frozen=False)
    made.__init__, made.__repr__ = _constructor(made.__match_args__, defaults, {}, "self.{0} = {0}"), _show
    return made  # type: ignore[no-any-return]


def _slotted(cls: type, frozen: bool) -> tuple[Any, dict[str, Any]]:
    """The class again with a slot for each field (and a `__dict__` where a property is cached), and the defaults."""
    body = dict(cls.__dict__)
    names = tuple(
        name for name, kind in body.get("__annotations__", {}).items() if not str(kind).startswith("ClassVar")
    )
    defaults = {name: body.pop(name) for name in names if name in body}
    cached = any(isinstance(value, cached_property) for value in body.values())
    slots = (*names, "__dict__") if cached else names
    for name in ("__dict__", "__weakref__"):
        body.pop(name, None)
    twins = {name: _Twin(name, defaults, frozen) for name in ("__dataclass_fields__", "__dataclass_params__")}
    made = type(cls)(cls.__name__, cls.__bases__, body | {"__slots__": slots, "__match_args__": names} | twins)
    made.__qualname__ = cls.__qualname__
    return made, defaults


def _constructor(
    names: tuple[str, ...], defaults: dict[str, Any], scope: dict[str, Any], setting: str
) -> Callable[..., None]:
    """An `__init__` that sets each field. Built from text, as dataclasses build theirs."""
    parameters: list[str] = []
    lines: list[str] = []
    for name in names:
        if name not in defaults:
            parameters.append(name)
        elif isinstance(default := defaults[name], Made):
            scope["Made"], scope[f"make_{name}"] = Made, default.default_factory
            parameters.append(f"{name}=Made")
            lines.append(f" if {name} is Made: {name} = make_{name}()")
        else:
            scope[f"default_{name}"] = default
            parameters.append(f"{name}=default_{name}")
        lines.append(" " + setting.format(name))
    exec("\n".join([f"def __init__(self, {', '.join(parameters)}):", *(lines or [" pass"])]), scope)
    made: Callable[..., None] = scope["__init__"]
    return made
