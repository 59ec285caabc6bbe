"""How the files of this package say which calls they handle.

A handler is a function named like the call. It takes the cluster, the call's arguments, and the body where the call has
one, all validated, and returns what the call is declared to return, a `RawJson`, or a `Deferred` of one of them:

    @handles
    def volumeUpdate(cluster: Cluster, volumeName: str, json: VolumeUpdateDesc) -> OkJson:
        ...
"""

from __future__ import annotations

from typing import Any, Callable, Dict, NamedTuple, Optional, TypeVar, Union, overload

_Function = TypeVar("_Function", bound=Callable[..., Any])


class Handler(NamedTuple):
    """What handles a call."""

    function: Callable[..., Any]
    #: Whether the function is told, by a keyword `multiCluster`, that the request is for a multicluster, and looks for
    #: things in the others itself.
    spans: bool = False
    #: What a real cluster does and this one does not.
    lacks: str = ""


#: By the Python name of the call. What is not here is not simulated.
HANDLERS: Dict[str, Handler] = {}


@overload
def handles(function: _Function) -> _Function: ...


@overload
def handles(*, spans: bool = ..., lacks: str = ...) -> Callable[[_Function], _Function]: ...


def handles(
    function: Optional[_Function] = None, *, spans: bool = False, lacks: str = ""
) -> Union[_Function, Callable[[_Function], _Function]]:
    """Make a function the handler of the call of the same name."""

    def register(one: _Function) -> _Function:
        if one.__name__ in HANDLERS:
            raise ValueError(f"{one.__name__} is handled twice")
        HANDLERS[one.__name__] = Handler(one, spans, lacks)
        return one

    return register(function) if function is not None else register
