"""autoencoder.net."""

from __future__ import annotations

from . import Small

SMALL = {
    "Autoencoder": Small({"code": 4}),
}
