"""The names that keywords had before: they are accepted for now, by `running`, `in_process` and the pytest fixtures."""

from __future__ import annotations

import functools
from typing import Any, Callable, Dict, Mapping, TypeVar, cast

_Function = TypeVar("_Function", bound=Callable[..., Any])

#: The present names by the old ones.
OLD_KEYWORDS = {
    "devDir": "dev_dir",
    "devDelay": "dev_delay",
    "errorStatuses": "error_statuses",
    "oldHTTP": "old_http",
}


def renamed(keywords: Mapping[str, Any]) -> Dict[str, Any]:
    """Return keywords by their present names.

    :raises TypeError: one is given by both of its names.
    """
    for old, new in OLD_KEYWORDS.items():
        if old in keywords and new in keywords:
            raise TypeError(f"{old} is the old name of {new}: give one of them")
    return {OLD_KEYWORDS.get(name, name): value for name, value in keywords.items()}


def accept_old_keywords(function: _Function) -> _Function:
    """Make a function take its keywords by their old names, too."""

    @functools.wraps(function)
    def accepting(*args: Any, **keywords: Any) -> Any:
        return function(*args, **renamed(keywords))

    return cast(_Function, accepting)
