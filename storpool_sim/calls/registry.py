"""Registration of the handlers of calls.

A handler is a function with the name of the call. It takes the cluster, the arguments of the call, and the body if the
call has one, all validated. It returns what the call is declared to return, or a `RawJson`, or a `Deferred`:

    @handles
    def volumeUpdate(cluster: Cluster, volumeName: str, json: VolumeUpdateDesc) -> OkJson:
        ...
"""

from __future__ import annotations

from typing import Any, Callable, Dict, NamedTuple, Optional, TypeVar, Union, overload

_Function = TypeVar("_Function", bound=Callable[..., Any])


class Handler(NamedTuple):
    """The handler of a call."""

    function: Callable[..., Any]
    #: Whether the function has a parameter `multiCluster`, which says that the request is for a multicluster, and finds
    #: things in its clusters itself.
    spans: bool = False
    #: What a real cluster does and the simulated one does not.
    lacks: str = ""


#: By the Python name of the call. Calls that are missing here are not simulated.
HANDLERS: Dict[str, Handler] = {}


@overload
def handles(function: _Function) -> _Function: ...


@overload
def handles(*, spans: bool = ..., lacks: str = ...) -> Callable[[_Function], _Function]: ...


def handles(
    function: Optional[_Function] = None, *, spans: bool = False, lacks: str = ""
) -> Union[_Function, Callable[[_Function], _Function]]:
    """Make a function the handler of the call with the same name."""

    def register(handler: _Function) -> _Function:
        if handler.__name__ in HANDLERS:
            raise ValueError(f"{handler.__name__} is handled twice")
        HANDLERS[handler.__name__] = Handler(handler, spans, lacks)
        return handler

    return register(function) if function is not None else register
