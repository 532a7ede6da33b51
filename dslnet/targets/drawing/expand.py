"""Definitions walked into boxes and links.

Enters: a definition, its plan, and where its inputs come from. Leaves: a cluster of boxes, one for each computation,
with links between them; `fuse` makes cards of them afterwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ...graph import Model, Node, Region, Type, join, walk
from ...ops import internal
from ...ops.arguments import ModuleArgument
from ...ops.arithmetic import Arithmetic
from ...ops.base import Combinator
from ...shape import Size
from .formula import Formula, Wiring, consumers, is_arithmetic
from .layers import CIRCLES, Layers
from .plan import UNITS, Plan
from .scope import Anchor, Scope, replace_scope
from .variants import optional
from .view import Box, Cluster, Link
from .wording import count_text, type_text


class Expander(Layers):
    """The boxes and links of one panel."""

    def __init__(self, model: Model, plan: Plan, prefix: str = "") -> None:
        super().__init__(model, plan)
        self.prefix = prefix
        self.links: list[Link] = []
        self.ids: set[str] = set()
        self.closed: dict[str, list[str]] = {}
        self.boxes: dict[str, Box] = {}
        self.called_as: dict[str, set[str]] = {}

    # -------------------------------------------------------------------------------------------- parts

    def name(self, *parts: str) -> str:
        """An id that nothing else in the picture has."""
        base = self.prefix + (join(*parts) or "model")
        found, n = base, 1
        while found in self.ids:
            n += 1
            found = f"{base}~{n}"
        self.ids.add(found)
        return found

    def put(self, scope: Scope, box: Box) -> Box:
        box.frozen = box.frozen or scope.frozen
        box.lane = box.lane or scope.lane
        scope.into.items.append(box)
        self.boxes[box.id] = box
        return box

    def link(self, scope: Scope, anchor: Anchor | None, box: Box, kind: str = "flow", name: str = "") -> None:
        if anchor is None:
            return
        if anchor.lanes:
            for lane in anchor.lanes:
                self.link(scope, lane, box, kind, name)
            return
        if scope.skip and kind == "flow":
            kind = "skip"
        stop = anchor.stop or (anchor.frozen and not box.frozen)
        if anchor.side and kind in ("flow", "skip"):
            kind, name = "side", name or anchor.side
        told = "" if self.boxes[anchor.box].shape == "port" else anchor.name
        name = told if name and name in told else " ".join(p for p in (told, name) if p)
        shape = type_text(anchor.type) if anchor.text is None else anchor.text
        link = Link(anchor.box, box.id, kind, shape, name, stop, anchor.frozen and box.frozen)
        link.trunk = kind == "flow"
        self.links.append(link)

    def open(self, scope: Scope, cluster: Cluster) -> Cluster:
        cluster.depth = scope.into.depth + 1
        scope.into.items.append(cluster)
        return cluster

    def port(self, scope: Scope, anchor: Anchor, cluster: Cluster, kind: str = "flow") -> Anchor:
        """A dot in a cluster at which a value enters."""
        inner = replace_scope(scope, cluster)
        box = self.put(inner, Box(self.name(cluster.id.removeprefix(self.prefix), "in"), "port", tip="input"))
        self.link(inner, anchor, box, kind)
        return Anchor(box.id, anchor.type, "", anchor.stop, anchor.frozen, text=anchor.text)

    # ----------------------------------------------------------------------------------------- walking

    def prepare(self, scope: Scope) -> None:
        """Learn what the walk asks for: readers of values, users of modules, formulas."""
        definition = scope.definition
        scope.uses = consumers(definition)
        scope.modules = {path: lent.others for path, lent in scope.lent.items()}
        for node in definition.nodes():
            held = [node.module] if node.module is not None else []
            held += [
                a.path
                for a in (node.operator.values().values() if node.operator else ())
                if isinstance(a, ModuleArgument)
            ]
            for path in held:
                scope.modules[path] = scope.modules.get(path, 0) + 1
            for path in node.held:  # what a repeat holds is used in each of its rounds
                scope.modules[path] = scope.modules.get(path, 0) + (sum(r.count for r in node.rounds) or 1)
        for path in [p for p in scope.modules if "." in p and p not in scope.lent and scope.instance(p) is None]:
            scope.inside[path] = scope.modules[path]
            scope.modules[path] += 1  # the block that it is of uses it too
        for parameter in definition.params:
            fed = Box(self.name(scope.path, parameter.path), "param", parameter.path, role="pool")
            fed.notes = [told] if (told := self.param(scope, parameter)) else []
            fed.tip = f"{'param' if parameter.trained else 'buffer'} {parameter.path}"
            self.put(scope, fed)
            scope.env[parameter.value.name] = Anchor(fed.id, parameter.value.type, "", False, scope.frozen)
        if self.options.level == "full":
            return
        wiring = Wiring(definition)
        for node in reversed(list(definition.nodes())):
            if is_arithmetic(node.operator) and id(node) not in scope.formulas:
                formula = Formula(wiring, node, lambda n: is_arithmetic(n.operator))
                if len(formula.nodes) > 3:
                    scope.formulas.update((id(n), None) for n in formula.nodes)
                    scope.formulas[id(node)] = formula

    def walk(self, scope: Scope, items: Sequence[Node | Region]) -> None:
        for item in items:
            if isinstance(item, Node):
                if scope.wanted is None or id(item) in scope.wanted:
                    self.node(scope, item)
            elif item.kind == "group":
                self.group(scope, item)
            else:
                self.region(scope, item)

    def group(self, scope: Scope, item: Region) -> None:
        """A named line or indented group: a cluster when it has a part to play, else only a name."""
        nodes = [n for n in walk(item.lanes[0]) if scope.wanted is None or id(n) in scope.wanted]
        if not nodes:
            return
        alone = all(n.module is None or scope.modules.get(n.module, 0) < 2 for n in nodes)
        blocks = any(n.kind != "box" for n in nodes)
        path = join(scope.path, item.path or item.name or item.role or "")
        wish = self.plan.wishes.of(path, [item.role or ""], nodes)
        closed = wish is False or (self.options.level == "overview" and wish is None)
        made = {v.name for n in nodes for v in n.outputs}
        if closed and item.name and len(nodes) > 1 and (blocks or wish is False) and alone:
            words = " · ".join(w for w in dict.fromkeys((item.role, item.name)) if w)
            self.fold_group(scope, item, nodes, made, path, words)
            return
        if item.role not in UNITS or len(nodes) < 2:
            before = scope.title
            scope.title = "" if item.role == "latent" else item.name or ""  # which stands in the ellipse
            self.walk(scope, item.lanes[0])
            scope.title = before
            if item.role == "latent":
                self.latent(scope, nodes[-1], item.name or "")
            return
        title = item.role if item.name in (None, item.role) else f"{item.role} · {item.name}"
        if closed:
            self.fold_group(scope, item, nodes, made, path, title)
            return
        cluster = self.open(scope, Cluster(self.name(path), title, span=item.span, frozen=scope.frozen))
        inner = replace_scope(scope, cluster)
        inner.title = ""
        for box in [b for b in scope.into.items if isinstance(b, Box) and b.shape == "param"]:
            if item.path and box.title.startswith(f"{item.path}."):  # what the group declares stands in it
                scope.into.items.remove(box)
                cluster.items.append(box)
                box.title = box.title.removeprefix(f"{item.path}.")
        steps = [n for n in nodes if not isinstance(n.operator, internal.Pick)]
        entered = dict.fromkeys(n.inputs[0] for n in steps if n.inputs and n.inputs[0] is not None)
        outer = {name: scope.env[name] for name in entered if name not in made and name in scope.env}
        for name in list(outer)[:2]:
            if self.boxes[outer[name].box].shape != "param":
                inner.env[name] = self.port(scope, outer[name], cluster)
        self.walk(inner, item.lanes[0])
        inner.env.update(outer)

    def fold_group(self, scope: Scope, item: Region, nodes: list[Node], made: set[str], path: str, title: str) -> None:
        box = Box(self.name(path), "fold", title, span=item.span, block=item.role or "")
        owned = {n.module for n in nodes if n.module is not None}
        total: Size = 0
        for instance in scope.definition.instances:
            if instance.path in owned and not instance.shared:
                total = total + self.parameters(instance)
        box.notes = [t for t in (self.inside(scope, nodes), count_text(total)) if t]
        box.bar = self.share(total)
        self.put(scope, box)
        first = True
        for name in dict.fromkeys(i for n in nodes for i in n.inputs if i is not None and i not in made):
            self.link(scope, scope.env.get(name), box, "flow" if first else "side", "" if first else name)
            first = False
        for node in nodes:
            for number_, value in enumerate(node.outputs):
                told = f".{value.name.split('.')[-1]}" if number_ else ""
                scope.env[value.name] = Anchor(box.id, value.type, told, False, box.frozen)

    def inside(self, scope: Scope, nodes: list[Node]) -> str:
        """The blocks in a closed group: `EncoderLayer ×6`."""
        found = []
        for node in nodes:
            if node.kind != "box":
                use = self.plan.use(node)
                below = self.model.definitions[use.key]
                block = below.block if below.kind != "round" else use.through or "repeat"
                found.append(block + (f" ×{use.times}" if use.times > 1 else ""))
            elif node.operator is not None and node.operator.weighted:
                found.append(node.operator.name)
        return ", ".join(found[:3]) + (", …" if len(found) > 3 else "")

    def region(self, scope: Scope, item: Region) -> None:
        """A combinator with lanes; the node that joins them comes after it."""
        nodes = list(walk((item,)))
        if not nodes or (scope.wanted is not None and not any(id(n) in scope.wanted for n in nodes)):
            return
        if item.kind == "residual" and len(item.lanes) == 2:
            self.walk(scope, item.lanes[0])
            before, scope.skip = scope.skip, True
            lane, scope.lane = scope.lane, f"{scope.lane}/{len(self.ids)}"
            self.walk(scope, item.lanes[1])
            scope.skip, scope.lane = before, lane
            last = next((n for n in reversed(list(walk(item.lanes[1])))), None)
            made = {v.name for n in walk(item.lanes[0]) for v in n.outputs}
            inputs = {n for node in walk(item.lanes[0]) for n in node.inputs if n is not None and n not in made}
            scope.shortcut |= {last.outputs[0].name} if last is not None else inputs
            return
        lane = scope.lane
        bare = [_bare(body) for body in item.lanes]
        for number_, body in enumerate(item.lanes):
            alone = not bare[number_] and bare.count(False) == 1
            scope.lane = lane if alone else f"{lane}/{len(self.ids)}.{number_}"
            self.walk(scope, body)
            if item.kind == "parallel" and (last := next(reversed(list(walk(body))), None)) is not None:
                scope.beside[last.outputs[0].name] = last.name or str(number_ + 1)
            if bare[number_] and bare.count(False):
                scope.shortcut |= {v.name for n in walk(body) for v in n.outputs}
        scope.lane = lane

    # ------------------------------------------------------------------------------------------- boxes

    def node(self, scope: Scope, node: Node) -> None:
        count, (told, apart) = len(self.links), optional(self, scope, node)
        if node.kind == "box":
            self.box(scope, node)
        else:
            from .blocks import draw_use

            draw_use(self, scope, node)
        entering = next((link for link in self.links[count:] if link.kind in ("flow", "skip")), None)
        if entering is not None:
            entering.name, entering.apart = told or entering.name, apart
        if node.role == "latent":
            self.latent(scope, node, node.name or "")
        for value in node.outputs:
            if value.name in scope.env:
                told = self.told(scope, value.name, value.type)
                scope.env[value.name] = replace(scope.env[value.name], text=told)

    def latent(self, scope: Scope, node: Node, name: str) -> None:
        """An ellipse for a value that the spec calls latent; a sampling box becomes it."""
        value = node.outputs[0]
        anchor = scope.env[value.name]
        shape = self.told(scope, value.name, value.type)
        before = self.boxes[anchor.box]
        sampled = node.operator is not None and node.operator.kind == "latent"
        box = Box(self.name(scope.path, name, "latent"), "latent", name, [shape], span=node.span)
        if before.fusable and before.title == name and len(before.rows) == 1:
            before.title = before.rows[0].name  # the ellipse has the name
        if sampled and before.fusable:
            before.shape, before.title, before.notes = "latent", name, [shape, "∼ sampled"]
            before.rows, before.fusable, before.role = [], False, "op"
            return
        if before.rows and before.title == name:
            before.title = before.rows[0].name
        self.put(scope, box)
        self.link(scope, anchor, box)
        scope.env[value.name] = Anchor(box.id, value.type, "", anchor.stop, anchor.frozen)

    def box(self, scope: Scope, node: Node) -> None:
        operator = node.operator
        assert operator is not None
        value = node.outputs[0]
        inputs = [scope.env.get(name) if name is not None else None for name in node.inputs]
        fed = [a for a in inputs if a is not None]
        if id(node) in scope.formulas:
            formula = scope.formulas[id(node)]
            if formula is not None:
                self.formula(scope, node, formula)
            return
        if isinstance(operator, internal.Pick) and fed:
            scope.env[value.name] = pick(fed[0], operator.index, value.type)
            return
        simple = self.options.level != "full"
        simple = simple and len(self.kinds(scope, node)) < 2
        if fed and simple and (operator.name in ("Identity", "StopGrad") or getattr(operator, "p", 1) == 0):
            stop = fed[0].stop or operator.name == "StopGrad"
            scope.env[value.name] = replace(fed[0], stop=stop)
            return
        many = sum(max(1, len(a.lanes)) for a in fed)
        lanes = many == 1 and isinstance(fed[0].type, tuple) and len(fed[0].type) > 1  # one with ×N
        joins = (many > 1 or lanes) and (isinstance(operator, Arithmetic) or operator.name in CIRCLES)
        identity = self.name(scope.path, node.module or value.name)
        if joins:
            box = Box(identity, "op", self.sign(operator), role="op", span=node.span, tip=operator.name)
            if operator.name == "Stack":
                box.notes = [f"new axis {getattr(operator, 'axis', 1)}"]
        else:
            box = self.layer(scope, node, operator, identity)
        self.put(scope, box)
        instance = scope.definition.instance(node.module) if node.module is not None else None
        body = instance.body if instance is not None else None
        if isinstance(operator, Combinator) and body is not None and fed:
            from .opened import draw_combinator

            scope.into.items.remove(box)
            draw_combinator(self, scope, node, operator, body, fed[0])
            return
        ports = [p.name for p in operator.ports for _ in range(1 if not p.variadic else len(inputs))]
        for position, (name, anchor) in enumerate(zip(node.inputs, inputs, strict=True)):
            if anchor is None or name is None:
                continue
            even = (
                joins
                or position == 0
                or operator.kind in ("loss", "latent", "metric", "op")
                or operator.name == "DotProductAttention"
            )
            param = self.boxes[anchor.box].shape == "param"
            kind = "flow" if even and not param else "plain" if joins or param else "side"
            if kind == "flow" and joins and (name in scope.shortcut or (position and self.passes(scope, node, name))):
                kind = "skip"
            port = ports[position] if position < len(ports) else ""
            if name in scope.beside and not joins:
                kind, port = "flow", scope.beside[name]
            self.link(scope, anchor, box, kind, port if kind == "side" or name in scope.beside else "")
        for position, made in enumerate(node.outputs):
            told = f".{operator.outputs[position]}" if position and position < len(operator.outputs) else ""
            scope.env[made.name] = Anchor(box.id, made.type, told, False, box.frozen)

    def passes(self, scope: Scope, node: Node, name: str) -> bool:
        """Whether a value goes past what the first input of a join is made by: a long skip."""
        if isinstance(node.operator, Arithmetic) or self.boxes[scope.env[name].box].shape in ("param", "state"):
            return False
        makers = {v.name: n for n in scope.definition.nodes() for v in n.outputs}
        todo, seen = [node.inputs[0]], {node.inputs[0]}
        while todo:
            value = todo.pop()
            if value == name:
                return True
            maker = makers.get(value or "")
            if maker is not None:
                join = maker.operator is not None and maker.operator.name in CIRCLES
                before = maker.inputs if join else maker.inputs[:1]  # what is on the side is no way past
                todo += [v for v in before if v not in seen]
                seen.update(before)
        return False

    def formula(self, scope: Scope, node: Node, formula: Formula) -> None:
        text = formula.text()
        value = node.outputs[0]
        box = Box(self.name(scope.path, value.name), "expression", text, role="act", span=node.span, tip=text)
        if scope.title or node.name:
            box.notes = [scope.title or node.name or ""]
        self.put(scope, box)
        for name in formula.inputs:
            self.link(scope, scope.env.get(name), box, "flow")
        scope.env[value.name] = Anchor(box.id, value.type, "", False, box.frozen)


def pick(whole: Anchor, index: Size, type: Type) -> Anchor:
    """An element of a tuple: of lanes that are drawn one by one that lane, else the box of all with the index."""
    if isinstance(index, int) and len(whole.lanes) > index:
        return whole.lanes[index]
    return replace(whole, name=f"{whole.name}[{index}]", type=type, lanes=())


def _bare(body: tuple[Node | Region, ...]) -> bool:
    """Whether a lane is only an arc."""
    return all(n.operator is not None and n.operator.name == "Identity" for n in walk(body))
