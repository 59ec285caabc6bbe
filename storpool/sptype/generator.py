"""The code of decoders, which :mod:`.decoder` compiles; imported with the first value.

Each function here that gives lines of code gives those that convert the variable ``var`` in place.
"""

from __future__ import annotations

import re
from collections import Counter
from itertools import chain, islice
from operator import itemgetter
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple, cast

from .constraints import NamedEnum, Regex
from .markers import ToldApart
from .nodes import Collection, Const, ListNode, MapNode, Node, NullOr, ObjectNode, SetNode, UnionNode, Wrapper
from .objects import Field

Lines = List[str]

# How many items of a list tell which fields are usual.
SAMPLES = 50
# What generated code calls in every line, as parameters: local names are fastest.
_BUILTINS = "type=type, int=int, len=len"
_ABSENT = object()


def source(node: Collection, value: Any = None) -> Tuple[str, Dict[str, Any]]:
    """Give the code of a node's decoder, and the names it uses; ``value`` is one to learn from."""
    code = _Code(not isinstance(node, ObjectNode), node.owned)
    if isinstance(node, ObjectNode):
        code.env["exact"] = node.exact
        tried = ["try:", *_indented([*code.object(node, "v", []), "return v"]), "except Exception: pass"]
        body = ["if type(v) is dict:", *_indented(tried), "return exact(v)"]
        return _function(f"decode(v, {_BUILTINS})", body), code.env
    if isinstance(node, MapNode):
        samples = _some(value.values()) if type(value) is dict else []
        lines = [*code.key(node.key, "k"), *code.item(node.value, "x", samples), "made[k] = x"]
        loop = ["for k, x in chunk:", *_indented(lines)]
    else:
        samples = _some(value) if type(value) is list else []
        loop = ["for x in chunk:", *_indented([*code.item(node.inner()[0], "x", samples), "made.append(x)"])]
    return _function(f"convert(chunk, made, {_BUILTINS})", [*code.before, *loop, *code.after]), code.env


def _some(values: Any) -> List[Any]:
    """Take samples from all over a list."""
    return [*islice(values, 0, None, max(1, len(values) // SAMPLES))]


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


def _usual(node: Node, samples: Sequence[Any]) -> List[Any]:
    """Give what most of the samples are, one and the same object, if it stays as it is; empty where there is none.

    CPython has one object only for true, for a small number, for a single character, so nothing is tested faster.
    """
    counts = Counter(map(id, samples))
    found = [x for x in samples if type(x) in (bool, int, str) and counts[id(x)] > max(1, len(samples) / 2)][:1]
    try:
        return found if found and node.handleVal(found[0]) is found[0] else []
    except Exception:
        return []


def _one_if(lines: Lines) -> bool:
    """Whether it is one line, a test and what it decides."""
    return len(lines) == 1 and lines[0].startswith("if not (")


def _answer(choose: Callable[[Any], int], sample: Any) -> Any:
    try:
        return choose(sample)
    except Exception:
        return None


def _told_by_required(alternatives: Sequence[Node]) -> Optional[ToldApart]:
    """What may tell objects of a union apart that has no mark: fields that one class needs and none after it has.

    Without its class's field an object is surely not of it; with it, converting tells.
    """
    classes = [node.cls for node in alternatives if isinstance(node, ObjectNode)]
    if len(classes) < len(alternatives):
        return None
    marks: List[str] = []
    for index, cls in enumerate(classes[:-1]):
        after = {name for later in classes[index + 1 :] for name in later.__spfields__}
        marks += [name for name, field in cls.__spfields__.items() if field.required and name not in after][:1]
    if len(marks) < len(classes) - 1:
        return None
    return ToldApart("", lambda record: next((i for i, mark in enumerate(marks) if mark in record), len(marks)))


def _match_items(key: Regex, value: Regex) -> Callable[[Sequence[Dict[str, str]]], bool]:
    """What tells whether the keys of many mappings are good by one constraint, and the values by another."""

    def match_all(mappings: Sequence[Dict[str, str]]) -> bool:
        values = [*chain.from_iterable(map(dict.values, mappings))]
        return key.match_all(set().union(*mappings)) and value.match_all(values)

    return match_all


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

    def __init__(self, chunks: bool, owned: bool) -> None:
        self._chunks = chunks
        self._owned = owned
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
        # A collection replaces its handleVal when it is first used; look it up late, so as to get the generated one.
        if isinstance(node, Collection):
            return f"{var} = {self.bound(f'node_{var}', node)}.handleVal({var})"
        return f"{var} = {self.bound(f'convert_{var}', node.handleVal)}({var})"

    def item(self, node: Node, var: str, samples: Sequence[Any]) -> Lines:
        """An item of a chunk: an object that does not fit is no reason to give the others up."""
        lines = self.value(node, var, samples)
        if isinstance(node, (ObjectNode, UnionNode)):
            return ["try:", *_indented(lines), f"except Exception: {var} = misfit({var})"]
        return lines

    def key(self, node: Node, var: str) -> Lines:
        """A key of a mapping, which JSON has as strings only."""
        kind = getattr(node, "constraint", node)
        number = int in (getattr(kind, "kind", None), getattr(kind, "type", None))
        return [*([f"{var} = int({var})"] if number else []), *self.value(node, var, [])]

    def value(self, node: Node, var: str, samples: Sequence[Any]) -> Lines:
        """A value of any type."""
        lines = self.converted(node, var, samples)
        usual = _usual(node, samples)
        if not usual:
            return lines
        test = f"{var} is not {self.bound(f'usual_{var}', usual[0])}"
        return [lines[0].replace("if", f"if {test} and", 1)] if _one_if(lines) else [f"if {test}:", *_indented(lines)]

    def converted(self, node: Node, var: str, samples: Sequence[Any], whole: Optional[Node] = None) -> Lines:
        """A value of any type; ``whole`` is the node that converts what does not fit, where it is another."""
        handled = self.handled(whole or node, var)
        if isinstance(node, NullOr):
            lines = self.converted(node.wrapped, var, samples)
            if _one_if(lines):
                return [lines[0].replace("if", f"if {var} is not None and", 1)]
            return [f"if {var} is not None:", *_indented(lines)]
        if isinstance(node, Wrapper):
            return self.converted(node.wrapped, var, samples)
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

    def checked_late(self, name: str, match_all: Callable[[List[Any]], bool], var: str) -> Lines:
        """A value that is checked together with others, at the end of the chunk."""
        matches = self.bound(f"match_all_{name}", match_all)
        names = matches.replace("match_all", "names", 1)
        if f"{names} = []" not in self.before:
            self.before.append(f"{names} = []")
            self.after.append(f"if not {matches}({names}): raise ValueError")
        return [f"{names}.append({var})"]

    def collection(self, node: Any, var: str, samples: Sequence[Any], handled: str) -> Lines:
        """A list, set or mapping within another value."""
        key, item, made = f"key_{var}", f"item_{var}", f"made_{var}"
        if isinstance(node, MapNode):
            kind, empty = "dict", "{}"
            constraints = [getattr(each, "constraint", None) for each in (node.key, node.value)]
            if self._chunks and all(isinstance(each, Regex) for each in constraints):
                lines = self.checked_late(node.name, _match_items(*cast("List[Regex]", constraints)), var)
                lines += [] if self._owned else [f"{var} = {var}.copy()"]
            else:
                inner = [x for sample in samples if type(sample) is dict for x in sample.values()]
                each = [*self.key(node.key, key), *self.value(node.value, item, inner), f"{made}[{key}] = {item}"]
                lines = [f"{made} = {{}}", f"for {key}, {item} in {var}.items():", *_indented(each), f"{var} = {made}"]
        else:
            kind, empty = "list", "set()" if isinstance(node, SetNode) else "[]"
            inner = [x for sample in samples if type(sample) is list for x in sample]
            each = [*self.value(node.item, item, inner), f"{made}.append({item})"]
            end = f"{var} = set({made})" if isinstance(node, SetNode) else f"{var} = {made}"
            lines = [f"{made} = []", f"for {item} in {var}:", *_indented(each), end]
        wrong = f"if type({var}) is not {kind}: {handled}"
        if self._owned and not isinstance(node, SetNode):
            return [wrong, f"elif {var}:", *_indented(lines)]
        return [wrong, f"elif not {var}: {var} = {empty}", "else:", *_indented(lines)]

    def union(self, node: UnionNode, var: str, samples: Sequence[Any], handled: str) -> Lines:
        told = node.toldApart or _told_by_required(node.alternatives)
        if told is not None:
            choose, which = told.choose, f"which_{var}"
            lines = [f"{which} = {self.bound(f'choose_{var}', choose)}({var})"]
            if told.own is not None:
                agreed = f"{which} = not {which} if {var}.get({told.field!r}) is {which} else"
                lines = [f"{which} = {told.own!r} in {var}", lines[0].replace(f"{which} =", agreed, 1)]
            for index, each in enumerate(node.alternatives):
                chosen = [sample for sample in samples if _answer(choose, sample) == index]
                lines += [f"{'el' if index else ''}if {which} == {index}:", *_indented(self.value(each, var, chosen))]
            return [f"if type({var}) is not dict: {handled}", "else:", *_indented([*lines, f"else: {handled}"])]
        *first, last = node.alternatives
        # What is one of the constants stays as it is, and does not get to the last.
        if all(isinstance(each, Const) for each in first):
            tests = [f"{each.test(var)}" for each in first]
            return [f"if not ({' or '.join(tests)}):", *_indented(self.converted(last, var, samples, node))]
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
        for field in there:
            given = [sample[field.name] for sample in dicts if field.name in sample]
            lines += self.value(field.node, f"{var}_{field.name}", given)
        if rest:
            taken = [f"get_{var} = {var}.get"]
            for field in rest:
                given = [sample[field.name] for sample in dicts if field.name in sample]
                taken += self.absent_or(field, var, given)
            if dicts and there:
                # Most records have nothing beyond.
                absent = [f"{var}_{field.name} = {self.default(field, var)}" for field in rest]
                taken = [f"if len({var}) == {len(there)}:", *_indented(absent), "else:", *_indented(taken)]
            lines += taken
        # Building happens in a twin of the class whose __setattr__ does not validate: plain stores are fast.
        lines.append(f"{var} = {self.bound(f'twin_of_{cls.__name__}', cls.twin())}()")
        lines += [f"{var}.{name} = {var}_{name}" for name in cls.__spfields__]
        self._within.pop()
        return [*lines, f"{var}.__class__ = {self.bound(f'class_{cls.__name__}', cls)}"]

    def default(self, field: Field, owner: str) -> str:
        """The value of a field that is absent."""
        value = field.absent()
        if value is None or type(value) in (bool, int, str):
            return repr(value)
        return f"{self.bound(f'default_{owner}_{field.name}', field.absent)}()"

    def absent_or(self, field: Field, owner: str, samples: Sequence[Any]) -> Lines:
        """A field that may be absent."""
        var = f"{owner}_{field.name}"
        lines = self.value(field.node, var, samples)
        if isinstance(field.node, NullOr) and field.default is None:
            # Null and absent are the same.
            return [f"{var} = get_{owner}({field.name!r})", *lines]
        absent, default = self.bound("absent", _ABSENT), self.default(field, owner)
        taken = [f"{var} = get_{owner}({field.name!r}, {absent})", f"if {var} is {absent}: {var} = {default}"]
        return [*taken, "else:", *_indented(lines)]
