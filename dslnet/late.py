"""Class attributes that are made when somebody asks for them.

Invariant: what is made replaces the one that made it, so it is made once for each class.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Late:
    """The attribute `name` of a class, which `make` gives for that class."""

    def __init__(self, name: str, make: Callable[[Any], Any]) -> None:
        self.name, self.make = name, make

    def __get__(self, instance: object, owner: type) -> Any:
        value = self.make(owner)
        setattr(owner, self.name, value)
        return value
