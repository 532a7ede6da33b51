"""How pydantic reads and writes the values of the graph, and how its JSON schema shows them.

Enters: what pydantic asks of a class. Leaves: the hooks of `Dim`, `Operator` and of fields that may hold any value.
They call `exchange.py`; a run that exchanges nothing loads neither that nor pydantic.
"""

from __future__ import annotations

from typing import Any

OPERATOR_SCHEMA = {
    "type": "object",
    "title": "Operator",
    "properties": {"op": {"type": "string"}, "arguments": {"type": "object"}},
    "required": ["op", "arguments"],
    "additionalProperties": False,
}
DIM_SCHEMA = {
    "type": "object",
    "title": "Dim",
    "description": "A size that is not known: arithmetic over the free dimensions of the model.",
    "properties": {"dim": {"type": "string"}},
    "required": ["dim"],
    "additionalProperties": False,
}
VALUE_SCHEMA = {
    "title": "Value",
    "description": "null, a boolean, a number, a string, a list of values, a table, a Dim, an Operator or a module.",
}


def core_schema(expected: tuple[type, ...]) -> Any:
    """How pydantic reads and writes one of these values. Symbols come from the context of the validation."""
    from pydantic_core import core_schema as schemas

    from .exchange import decode, encode

    def read(data: Any, info: Any) -> Any:
        value = decode(data, (info.context or {}).get("symbols", {}))
        if expected and not isinstance(value, expected):
            raise ValueError(f"not a {expected[0].__name__}")
        return value

    return schemas.with_info_plain_validator_function(
        read, serialization=schemas.plain_serializer_function_ser_schema(encode)
    )


class Anything:
    """The annotation of a field that may hold any value of the graph."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        return core_schema(())

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> Any:
        return dict(VALUE_SCHEMA)
