"""Writes a call as users would: in Python, with curl, with storpool_req."""

from __future__ import annotations

import json
import shlex
from typing import Any, Callable, Dict, Iterator, List, Tuple

from ..spapi.call import Call
from ..spapi.client import SP_API_PREFIX
from ..spcatch import InvalidArgumentError
from ..sptype import nodes
from ..sptype.unknown import unknown_keys

__all__ = ["curl", "json_tokens", "python", "storpool_req"]

WIDTH = 52
# JSON up to this long stays in one line.
_JSON_WIDTH = 44

# Lays out a piece of code, given its indentation and the column in which it begins.
_Code = Callable[[int, int], str]


def python(call: Call, args: Dict[str, Any], body: Any) -> str:
    """Write the call in Python, in one or several lines; bodies are objects of ``sptypes``."""
    arguments = [("", _literal(value)) for value in args.values()]
    if call.json is not None and body is not None:
        # An optional body may be the last parameter, behind the common ones.
        prefix = "json=" if call.jsonOptional else ""
        arguments.append((prefix, _code_of(call.json, body)))
    return _bracketed(f"api.{call.name}(", arguments, ")")(0, 0)


def curl(call: Call, args: Dict[str, Any], body: Any) -> str:
    """Write the call with curl."""
    # Of one cluster: not all are part of a multicluster.
    url = f"http://$SP_API_HTTP_HOST:$SP_API_HTTP_PORT{SP_API_PREFIX}/{call.query.format(**args)}"
    parts = ['curl -H "Authorization: Storpool v1:$SP_AUTH_TOKEN"']
    if body is not None and call.method == "GET":
        parts.append(f"-G --data-urlencode {shlex.quote('json=' + _json(body, 2))}")
    elif body is not None:
        parts.append(f"-d {shlex.quote(_json(body, 2))}")
    elif call.method == "POST":
        parts.append("-X POST")
    return " \\\n  ".join([*parts, f'"{url}"'])


def storpool_req(call: Call, args: Dict[str, Any], body: Any) -> str:
    """Write the call with the command line of the bindings."""
    words = ["storpool_req"]
    if call.method == "POST":
        words.append("-P")
    if body is not None:
        words.append(f"--json {shlex.quote(_json(body))}")
    words.append(call.query.partition("/{")[0])
    return " ".join([*words, *(shlex.quote(str(value)) for value in args.values())])


def json_tokens(value: Any, indent: int = 0) -> Iterator[Tuple[str, str]]:
    """Yield the tokens of JSON laid out for reading: the kind (``key``, ``text``, ``value`` or empty) and the text."""
    if not isinstance(value, (dict, list)):
        yield ("text" if isinstance(value, str) else "value"), json.dumps(value)
        return
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    flat = indent + len(json.dumps(value)) <= _JSON_WIDTH and not _nested(value)
    new_line = "\n" + " " * (indent + 2)
    begin, between = ("", ", ") if flat or not value else (new_line, "," + new_line)
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
    """Return whether a list or mapping holds mappings, which get lines of their own."""
    return any(isinstance(item, dict) for item in (value.values() if isinstance(value, dict) else value))


def _json(value: Any, indent: int = 0) -> str:
    return "".join(text for _kind, text in json_tokens(value, indent))


def _literal(value: Any) -> _Code:
    if isinstance(value, dict):
        return _bracketed("{", [(f"{_text(key)}: ", _literal(item)) for key, item in value.items()], "}")
    if isinstance(value, list):
        return _bracketed("[", [("", _literal(item)) for item in value], "]")
    return lambda _indent, _column: _text(value)


def _text(value: Any) -> str:
    return json.dumps(value) if isinstance(value, str) else repr(value)


def _code_of(node: nodes.Node, value: Any) -> _Code:
    """Return the code that makes a value of a type, its objects by their classes."""
    if isinstance(node, nodes.Wrapper):
        return _code_of(node.wrapped, value)
    if isinstance(node, nodes.UnionNode):
        fitting = [alternative for alternative in node.alternatives if _fits(alternative, value)]
        return _code_of(fitting[0], value) if fitting else _literal(value)
    if isinstance(node, nodes.ObjectNode) and isinstance(value, dict):
        fields = node.cls.__spfields__
        arguments = [(f"{name}=", _code_of(fields[name].node, item)) for name, item in value.items()]
        return _bracketed(f"sptypes.{node.name}(", arguments, ")")
    if isinstance(node, nodes.ListNode) and isinstance(value, list):
        return _bracketed("[", [("", _code_of(node.item, item)) for item in value], "]")
    return _literal(value)


def _fits(node: nodes.Node, value: Any) -> bool:
    try:
        node.handleVal(value)
    except InvalidArgumentError:
        return False
    return not list(unknown_keys(node, value))


def _bracketed(start: str, parts: List[Tuple[str, _Code]], end: str) -> _Code:
    """Return the code of brackets and their contents: one line if it fits, else a line for each part."""

    def code(indent: int, column: int) -> str:
        flat = start + ", ".join(prefix + part(0, 0) for prefix, part in parts) + end
        if "\n" not in flat and column + len(flat) < WIDTH:
            return flat
        if len(parts) == 1 and not parts[0][0]:
            # A single argument stays beside its bracket, where there is room.
            hugged = start + parts[0][1](indent, column + len(start)) + end
            if column + len(hugged.split("\n")[0]) <= WIDTH:
                return hugged
        inside = indent + 4
        lines = [f"{' ' * inside}{prefix}{part(inside, inside + len(prefix))},\n" for prefix, part in parts]
        return f"{start}\n{''.join(lines)}{' ' * indent}{end}"

    return code
