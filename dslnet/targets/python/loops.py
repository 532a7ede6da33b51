"""Repeats, lanes of `each` and scans as loops.

Enters: nodes with rounds or a cell. Leaves: one loop where the rounds' sources are the same, else the rounds one
after another.
"""

from __future__ import annotations

from ...graph import Instance, Node, Round, Type, Value
from ...shape import Tensor
from .bodies import Body
from .building import first_state
from .reading import BoxReader, Item, Loop, Place, Wire, call_of
from .tree import Attribute, Call, Literal, Name, Number, Numbered, Ref, Sequence, Subscript, Tree


class Reader(BoxReader):
    """Reads one function, loops included."""

    def function(
        self, node: Node, key: str, args: tuple[Tree, ...], keywords: tuple[tuple[str, Tree], ...], place: Place
    ) -> Tree:
        """A call of a definition without modules."""
        env = self.env(node, key, place)
        return self.project.functions[key].call(args, keywords, self.weightless_training, env)

    # --------------------------------------------------------------------------------------- repeat and each

    def rounds(self, node: Node, place: Place, prefix: str) -> list[Item]:
        inputs = [self.ref(name, place) for name in node.inputs]
        instance = None if node.module is None else place.body.instance(node.module)
        if node.kind == "repeat" and not node.rounds:
            flow = inputs[0]
            assert isinstance(flow, Ref)
            place.wires[node.outputs[0].name] = flow.value
            return []
        among = instance is not None and self.project.among(place.body, instance)
        if (
            node.kind == "repeat"
            and instance is not None
            and not among
            and self.project.sequential(place.body, instance, node)
        ):
            tree = place.call(node.module or "", tuple(t for t in inputs if t is not None), ())
            return [Item(self.outputs(node, place, prefix), tree, heavy=True, block=True)]
        first = self.project.bodies[node.rounds[0].definition]
        total = sum(r.count for r in node.rounds)
        if node.module is None:
            iterable: Tree = Call(Name("range"), (Number(total, "depth"),))
            variable: str | None = "_"
            target: Tree = Name("_")
        else:
            iterable = place.module(node.module)
            if (
                instance is not None
                and instance.renamed
                and not among
                and not self.project.sequential(place.body, instance)
            ):
                iterable = Call(Attribute(iterable, "values"))
            variable = self.loop_name("i" if among else self.project.singular(node, instance))
            target = Name(variable)
            if among and instance is not None:
                target = self._numbered(place.body, iterable, Name(variable))
                first_one = (Number(instance.start, "start"),) if instance.start else ()
                iterable = Call(Name("range"), (*first_one, Number(instance.start + total, "stop")))
        texts = [self._round(node, r, inputs, place, target, prefix) for r in node.rounds]
        steps: list[str] = []
        if any(t[0] != texts[0][0] for t in texts):
            columns = {} if node.module is None or among else _columns(node, place.body)
            steps = [self.extra(whole.rpartition(".")[2], _first(place.body, whole)) for whole in columns]
            for number, round_ in enumerate(node.rounds if columns else ()):
                fed = list(inputs)
                for places, step in zip(columns.values(), steps, strict=True):
                    fed[places[number]] = Ref(step)
                texts[number] = self._round(node, round_, fed, place, target, prefix)
            if any(t[0] != texts[0][0] for t in texts):
                return self._unrolled(node, instance, inputs, place, prefix)
            for places in columns.values():
                self.zipped.update(place.wires[str(node.inputs[k])] for k in places if _only(place.body, node, k))
            iterable = Call(Name("zip"), (iterable, *(Ref(place.wires[whole]) for whole in columns)))
        _, body, inner, start = texts[0]
        results = [inner[v] for _, v in first.outputs]
        made = self.outputs(node, place, prefix)
        loop = Loop(iterable, variable, steps, body)
        if node.kind == "repeat":
            flow = inputs[0]
            assert isinstance(flow, Ref)
            loop.carried.append((flow.value, start, results[0], made[0]))
            loop.collected = list(zip(results[1:], made[1:], strict=True))
        else:
            loop.collected = [(results[0], made[0])]
        return [Item(made, loop=loop)]

    def _round(
        self, node: Node, round_: Round, inputs: list[Tree | None], place: Place, target: Tree, prefix: str
    ) -> tuple[object, list[Item], dict[str, str], str]:
        """The items of one round, its wires, and the wire that flows in; first something to compare rounds by."""
        callee = self.project.bodies[round_.definition]
        before = self.count
        prefix = self.prefix(prefix)
        fed = list(inputs)
        start = ""
        if node.kind == "repeat":
            start = self.wire(Value(callee.inputs[0].name, callee.inputs[0].type), prefix)
            fed[0] = Ref(start)
        inner = Place(callee, {}, lambda _: target, call_of(lambda _: target))
        if self.project.realised(round_.definition) == "inline":
            inner = self.place(callee, node, fed, place, lambda: target, None)  # type: ignore[arg-type]
            items = self.read(inner, prefix, self.env(node, callee.key, place))
        else:
            args, keywords = self.arguments(callee, node, fed, place)
            if node.module is None:
                tree = self.function(node, round_.definition, args, keywords, place)
            else:
                tree = Call(target, args, keywords)
            made = {name: self.result(callee, name, prefix) for name in callee.results}
            items = [Item(list(made.values()), tree, heavy=True, block=True)]
            inner.wires = made
        shown = repr([(i.outputs, i.tree, i.loop) for i in items])
        shape = shown.replace(prefix, "")
        if len(node.rounds) > 1 and round_ is not node.rounds[-1]:
            self.count = before
        return shape, items, inner.wires, start

    def _numbered(self, body: Body, owner: Tree, number: Tree) -> Tree:
        """A round that is a module of `owner` itself, by its number there."""
        if self.project.digits(body):
            return Subscript(owner, (number,))
        key = Literal(str(number.value)) if isinstance(number, Literal) else Numbered("", number)
        return Subscript(Attribute(owner, "_modules"), (key,))

    def _unrolled(
        self, node: Node, instance: Instance | None, inputs: list[Tree | None], place: Place, prefix: str
    ) -> list[Item]:
        """Rounds whose sources differ, one after another."""
        items: list[Item] = []
        taps: list[list[Tree]] = [[] for _ in node.outputs]
        number = 0
        fed = list(inputs)
        for round_ in node.rounds:
            callee = self.project.bodies[round_.definition]
            for _ in range(round_.count):
                own: Tree | None = None
                if node.module is not None:
                    own = place.module(node.module)
                    if instance is not None and self.project.among(place.body, instance):
                        own = self._numbered(place.body, own, Literal(instance.start + number))
                    elif (
                        instance is not None and instance.renamed and not self.project.sequential(place.body, instance)
                    ):
                        own = Subscript(own, (Literal(instance.round(number)),))
                    else:
                        own = Subscript(own, (Literal(number),))
                sub = self.prefix(prefix)
                if self.project.realised(round_.definition) == "inline":
                    inner = self.place(callee, node, fed, place, lambda own=own: own, None)  # type: ignore[arg-type,misc]
                    items += self.read(inner, sub, self.env(node, callee.key, place))
                    wires = inner.wires
                else:
                    args, keywords = self.arguments(callee, node, fed, place)
                    if own is None:
                        tree = self.function(node, round_.definition, args, keywords, place)
                    else:
                        tree = Call(own, args, keywords)
                    wires = {name: self.result(callee, name, sub) for name in callee.results}
                    items.append(Item(list(wires.values()), tree, heavy=True, block=True))
                results = [Ref(wires[v]) for _, v in callee.outputs]
                if node.kind == "repeat":
                    fed[0] = results[0]
                for tap, result in zip(taps, results, strict=False):
                    tap.append(result)
                number += 1
        made = node.outputs
        if node.kind == "repeat":
            flow = fed[0]
            assert isinstance(flow, Ref)
            place.wires[made[0].name] = flow.value
            made, taps = made[1:], taps[1:]
        for value, tap in zip(made, taps, strict=True):
            place.wires[value.name] = self.wire(value, prefix)
            items.append(Item([place.wires[value.name]], Sequence("[", tuple(tap))))
        return items

    # -------------------------------------------------------------------------------------------------- scan

    def scan(self, node: Node, place: Place, prefix: str) -> list[Item]:
        assert node.definition is not None
        cell = self.project.bodies[node.definition]
        inputs = [self.ref(name, place) for name in node.inputs]
        prefix = self.prefix(prefix)
        items: list[Item] = []
        states = cell.states
        initial = inputs[len(inputs) - len(states) :] if states else []
        declared = inputs[: len(inputs) - len(states)] if states else inputs
        flow = declared[0]
        assert isinstance(flow, Ref)
        steps, sequences, starts = [], [], []
        fed: list[Tree | None] = list(declared)
        for number in range(node.sequences):
            whole = self.wires[self._wire_of(declared[number])].type
            assert isinstance(whole, Tensor)
            step = self.extra(f"{cell.values[self.project.input_name(cell, number)].name}_t", _without_axis(whole))
            steps.append(step)
            fed[number] = Ref(step)
            sequences.append(Call(Attribute(declared[number] or Literal(None), "unbind"), (Literal(1),)))
        for state, given in zip(states, initial, strict=True):
            start = self.wire(state.value, prefix, named=True)
            starts.append(start)
            if given is None:
                assert isinstance(state.value.type, Tensor)
                made_of = first_state(state, flow, self._dtype_of(state.value.type, declared[0], place))
                items.append(Item([self.extra(state.name, state.value.type)], made_of))
                given = Ref(items[-1].outputs[0])
                self.wires[given.value] = Wire(state.value.type, state.name, True)
            fed.append(Ref(start))
            initial[states.index(state)] = given
        iterable = sequences[0] if len(sequences) == 1 else Call(Name("zip"), tuple(sequences))
        made = {name: self.result(cell, name, prefix) for name in cell.results}
        kind = self.project.realised(node.definition)
        args, keywords = self.arguments(cell, node, fed, place)
        if kind == "function":
            tree: Tree = self.function(node, node.definition, args, keywords, place)
        else:
            tree = place.call(node.module or "", args, keywords)
        loop = Loop(iterable, None, steps, [Item(list(made.values()), tree, heavy=True, block=True)])
        outer = self.outputs(node, place, prefix + "out:")
        outputs, finals = outer[: len(cell.outputs)], outer[len(cell.outputs) :]
        after = []
        for state, given, start, final in zip(states, initial, starts, _padded(finals, states), strict=True):
            assert isinstance(given, Ref)
            ending = final or self.extra(state.name, state.value.type)
            loop.carried.append((given.value, start, made[state.next], ending))
        for (_, value), output in zip(cell.outputs, outputs, strict=False):
            if not self.project.is_read(place.body, node, outputs.index(output)):
                continue
            collected = self.extra(f"{self.wires[output].name}s" if self.wires[output].named else "steps", ())
            loop.collected.append((made[value], collected))
            after.append(Item([output], Call(Name("torch.stack"), (Ref(collected),), (("dim", Literal(1)),))))
        return [*items, Item([e for *_, e in loop.carried] + [e for _, e in loop.collected], loop=loop), *after]

    def _dtype_of(self, type_: Tensor, flow: Tree | None, place: Place) -> Tree | None:
        """The dtype to write for a tensor that is made from `flow`; None where the flow has it."""
        seen = self.wires[self._wire_of(flow)].type
        if isinstance(seen, Tensor) and seen.dtype == type_.dtype:
            return None
        return self.floats(place) if type_.dtype == "float" else Name(f"torch.{type_.dtype}")

    def _wire_of(self, tree: Tree | None) -> str:
        assert isinstance(tree, Ref)
        return tree.value


def _columns(node: Node, body: Body) -> dict[str, list[int]]:
    """The tuples of which each round reads its own element: with each, the number of the input that holds it."""
    makers = {value.name: made for made in body.nodes for value in made.outputs}
    found: dict[str, list[int]] = {}
    for number, name in enumerate(node.inputs):
        maker = makers.get(name or "")
        if maker is not None and maker.operator is not None and maker.operator.name == "Pick" and maker.inputs[0]:
            places = found.setdefault(maker.inputs[0], [])
            if maker.operator.values()["index"] == len(places) and len(maker.inputs) == 1:
                places.append(number)
    alone = all(round_.count == 1 for round_ in node.rounds)
    return {whole: places for whole, places in found.items() if alone and len(places) == len(node.rounds)}


def _first(body: Body, whole: str) -> Type:
    """The type of the first element of a tuple."""
    type_ = body.values[whole].type
    assert isinstance(type_, tuple)
    return type_[0]


def _only(body: Body, node: Node, number: int) -> bool:
    """Whether an input of a node is read by nothing else."""
    name = node.inputs[number]
    return name not in body.results and not any(name in other.inputs for other in body.nodes if other is not node)


def _padded(finals: list[str], states: tuple[object, ...]) -> list[str | None]:
    return [finals[n] if n < len(finals) else None for n in range(len(states))]


def _without_axis(type_: Tensor) -> Tensor:
    sizes = type_.sizes
    return Tensor((sizes[0], *sizes[2:]), type_.dtype, type_.below)
