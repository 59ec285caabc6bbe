"""Reads the body of a request: JSON from an option, a file or standard input, and words such as ``size=20G``."""

from __future__ import annotations

import difflib
import json
import re
import sys
from typing import Any, Dict, Iterable, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from ..spapi.call import Call
from ..spcatch import InvalidArgumentError
from ..sptype import nodes
from ..sptype.annotations import Field
from ..sptype.constraints import OneOf, Size
from ..sptype.unknown import unknown_keys
from .errors import Failure

__all__ = [
    "Assignment",
    "add",
    "converted",
    "fields_of_body",
    "load",
    "refuse_misleading_text",
    "split",
    "suggestion",
    "unknown_fields",
    "values_of",
]

_ASSIGNMENT = re.compile(r"([A-Za-z][^=]*?)(:?=)(.*)", re.DOTALL)
_SIZE = re.compile(r"(\d+(?:\.\d+)?)([KMGTPE])(?:i?B)?", re.IGNORECASE)
# Texts in the place of a boolean that convert to what they say; older scripts may have them.
_TRUE_TEXTS = ("", "true", "yes", "on", "1")


class Assignment(NamedTuple):
    """A word that gives a field of the body: ``key=value``, or ``key:=JSON``."""

    word: str
    key: str
    is_json: bool
    value: str


def split(words: Sequence[str], call: Optional[Call]) -> Tuple[List[str], List[Assignment]]:
    """Split the words after a query into the arguments and the fields of the body, which come last."""
    if call is None or call.json is None:
        return list(words), []
    count = len(call.args)
    arguments, assignments = list(words[:count]), []
    fields = _fields(call.json)
    # With an argument missing, a field has taken its place; leave it to the check of the number to say so.
    while arguments and _key(arguments[-1]) in fields:
        count -= 1
        arguments.pop()
    for word in words[count:]:
        match = _ASSIGNMENT.fullmatch(word)
        if match:
            assignments.append(Assignment(word, match[1], match[2] == ":=", match[3]))
        else:
            arguments.append(word)
    return arguments, assignments


def _key(word: str) -> str:
    match = _ASSIGNMENT.fullmatch(word)
    return match[1].partition(".")[0] if match else ""


def load(source: str) -> Any:
    """Return the body that ``--json`` gives: JSON, ``@FILE``, or ``-`` for standard input.

    :raises Failure: it cannot be read, or is not JSON.
    """
    if source == "-" or source.startswith("@"):
        place = "standard input" if source == "-" else source[1:]
        return _parsed(_read(source), f"Could not parse the JSON data of {place}")
    try:
        source.encode("utf-8")
    except UnicodeEncodeError as exc:
        raise Failure("cliInvalidJSON", f"Could not parse the JSON data: not UTF-8 at character {exc.start}") from None
    return _parsed(source, "Could not parse the JSON data")


def _read(source: str) -> str:
    place = "standard input" if source == "-" else source[1:]
    try:
        if source == "-":
            if sys.stdin is None:
                raise OSError("it is closed")
            data = sys.stdin.buffer.read()
        else:
            with open(place, "rb") as file:
                data = file.read()
    except OSError as exc:
        raise Failure("cliInvalidJSON", f"Could not read {place}: {exc.strerror or exc}") from None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as exc:
        raise Failure("cliInvalidJSON", f"Could not parse {place}: not UTF-8 at byte {exc.start}") from None


def _parsed(text: str, complaint: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as exc:
        raise Failure("cliInvalidJSON", f"{complaint}: {exc}") from None


def add(body: Any, assignments: Iterable[Assignment], node: nodes.Node) -> Any:
    """Add fields to a body; ``tags.app=postgres`` gives a field of a field.

    :param body: the mapping to add to.
    :param node: the declared type of the body.
    :raises Failure: there is no such field, or the value is not of its type.
    """
    if not isinstance(body, dict) or not _fields(node):
        raise Failure("cliInvalidArgument", "The body is not an object, so KEY=VALUE words cannot give it fields")
    body = json.loads(json.dumps(body))
    for assignment in assignments:
        try:
            _assign(body, node, assignment)
        except InvalidArgumentError as exc:
            raise Failure("cliInvalidArgument", f"{assignment.word}: {exc}") from None
    return body


def _assign(body: Dict[str, Any], node: nodes.Node, assignment: Assignment) -> None:
    field: Optional[Field] = None
    target, rest = body, assignment.key
    while True:
        fields = _fields(node)
        name, _, below = rest.partition(".")
        if fields:
            if name not in fields:
                raise InvalidArgumentError(f"there is no field {name!r}{suggestion(name, fields)}")
            field = fields[name]
            node = field.node
        else:
            mapping = _within(node, nodes.MapNode)
            if mapping is None:
                raise InvalidArgumentError(f"it has no fields such as {name!r}; it is {node.describe()}")
            node = mapping.value
            if not _fields(node) and _within(node, nodes.MapNode) is None:
                # The keys of a mapping may have dots in them, as tags do.
                name, below = rest, ""
        if not below:
            break
        inner = target.setdefault(name, {})
        if not isinstance(inner, dict):
            raise InvalidArgumentError(f"{name!r} has another value already")
        target, rest = inner, below
    if assignment.is_json:
        target[name] = _parsed(assignment.value, f"{assignment.key}: could not parse the JSON data")
    else:
        target[name] = _value(node, assignment.value, field)


def _within(node: nodes.Node, kind: Any) -> Any:
    """Return the node of this kind that a node is, wraps, or has as an alternative."""
    if isinstance(node, kind):
        return node
    inner = node.inner() if isinstance(node, (nodes.Wrapper, nodes.UnionNode)) else ()
    return next(filter(None, (_within(item, kind) for item in inner)), None)


def _fields(node: nodes.Node) -> Dict[str, Field]:
    """Return the fields of the object that a node stands for; none if it stands for something else."""
    found = _within(node, nodes.ObjectNode)
    return found.cls.__spfields__ if found is not None else {}


def fields_of_body(call: Call) -> Dict[str, nodes.Node]:
    """Return the fields that words may give the body of a call, with the types of their values."""
    if call.json is None:
        return {}
    return {name: _value_type(field.node) for name, field in _fields(call.json).items()}


def _value_type(node: nodes.Node) -> nodes.Node:
    """Return the type of a value or of an item, without null and markers such as ``-``."""
    if isinstance(node, nodes.Wrapper):
        return _value_type(node.wrapped)
    if isinstance(node, nodes.ListNode):
        return _value_type(node.item)
    if isinstance(node, nodes.UnionNode):
        others = [item for item in node.alternatives if not isinstance(item, nodes.Const)]
        return _value_type(others[0]) if len(others) == 1 else node
    return node


def values_of(node: nodes.Node) -> List[str]:
    """Return the values of a type as words, where they are few."""
    if isinstance(node, nodes.Builtin) and node.type is bool:
        return ["true", "false"]
    constraint = node.constraint if isinstance(node, nodes.Scalar) else None
    return [str(value) for value in constraint.values] if isinstance(constraint, OneOf) else []


def suggestion(name: str, known: Iterable[str]) -> str:
    """Return ``; did you mean ...?`` for a mistyped name, or an empty string."""
    names = {item.lower(): item for item in known}
    similar = difflib.get_close_matches(name.lower(), names, n=1, cutoff=0.6)
    return f"; did you mean {names[similar[0]]}?" if similar else ""


def _value(node: nodes.Node, text: str, field: Optional[Field]) -> Any:
    """Return the value of a type that a word stands for.

    :raises InvalidArgumentError: it stands for none.
    """
    if isinstance(node, nodes.Wrapper):
        return _value(node.wrapped, text, field)
    if isinstance(node, nodes.UnionNode):
        for alternative in node.alternatives:
            try:
                return _value(alternative, text, field)
            except InvalidArgumentError:
                continue
    elif isinstance(node, nodes.ListNode):
        return [_value(node.item, part.strip(), field) for part in text.split(",")] if text else []
    elif isinstance(node, (nodes.ObjectNode, nodes.MapNode)):
        raise InvalidArgumentError("it is an object: use key.field=VALUE, or key:=JSON")
    else:
        for reading in _readings(node, text, field):
            if _is_of(node, reading):
                return reading
    raise InvalidArgumentError(f"{text!r} is not {node.describe()}")


def _is_of(node: nodes.Node, value: Any) -> bool:
    """Return whether a value is of a type without conversion."""
    try:
        converted = node.handleVal(value)
    except InvalidArgumentError:
        return False
    return type(converted) is type(value) and bool(converted == value)


def _readings(node: nodes.Node, text: str, field: Optional[Field]) -> Iterator[Any]:
    """Yield what a word may stand for: true or false, a number, a size, a text."""
    if text in ("true", "false"):
        yield text == "true"
    if re.fullmatch(r"[+-]?\d+", text, re.ASCII):
        yield int(text)
    size = _SIZE.fullmatch(text)
    if size and _is_size(node, field):
        yield converted(text)
    if re.fullmatch(r"[+-]?\d+\.\d+", text, re.ASCII):
        yield float(text)
    yield text


def converted(text: str) -> Any:
    """Return the number of bytes that a size such as 20G or 1.5T stands for; None if it is not a size."""
    size = _SIZE.fullmatch(text)
    return int(float(size[1]) * 1024 ** ("KMGTPE".index(size[2].upper()) + 1)) if size else None


def _is_size(node: nodes.Node, field: Optional[Field]) -> bool:
    """Return whether a number is in bytes, by its type or by the description of its field."""
    if isinstance(node, nodes.Scalar) and isinstance(node.constraint, Size):
        return True
    if field is None:
        return False
    # The documentation is parsed from the source, which only sizes of such fields have to wait for.
    from ..spdoc import docstrings, prose

    return prose.unit_of(docstrings.of_class(field.owner).get(field.name, "")) == "bytes"


def refuse_misleading_text(body: Any, node: nodes.Node, path: str = "") -> None:
    """Refuse text such as "false" and "no" where true or false is expected: as a text it would be true.

    :raises Failure: there is such a text.
    """
    if isinstance(node, nodes.Wrapper):
        refuse_misleading_text(body, node.wrapped, path)
    elif isinstance(node, nodes.Builtin) and node.type is bool:
        if isinstance(body, str) and body.strip().lower() not in _TRUE_TEXTS:
            where = path.lstrip(".") or "the body"
            raise Failure("cliInvalidArgument", f"{where}: the text {body!r} is neither true nor false")
    elif isinstance(node, nodes.UnionNode) and isinstance(body, dict):
        for alternative in node.alternatives:
            refuse_misleading_text(body, alternative, path)
    elif isinstance(node, nodes.ObjectNode) and isinstance(body, dict):
        for name, value in body.items():
            if name in node.cls.__spfields__:
                refuse_misleading_text(value, node.cls.__spfields__[name].node, f"{path}.{name}")
    elif isinstance(node, nodes.ListNode) and isinstance(body, list):
        for index, value in enumerate(body):
            refuse_misleading_text(value, node.item, f"{path}[{index}]")
    elif isinstance(node, nodes.MapNode) and isinstance(body, dict):
        for name, value in body.items():
            refuse_misleading_text(value, node.value, f"{path}[{name!r}]")


def unknown_fields(body: Any, node: nodes.Node) -> List[str]:
    """Describe the keys of a body that no declaration has, each with the field that it may be a misspelling of."""
    try:
        paths = list(unknown_keys(node, body))
    except RecursionError:
        return []
    root = _within(node, nodes.ObjectNode)
    name = root.name if root is not None else ""
    fields = {field for cls in _classes(node) for field in cls.__spfields__}
    return [f"{name}{path} is not a field{suggestion(path.rpartition('.')[2], fields)}" for path in paths]


def _classes(node: nodes.Node) -> Iterator[Any]:
    """Yield the classes of the objects in values of a type."""
    seen = set()
    pending = [node]
    while pending:
        node = pending.pop()
        if isinstance(node, nodes.ObjectNode):
            if node.cls in seen:
                continue
            seen.add(node.cls)
            yield node.cls
            pending.extend(field.node for field in node.cls.__spfields__.values())
        pending.extend(node.inner())
