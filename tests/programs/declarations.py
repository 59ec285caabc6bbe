"""Classes and calls as users declare them. The tests import it as it is, and once more with annotations postponed."""

# ruff: noqa: UP004 - older programs write it so

import typing
from typing import Any, ClassVar, Dict, List, Optional, Union

from storpool import spapi, sptypes
from storpool.sptype import Internal, Json, JsonList, JsonObject, JsonObjectImpl, either, maybe
from storpool.sptypes import VolumeName


class Shelf(JsonObjectImpl):
    """An object with every kind of annotation."""

    name: VolumeName
    label: Optional[str] = None
    disks: List[int] = []
    sizes: Dict[str, int] = {}
    note: Internal[str] = None
    state: typing.Literal["up", "down"] = "up"
    kind: "VolumeName" = "plain"
    below: "Optional[Shelf]" = None
    books: List["Book"] = []
    first: Optional["Book"] = None
    last: Union["Book", None] = None
    by_name: Dict[str, "Book"] = {}
    in_order: "list[Book]" = []
    on_top: list["Book"] = []
    described: "Internal[Book]" = None

    count: ClassVar[int] = 0
    total: typing.ClassVar = 1
    quoted: "ClassVar[int]" = 2
    _hidden: int = 3

    def title(self) -> str:
        """Return the name and the label."""
        return f"{self.name} {self.label}"


class Tall(Shelf):
    """An object with fields of its own and those it inherits, one declared anew."""

    label: str
    above: sptypes.VolumeName = "roof"


class Bare(Shelf):
    """An object with the fields that it inherits."""


class Book(JsonObjectImpl):
    """What shelves name before it is defined."""

    pages: int


class Branched(JsonObjectImpl):
    """An object with fields in branches, of which one is run."""

    name: str
    if True:
        here: int = 1
    else:
        there: int = 2


@JsonObject(width=maybe(int), name=either("none", VolumeName))
class Mixed(object):
    """An object of both notations; the functional one wins."""

    depth: int
    name: int
    later: "Optional[Book]" = None

    def area(self) -> int:
        """Return the product."""
        return self.depth * (self.width or 1)  # type: ignore[attr-defined]


@JsonObject(weight=int)
class Heavy(Mixed):
    """An object class that is made anew by the decorator after it was made by its base."""

    colour: str = "red"


class Shelves(spapi.Api):
    """Calls of a user's own."""

    @spapi.GET("ShelvesList")
    def shelvesList(self, clusterName: Optional[str] = None, returnRawAPIData: bool = False) -> List["Shelf"]:  # type: ignore[empty-body]
        """List the shelves."""

    @spapi.POST("ShelfAdd/{shelf}/{place}")
    def shelfAdd(
        self,
        shelf: VolumeName,
        place: "int",
        json: Json["Shelf"],
        clusterName: Optional[str] = None,
        returnRawAPIData: bool = False,
    ) -> "ApiOkShelf":  # type: ignore[empty-body]
        """Add a shelf."""

    @spapi.POST("BooksAdd")
    def booksAdd(
        self, json: "JsonList[Book]", clusterName: Optional[str] = None, returnRawAPIData: bool = False
    ) -> spapi.ApiOk:  # type: ignore[empty-body]
        """Add books."""


class ApiOkShelf(spapi.ApiOk):
    """What adding a shelf gives."""

    shelf: Shelf


def in_a_function(base: Any = JsonObjectImpl) -> Any:
    """Return a class that is defined in a function."""

    class Local(base):  # type: ignore[misc]
        name: VolumeName
        pages: int = 7

    return Local
