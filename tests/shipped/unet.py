"""unet.net."""

from __future__ import annotations

from . import Small

SMALL = {
    "UNet": Small({"width": 4}, {"H": (32, 48), "W": (48, 32)}),
    # Solving for its sizes takes torch a quarter of a minute; `UNet` is exported.
    "PaperUNet": Small({"width": 2}, {"H": (204, 220), "W": (220, 204)}, export=False),
}
