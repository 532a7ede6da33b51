"""`generate` of an autoregressive model.

Enters: the promise `autoregressive tokens: logits` of a model, which is proved. Leaves: the lines of the method, for
tokens [B, T] of type long; for other kinds lines that say why there is nothing to generate. Since no logits see later
tokens, a model of a fixed number of steps, or of a multiple, is run on zeros behind the last token.
"""

from __future__ import annotations

import ast
from textwrap import wrap
from typing import TYPE_CHECKING

from ...graph import Autoregressive, Fact, Input
from ...shape import Dim, Size, Tensor, same
from .layout import STEP, WIDTH, call_lines, statement
from .literals import docstring, lit, plain
from .names import Names
from .tree import Call, Literal, Name

if TYPE_CHECKING:
    from .classes import Project

LOCALS = {
    "prompt",
    "max_new",
    "temperature",
    "top_k",
    "seed",
    "generator",
    "training",
    "tokens",
    "seen",
    "length",
    "new",
}
ARGUMENTS = ["max_new: int = 100", "temperature: float = 1.0", "top_k: int | None = None", "seed: int | None = None"]


def generating(project: Project) -> list[str]:
    """The lines of `generate`, none where the model promises nothing."""
    promises = project.inference.objectives.autoregressive
    return _Generate(project, promises[0]).lines() if len(promises) == 1 else []


class _Generate:
    def __init__(self, project: Project, promise: Autoregressive) -> None:
        self.project, self.promise = project, promise
        definition = project.inference.definition
        self.inputs = {i.value.name: i for i in definition.inputs if i.kind == "input"}
        self.tokens = self.inputs.get(promise.tokens)
        self.values = definition.values()
        self.outputs = [(name, value) for name, value in definition.outputs]

    # ------------------------------------------------------------------------------------------------- kinds

    def reason(self) -> str:
        """Why nothing can be generated; empty where it can."""
        if self.tokens is None:
            return f"`{self.promise.tokens}` is not an input"
        type_ = self.tokens.value.type
        if not isinstance(type_, Tensor) or type_.dtype != "long" or type_.rank != 2:
            return f"`{self.promise.tokens}` is {type_}, not tokens of type [B, T] long"
        if self.promise.logits not in [value for _, value in self.outputs]:
            return f"`{self.promise.logits}` is not an output"
        if isinstance(self.steps, Dim) and self.steps.symbol() is None:
            return f"the number of steps is {self.steps}"
        told = self.values[self.promise.logits].type
        if not isinstance(told, Tensor) or told.rank != 3 or self.axis() is None:
            return f"`{self.promise.logits}` is {told}, not scores of each token for each step"
        for other in self.others():
            if not other.optional and self.grows(other):
                return f"`{other.value.name}` is as long as `{self.promise.tokens}`, and would have to grow with it"
        return ""

    @property
    def steps(self) -> Size:
        assert self.tokens is not None and isinstance(self.tokens.value.type, Tensor)
        return self.tokens.value.type.sizes[1]

    def axis(self) -> int | None:
        """Where the scores have their steps."""
        told = self.values[self.promise.logits].type
        assert isinstance(told, Tensor)
        return next((axis for axis in (1, 2) if same(told.sizes[axis], self.steps)), None)

    def others(self) -> list[Input]:
        return [i for i in self.inputs.values() if i is not self.tokens]

    def grows(self, other: Input) -> bool:
        """Whether an input has an axis for the steps."""
        type_, steps = other.value.type, self.steps
        if not isinstance(type_, Tensor) or not isinstance(steps, Dim):
            return isinstance(type_, Tensor) and any(same(size, steps) for size in type_.sizes[1:])
        names = set(steps.symbols())
        return any(isinstance(size, Dim) and names & set(size.symbols()) for size in type_.sizes)

    # ------------------------------------------------------------------------------------------------- lines

    def lines(self) -> list[str]:
        why = self.reason()
        inner = STEP * 2
        if why:
            head = call_lines("def generate(", ["self", "*args: object", "**options: object"], ") -> Tensor:", STEP)
            return [*head, *docstring(wrap(f"Raises an error: {why}.", WIDTH - 14), inner), *self.refusal(why)]
        for name in ("random_generator", "sample_token"):
            self.project.copied.use(name)
        names = Names(LOCALS)
        others = {i.value.name: names.new(i.value.name) for i in self.others() if not self.grows(i)}
        arguments = ["self", "prompt: Tensor", *ARGUMENTS]
        if others:
            arguments += ["*", *(_argument(self.inputs[name], local) for name, local in others.items())]
        lines = [f"{STEP}@torch.no_grad()", *_header(arguments), *docstring(self.doc(), inner)]
        first, fed, last = self.window()
        given = ["fed" if i is self.tokens else others.get(i.value.name, "None") for i in self.inputs.values()]
        while given[-1] == "None":
            given.pop()
        result = self.result()
        score = f"[:, :, {last}]" if self.axis() == 2 else f"[:, {last}]"
        body = [
            "generator = random_generator(seed, prompt.device)",
            "training, tokens = self.training, prompt",
            "self.eval()",
            "try:",
            "    for _ in range(max_new):",
            *(f"        {line}" for line in first),
            f"        logits = self({', '.join(given).replace('fed', fed, 1)}){result}{score}",
            "        new = sample_token(logits, temperature, top_k, generator)",
            "        tokens = torch.cat((tokens, new), dim=1)",
            "finally:",
            "    self.train(training)",
            "return tokens",
        ]
        return lines + [inner + line for line in body]

    def refusal(self, why: str) -> list[str]:
        """The line that raises."""
        text = lit(plain(f"{self.project.inference.name} generates nothing: {why}", 400))
        return statement(Call(Name("raise NotImplementedError"), (Literal(ast.literal_eval(text)),)), indent=STEP * 2)

    def result(self) -> str:
        """How the scores are read from what `forward` returns."""
        if len(self.outputs) == 1:
            return ""
        return f"[{[value for _, value in self.outputs].index(self.promise.logits)}]"

    def window(self) -> tuple[list[str], str, str]:
        """The lines that cut what the model sees, what it is fed, and where the last scores are."""
        most, least, multiple, remainder = self.bounds()
        first = [f"seen = tokens[:, -{most}:]"] if most is not None else []
        name = "seen" if first else "tokens"
        if most is not None and most == least:
            pad = f"{most} - length"
        else:
            parts = [f"{least} - length"] if least > 1 else []
            parts += [f"{remainder or ''}{' ' if remainder else ''}-{' ' if remainder else ''}length % {multiple}"]
            if remainder:
                parts[-1] = f"({remainder} - length) % {multiple}"
            parts = parts if multiple > 1 else [*parts[:-1], "0"]
            pad = parts[0] if len(parts) == 1 else f"max({', '.join(parts)})"
        if pad == "0":
            return first, name, "-1"
        return [*first, f"length = {name}.shape[1]"], f"F.pad({name}, (0, {pad}))", "length - 1"

    def bounds(self) -> tuple[int | None, int, int, int]:
        """How many steps a model takes at most and at least, and of what number they are a multiple, plus what."""
        steps = self.steps
        if isinstance(steps, int):
            return int(steps), int(steps), 1, 0
        fact = self.project.inference.free.get(str(steps), Fact())
        most, least = fact.high, fact.low
        if most is not None:
            most -= (most - fact.remainder) % fact.multiple
        return most, least + (fact.remainder - least) % fact.multiple, fact.multiple, fact.remainder

    def doc(self) -> list[str]:
        """What the method says of itself."""
        most = self.bounds()[0]
        text = (
            "The prompt, [B, T] long, and `max_new` tokens behind it. Each is drawn at a temperature, of the `top_k` "
            "likeliest if that is given; at temperature 0 it is the likeliest. Draws with the same seed are the same."
        )
        if most is not None:
            text += f" The last {most} tokens are seen."
        return wrap(text, WIDTH - 14)


def _header(arguments: list[str]) -> list[str]:
    """The first lines of the method: each argument has a line."""
    return [f"{STEP}def generate(", *(f"{STEP * 2}{a}," for a in arguments), f"{STEP}) -> Tensor:"]


def _argument(given: Input, name: str) -> str:
    return f"{name}: Tensor | None = None" if given.optional else f"{name}: Tensor"
