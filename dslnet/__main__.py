"""`python -m dslnet`, and the console script: the command line, which may be interrupted while it is loaded, too."""

from __future__ import annotations


def run() -> None:
    """Load the command line and run it; 130 where somebody interrupts that."""
    try:
        from .cli import run as command
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    command()


if __name__ == "__main__":
    run()
