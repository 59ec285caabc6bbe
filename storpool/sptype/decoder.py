"""Decoders: straight-line code made once for each collection and class, at its first use.

A generated function takes the value apart, keeps what is well-formed, and hands single scalars that want converting
("10" for 10) to their node. Whatever else does not fit raises inside and goes to the node's exact path, which says what
is wrong and collects what is right. So the generated code never decides what an error is.
``python -m storpool.sptype show VolumeSummary`` prints the code made for a class.

Each function here that gives lines of code gives those that convert the variable ``var`` in place.
"""

from __future__ import annotations

import gc
import re
from itertools import islice
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Optional, Sequence, Tuple, Type, cast

from .constraints import NamedEnum, Regex

if TYPE_CHECKING:
    from .nodes import Collection, Node, ObjectNode, UnionNode
    from .objects import Field, JsonObjectImpl

Lines = List[str]

# How many items of a list are converted, then checked together: few enough to be in the processor's cache still.
_CHUNK = 250
# Of how many items on the collector waits until a list is made.
_LARGE = 50
# How many items of a list tell which fields are usual, and how often that is learnt anew, when later lists are
# unlike the first.
_SAMPLES = 50
_LEARN_MAX = 8
_ABSENT = object()
_new = object.__new__
_set = object.__setattr__


def build(cls: Type[JsonObjectImpl], values: Dict[str, Any]) -> Any:
    """Make an object with these values, which are taken as they are."""
    made = _new(cls)
    for name, value in values.items():
        _set(made, name, value)
    return made


def reader(cls: Type[JsonObjectImpl]) -> Callable[[Any], Dict[str, Any]]:
    """Make the function that gives the fields of an object as a dict."""
    names = list(cls.__spfields__)
    try:
        code = ", ".join(f"{name!r}: o.{name}" for name in names)
        return eval(f"lambda o: {{{code}}}")  # type: ignore[no-any-return]  # noqa: S307 - our code, made from declarations
    except SyntaxError:
        # As in generate().
        return lambda o: {name: getattr(o, name) for name in names}


def generate(node: Collection, value: Any) -> Callable[[Any], Any]:
    """Make the function that converts values for this node; ``value`` is the first of them."""
    from .nodes import MapNode, ObjectNode

    code, env = source(node, value)
    try:
        exec(compile(code, f"<decoder of {node.name}>", "exec"), env)  # noqa: S102 - our code, made from declarations
    except SyntaxError:
        # A field that a user named `from` or `class`: no attribute of that name can be written in code.
        return node.exact
    if isinstance(node, ObjectNode):
        return env["decode"]  # type: ignore[no-any-return]
    sampled = min(len(value), _SAMPLES) if type(value) in (dict, list) else 0
    return _in_chunks(node, env, dict if isinstance(node, MapNode) else list, sampled)


def _in_chunks(node: Any, env: Dict[str, Any], kind: Any, sampled: int) -> Callable[[Any], Any]:
    """Make the function that converts a list or mapping, a chunk at a time."""
    convert = env["convert"]
    misfits = 0

    def misfit(item: Any) -> Any:
        nonlocal misfits
        misfits += 1
        return node.inner()[-1].handleVal(item)

    def decode(value: Any) -> Any:
        nonlocal misfits
        if type(value) is not kind:
            return node.exact(value)
        if sampled < _SAMPLES and len(value) > 4 * sampled:
            # There is more to learn from than there was.
            node.__dict__.pop("handleVal", None)
            return node.handleVal(value)
        # Nothing here is garbage; the collector would walk the growing list again and again to find that out.
        paused = len(value) > _LARGE and gc.isenabled()
        if paused:
            gc.disable()
        try:
            misfits = 0
            made = kind()
            items = iter(value.items() if kind is dict else value)
            while True:
                chunk = [*islice(items, _CHUNK)]
                if not chunk:
                    break
                convert(chunk, made)
            if misfits * 4 > len(value) and node.learnt < _LEARN_MAX:
                # The first list was unlike this one: let the next be learnt from.
                node.learnt += 1
                node.__dict__.pop("handleVal", None)
            return node.build(made)
        except Exception:  # noqa: S110 - what is not well-formed is for the exact path to tell
            pass
        finally:
            if paused:
                gc.enable()
        return node.exact(value)

    env["misfit"] = misfit
    return decode


def source(node: Collection, value: Any = None) -> Tuple[str, Dict[str, Any]]:
    """Give the code of a node's decoder, and the names it uses; ``value`` is one to learn from."""
    from .nodes import MapNode, ObjectNode

    code = _Code(chunks=not isinstance(node, ObjectNode))
    if isinstance(node, ObjectNode):
        code.env["exact"] = node.exact
        tried = ["try:", *_indented([*code.object(node, "v", []), "return v"]), "except Exception: pass"]
        body = ["if type(v) is dict:", *_indented(tried), "return exact(v)"]
        return _function("decode(v, type=type, int=int)", body), code.env
    if isinstance(node, MapNode):
        samples = _some(value.values()) if type(value) is dict else []
        lines = [*code.key(node.key, "k"), *code.item(node.value, "x", samples), "made[k] = x"]
        loop = ["for k, x in chunk:", *_indented(lines)]
    else:
        samples = _some(value) if type(value) is list else []
        loop = ["for x in chunk:", *_indented([*code.item(node.inner()[0], "x", samples), "made.append(x)"])]
    return _function("convert(chunk, made, type=type, int=int)", [*code.before, *loop, *code.after]), code.env


def _some(values: Any) -> List[Any]:
    """Take samples from all over a list."""
    return [*islice(values, 0, None, max(1, len(values) // _SAMPLES))]


def _function(head: str, body: Lines) -> str:
    return "\n".join([f"def {head}:", *_indented(body), ""])


def _indented(lines: Lines) -> Lines:
    return [f"    {line}" for line in lines]


def _getter(names: Sequence[str], chunk: Sequence[Any]) -> Callable[[Any], Any]:
    """What gets the values under these names from records like the first of these.

    It has the first one's own keys, which all records of a document share: keys that are the same object are found
    without comparing them.
    """
    first = chunk[0][1] if type(chunk[0]) is tuple else chunk[0]
    own = {key: key for key in first} if type(first) is dict else {}
    return itemgetter(*map(own.get, names, names))


def _answer(choose: Callable[[Any], int], sample: Any) -> Any:
    try:
        return choose(sample)
    except Exception:
        return None


def _match_any(constraints: Sequence[Regex]) -> Callable[[Sequence[str]], bool]:
    """What tells whether each of many strings is good by one of the constraints."""

    def match_all(texts: Sequence[str]) -> bool:
        for constraint in constraints:
            if constraint.match_all(texts):
                return True
            texts = [text for text in texts if not constraint.matches(text)]
        return not texts

    return match_all


class _Code:
    """Code in the making: the objects that it uses, by name, and the lists of strings that are checked together."""

    def __init__(self, chunks: bool) -> None:
        self._chunks = chunks
        self.env: Dict[str, Any] = {}
        # What is done once for a chunk: before its items are converted, and after.
        self.before: Lines = []
        self.after: Lines = []
        self._within: List[type] = []

    def bound(self, what: str, value: Any) -> str:
        """A name for an object, the same one each time."""
        name = wanted = re.sub(r"\W", "_", what)
        while True:
            known = self.env.setdefault(name, value)
            # Methods are equal and not the same.
            if known is value or (callable(value) and known == value):
                return name
            name = f"{wanted}_{len(self.env)}"

    def handled(self, node: Node, var: str) -> str:
        """Code that converts by the node itself."""
        from .nodes import Collection

        # A collection replaces its handleVal when it is first used; look it up late, so as to get the generated one.
        if isinstance(node, Collection):
            return f"{var} = {self.bound(f'node_{var}', node)}.handleVal({var})"
        return f"{var} = {self.bound(f'convert_{var}', node.handleVal)}({var})"

    def item(self, node: Node, var: str, samples: Sequence[Any]) -> Lines:
        """An item of a chunk: an object that does not fit is no reason to give the others up."""
        from .nodes import ObjectNode, UnionNode

        lines = self.value(node, var, samples)
        if isinstance(node, (ObjectNode, UnionNode)):
            return ["try:", *_indented(lines), f"except Exception: {var} = misfit({var})"]
        return lines

    def key(self, node: Node, var: str) -> Lines:
        """A key of a mapping, which JSON has as strings only."""
        kind = getattr(node, "constraint", node)
        number = int in (getattr(kind, "kind", None), getattr(kind, "type", None))
        return [*([f"{var} = int({var})"] if number else []), *self.value(node, var, [])]

    def value(self, node: Node, var: str, samples: Sequence[Any], whole: Optional[Node] = None) -> Lines:
        """A value of any type; ``whole`` is the node that converts what does not fit, where it is another."""
        from .nodes import ListNode, MapNode, NullOr, ObjectNode, UnionNode, Wrapper

        handled = self.handled(whole or node, var)
        if isinstance(node, NullOr):
            lines = self.value(node.wrapped, var, samples)
            if len(lines) == 1 and lines[0].startswith("if not ("):
                return [lines[0].replace("if", f"if {var} is not None and", 1)]
            return [f"if {var} is not None:", *_indented(lines)]
        if isinstance(node, Wrapper):
            return self.value(node.wrapped, var, samples)
        if isinstance(node, (ListNode, MapNode)):
            return self.collection(node, var, samples, handled)
        if isinstance(node, ObjectNode):
            if node.cls in self._within or not samples:
                return [handled]
            return [f"if type({var}) is not dict: {handled}", "else:", *_indented(self.object(node, var, samples))]
        if isinstance(node, UnionNode):
            return self.union(node, var, samples, handled)
        return self.scalar(node, var, handled)

    def scalar(self, node: Node, var: str, handled: str) -> Lines:
        constraint = getattr(node, "constraint", None)
        test = node.test(var)
        if test is not None:
            return [f"if not ({test}): {handled}"]
        if constraint is None:
            return [handled]
        table = constraint.table()
        if table is not None:
            looked_up = f"{self.bound(f'known_{constraint.name}', table)}[{var}]"
            if not self._chunks or isinstance(constraint, NamedEnum):
                return [f"{var} = {looked_up}"]
            # Often it is what the record before had; to compare is faster than to look up.
            last = f"last_{len(self.before)}"
            self.before.append(f"{last} = {self.bound('absent', _ABSENT)}")
            return [f"if {var} != {last}: {last} = {looked_up}", f"{var} = {last}"]
        if isinstance(constraint, Regex):
            if self._chunks:
                return self.checked_late(constraint.name, constraint.match_all, var)
            seen = self.bound(f"seen_{constraint.name}", constraint.seen)
            matches = self.bound(f"matches_{constraint.name}", constraint.matches)
            return [f"if not (type({var}) is str and ({var} in {seen} or {matches}({var}))): {handled}"]
        return [handled]

    def checked_late(self, name: str, match_all: Callable[[Sequence[str]], bool], var: str) -> Lines:
        """A string that is checked together with others, at the end of the chunk."""
        matches = self.bound(f"match_all_{name}", match_all)
        names = matches.replace("match_all", "names", 1)
        if f"{names} = []" not in self.before:
            self.before.append(f"{names} = []")
            self.after.append(f"if not {matches}({names}): raise ValueError")
        return [f"{names}.append({var})"]

    def collection(self, node: Any, var: str, samples: Sequence[Any], handled: str) -> Lines:
        """A list, set or mapping within another value."""
        from .nodes import MapNode, SetNode

        key, item, made = f"key_{var}", f"item_{var}", f"made_{var}"
        if isinstance(node, MapNode):
            inner = [x for sample in samples if type(sample) is dict for x in sample.values()]
            lines = [*self.key(node.key, key), *self.value(node.value, item, inner), f"{made}[{key}] = {item}"]
            kind, empty, loop = "dict", "{}", f"for {key}, {item} in {var}.items():"
        else:
            inner = [x for sample in samples if type(sample) is list for x in sample]
            kind, empty, loop = "list", "[]", f"for {item} in {var}:"
            lines = [*self.value(node.item, item, inner), f"{made}.append({item})"]
        end = f"{var} = set({made})" if isinstance(node, SetNode) else f"{var} = {made}"
        return [
            f"if type({var}) is not {kind}: {handled}",
            f"elif not {var}: {var} = {'set()' if isinstance(node, SetNode) else empty}",
            "else:",
            *_indented([f"{made} = {empty}", loop, *_indented(lines), end]),
        ]

    def union(self, node: UnionNode, var: str, samples: Sequence[Any], handled: str) -> Lines:
        from .nodes import Const

        if node.toldApart is not None:
            choose = node.toldApart.choose
            which = f"which_{var}"
            lines = [f"{which} = {self.bound(f'choose_{var}', choose)}({var})"]
            for index, each in enumerate(node.alternatives):
                chosen = [sample for sample in samples if _answer(choose, sample) == index]
                lines += [f"{'el' if index else ''}if {which} == {index}:", *_indented(self.value(each, var, chosen))]
            return [f"if type({var}) is not dict: {handled}", "else:", *_indented([*lines, f"else: {handled}"])]
        *first, last = node.alternatives
        # What is one of the constants stays as it is, and does not get to the last.
        if all(isinstance(each, Const) for each in first):
            tests = [f"{each.test(var)}" for each in first]
            return [f"if not ({' or '.join(tests)}):", *_indented(self.value(last, var, samples, node))]
        constraints = [getattr(each, "constraint", None) for each in node.alternatives]
        if self._chunks and all(isinstance(each, Regex) for each in constraints):
            return self.checked_late(node.name, _match_any(cast("List[Regex]", constraints)), var)
        return [handled]

    def object(self, node: ObjectNode, var: str, samples: Sequence[Any]) -> Lines:
        """An object made of a dict."""
        cls = node.cls
        self._within.append(cls)
        # A cluster leaves out the same fields in all records.
        dicts = [sample for sample in samples if type(sample) is dict]
        there: List[Field] = []
        rest: List[Field] = []
        for field in cls.__spfields__.values():
            usual = field.required or (dicts and all(field.name in sample for sample in dicts))
            (there if usual else rest).append(field)
        lines: Lines = []
        if there:
            names = tuple(field.name for field in there)
            getter = self.bound(f"fields_of_{cls.__name__}", itemgetter(*names))
            if self._chunks and len(self._within) == 1:
                ours = f"fields_{len(self.before)}"
                self.before.append(f"{ours} = {self.bound('getter', _getter)}({names}, chunk)")
                getter = ours
            lines.append(f"{', '.join(f'{var}_{field.name}' for field in there)} = {getter}({var})")
        if rest:
            lines.append(f"get_{var} = {var}.get")
        for field in there:
            given = [sample[field.name] for sample in dicts if field.name in sample]
            lines += self.value(field.node, f"{var}_{field.name}", given)
        for field in rest:
            given = [sample[field.name] for sample in dicts if field.name in sample]
            lines += self.absent_or(field, var, given)
        # Building happens in a twin of the class whose __setattr__ does not validate: plain stores are fast.
        lines.append(f"{var} = {self.bound('new', _new)}({self.bound(f'twin_of_{cls.__name__}', cls.twin())})")
        lines += [f"{var}.{name} = {var}_{name}" for name in cls.__spfields__]
        self._within.pop()
        return [*lines, f"{var}.__class__ = {self.bound(f'class_{cls.__name__}', cls)}"]

    def absent_or(self, field: Field, owner: str, samples: Sequence[Any]) -> Lines:
        """A field that may be absent."""
        from .nodes import NullOr

        var = f"{owner}_{field.name}"
        lines = self.value(field.node, var, samples)
        if isinstance(field.node, NullOr) and field.default is None:
            # Null and absent are the same.
            return [f"{var} = get_{owner}({field.name!r})", *lines]
        absent, default = self.bound("absent", _ABSENT), self.bound(f"default_{var}", field.absent)
        taken = [f"{var} = get_{owner}({field.name!r}, {absent})", f"if {var} is {absent}: {var} = {default}()"]
        return [*taken, "else:", *_indented(lines)]
