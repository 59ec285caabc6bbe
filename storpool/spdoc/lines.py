"""A call as one writes it: in Python, with curl, with storpool_req."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING, Any, Callable, Dict, Iterator, List, Tuple

from ..spcatch import InvalidArgumentError
from ..sptype import nodes
from ..sptype.objects import unknown_keys

if TYPE_CHECKING:
    from ..spapi.call import Call

__all__ = ["curl", "json_tokens", "python", "storpool_req"]

WIDTH = 52
# JSON that is no longer than this stays in one line.
_JSON_WIDTH = 44

# Code that is laid out when it is known how far it is indented, and where in its line it begins.
_Code = Callable[[int, int], str]


def python(call: Call, args: Dict[str, Any], body: Any) -> str:
    """The call as a line of Python, or several; bodies are objects of ``sptypes``."""
    given = [("", _literal(value)) for value in args.values()]
    if call.json is not None and body is not None:
        # A body that comes after other parameters, which newer declarations do to keep older programs running.
        prefix = "json=" if call.jsonOptional else ""
        given.append((prefix, _of(call.json, body)))
    return _laid_out(f"api.{call.name}(", given, ")")(0, 0)


def curl(call: Call, args: Dict[str, Any], body: Any) -> str:
    """The call with curl."""
    url = "http://$SP_API_HTTP_HOST:$SP_API_HTTP_PORT" + call.path.format(**args)
    parts = ['curl -H "Authorization: Storpool v1:$SP_AUTH_TOKEN"']
    if body is not None and call.method == "GET":
        parts.append(f"-G --data-urlencode {shlex.quote('json=' + _json(body, 2))}")
    elif body is not None:
        parts.append(f"-d {shlex.quote(_json(body, 2))}")
    elif call.method == "POST":
        parts.append("-X POST")
    return " \\\n  ".join([*parts, f'"{url}"'])


def storpool_req(call: Call, args: Dict[str, Any], body: Any) -> str:
    """The call with the command line of the bindings."""
    words = ["storpool_req"]
    if call.method == "POST":
        words.append("-P")
    if body is not None:
        words.append(f"--json {shlex.quote(_json(body))}")
    words.append(call.query.partition("/{")[0])
    return " ".join([*words, *(shlex.quote(str(value)) for value in args.values())])


def json_tokens(value: Any, indent: int = 0) -> Iterator[Tuple[str, str]]:
    """Give JSON for reading by tokens: the kind (``key``, ``text``, ``value`` or nothing) and the text of each."""
    if not isinstance(value, (dict, list)):
        yield ("text" if isinstance(value, str) else "value"), json.dumps(value)
        return
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    flat = indent + len(json.dumps(value)) <= _JSON_WIDTH and not _nested(value)
    begin, between = ("", ", ") if flat or not value else ("\n" + " " * (indent + 2), ",\n" + " " * (indent + 2))
    yield "", opening
    for index, item in enumerate(value):
        yield "", between if index else begin
        if isinstance(value, dict):
            yield "key", json.dumps(item)
            yield "", ": "
            item = value[item]
        yield from json_tokens(item, indent + 2)
    yield "", closing if flat or not value else "\n" + " " * indent + closing


def _nested(value: Any) -> bool:
    """Whether it holds objects, which get lines of their own."""
    return any(isinstance(each, dict) for each in (value.values() if isinstance(value, dict) else value))


def _json(value: Any, indent: int = 0) -> str:
    return "".join(text for _kind, text in json_tokens(value, indent))


def _literal(value: Any) -> _Code:
    if isinstance(value, dict):
        return _laid_out("{", [(f"{_text(key)}: ", _literal(each)) for key, each in value.items()], "}")
    if isinstance(value, list):
        return _laid_out("[", [("", _literal(each)) for each in value], "]")
    return lambda _indent, _begin: _text(value)


def _text(value: Any) -> str:
    return json.dumps(value) if isinstance(value, str) else repr(value)


def _of(node: nodes.Node, value: Any) -> _Code:
    """A value of a type, its objects made by their classes."""
    if isinstance(node, nodes.Wrapper):
        return _of(node.wrapped, value)
    if isinstance(node, nodes.UnionNode):
        return next((_of(each, value) for each in node.alternatives if _fits(each, value)), _literal(value))
    if isinstance(node, nodes.ObjectNode) and isinstance(value, dict):
        fields = node.cls.__spfields__
        given = [(f"{name}=", _of(fields[name].node, each)) for name, each in value.items()]
        return _laid_out(f"sptypes.{node.name}(", given, ")")
    if isinstance(node, nodes.ListNode) and isinstance(value, list):
        return _laid_out("[", [("", _of(node.item, each)) for each in value], "]")
    return _literal(value)


def _fits(node: nodes.Node, value: Any) -> bool:
    try:
        node.handleVal(value)
    except InvalidArgumentError:
        return False
    return not list(unknown_keys(node, value))


def _laid_out(start: str, parts: List[Tuple[str, _Code]], end: str) -> _Code:
    """Brackets and what is between them: in one line if it fits, else a line for each part."""

    def code(indent: int, begin: int) -> str:
        flat = start + ", ".join(prefix + part(0, 0) for prefix, part in parts) + end
        if "\n" not in flat and begin + len(flat) < WIDTH:
            return flat
        if len(parts) == 1 and not parts[0][0]:
            # A single argument stays with its bracket, where there is room.
            hugged = start + parts[0][1](indent, begin + len(start)) + end
            if begin + len(hugged.split("\n")[0]) <= WIDTH:
                return hugged
        inside = indent + 4
        lines = [f"{' ' * inside}{prefix}{part(inside, inside + len(prefix))},\n" for prefix, part in parts]
        return f"{start}\n{''.join(lines)}{' ' * indent}{end}"

    return code
