"""Decoders: straight-line code made once for each collection and class, at its first use.

A generated function takes the value apart, keeps what its tests find well-formed, and hands single scalars that want
converting ("10" for 10) to their node. Whatever does not fit raises inside and goes to the node's exact path, which
says what is wrong and collects what is right. So the generated code never decides what an error is.
``python -m storpool.sptype show VolumeSummary`` prints the code made for a type.

Each function here that begins with an underscore gives lines of code that convert the variable ``var`` in place; the
objects that the lines use go into ``env`` under names of their own.
"""

from __future__ import annotations

import gc
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Callable, Container, Dict, List, Tuple, Type, cast

if TYPE_CHECKING:
    from .nodes import Collection, ListNode, MapNode, Node, UnionNode
    from .objects import Field, JsonObjectImpl

Env = Dict[str, Any]
Lines = List[str]

# Of how many items on the collector waits until a list is made.
_LARGE = 500
_ABSENT = object()
_new = object.__new__
_set = object.__setattr__


def build(cls: Type[JsonObjectImpl], values: Dict[str, Any]) -> Any:
    """Make an object with these values, which are taken as they are."""
    made = _new(cls)
    for name, value in values.items():
        _set(made, name, value)
    return made


def generate(node: Collection, sample: Any = None) -> Callable[[Any], Any]:
    """Make the function that converts values for this node; ``sample`` is the first of them."""
    code, env = source(node, sample)
    try:
        exec(compile(code, f"<decoder of {node.name}>", "exec"), env)  # noqa: S102 - our code, made from declarations
    except SyntaxError:
        # A field that a user named `from` or `class`: no attribute of that name can be written in code.
        return node.exact
    return env["decode"]  # type: ignore[no-any-return]


def source(node: Collection, sample: Any = None) -> Tuple[str, Env]:
    """Give the code of a node's decoder, and the names it uses."""
    from .nodes import MapNode, ObjectNode

    env: Env = {"exact": node.exact}
    body: Lines = []
    if isinstance(node, ObjectNode):
        # A cluster leaves out the same fields in all records: expect what the first one has, then only what must be.
        for usual in (sample if type(sample) is dict else (), ()):
            body += [
                "if type(v) is dict:",
                *_indented(_tried(_object(node.cls, "v", env, usual), ["return v"], ["pass"])),
            ]
        body.append("return exact(v)")
    else:
        first = None
        if type(sample) in (dict, list):
            first = next(iter(sample.values() if type(sample) is dict else sample), None)
        rebuilt = _mapping(node, env, first) if isinstance(node, MapNode) else _list(cast("ListNode", node), env, first)
        env.update(gc_on=gc.isenabled, gc_disable=gc.disable, gc_enable=gc.enable)
        # Nothing here is garbage; the collector would walk the growing list again and again to find that out.
        body = [
            f"paused = type(v) in (list, dict) and len(v) > {_LARGE} and gc_on()",
            "if paused: gc_disable()",
            *_tried(rebuilt, [], ["pass"]),
            "finally:",
            "    if paused: gc_enable()",
            "return exact(v)",
        ]
    return "\n".join(["def decode(v):", *_indented(body), ""]), env


def _indented(lines: Lines) -> Lines:
    return [f"    {line}" for line in lines]


def _tried(lines: Lines, after: Lines, otherwise: Lines) -> Lines:
    # Any exception whatever means the same: not well-formed, so something more exact decides.
    return ["try:", *_indented(lines + after), "except Exception:", *_indented(otherwise)]


def _bound(what: str, value: Any, env: Env) -> str:
    name = f"{what}_{len(env)}"
    env[name] = value
    return name


def _handler(node: Node, var: str, env: Env) -> str:
    """An expression that converts ``var`` by its node."""
    from .nodes import Collection

    # A collection replaces its handleVal when it is first used; look it up late, so as to get the generated one.
    if isinstance(node, Collection):
        return f"{_bound('node', node, env)}.handleVal({var})"
    return f"{_bound('convert', node.handleVal, env)}({var})"


def _list(node: ListNode, env: Env, sample: Any) -> Lines:
    """A list as a function's whole value: its items are converted in the loop."""
    item = _item(node.item, "x", env, sample)
    loop = ["items = []", "for x in v:", *_indented([*item, "items.append(x)"])]
    return ["if type(v) is list:", *_indented([*loop, f"return {_bound('build', node.build, env)}(items)"])]


def _mapping(node: MapNode, env: Env, sample: Any) -> Lines:
    item = [*_converted(node.key, "k", env), *_item(node.value, "x", env, sample), "items[k] = x"]
    loop = ["items = {}", "for k, x in v.items():", *_indented(item), "return items"]
    return ["if type(v) is dict:", *_indented(loop)]


def _item(node: Node, var: str, env: Env, sample: Any) -> Lines:
    """What stands in a loop; an object's code stands there itself, which saves a call for each."""
    from .nodes import ObjectNode

    if isinstance(node, ObjectNode):
        usual = sample if type(sample) is dict else ()
        unfit = [f"if type({var}) is not dict: raise TypeError"]
        return _tried(unfit + _object(node.cls, var, env, usual), [], [f"{var} = {_handler(node, var, env)}"])
    return _converted(node, var, env)


def _converted(node: Node, var: str, env: Env) -> Lines:
    from .nodes import ListNode, MapNode, NullOr, UnionNode

    if isinstance(node, NullOr) and node.test(var, env) is None:
        return [f"if {var} is not None:", *_indented(_converted(node.wrapped, var, env))]
    inner, condition = (node.wrapped, f"{var} is not None and ") if isinstance(node, NullOr) else (node, "")
    test = inner.test(var, env)
    if test is not None:
        return [f"if {condition}not {test}: {var} = {_handler(inner, var, env)}"]
    if isinstance(inner, (ListNode, MapNode)):
        return _copied(inner, var, env)
    if isinstance(inner, UnionNode) and inner.toldApart is not None:
        return _told_apart(inner, var, env)
    return [f"{var} = {_handler(inner, var, env)}"]


def _copied(node: Collection, var: str, env: Env) -> Lines:
    """A list, set or mapping within an object: looked through, and copied when all in it stays as it is."""
    from .nodes import MapNode

    mapping = isinstance(node, MapNode)
    parts = [(part, f"{var}_{name}") for part, name in zip(node.inner(), ("k", "x") if mapping else ("x",))]
    tests = [part.test(name, env) for part, name in parts]
    handled = f"{var} = {_handler(node, var, env)}"
    if None in tests:
        return [handled]
    build = f"{var}.copy()" if mapping else f"{_bound('build', node.build, env)}({var}[:])"  # type: ignore[attr-defined]
    names, values = ", ".join(name for _, name in parts), f"{var}.items()" if mapping else var
    refused = f"if not ({' and '.join(map(str, tests))}): {handled}; break"
    loop = [f"for {names} in {values}:", f"    {refused}", f"else: {var} = {build}"]
    return [f"if type({var}) is {'dict' if mapping else 'list'}:", *_indented(loop), f"else: {handled}"]


def _told_apart(node: UnionNode, var: str, env: Env) -> Lines:
    choose, alternatives = _bound("choose", node.toldApart.choose, env), _bound("alternatives", node.alternatives, env)  # type: ignore[union-attr]
    chosen = f"{var} = {alternatives}[{choose}({var})].handleVal({var})"
    return [f"if type({var}) is dict: {chosen}", f"else: {var} = {_handler(node, var, env)}"]


def _object(cls: Type[JsonObjectImpl], var: str, env: Env, usual: Container[str]) -> Lines:
    """An object made of a dict; ``usual`` are the fields that are expected besides the required ones."""
    fields = list(cls.__spfields__.values())
    there = [field for field in fields if field.required or field.name in usual]
    lines: Lines = []
    if len(there) == 1:
        lines.append(f"f_{there[0].name} = {var}[{there[0].name!r}]")
    elif there:
        getter = _bound("values", itemgetter(*(field.name for field in there)), env)
        lines.append(f"{', '.join('f_' + field.name for field in there)} = {getter}({var})")
    if len(there) < len(fields):
        lines.append(f"get = {var}.get")
    for field in fields:
        name = f"f_{field.name}"
        lines += _converted(field.node, name, env) if field in there else _absent_or(field, name, env)
    # Building happens in a twin of the class whose __setattr__ does not validate: plain stores are fast.
    lines.append(f"made = {_bound('new', _new, env)}({_bound('twin', cls.twin(), env)})")
    lines += [f"made.{field.name} = f_{field.name}" for field in fields]
    return [*lines, f"made.__class__ = {_bound('cls', cls, env)}", f"{var} = made"]


def _absent_or(field: Field, var: str, env: Env) -> Lines:
    """A field that may be absent."""
    from .nodes import NullOr

    converted = _converted(field.node, var, env)
    if isinstance(field.node, NullOr) and field.default is None:
        # Null and absent are the same.
        return [f"{var} = get({field.name!r})", *converted]
    absent, default = _bound("absent", _ABSENT, env), _bound("default", field.absent, env)
    lines = [f"{var} = get({field.name!r}, {absent})", f"if {var} is {absent}: {var} = {default}()"]
    return [*lines, "else:", *_indented(converted)]
