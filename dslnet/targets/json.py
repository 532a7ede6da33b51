"""A model as JSON, and back.

Enters: a checked `Model` and the texts that it was made from. Leaves: text whose second line seals the rest, so that a
file that nobody edited can be written again. Reading gives an equal model: the same dataclasses, through pydantic, and
the texts, so that all that is made of a model can be made of its file. `model.schema.json` in the documentation is made
by `json_schema`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from .. import __version__
from ..exchange import Unreadable
from ..graph import Model
from ..shape import Symbol
from ..source import Source
from .provenance import origins, portable, with_origins

FORMAT = 1


@cache
def _adapter() -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(Model)


def write_json(model: Model, sources: Mapping[str, Source] | None = None) -> str:
    """The model as JSON text, with those of the `sources` that it comes from. Files have the names that they have from
    the folder of the model's own."""
    model, files = portable(model)
    data = _adapter().dump_python(model, mode="json")
    texts = {name: sources[file].text for name, file in sorted(files.items()) if sources and file in sources}
    rest = {"sources": texts, "origins": origins(model)}
    body = '"model": ' + json.dumps(data, ensure_ascii=True, indent=1)
    body += "".join(f',\n"{name}": {json.dumps(value, ensure_ascii=True)}' for name, value in rest.items()) + "}\n"
    sealed = hashlib.sha256(body.encode()).hexdigest()
    return f'{{"dslnet": "{__version__}", "format": {FORMAT}, "seal": "sha256:{sealed}",\n{body}'


def read_json(text: str | bytes) -> Model:
    """The model that a JSON text holds. Raises `ValueError` where it holds none."""
    return read(text)[0]


def read(text: str | bytes) -> tuple[Model, dict[str, Source]]:
    """The model that a JSON text holds, and the sources that it comes from. Raises `ValueError` where it holds none."""
    try:
        whole = json.loads(text)
    except RecursionError:
        raise Unreadable("nested too deep") from None
    if not isinstance(whole, dict) or whole.get("format") != FORMAT or not isinstance(whole.get("model"), dict):
        raise Unreadable(f"not a model of dslnet in format {FORMAT}")
    model: Model = _adapter().validate_python(whole["model"], context={"symbols": _symbols(whole["model"])})
    texts = whole.get("sources", {})
    if not isinstance(texts, dict) or not all(isinstance(value, str) for value in texts.values()):
        raise Unreadable("the sources are texts by name")
    if "origins" in whole:
        model = with_origins(model, whole["origins"])
    return model, {name: Source(name, value) for name, value in texts.items()}


def _symbols(data: dict[str, Any]) -> dict[str, Symbol]:
    """The free dimensions with what is known of them, which sizes need while they are read."""
    found: dict[str, Symbol] = {}
    free = data.get("free")
    for name, fact in free.items() if isinstance(free, dict) else ():
        symbol = found[name] = Symbol(name)
        if not isinstance(fact, dict):
            continue
        for key in ("low", "high", "multiple", "remainder"):
            if isinstance(fact.get(key), int):
                setattr(symbol, key, fact[key])
        if symbol.multiple < 1:
            raise Unreadable(f"{name} is a multiple of {symbol.multiple}")
    return found


ORIGINS_SCHEMA = {
    "type": "object",
    "description": "Where numbers come from: `sizes` has, for all in order, which of the spans, from 1 (0: none; "
    "below 0: which fraction it is), and for how many of them it holds.",
    "properties": {
        "spans": {"type": "array", "items": {"type": "array"}},
        "sizes": {"type": "array", "items": {"type": "integer"}},
    },
    "required": ["spans", "sizes"],
}


def json_schema() -> str:
    """The JSON schema of the files, as the documentation has it."""
    schema = _adapter().json_schema(mode="serialization", ref_template="#/$defs/{model}")
    definitions = schema.pop("$defs", {})
    whole = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A model of dslnet",
        "type": "object",
        "properties": {
            "dslnet": {"type": "string"},
            "format": {"const": FORMAT},
            "seal": {"type": "string"},
            "model": schema,
            "sources": {"type": "object", "additionalProperties": {"type": "string"}},
            "origins": ORIGINS_SCHEMA,
        },
        "required": ["dslnet", "format", "seal", "model"],
        "$defs": definitions,
    }
    return json.dumps(whole, ensure_ascii=True, indent=2, sort_keys=True) + "\n"
