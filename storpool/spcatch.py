"""The one error for a bad value, and the old helpers that carry it through a conversion."""

from __future__ import annotations

import reprlib
import sys
from typing import TYPE_CHECKING, Any, Callable, NoReturn, Optional, Tuple, Type

if TYPE_CHECKING:
    from types import TracebackType

    ExcInfo = Tuple[Type[BaseException], BaseException, Optional[TracebackType]]

__all__ = ["InvalidArgumentError", "StorPoolError", "error", "shown", "sp_catch", "sp_caught"]

_SHOWN_CHARS = 120
_limited = reprlib.Repr()
_limited.maxstring = _limited.maxother = _limited.maxlong = _SHOWN_CHARS
_limited.maxlevel = 2  # a wide value that is nested deeper takes long to show


def shown(value: object) -> str:
    """Show any value whatever in a few characters: large or hostile ones are cut or named by their type."""
    if value is None or (type(value) is str and len(value) < _SHOWN_CHARS // 2):
        return repr(value)
    try:
        text = _limited.repr(value)
        return text if len(text) <= 2 * _SHOWN_CHARS else text[: 2 * _SHOWN_CHARS] + "..."
    except Exception:
        # A __repr__ that fails, or an integer too long to print.
        return f"<{type(value).__name__}>"


class StorPoolError(Exception):
    """The base of the bindings' own errors."""


class InvalidArgumentError(StorPoolError):
    """A value is not what its declaration asks for.

    ``str()`` gives the path to the bad value, the value, and what was expected:
    ``VolumeCreateDesc.size: 1234 is not a positive multiple of 512``.

    :ivar partial: what could be built in spite of the error: a list without its bad elements, an object with null in
        its bad fields; None when there is nothing.
    :ivar path: where the bad value is below its root: ``.reassign[0].volume``; empty when it is the value itself.
    :ivar root: what the path starts at: the name of a class or of a call.
    """

    def __init__(self, text: str = "", partial: Any = None, path: str = "", root: str = "", **kw: Any) -> None:
        # Keywords are for programs that have the text formatted, as the original does.
        text = text.format(**kw) if kw else text
        super().__init__(text, partial, path, root)
        self.text = text
        self.partial = partial
        self.path = path
        self.root = root

    @property
    def message(self) -> str:
        """The whole text, path included."""
        where = (self.root + self.path).lstrip(".")
        return f"{where}: {self.text}" if where else self.text

    def __str__(self) -> str:
        return self.message

    def __repr__(self) -> str:
        # The arguments hold the partial value, which may be large, or hold itself.
        return f"InvalidArgumentError({self.message!r})"

    def within(self, step: str, partial: Any = None, root: str = "") -> InvalidArgumentError:
        """The same error seen from one level up, ``step`` being the way down: ``.field`` or ``[index]``."""
        return InvalidArgumentError(self.text, partial, step + self.path, root)


def error(fmt: str, partial: Any = None, **kw: Any) -> NoReturn:
    """Raise InvalidArgumentError with the text ``fmt`` formatted with the keywords."""
    raise InvalidArgumentError(fmt.format(**kw), partial)


def sp_catch(handle: Callable[[Any], Any], func: Callable[[], Any], exc: Optional[ExcInfo]) -> Optional[ExcInfo]:
    """Feed the result of ``func()`` to ``handle``, or the partial result it raised with.

    :returns: the exception triple to keep: the first one, but an InvalidArgumentError displaces another kind.
    """
    try:
        handle(func())
    except Exception as caught:
        if getattr(caught, "partial", None) is not None:
            handle(caught.partial)  # type: ignore[attr-defined]
        invalid = isinstance(caught, InvalidArgumentError)
        if exc is None or (invalid and not isinstance(exc[1], InvalidArgumentError)):
            triple = sys.exc_info()
            return triple  # type: ignore[return-value]
    return exc


def sp_caught(exc: Optional[ExcInfo], name: str, partial: Any) -> None:
    """Do nothing for None; else raise InvalidArgumentError: the text prefixed by ``name``, with this ``partial``."""
    if exc is not None:
        raise InvalidArgumentError(f"{name}: {exc[1]}", partial) from exc[1]
