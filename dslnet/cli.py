"""The command line.

Enters: the words after `dslnet`. Leaves: an exit code: 0 well, 1 mistakes in a spec, 2 a wrong command line, 3 a
bug of ours, 130 interrupted. `dslnet check FILE...` is answered here, so that it need not wait for an option parser.
"""

from __future__ import annotations

import errno
import gc
import os
import sys

from .settings import Misuse
from .terminal import Session, confess, prepare, put, tell

#: How a write fails that is no fault of ours: no room left, a device that is gone.
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF)


def run() -> None:
    """The console script: `main`, and an end without the interpreter's tidying, which takes as long as a check."""
    gc.set_threshold(200_000)  # what a command builds stays until its end, so looking for garbage is in vain
    code = main()
    if "torch" in sys.modules:  # it may have processes and files to close
        sys.exit(code)
    for stream in (sys.stdout, sys.stderr):
        try:
            put("", stream)
        except OSError as error:
            code = code or unwritable(error)
    os._exit(code)


def unwritable(error: OSError) -> int:
    """Say that a standard stream takes no more, and the exit code of that."""
    tell(f"dslnet: the output cannot be written: {error.strerror}\n")
    return 1


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit code. Never raises."""
    prepare()
    session = Session()
    words = sys.argv[1:] if arguments is None else arguments
    try:
        if len(words) > 1 and words[0] == "check" and not any(word.startswith("-") for word in words):
            from .commands import check

            return check(session, tuple(words[1:]))
        from .options import run

        return run(words, session)
    except Misuse as error:
        from .render.characters import visible

        told = "\n".join(map(visible, str(error).split("\n")))  # the name of a file may stand in it, which may be any
        tell(f"dslnet: {told}\n")
        return 2
    except KeyboardInterrupt:
        tell("\n")
        return 130
    except BrokenPipeError:
        return 0
    except OSError as error:
        if error.errno not in FULL:
            tell(confess(error, session))
            return 3
        return unwritable(error)
    except Exception as error:
        tell(confess(error, session))
        return 3
