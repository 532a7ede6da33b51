"""siamese.net."""

from __future__ import annotations

from . import Small

SMALL = {
    "Siamese": Small({"d": 8}),
}
