"""How an area says which calls it plays.

A handler is a function named like the call. It takes the cluster, the call's arguments, and the body where the call has
one, all validated, and returns what the call is declared to return:

    @handles
    def volumeUpdate(cluster: Cluster, volumeName: str, json: VolumeUpdateDesc) -> ApiOk:
        ...
"""

from __future__ import annotations

from typing import Any, Callable, Dict, NamedTuple, Optional, TypeVar, Union, overload

_Function = TypeVar("_Function", bound=Callable[..., Any])

#: Changes the parsed JSON of a request before it is validated.
Prepare = Callable[[Any], Any]


class Handler(NamedTuple):
    """What plays a call."""

    function: Callable[..., Any]
    prepare: Prepare
    #: Whether the function takes a body that the call's declaration lacks: newer clusters know more than the bindings.
    undeclaredBody: bool
    #: What a real cluster does and this one does not.
    lacks: str = ""


#: By the Python name of the call. What is not here is not simulated.
HANDLERS: Dict[str, Handler] = {}


def _as_it_is(body: Any) -> Any:
    return body


def drop_empty_name(body: Any) -> Any:
    """Take "" for no name, as clusters do and the declarations do not."""
    if isinstance(body, dict) and body.get("name") == "":
        return {key: value for key, value in body.items() if key != "name"}
    return body


@overload
def handles(function: _Function) -> _Function: ...


@overload
def handles(
    *, prepare: Prepare = ..., undeclaredBody: bool = ..., lacks: str = ...
) -> Callable[[_Function], _Function]: ...


def handles(
    function: Optional[_Function] = None,
    *,
    prepare: Prepare = _as_it_is,
    undeclaredBody: bool = False,
    lacks: str = "",
) -> Union[_Function, Callable[[_Function], _Function]]:
    """Make a function the handler of the call of the same name."""

    def register(one: _Function) -> _Function:
        if one.__name__ in HANDLERS:
            raise ValueError(f"{one.__name__} is handled twice")
        HANDLERS[one.__name__] = Handler(one, prepare, undeclaredBody, lacks)
        return one

    return register(function) if function is not None else register
