"""What stands in annotations beside the constraints: marks that type checkers ignore and the run time reads."""

from __future__ import annotations

from collections import abc
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Callable,
    List,
    Mapping,
    Optional,
    Sequence,
    Tuple,
    Type,
    TypeVar,
    Union,
)

__all__ = ["BodyOf", "Discriminator", "Example", "Internal", "InternalOf", "Json", "JsonList", "Key", "Since"]

T = TypeVar("T")


class Since:
    """The version of the API that brought a field which is newer than its class."""

    def __init__(self, version: str) -> None:
        self.version = version


class Example:
    """A plausible value of a field, for the reference; as JSON has it."""

    def __init__(self, value: Any) -> None:
        self.value = value


class Key:
    """The one documented key of a mapping, ``{"exports": [...]}``; other keys are taken too."""

    def __init__(self, name: str) -> None:
        self.name = name


class Discriminator:
    """How the class of a record is chosen in a union: ``choose(value)`` returns the index of the alternative.

    Only values of certain ``kinds`` are records; others are tried with each alternative in turn.

    Without a discriminator a union takes the first alternative that accepts the value, so a malformed object of one
    kind is taken for another, or lost. With it the object stays of its own kind, and what is readable of it is kept.

    :param field: the field that differs.
    :param first: the values that ``field`` has in records of the first of two alternatives.
    :param own: a field that the first of two alternatives requires and the second has not. Where ``field`` and the
        presence of ``own`` agree, they decide, and ``choose`` is not asked: it must give the same.
    """

    def __init__(
        self,
        field: str,
        choose: Callable[[Any], int],
        kinds: Tuple[Type[Any], ...] = (abc.Mapping,),
        first: Tuple[Any, ...] = (),
        own: Optional[str] = None,
    ) -> None:
        self.field = field
        self.choose = choose
        self.kinds = kinds
        self.first = first
        self.own = own


class InternalOf:
    """Marks a field for debugging only: null when absent; a present value must be of the type."""

    def __init__(self, annotation: Any) -> None:
        self.annotation = annotation


class BodyOf:
    """Marks the body of a call: what it is validated against."""

    def __init__(self, annotation: Any) -> None:
        self.annotation = annotation


if TYPE_CHECKING:
    Internal = Annotated[Union[T, None], "internal"]
    Json = Union[T, Mapping[str, Any]]
    JsonList = Sequence[Union[T, Mapping[str, Any]]]
else:
    # typing would fold Optional[Optional[X]] and Union[X, Mapping]; the run time needs X as it was written.

    class Internal:
        """``Internal[X]``: for debugging only; null when absent, else X."""

        def __class_getitem__(cls, annotation: Any) -> Any:
            return Annotated[Any, InternalOf(annotation)]

    class Json:
        """``Json[X]``: the body of a call, an X or a plain mapping with its keys."""

        def __class_getitem__(cls, annotation: Any) -> Any:
            return Annotated[Any, BodyOf(annotation)]

    class JsonList:
        """``JsonList[X]``: the body of a call that is a list of X or of plain mappings."""

        def __class_getitem__(cls, annotation: Any) -> Any:
            return Annotated[Any, BodyOf(List[annotation])]
