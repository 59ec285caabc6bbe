"""Decoders: straight-line code made once for each collection and class, at its first use.

A generated function takes the value apart, keeps what its tests find well-formed, and hands single scalars that want
converting ("10" for 10) to their node. Whatever does not fit raises inside and goes to the node's exact path, which
says what is wrong and collects what is right. So the generated code never decides what an error is.
``python -m storpool.sptype show VolumeSummary`` prints the code made for a type.
"""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Any, Callable, Container, Dict, List, Tuple, Type

if TYPE_CHECKING:
    from .nodes import Collection, Node
    from .objects import JsonObjectImpl

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
    exec(compile(code, f"<decoder of {node.name}>", "exec"), env)  # noqa: S102 - the code is ours, made from declarations
    return env["decode"]  # type: ignore[no-any-return]


def source(node: Collection, sample: Any = None) -> Tuple[str, Dict[str, Any]]:
    """Give the code of a node's decoder, and the names it uses."""
    from .nodes import ListNode, MapNode, ObjectNode

    env: Dict[str, Any] = {"exact": node.exact}
    if isinstance(node, ObjectNode):
        # A cluster leaves out the same fields in all its records: expect what the first one has, then only what must be.
        usual = _object(node.cls, env, sample if type(sample) is dict else ())
        least = _object(node.cls, env, ())
        attempts = [("dict", usual)] if usual == least else [("dict", usual), ("dict", least)]
    elif isinstance(node, (ListNode, MapNode)):
        attempts = [(_container(node)[0], [f"return {_container(node)[1](env)}"])]
    else:
        raise TypeError(f"no decoder for {node!r}")
    lines = ["def decode(v):"]
    for kind, body in attempts:
        lines += [f"    if type(v) is {kind}:", "        try:", *(f"            {line}" for line in body)]
        # Any exception whatever means the same: not well-formed, so the next or the exact path decides.
        lines += ["        except Exception:", "            pass"]
    return "\n".join([*lines, "    return exact(v)", ""]), env


def _container(node: Node, var: str = "v") -> Tuple[str, Callable[[Dict[str, Any]], str]]:
    """The type of a list, set or mapping on the wire, and how to make the expression that rebuilds one."""
    from .nodes import ListNode, MapNode

    # Names of their own, since one expression may stand within another.
    k, x = f"{var}k", f"{var}x"
    if isinstance(node, MapNode):
        key, value = node.key, node.value
        return "dict", lambda env: (
            f"{{{_converted(key, k, env)}: {_converted(value, x, env)} for {k}, {x} in {var}.items()}}"
        )
    assert isinstance(node, ListNode)
    opening, closing = node.brackets
    return "list", lambda env: f"{opening}{_converted(node.item, x, env)} for {x} in {var}{closing}"


def _handler(node: Node, var: str, env: Dict[str, Any]) -> str:
    """An expression that converts ``var`` by its node."""
    from .nodes import Collection

    name = f"convert_{len(env)}"
    # A collection replaces its handleVal when it is first used; look it up late, so as to get the generated one.
    if isinstance(node, Collection):
        env[name] = node
        return f"{name}.handleVal({var})"
    env[name] = node.handleVal
    return f"{name}({var})"


def _converted(node: Node, var: str, env: Dict[str, Any]) -> str:
    """An expression for ``var`` as the node wants it."""
    from .nodes import ListNode, MapNode, NullOr

    test = node.test(var, env)
    if test is not None:
        return f"({var} if {test} else {_handler(node, var, env)})"
    if isinstance(node, NullOr):
        return f"(None if {var} is None else {_converted(node.wrapped, var, env)})"
    if isinstance(node, (ListNode, MapNode)):
        kind, rebuilt = _container(node, var)
        return f"({rebuilt(env)} if type({var}) is {kind} else {_handler(node, var, env)})"
    return _handler(node, var, env)


def _checked(node: Node, var: str, env: Dict[str, Any]) -> List[str]:
    """Statements that make of ``var`` what the node wants."""
    from .nodes import NullOr

    inner, condition = node, ""
    if isinstance(node, NullOr):
        inner, condition = node.wrapped, f"{var} is not None"
    test = inner.test(var, env)
    if test is not None:
        return [f"if {condition and condition + ' and '}not {test}: {var} = {_handler(inner, var, env)}"]
    return [f"{condition and f'if {condition}: '}{var} = {_converted(inner, var, env)}"]


def _object(cls: Type[JsonObjectImpl], env: Dict[str, Any], usual: Container[str]) -> List[str]:
    """The body of a class's decoder; ``usual`` are the fields that are expected besides the required ones."""
    from .nodes import NullOr

    fields = list(cls.__spfields__.values())
    # Building happens in a twin of the class whose __setattr__ does not validate: plain stores are fast.
    env.setdefault("twin", None)
    if env["twin"] is None:
        env.update(new=_new, twin=type(cls).twin(cls), cls=cls, absent=_ABSENT)
    there = [field for field in fields if field.required or field.name in usual]
    lines: List[str] = []
    if len(there) == 1:
        lines.append(f"f_{there[0].name} = v[{there[0].name!r}]")
    elif there:
        getter = f"values_{len(env)}"
        env[getter] = itemgetter(*(field.name for field in there))
        lines.append(f"{', '.join('f_' + field.name for field in there)} = {getter}(v)")
    if len(there) < len(fields):
        lines.append("get = v.get")
    for field in fields:
        var, node = f"f_{field.name}", field.node
        test = node.test(var, env)
        if field in there:
            lines += _checked(node, var, env)
        elif isinstance(node, NullOr) and field.default is None:
            # Null and absent are the same.
            lines.append(f"{var} = get({field.name!r})")
            lines += _checked(node, var, env)
        else:
            default = f"default_{len(env)}"
            env[default] = field.absent
            handled = _handler(node, var, env) if test else _converted(node, var, env)
            lines.append(f"{var} = get({field.name!r}, absent)")
            condition = f"if not {test}: " if test else ""
            lines.append(f"{condition}{var} = {default}() if {var} is absent else {handled}")
    lines.append("made = new(twin)")
    lines += [f"made.{field.name} = f_{field.name}" for field in fields]
    lines += ["made.__class__ = cls", "return made"]
    return lines
