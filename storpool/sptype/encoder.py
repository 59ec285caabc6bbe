"""Encoders: code that gives the JSON text of an object at once, made once for each class, at its first use.

It writes null, strings and integers, which nearly all fields hold; any other value it leaves to others, by its type.
``python -m storpool.sptype show VolumeCreateDesc`` prints it.
"""

from __future__ import annotations

from json.encoder import encode_basestring_ascii as quote
from typing import TYPE_CHECKING, Any, Callable, Dict, Mapping, Type

if TYPE_CHECKING:
    from .objects import JsonObjectImpl

Texts = Mapping[type, Callable[[Any], str]]

# Subclasses of these may be written otherwise; true and false are of one.
_VALUE = "quote(v) if type(v) is str else v if type(v) is int else texts[type(v)](v)"


def generate(cls: Type[JsonObjectImpl], nulls: bool, texts: Texts) -> Callable[[Any], str]:
    """Make the function that gives the text of an object, with its nulls or without.

    :param texts: what writes values of other types.
    :raises SyntaxError: a field that a user named `from` or `class`: no attribute of that name can be written in code.
    """
    env: Dict[str, Any] = {"quote": quote, "texts": texts}
    code = compile(source(cls, nulls), f"<encoder of {cls.__name__}>", "exec")
    exec(code, env)  # noqa: S102 - our code, made from declarations
    return env["encode"]  # type: ignore[no-any-return]


def source(cls: Type[JsonObjectImpl], nulls: bool) -> str:
    """Give the code of a class's encoder."""
    keys = {name: f"{quote(name)}:%s" for name in cls.__spfields__}
    if nulls:
        whole = "{" + ",".join(keys.values()) + "}"
        values = [f"    'null' if (v := o.{name}) is None else {_VALUE}," for name in keys]
        body = [f"return {whole!r} % (", *values, ")"]
    else:
        parts = [f"if (v := o.{name}) is not None: t += {',' + key!r} % ({_VALUE},)" for name, key in keys.items()]
        body = ["t = ''", *parts, "return '{%s}' % (t[1:],)"]
    return "\n    ".join(["def encode(o, type=type, str=str, int=int):", *body]) + "\n"
