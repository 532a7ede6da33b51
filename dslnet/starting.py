"""`dslnet new`: a starting file for each design pattern, to change into a model of one's own.

Enters: the name of a pattern. Leaves: a spec that checks without a word. The files are `specs/patterns/*.net`, and
each begins with a comment: the pattern's title, an empty line, and when to use it. It ends with its one model.
"""

from __future__ import annotations

import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

from . import resources
from .diagnostics import Report, did_you_mean
from .files import write_output
from .settings import Misuse
from .terminal import Session, put, show

#: What a pattern is called elsewhere, or an architecture that is known for it.
_ELSEWHERE = {
    "autoencoder": "encoder_decoder", "bert": "attention", "cnn": "residual", "dann": "gradient_reversal",
    "ddpm": "diffusion", "densenet": "dense", "distillation": "teacher_student", "ema": "mean_teacher",
    "film": "modulation", "fusion": "multi_input", "gan": "adversarial", "gcn": "graph", "gnn": "graph",
    "gpt": "autoregressive", "lstm": "recurrent", "metric": "siamese", "moe": "mixture_of_experts",
    "multimodal": "multi_input", "multitask": "multi_output", "resnet": "residual", "rnn": "recurrent",
    "simclr": "contrastive", "transformer": "attention", "triplet": "siamese", "unet": "diffusion",
    "vae": "variational",
}  # fmt: skip


@dataclass(frozen=True)
class Pattern:
    """A starting file. `name` has underscores, as the file does; `text` is all of it."""

    name: str
    title: str
    when: str
    text: str

    @property
    def spelled(self) -> str:
        """The name as it is typed: `encoder-decoder`."""
        return self.name.replace("_", "-")

    @property
    def spec(self) -> str:
        """The text without the comment that it begins with."""
        return self.text[_header(self.text) :].lstrip("\n")

    def comment(self, key: str = "") -> str:
        """What the model's doc comment says under a key, such as `paper`; without one, its caption."""
        start = "## " + (f"{key}: " if key else "")
        above = self.text[: self.text.index("\nmodel ")].rpartition("\n\n")[2].splitlines()
        return next((line.removeprefix(start) for line in above if line.startswith(start)), "")


def patterns() -> list[Pattern]:
    """All patterns, by name."""
    return [_read(path) for path in sorted((resources.specs() / "patterns").glob("*.net"))]


def pattern(name: str) -> Pattern | list[str]:
    """The pattern of a name, written with `-` or `_`; or the names that are near."""
    known = {each.name: each for each in patterns()}
    wanted = name.lower().replace("-", "_")
    if wanted in known:
        return known[wanted]
    parts = [each for each in known if wanted in each.split("_") or each in wanted]
    return [known[near].spelled for near in parts or did_you_mean(wanted, known, _ELSEWHERE)]


def command(session: Session, name: str | None, output: str | None, force: bool) -> int:
    """Write the starting file of a pattern, or list the patterns."""
    session.doing("new")
    if name is None:
        known = patterns()
        longest = max(len(each.spelled) for each in known)
        put("".join(f"{each.spelled:<{longest}}  {each.comment()}\n" for each in known))
        return 0
    found = pattern(name)
    if isinstance(found, list):
        near = " or ".join(f"`{each}`" for each in found)
        told = f"did you mean {near}?" if near else "`dslnet new` lists them"
        raise Misuse(f"there is no pattern `{name}`; {told}")
    target = f"{found.name}.net" if output is None else output
    if target == "-":
        put(found.text)
        return 0
    if not target.endswith(".net"):
        raise Misuse(f"`{target}` must end in .net")
    report = Report()
    if not write_output(target, found.text.encode(), report, force):
        show(report, stream=sys.stderr)
        return 1
    typed = shlex.quote(f"./{target}" if target.startswith("-") else target)
    put(f"{target} written; `dslnet check {typed}` and `dslnet draw {typed}` go on from here\n")
    return 0


def _read(path: Path) -> Pattern:
    text = path.read_text(encoding="utf-8")
    lines = [line.removeprefix("#").strip() for line in text[: _header(text)].splitlines()]
    return Pattern(path.stem, lines[0], "\n".join(lines[2:]), text)


def _header(text: str) -> int:
    """Where the comment at the beginning ends."""
    end = 0
    for line in text.splitlines(keepends=True):
        if not line.startswith("#"):
            break
        end += len(line)
    return end
