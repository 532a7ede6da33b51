"""From drafts to the graph IR, keeping what is needed.

Enters: closed frames and the wires that are wanted. Leaves: frozen `Definition`s. What no wanted wire needs is left
out, at every depth: a tap of an inner layer cuts off the layers behind it, with their parameters. Definitions come
out before the ones that use them.
"""

from __future__ import annotations

from typing import Any

from ..graph import Definition, Input, Instance, Node, Param, Region, Round, State, Value
from ..node import record, replace
from ..ops.arguments import ModuleArgument
from .freezing import bindings_of, distinct, nodes_of, output_name, unused, value_of
from .marks import Marks
from .session import Session
from .values import DraftDefinition, DraftInstance, DraftNode, DraftRegion, ModuleValue, Wire, Wires


@record
class Pruned:
    """A definition, and which of the draft's inputs and held modules it kept, in order."""

    key: str
    inputs: list[Any]
    held: list[ModuleValue]


#: What makes two definitions equal, what differs most often first: a round may have thousands of inputs, and reads one.
#: The bindings only name the numbers in them.
CONTENT = ("body", "outputs", "held", "kind", "instances", "params", "states", "inputs", "doc")


class Pruner:
    """Makes definitions of the drafts of one session. `training` keeps what teachers and critics need."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.definitions: dict[str, Definition] = {}
        self.memo: dict[Any, Pruned] = {}
        self.hints: dict[str, int] = {}
        self.recent: dict[str, list[Definition]] = {}

    def prune(
        self,
        draft: DraftDefinition,
        wanted: list[tuple[str, Wire]],
        ports: list[Wire] | None = None,
        held: list[ModuleValue] | None = None,
        keep_inputs: bool = False,
        keep: frozenset[str] = frozenset(),
    ) -> Pruned:
        """The definition that makes `wanted`. With `ports` and `held`, its captures are exactly those, in order; the
        modules `keep` are there whatever it makes."""
        memo_key = (
            draft.key,
            keep,
            tuple((n, id(w)) for n, w in wanted),
            tuple(map(id, ports)) if ports is not None else None,
            tuple(map(id, held)) if held is not None else None,
            keep_inputs,
        )
        found = self.memo.get(memo_key)
        if found is None:
            found = self.memo[memo_key] = _Body(self, draft, wanted, ports, held, keep_inputs, keep).make()
        return found

    def intern(self, definition: Definition, hint: str) -> str:
        """The key of a definition; equal ones get the same."""
        for other in self.recent.get(hint, ())[-8:]:
            if all(getattr(other, name) == getattr(definition, name) for name in CONTENT):
                return other.key
        number = self.hints[hint] = self.hints.get(hint, 0) + 1
        key = hint if number == 1 else f"{hint}.{number}"
        made = replace(definition, key=key)
        self.definitions[key] = made
        self.recent.setdefault(hint, []).append(made)
        return key


class _Body(Marks):
    """One draft on its way."""

    def __init__(
        self,
        pruner: Pruner,
        draft: DraftDefinition,
        wanted: list[tuple[str, Wire]],
        ports: list[Wire] | None,
        held: list[ModuleValue] | None,
        keep_inputs: bool,
        keep: frozenset[str],
    ) -> None:
        super().__init__(draft.frame, {id(w) for _, w in wanted})
        self.pruner, self.draft, self.wanted = pruner, draft, wanted
        self.ports, self.fixed_held, self.keep_inputs, self.keep = ports, held, keep_inputs, keep
        self.nodes: dict[int, Node] = {}
        self.instances: dict[int, tuple[DraftInstance, dict[str, Any]]] = {}
        self.demands: dict[str, dict[str, None]] = {}

    # -------------------------------------------------------------------------------------------------- make

    def make(self) -> Pruned:
        frame = self.frame
        for _, wire in frame.final_states:
            self.want(wire)
        nodes = list(nodes_of(frame.body))
        start = set(self.live)
        while True:
            # a module with several uses is one class: all of them make what any of them needs
            asked = {module: len(names) for module, names in self.demands.items()}
            self.live, self.nodes, self.instances = set(start), {}, {}
            self.paths, self.names = set(), set()
            for path in self.keep:
                self.hold(path)
            for node in reversed(nodes):
                if any(self.is_live(o) for o in node.outputs):
                    self.nodes[id(node)] = self.node(node)
            if {module: len(names) for module, names in self.demands.items()} == asked:
                break
        entries = [
            e
            for e in frame.inputs
            if e.outer is None and (self.keep_inputs or id(e.wire) in self.live or self.ports is not None)
        ]
        captures = [e for e in frame.inputs if e.outer is not None and id(e.wire) in self.live]
        inputs = [Input(value_of(e.wire), e.kind, e.optional) for e in entries]
        if self.ports is None:
            inputs += [Input(value_of(e.wire), "capture") for e in captures]
            kept: list[Any] = [*entries, *captures]
        else:
            by_outer = {id(e.outer): e for e in captures}
            for port in self.ports:
                entry = by_outer.get(id(port))
                name = entry.wire.name if entry else unused(port.name, frame.used_names)
                inputs.append(Input(Value(name, port.type, port.span), "capture"))
            kept = entries
        held = [m for n, m in frame.held if n in self.names]
        if self.fixed_held is not None:
            local = {m: n for n, m in frame.held}
            held_names = tuple(local.get(m) or unused(m.name, frame.used_names) for m in self.fixed_held)
            held = self.fixed_held
        else:
            held_names = tuple(n for n, _ in frame.held if n in self.names)
        definition = Definition(
            key="",
            block=frame.hint,
            kind=frame.kind,
            bindings=bindings_of(frame),
            inputs=tuple(inputs),
            held=held_names,
            params=tuple(
                Param(p.path, value_of(w), p.initial, p.trained) for p, w in frame.param_wires if id(w) in self.live
            ),
            states=tuple(self.state(n, w) for n, w in frame.final_states),
            instances=tuple(
                self.instance(d) for d in frame.instances if id(d) in self.instances or d.path in self.paths
            ),
            body=self.items(frame.body),
            outputs=tuple((n, value_of(w).name) for n, w in self.wanted),
            wires={},
            doc=frame.doc if frame.kind == "block" else (),
            called=frame.called if frame.kind == "block" else "",
            span=frame.text_span,
            unused=tuple(d.path for d in frame.instances if id(d) not in self.instances and d.path not in self.paths),
        )
        return Pruned(self.pruner.intern(definition, frame.hint), kept, held)

    def state(self, name: str, final: Wire) -> State:
        wire, initial = self.frame.state_wires[name]
        return State(name, value_of(wire), final.name, initial)

    def items(self, items: list[DraftNode | DraftRegion]) -> tuple[Node | Region, ...]:
        made: list[Node | Region] = []
        for item in items:
            if isinstance(item, DraftNode):
                if id(item) in self.nodes:
                    made.append(self.nodes[id(item)])
                continue
            lanes = tuple(self.items(lane) for lane in item.lanes)
            if any(lanes):
                made.append(Region(item.kind, lanes, item.name, item.path, item.role, item.doc, item.span))
        return tuple(made)

    def use(self, node: DraftNode, **details: Any) -> None:
        """Note that a node's module is needed, and what it is now."""
        if node.instance is not None:
            self.instances[id(node.instance)] = (node.instance, details)
        elif node.module is not None:
            self.paths.add(node.module)
            self.names.add(node.module)
            self.own(node.module, details)

    def own(self, path: str, details: dict[str, Any]) -> None:
        """Note that a module of this body is needed; the path may be the name of one that is given from outside."""
        owner = self.owners.get(path)
        if owner is not None:
            self.instances.setdefault(id(owner), (owner, details))

    def instance(self, draft: DraftInstance) -> Instance:
        _, details = self.instances.get(id(draft), (draft, {}))
        source = self.source(draft)
        return Instance(
            path=draft.path,
            operator=source.operator,
            definition=details.get("definition", draft.definition),
            rounds=details.get("rounds", ()),
            inputs=source.inputs,
            body=details.get("body", draft.body),
            start=draft.start,
            stem=draft.stem,
            shared=draft.shared,
            frozen=draft.frozen,
            weights_file=draft.weights_file,
            initial=draft.initial,
            parametrization=source.parametrization,
            copy_of=draft.copy_of,
            role=draft.role,
            span=draft.span,
            decay=draft.decay,
        )

    def source(self, draft: DraftInstance) -> DraftInstance:
        """What an averaged copy is a copy of; anything else is itself."""
        if draft.copy_of is None:
            return draft
        return self.owners.get(draft.copy_of, draft)

    # ------------------------------------------------------------------------------------------------- nodes

    def node(self, node: DraftNode) -> Node:
        if node.kind == "box":
            return self.box(node)
        if node.kind == "call":
            return self.call(node)
        if node.kind == "scan":
            return self.scan(node)
        return self.rounds(node)

    def box(self, node: DraftNode) -> Node:
        for value in node.inputs:
            self.want(value)
        details: dict[str, Any] = {}
        operator = node.operator
        assert operator is not None
        for argument in operator.values().values():
            if isinstance(argument, ModuleArgument):
                self.hold(argument.path)
        definition = None
        if node.definition is not None:
            body = self.pruner.session.drafts[node.definition]
            definition = details["body"] = self.pruner.prune(body, body.outputs).key
        self.use(node, **details)
        return self.finish(
            node, tuple(value_of(o) for o in node.outputs if isinstance(o, Wire)), node.inputs, definition=definition
        )

    def call(self, node: DraftNode) -> Node:
        draft = node.callee
        if node.module is not None:
            self.demand(node)
        kept = [(o, s) for o, s in zip(node.outputs, node.sources, strict=False) if self.is_live(o)]
        wanted = [(output_name(draft, s), s) for _, s in kept]
        path = node.instance.path if node.instance is not None else node.module
        keep = frozenset(self.kept_inside.get(path or "", ()))
        pruned = self.pruner.prune(draft, distinct(wanted), keep=keep)
        by_entry = {id(e): v for e, v in zip(draft.frame.inputs, node.inputs, strict=False)}
        inputs = [by_entry[id(e)] for e in pruned.inputs]
        for value in inputs:
            self.want(value)
        held = self.pass_held(node, draft, pruned)
        self.use(node, definition=pruned.key)
        return self.finish(node, tuple(value_of(o) for o, _ in kept), inputs, definition=pruned.key, held=held)

    def demand(self, node: DraftNode) -> None:
        """Ask for what other uses of the same module ask for, and note what this one does. An averaged copy is of the
        class of what it follows, so it makes the same."""
        frame = self.frame
        owner = self.owners.get(node.module or "")
        names = self.demands.setdefault(node.module or "" if owner is None else self.source(owner).path, {})
        for output, source in zip(list(node.outputs), list(node.sources), strict=False):
            if self.is_live(output):
                names[output_name(node.callee, source)] = None
        for name in names:
            inner = next((w for n, w in node.callee.outputs if n == name), None) or node.callee.frame.made.get(name)
            if inner is None:
                continue
            if not any(s is inner for s in node.sources):
                node.outputs.append(Wire(frame.fresh(name), inner.type, frame, inner.span, node))
                node.sources.append(inner)
                node.brought = None  # it has more now
            self.want(next(o for o, s in zip(node.outputs, node.sources, strict=False) if s is inner))
        order = {name: i for i, name in enumerate(names)}
        pairs = sorted(
            zip(node.outputs, node.sources, strict=False),
            key=lambda p: order.get(output_name(node.callee, p[1]), len(order)),
        )
        node.outputs, node.sources = [o for o, _ in pairs], [s for _, s in pairs]

    def pass_held(self, node: DraftNode, draft: DraftDefinition, pruned: Pruned) -> tuple[str, ...]:
        names = {m: h for (_, m), h in zip(draft.frame.held, node.held, strict=False)}
        held = tuple(names[m] for m in pruned.held)
        for path in held:
            self.hold(path)
            self.own(path, {})
        return held

    def rounds(self, node: DraftNode) -> Node:
        drafts, outers, modules = node.callee
        taps = [(o, s) for o, s in zip(node.outputs[1:], node.sources[1:], strict=False) if self.is_live(o)]
        # first what each round needs, then all rounds with the ports that any of them needs
        needed: set[int] = set()
        wanted_held: set[int] = set()
        for draft, _ in drafts:
            pruned = self.pruner.prune(draft, self.wanted_of(node, draft, taps))
            needed |= {id(e.outer) for e in pruned.inputs if e.outer is not None}
            wanted_held |= {id(m) for m in pruned.held}
        ports = [w for w in outers if id(w) in needed]
        held = [m for m in modules if id(m) in wanted_held]
        made: list[Round] = []
        for draft, count in drafts:
            pruned = self.pruner.prune(draft, self.wanted_of(node, draft, taps))
            if [e.outer for e in pruned.inputs[1:]] != ports or pruned.held != held:
                pruned = self.pruner.prune(draft, self.wanted_of(node, draft, taps), ports, held)
            key = pruned.key
            if made and made[-1].definition == key:
                made[-1] = Round(key, made[-1].count + count)
            else:
                made.append(Round(key, count))
        inputs: list[Any] = [
            node.inputs[0],
            *(v for v, w in zip(node.inputs[1:], outers, strict=False) if id(w) in needed),
        ]
        for value in inputs:
            self.want(value)
        names = tuple(h for h, m in zip(node.held, modules, strict=False) if id(m) in wanted_held)
        for path in names:
            self.hold(path)
        self.use(node, rounds=tuple(made))
        outputs = (value_of(node.outputs[0]), *(value_of(o) for o, _ in taps))
        return self.finish(node, outputs, inputs, rounds=tuple(made), held=names)

    def wanted_of(self, node: DraftNode, draft: DraftDefinition, taps: list[Any]) -> list[tuple[str, Wire]]:
        return [
            ("out", node.sources[0][draft.key]),
            *((output_name(draft, s[draft.key]), s[draft.key]) for _, s in taps),
        ]

    def scan(self, node: DraftNode) -> Node:
        draft = node.callee
        stacked = len(node.outputs) - node.states
        kept = [(o, s) for o, s in zip(node.outputs[:stacked], node.sources[:stacked], strict=False) if self.is_live(o)]
        pruned = self.pruner.prune(draft, distinct([(output_name(draft, s), s) for _, s in kept]), keep_inputs=True)
        entries = [e for e in draft.frame.inputs]
        by_entry = {id(e): v for e, v in zip(entries, node.inputs, strict=False)}
        inputs = [*(by_entry[id(e)] for e in pruned.inputs), *node.inputs[len(node.inputs) - node.states :]]
        for value in inputs:
            self.want(value)
        held = self.pass_held(node, draft, pruned)
        self.use(node, definition=pruned.key)
        outputs = tuple(value_of(o) for o, _ in kept) + tuple(value_of(o) for o in node.outputs[stacked:])
        return self.finish(node, outputs, inputs, definition=pruned.key, held=held)

    def finish(self, node: DraftNode, outputs: tuple[Value, ...], inputs: list[Any], **details: Any) -> Node:
        module = node.instance.path if node.instance is not None else node.module
        flat: list[str | None] = []
        for value in inputs:
            if isinstance(value, Wires) and value.value is None:
                flat.extend(w.name for w in value.items)
            else:
                flat.append(None if value is None else value.value if isinstance(value, Wires) else value.name)
        return Node(
            node.kind,
            tuple(flat),
            outputs,
            node.operator,
            module=module,
            sequences=node.sequences,
            name=node.name,
            role=node.role,
            doc=node.doc,
            span=node.span,
            **details,
        )
