"""Classes and calls that users declare mean the same, however Python keeps their annotations.

A module may have them evaluated at once, postponed as strings by `from __future__ import annotations`, or, from
Python 3.14 on, postponed as a function.
"""

from __future__ import annotations

import importlib.util
import json
import pickle
import sys
from pathlib import Path
from typing import Any, Iterator, List, Tuple

import pytest

from storpool import spapi
from storpool.spcatch import InvalidArgumentError
from storpool.sptype import JsonObject, spType

SOURCE = Path(__file__).parent / "programs" / "declarations.py"
POSTPONED = "from __future__ import annotations\n"
WAYS = pytest.mark.parametrize("postponed", ["", POSTPONED], ids=["as Python has them", "as strings"])


@pytest.fixture(autouse=True)
def no_calls_are_left() -> Iterator[None]:
    """Forget the calls that a test declares."""
    calls = dict(spapi.CALLS)
    yield
    spapi.CALLS.clear()
    spapi.CALLS.update(calls)


@pytest.fixture
def imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that imports a module of this text."""

    def run(text: str, name: str = "declarations") -> Any:
        path = tmp_path / f"{name}.py"
        path.write_text(text)
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, name, module)
        spec.loader.exec_module(module)
        return module

    return run


@pytest.fixture(params=["", POSTPONED], ids=["as Python has them", "as strings"])
def declared(request: pytest.FixtureRequest, imported: Any) -> Any:
    """Return the module of declarations."""
    return imported(request.param + SOURCE.read_text())


def fields_of(cls: Any) -> List[Tuple[str, str, bool]]:
    return [(field.name, field.node.name, field.required) for field in cls.__spfields__.values()]


SHELF = [
    ("name", "VolumeName", True),
    ("label", "Optional(str)", False),
    ("disks", "[int]", False),
    ("sizes", "{str: int}", False),
    ("note", "Internal(str)", False),
    ("state", "OneOf", False),
    ("kind", "VolumeName", False),
    ("below", "Optional(Shelf)", False),
    ("books", "[Book]", False),
    ("first", "Optional(Book)", False),
    ("last", "Optional(Book)", False),
    ("by_name", "{str: Book}", False),
    ("in_order", "[Book]", False),
    ("on_top", "[Book]", False),
    ("described", "Internal(Book)", False),
]


class TestClasses:
    def test_each_annotation_is_a_field(self, declared: Any) -> None:
        found = [
            (name, "OneOf" if name == "state" else node, required) for name, node, required in fields_of(declared.Shelf)
        ]
        assert found == SHELF

    def test_objects_are_made_and_hold_what_they_are_given(self, declared: Any) -> None:
        given = {
            "name": "a",
            "disks": ["1"],
            "below": {"name": "b"},
            "books": [{"pages": 1}],
            "on_top": [{"pages": "2"}],
        }
        shelf = declared.Shelf(given)
        assert (shelf.name, shelf.disks, shelf.kind, shelf.label) == ("a", [1], "plain", None)
        assert (type(shelf.below), shelf.below.name) == (declared.Shelf, "b")
        assert [type(book) for book in (*shelf.books, *shelf.on_top)] == [declared.Book] * 2
        assert shelf.title() == "a None"
        assert pickle.loads(pickle.dumps(shelf)).on_top[0].pages == 2

    def test_a_bad_part_is_named(self, declared: Any) -> None:
        with pytest.raises(InvalidArgumentError, match=r"^Shelf\.books\[0\]\.pages: 'x' is not an integer"):
            declared.Shelf(name="a", books=[{"pages": "x"}])
        with pytest.raises(InvalidArgumentError, match=r"^Shelf\.name: is missing"):
            declared.Shelf()

    def test_values_are_validated_on_assignment(self, declared: Any) -> None:
        shelf = declared.Shelf(name="a")
        shelf.first = {"pages": 3}
        assert shelf.first.pages == 3
        with pytest.raises(InvalidArgumentError):
            shelf.kind = "a b"
        with pytest.raises(AttributeError):
            shelf.kinds = "a"

    def test_class_variables_stay_what_they_are(self, declared: Any) -> None:
        assert (declared.Shelf.count, declared.Shelf.total, declared.Shelf.quoted, declared.Shelf._hidden) == (
            0,
            1,
            2,
            3,
        )
        assert not {"count", "total", "quoted", "_hidden"} & set(declared.Shelf.__spfields__)

    def test_fields_are_inherited_and_may_be_declared_anew(self, declared: Any) -> None:
        tall = fields_of(declared.Tall)
        assert [name for name, _, _ in tall] == [*(name for name, _, _ in SHELF), "above"]
        assert ("label", "str", True) in tall
        assert fields_of(declared.Bare) == fields_of(declared.Shelf)
        assert declared.Tall(name="a", label="b").above == "roof"

    def test_a_branch_that_is_not_run_declares_nothing(self, declared: Any) -> None:
        made = declared.Branched(name="a", there=3)
        assert made.to_json() == {"name": "a", "here": 1}

    def test_a_class_in_a_function_has_its_fields(self, declared: Any) -> None:
        local = declared.in_a_function()
        assert local(name="a").to_json() == {"name": "a", "pages": 7}

    def test_the_functional_notation_adds_to_annotations(self, declared: Any) -> None:
        assert [name for name, _, _ in fields_of(declared.Mixed)] == ["depth", "name", "later", "width"]
        made = declared.Mixed(depth=2, width=3, name="none", later={"pages": 4})
        assert (made.area(), made.name, made.later.pages) == (6, "none", 4)
        assert declared.Heavy(depth=1, name="none", weight=2).colour == "red"
        assert list(declared.Heavy.__spfields__) == ["depth", "name", "later", "width", "colour", "weight"]

    def test_a_class_whose_fields_are_known_may_be_made_anew(self, declared: Any) -> None:
        assert declared.Book.__spfields__ and declared.Book.__annotations__
        again = JsonObject(title=str)(declared.Book)
        assert again(pages=1, title="a").to_json() == {"pages": 1, "title": "a"}


class TestCalls:
    class Answering:
        """A transport that keeps what is sent, and answers what it is made with."""

        def __init__(self, data: Any) -> None:
            self.sent: List[Tuple[str, str, Any]] = []
            self.data = data

        def send(self, method: str, path: str, body: Any, _headers: Any) -> Tuple[int, bytes]:
            self.sent.append((method, path, body and json.loads(body)))
            return 200, json.dumps({"generation": 1, "data": self.data}).encode()

    def test_results_are_objects(self, declared: Any) -> None:
        transport = self.Answering([{"name": "a", "books": [{"pages": 1}]}])
        (shelf,) = declared.Shelves("127.0.0.1", 1, "42", transport=transport).shelvesList()
        assert (type(shelf), type(shelf.books[0])) == (declared.Shelf, declared.Book)

    def test_arguments_and_bodies_are_validated(self, declared: Any) -> None:
        transport = self.Answering({"ok": True, "shelf": {"name": "b"}})
        api = declared.Shelves("127.0.0.1", 1, "42", transport=transport)
        done = api.shelfAdd("a", "7", {"name": "b", "disks": ["3"]})
        assert (type(done), done.shelf.name) == (declared.ApiOkShelf, "b")
        ((_, path, body),) = transport.sent
        assert path.endswith("/ShelfAdd/a/7") and body["disks"] == [3]
        with pytest.raises(InvalidArgumentError, match=r"^shelfAdd\.shelf"):
            api.shelfAdd("a b", 7, {"name": "b"})
        with pytest.raises(InvalidArgumentError, match=r"^Shelf\.name"):
            api.shelfAdd("a", 7, {})

    def test_a_body_may_be_a_list(self, declared: Any) -> None:
        transport = self.Answering({"ok": True})
        declared.Shelves("127.0.0.1", 1, "42", transport=transport).booksAdd([{"pages": "1"}, declared.Book(pages=2)])
        assert transport.sent[0][2] == [{"pages": 1}, {"pages": 2}]

    def test_they_are_described(self, declared: Any) -> None:
        call = declared.Shelves.shelfAdd.spCall
        assert [argument._name for argument in call.args] == ["shelf", "place"]
        assert (call.json.name, call.returns.name) == ("Shelf", "ApiOkShelf")


HEAD = "from storpool import spapi\nfrom storpool.sptype import *\nfrom typing import *\n"
LATER = """
class First(JsonObjectImpl):
    second: Second
    seconds: List[Second] = []
    text: Annotated[int, f"{Second!r}"] = 1

class Second(JsonObjectImpl):
    number: int

class Mine(spapi.Api):
    @spapi.GET("Firsts/{third}")
    def firsts(self, third: Third, clusterName: Optional[str] = None, returnRawAPIData: bool = False) -> List[First]:
        "List them."

Third = int
"""


@WAYS
@pytest.mark.skipif(sys.version_info < (3, 14), reason="before Python 3.14 names are looked up at once")
def test_a_declaration_may_name_what_comes_later(postponed: str, imported: Any) -> None:
    module = imported(postponed + HEAD + LATER.replace('    text: Annotated[int, f"{Second!r}"] = 1\n', ""))
    assert module.First(second={"number": 1}).second.number == 1
    assert module.Mine.firsts.spCall.args[0]._type.name == "int"


@WAYS
def test_an_annotation_that_has_no_form_as_a_string_is_taken(postponed: str, imported: Any) -> None:
    text = 'class Odd(JsonObjectImpl):\n    number: Annotated[int, f"{spapi}"]\n    other: int = 2\n'
    module = imported(postponed + HEAD + text)
    assert module.Odd(number="1").to_json() == {"number": 1, "other": 2}


@WAYS
@pytest.mark.parametrize(
    ("note", "said"),
    [
        ("'Nowhere'", r"^Wrong\.field: .*Nowhere.*not defined"),
        ("List['Nowhere']", r"^Wrong\.field: .*Nowhere.*not defined"),
        ("'spapi.Nowhere'", r"^Wrong\.field: .*Nowhere"),
        ("'HOST'", r"^Wrong\.field: .*localhost"),
        ("'List[int'", r"^Wrong\.field: .*cannot be evaluated"),
        ("Tuple[int, str]", r"^Wrong\.field: .*declares no type"),
    ],
)
def test_an_annotation_that_says_no_type_is_an_error_that_says_where(
    postponed: str, note: str, said: str, imported: Any
) -> None:
    text = f"HOST = 'localhost'\nclass Wrong(JsonObjectImpl):\n    field: {note}\n"
    module = imported(postponed + HEAD + text + "class Outer(JsonObjectImpl):\n    wrong: Wrong\n")
    with pytest.raises(TypeError, match=said):
        module.Wrong(field=1)
    with pytest.raises(TypeError, match=said):
        module.Outer(wrong={"field": 1})


@WAYS
@pytest.mark.parametrize(
    ("signature", "said"),
    [
        ("self, name, COMMON) -> int", r"^Mine\.wrong: name has no annotation"),
        ("self, name: str, COMMON)", r"^Mine\.wrong: return has no annotation"),
        ("self, name: 'Nowhere', COMMON) -> int", r"^Mine\.wrong: name: .*Nowhere.*not defined"),
        ("self, name: str, COMMON) -> Tuple[int, str]", r"^Mine\.wrong: return: .*declares no type"),
    ],
)
def test_a_call_that_says_no_type_is_an_error_that_says_where(
    postponed: str, signature: str, said: str, imported: Any
) -> None:
    signature = signature.replace("COMMON", "clusterName: str = None, returnRawAPIData: bool = False")
    module = imported(
        f'{postponed}{HEAD}class Mine(spapi.Api):\n  @spapi.GET("X/{{name}}")\n  def wrong({signature}: ...\n'
    )
    with pytest.raises(TypeError, match=said):
        module.Mine().wrong("a")


@WAYS
@pytest.mark.skipif(sys.version_info < (3, 10), reason="X | Y is an expression from Python 3.10 on")
def test_a_union_may_be_written_with_a_bar(postponed: str, imported: Any) -> None:
    text = "class Bar(JsonObjectImpl):\n    size: int | None = None\n    names: list[str | int] = []\n"
    module = imported(postponed + HEAD + text)
    assert fields_of(module.Bar) == [("size", "Optional(int)", False), ("names", "[Either(str, int)]", False)]


@WAYS
@pytest.mark.skipif(sys.version_info < (3, 12), reason="`type` is a statement from Python 3.12 on")
def test_an_annotation_may_be_an_alias(postponed: str, imported: Any) -> None:
    text = (
        "type Sizes = list[int]\nclass Aliased(JsonObjectImpl):\n    sizes: Sizes = []\n    one: Sizes | None = None\n"
    )
    module = imported(postponed + HEAD + text)
    assert fields_of(module.Aliased) == [("sizes", "[int]", False), ("one", "Optional([int])", False)]


def test_a_string_outside_of_annotations_is_a_default() -> None:
    assert spType("a").defaultVal() == "a"
    assert spType(["Book"]).handleVal([1]) == ["1"]
