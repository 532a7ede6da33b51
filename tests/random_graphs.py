"""Random specs that are right by construction.

Enters: a source of random choices. Leaves: the text of a model. A pool of named wires with known shapes is kept; each
step draws a box whose needs one of them meets. What a wire is, is written as an assertion only sometimes, so that
most of what is inferred is not told.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

#: A shape: `B`, `T`, `H`, `W` or text for free sizes, numbers for known ones.
Shape = tuple[object, ...]

POINTWISE = "ReLU GELU Tanh Sigmoid SiLU Softplus ELU LeakyReLU(0.2) HardSwish Mish Identity Dropout(0.1)".split()
WIDTHS = (4, 6, 8, 12)


@dataclass
class Wire:
    """A name that may be read, and its shape: (B, d), (B, T, d) or (B, C, H, W)."""

    name: str
    shape: Shape


@dataclass
class Writer:
    """The text so far."""

    random: Random
    blocks: list[str] = field(default_factory=list)
    count: int = 0
    boxes: set[str] = field(default_factory=set)

    def fresh(self, stem: str) -> str:
        self.count += 1
        return f"{stem}{self.count}"

    def maybe(self, chance: float) -> bool:
        return self.random.random() < chance

    def pick(self, *choices: str) -> str:
        chosen = self.random.choice(choices)
        self.boxes.add(chosen.partition("(")[0])
        return chosen

    # -------------------------------------------------------------------------------------------- one box

    def same(self, shape: Shape) -> str:
        """A box that keeps a shape."""
        width = shape[1] if len(shape) == 4 else shape[-1]
        options = [*POINTWISE]
        if len(shape) == 2:
            options += [f"Linear({width})", "BatchNorm", "LayerNorm", f"Linear({width}, bias=false)", "Softmax"]
        elif len(shape) == 3:
            options += [f"Linear({width})", "LayerNorm", "RMSNorm", "Attention(2)", "Attention(2, causal=true)",
                        f"GRU({width})", f"LSTM({width})", "SwiGLU(8)", "FeedForward(8)"]  # fmt: skip
        else:
            options += [f"Conv({width}, 3)", "BatchNorm", "GroupNorm(2)", f"Conv({width}, 1, bias=false)",
                        "DepthwiseConv(3)", f"Conv({width}, 5, groups=2)", "MaxPool(3, stride=1)"]  # fmt: skip
        return self.pick(*options)

    def change(self, shape: Shape) -> tuple[str, Shape]:
        """A box that changes a shape."""
        width = self.random.choice(WIDTHS)
        if len(shape) == 2:
            return self.pick(f"Linear({width})", f"Linear({width}, bias=false)"), (*shape[:-1], width)
        if len(shape) == 3:
            box = self.pick(f"Linear({width})", f"GRU({width})", f"RNN({width})", "Transpose -> Transpose")
            return box, shape if box.startswith("Trans") else (*shape[:-1], width)
        return self.pick(f"Conv({width}, 3)", f"Conv({width}, 1)"), (shape[0], width, *shape[2:])

    def to(self, shape: Shape, width: object) -> str:
        """A box that gives a shape another width."""
        return f"Conv({width}, 1)" if len(shape) == 4 else f"Linear({width})"

    def width(self, shape: Shape) -> object:
        return shape[1] if len(shape) == 4 else shape[-1]

    def with_width(self, shape: Shape, width: object) -> Shape:
        return (shape[0], width, *shape[2:]) if len(shape) == 4 else (*shape[:-1], width)

    # -------------------------------------------------------------------------------------- steps of a flow

    def pipeline(self, shape: Shape) -> tuple[str, Shape]:
        parts = []
        for _ in range(self.random.randint(1, 3)):
            if self.maybe(0.5):
                parts.append(self.same(shape))
            else:
                box, shape = self.change(shape)
                parts.append(box)
        if self.maybe(0.3):
            parts.append(f"[{', '.join(map(str, shape))}]")
        return " -> ".join(parts), shape

    def keeping(self, shape: Shape, depth: int) -> list[str]:
        """Lines below a dash that end in the shape that they begin with."""
        lines, now = self.flow(shape, depth + 1, self.random.randint(1, 2))
        if now != shape:
            lines.append(f"- {self.to(now, self.width(shape))}")
        return lines

    def step(self, shape: Shape, depth: int, pool: list[Wire]) -> tuple[list[str], Shape]:
        """One dash, perhaps with lines below it."""
        kinds = ["line", "line", "named", "group"]
        if depth < 3:
            kinds += ["residual", "projected", "repeat", "rounds", "list", "concat", "add", "mul", "stack", "if",
                      "each", "block", "side", "shared", "tied"]  # fmt: skip
        kind = self.random.choice(kinds)
        self.boxes.add(kind)
        axis = "axis=2" if len(shape) == 3 else "axis=1"
        match kind:
            case "line":
                text, after = self.pipeline(shape)
                return [f"- {text}"], after
            case "named":
                text, after = self.pipeline(shape)
                name = self.fresh("s")
                pool.append(Wire(name, after))
                return [f"- {name}: {text}"], after
            case "group":
                name = self.fresh("g")
                lines, after = self.flow(shape, depth + 1, 2)
                pool.append(Wire(name, after))
                return [f"- {name}:", *below(lines)], after
            case "residual":
                return ["- residual:", *below(self.keeping(shape, depth))], shape
            case "projected":
                text, after = self.pipeline(shape)
                lane = self.to(shape, self.width(after))
                return ["- residual:", f"    - {text}", f"    | {lane}"], after
            case "repeat":
                return [f"- repeat {self.random.randint(0, 3)}:", *below(self.keeping(shape, depth))], shape
            case "rounds":
                name, base = self.fresh("i"), self.width(shape)
                return [f"- repeat {name} in {self.random.randint(1, 3)}:",
                        f"    - {self.to(shape, f'4 + 2 * {name}')} -> {self.pick(*POINTWISE)}",
                        f"    - {self.to(shape, base)}"], shape  # fmt: skip
            case "list":
                name, widths = self.fresh("w"), self.random.choices(WIDTHS, k=2)
                return [f"- repeat {name} in {list(widths)}: {self.to(shape, name)}"], self.with_width(
                    shape, widths[-1]
                )
            case "concat" | "add" | "mul" | "stack":
                return self.lanes(kind, shape, depth, axis)
            case "each":
                number = self.random.randint(1, 3)
                body = self.to(shape, number * 2)
                lines = [f"- concat({axis}):", f"    | each {number}: {body}", "    | Identity"]
                return lines, self.with_width(shape, int(str(self.width(shape))) + number * number * 2)
            case "if":
                name = self.fresh("a")
                first, other = self.same(shape), self.same(shape)
                condition = self.random.choice(["1 < 2", "not (2 == 2)", f"{self.width(shape)} % 4 == 0"])
                return [f"- if {condition}:", f"    - {name}: {first}", "- else:", f"    - {name}: {other}"], shape
            case "block":
                return self.call(shape, depth)
            case "side":
                return self.with_side(shape, pool)
            case "shared":
                name = self.fresh("m")
                box = self.to(shape, self.width(shape))
                return [f"{name}: {box} -> {self.same(shape)}", f"- {name} -> {name}"], shape
        name = self.fresh("n")
        lines = [*self.keeping(shape, 3), f"- {self.to(shape, self.width(shape))}"]
        return [f"{name}:", *below(lines), f"- repeat 2: {name}"], shape

    def lanes(self, kind: str, shape: Shape, depth: int, axis: str) -> tuple[list[str], Shape]:
        number, width = self.random.randint(1, 3), self.random.choice(WIDTHS)
        option = {"concat": f"({axis})", "stack": "(axis=0)"}.get(kind, "")
        lines = [f"- {kind}{option}:"]
        for _ in range(number):
            if self.maybe(0.3) and depth < 2:
                inner, after = self.flow(shape, depth + 2, 1)
                lines += ["    |", *(f"        {line}" for line in [*inner, f"- {self.to(after, width)}"])]
                lines[-len(inner) - 2] = f"    | {self.fresh('l')}:"
            else:
                lines.append(f"    | {self.same(shape)} -> {self.to(shape, width)}")
        if kind == "stack":
            return [*lines, "- Sum(axis=0)"], self.with_width(shape, width)
        return lines, self.with_width(shape, width * number if kind == "concat" else width)

    def with_side(self, shape: Shape, pool: list[Wire]) -> tuple[list[str], Shape]:
        alike = [w for w in pool if w.shape == shape]
        if alike:
            wire = self.random.choice(alike).name
            box = self.pick("Add", "Mul")
            return [f"- {box} with {wire}"], shape
        others = [w for w in pool if len(w.shape) == len(shape) == 3]
        if others:
            return [f"- Attention(2) to {self.random.choice(others).name}"], shape
        return [f"- {self.same(shape)}"], shape

    def call(self, shape: Shape, depth: int) -> tuple[list[str], Shape]:
        """A block with a parameter, and one or two uses of it."""
        name, width = self.fresh("Block"), self.random.choice(WIDTHS)
        rank = {2: "[B, d]", 3: "[B, T, d]", 4: "[B, d, H, W]"}[len(shape)]
        size = {2: ("B", "d"), 3: ("B", "T", "d"), 4: ("B", "d", "H", "W")}[len(shape)]
        inner = Writer(self.random, count=self.count)
        body = [f"- {self.same(tuple(shape))}", f"- {self.to(size, 'width')} -> Act", f"- {self.to(size, 'd')}"]
        if self.maybe(0.5):
            body = ["- residual:", *below(body)]
        lines = [f"block {name}(width={width}, Act=ReLU):", f"  input x: {rank}", *(f"  {line}" for line in body)]
        self.count = inner.count
        self.blocks.append("\n".join(lines))
        first = f"{name}({self.random.choice(WIDTHS)})" if self.maybe(0.5) else name
        second = f" -> {name}(Act=Tanh)" if self.maybe(0.5) else ""
        many = f"repeat {self.random.randint(1, 3)}: " if self.maybe(0.3) else ""
        return [f"- {many}{first}{second}"], shape

    def flow(self, shape: Shape, depth: int, steps: int) -> tuple[list[str], Shape]:
        lines: list[str] = []
        pool: list[Wire] = []
        for _ in range(steps):
            more, shape = self.step(shape, depth, pool)
            lines += more
        return lines, shape

    # ------------------------------------------------------------------------------------------------ model

    def model(self) -> str:
        kind = self.random.choice(["vector", "sequence", "image", "ids"])
        width = self.random.choice(WIDTHS)
        body: list[str] = []
        shape: Shape
        match kind:
            case "vector":
                shape, head = ("B", width), f"input x: [B, {width}]"
            case "sequence":
                shape, head = ("B", "T", width), f"input x: [B, T, {width}]"
            case "image":
                shape, head = ("B", width, "H", "W"), f"input x: [B, {width}, H, W]"
            case _:
                shape, head = ("B", "T", width), "input x: [B, T] long < 11"
                body.append(f"- Embedding(11, {width})")
        body.insert(0, head)
        if kind == "image" and self.maybe(0.5):
            body.insert(1, "require: H % 4 == 0 and W % 4 == 0")
            body += ["- down: MaxPool(2)", "- up: Upsample(2)", "- Add with x"]
        pool = [] if kind == "ids" else [Wire("x", shape)]
        for _ in range(self.random.randint(2, 5)):
            lines, shape = self.step(shape, 0, pool)
            body += lines
            if self.maybe(0.15):
                text, _ = self.pipeline(shape)
                body.append(f"output {self.fresh('y')}: {text}")
        if kind == "image" and self.maybe(0.5):
            body.append(f"- GlobalAvgPool -> Linear({self.random.choice(WIDTHS)})")
        body.append(f"output {self.fresh('y')}" if self.maybe(0.5) else f"output {self.fresh('y')}: Tanh")
        text = "\n".join([*self.blocks, "model M:", *(f"  {line}" for line in body)])
        return text + "\n"


def below(lines: list[str]) -> list[str]:
    return [f"    {line}" for line in lines]


def spec(seed: int) -> tuple[str, set[str]]:
    """A right spec, and the boxes and combinators in it."""
    writer = Writer(Random(seed))
    return writer.model(), writer.boxes
