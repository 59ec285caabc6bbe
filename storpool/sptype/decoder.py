"""Decoders: straight-line code made once for each collection and class, at its first use.

A generated function takes the value apart, keeps what is well-formed, and hands single scalars that want converting
("10" for 10) to their node. Whatever else does not fit raises inside and goes to the node's exact path, which says what
is wrong and collects what is right. So the generated code never decides what an error is.
``python -m storpool.sptype show VolumeSummary`` prints the code made for a class;
:mod:`.generator` writes it.
"""

from __future__ import annotations

import gc
import sys
from itertools import islice
from typing import TYPE_CHECKING, Any, Callable, Dict, Type

if TYPE_CHECKING:
    from .nodes import Collection
    from .objects import JsonObjectImpl

# How many items of a list are converted, then checked together: few enough to be in the processor's cache still.
_CHUNK = 250
# Of how many items on the collector waits until a list is made.
_LARGE = 50
# How often a node learns anew which fields are usual, when lists are unlike the first.
_LEARN_MAX = 8
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
    # Imported with the first value: starting takes no notice of it.
    from . import generator
    from .nodes import MapNode, ObjectNode

    code, env = generator.source(node, value)
    try:
        exec(compile(code, f"<decoder of {node.name}>", "exec"), env)  # noqa: S102 - our code, made from declarations
    except SyntaxError:
        # A field that a user named `from` or `class`: no attribute of that name can be written in code.
        return node.exact
    if isinstance(node, ObjectNode):
        return env["decode"]  # type: ignore[no-any-return]
    enough = 4 * len(value) if type(value) in (dict, list) and len(value) < generator.SAMPLES else sys.maxsize
    return _in_chunks(node, env, dict if isinstance(node, MapNode) else list, enough)


def _in_chunks(node: Any, env: Dict[str, Any], kind: Any, enough: int) -> Callable[[Any], Any]:
    """Make the function that converts a list or mapping, a chunk at a time.

    From one with more than ``enough`` items there is more to learn than was known when the code was written.
    """
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
        if len(value) > enough:
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
