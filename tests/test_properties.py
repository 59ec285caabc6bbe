"""What holds for any input whatever: values, arguments of calls, bytes of replies.

The one error for a bad value is InvalidArgumentError; the errors of a call are ApiError, HTTPException and OSError.
Anything else that comes out (a TypeError, a RecursionError) is a bug, however strange the input was.
"""

from __future__ import annotations

import contextlib
import copy
import http.client
import json
import pickle
from typing import Any, Dict, List, Tuple

import declared
import generate
import pytest
import shapes
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from raw_http import HOST, Connection, RawServer, api_of, response

from storpool import spapi, spcatch, spjson, sptype, sptypes

InvalidArgumentError = spcatch.InvalidArgumentError


def profile(examples: int) -> Any:
    # Derandomized: a run that fails here fails for everybody. No deadline, machines that run tests are busy ones.
    return settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture],
    )


class Hostile:
    """Every question about it is an error."""

    def _fail(self, *_args: Any) -> Any:
        raise RuntimeError("no")

    __str__ = __repr__ = __eq__ = __hash__ = __int__ = __float__ = __bool__ = __len__ = __iter__ = _fail  # type: ignore
    __getitem__ = __contains__ = __index__ = __lt__ = __bytes__ = __format__ = __call__ = _fail  # type: ignore


class Liar:
    """Answers every question with what is not an answer to it."""

    def __str__(self) -> Any:
        return 5

    __repr__ = __str__

    def __int__(self) -> Any:
        return "5"

    def __len__(self) -> int:
        return -1

    def __bool__(self) -> Any:
        return "yes"

    def __iter__(self) -> Any:
        return 5

    def __hash__(self) -> Any:
        return "h"

    def __eq__(self, other: object) -> bool:
        return True


class HostileMapping(Dict[str, Any]):
    """A dict that does not give what it holds."""

    def __getitem__(self, key: str) -> Any:
        raise RuntimeError("no")

    def items(self) -> Any:
        raise RuntimeError("no")

    __iter__ = keys = get = items  # type: ignore[assignment]


class Shifty(str):
    """A string that is one thing when asked and another when shown."""

    def __str__(self) -> str:
        return "other\n"

    def __hash__(self) -> int:
        raise RuntimeError("no")


class Unprintable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no")


class Quitter:
    """Fails with an exception that cannot be shown either."""

    def _fail(self, *_args: Any) -> Any:
        raise Unprintable

    __str__ = __repr__ = __int__ = __iter__ = __len__ = __bool__ = keys = _fail  # type: ignore


def cyclic_list() -> List[Any]:
    cycle: List[Any] = []
    cycle.append(cycle)
    return cycle


def cyclic_dict() -> Dict[str, Any]:
    cycle: Dict[str, Any] = {}
    for name in ("reassign", "volume", "name", "disks", "1", "ok", "tags"):
        cycle[name] = cycle
    return cycle


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


ODDITIES: Dict[str, Any] = {
    "hostile": Hostile(),
    "liar": Liar(),
    "quitter": Quitter(),
    "class": Hostile,
    "hostile mapping": HostileMapping(volume="v", name="v", size=512),
    "shifty string": Shifty("volume"),
    "cyclic list": cyclic_list(),
    "cyclic dict": cyclic_dict(),
    "deep list": nested(3000),
    "huge integer": 10**5000,
    "huge negative integer": -(10**5000),
    "more digits than int() takes": "9" * 5_000,
    "surrogate": "\ud800",
    "newline": "volume\n",
    "null character": "a\0b",
    "infinity": float("inf"),
    "not a number": float("nan"),
    "complex": 1j,
    "bytes": b"volume",
    "bytearray": bytearray(b"10"),
    "memory": memoryview(b"10"),
    "generator": "generator",
    "range": range(3),
    "ellipsis": ...,
    "not implemented": NotImplemented,
    "function": len,
    "exception": ValueError(),
    "foreign object": sptypes.NetDesc(mac="00:11:22:33:44:55"),
    "pairs": [("name", "v"), ("size", 512)],
    "triples": [(1, 2, 3)],
    "unhashable keys in pairs": [([], 1)],
    "mixed keys": {1: 2, None: 3, (): 4, "name": "v"},
    "empty tuple": (),
    "frozen set": frozenset((1, "x")),
}

SCALARS = sorted(name for name in dir(sptypes) if isinstance(getattr(sptypes, name), sptype.Node))
CLASSES = sorted(
    name
    for name in dir(sptypes)
    if isinstance(getattr(sptypes, name), type)
    and issubclass(getattr(sptypes, name), spjson.JsonObjectImpl)
    and getattr(sptypes, name).__spfields__
)
NODES: Dict[str, Any] = {name: sptype.spType(getattr(sptypes, name)) for name in SCALARS + CLASSES}
NODES.update({f"returns of {name}": call.returns for name, call in spapi.CALLS.items()})
NODES.update({f"json of {name}": call.json for name, call in spapi.CALLS.items() if call.json is not None})
for kind in (int, str, bool, float):
    NODES[kind.__name__] = sptype.spType(kind)

leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=12),
    st.binary(max_size=6),
    st.sampled_from(["10", "-7", "1.5", "list", "a" * 300, "-", "all", "up", 4095, 512]),
    # By name, because hypothesis shows what it draws from.
    st.sampled_from(sorted(ODDITIES)).map(lambda name: ODDITIES[name]),
)
# Keys that the declarations have, so that what is below them is looked at.
field_names = st.sampled_from(sorted({name for cls in CLASSES for name in getattr(sptypes, cls).__spfields__}))
keys = st.one_of(field_names, st.sampled_from(["1", "0", "v", 1, None, ()]), st.text(max_size=3))
values = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(keys, inner, max_size=5), st.tuples(inner, inner)
    ),
    max_leaves=8,
)


def check(node: Any, value: Any) -> None:
    """A value or the one error, which can be shown."""
    try:
        node.handleVal(value)
    except InvalidArgumentError as exc:
        error = exc
    else:
        return
    assert str(error) and isinstance(error.message, str) and repr(error)


@pytest.mark.parametrize("oddity", ODDITIES)
def test_oddity_is_taken_or_refused_by_every_type(oddity: str) -> None:
    for name, node in NODES.items():
        value = (n for n in (1, "x")) if oddity == "generator" else ODDITIES[oddity]
        # Also one level down, where errors are collected.
        for given_value in (value, [value], {"1": value}):
            try:
                check(node, given_value)
            except Exception as exc:
                pytest.fail(f"{name} raises {type(exc).__name__}: {exc}")


@pytest.mark.parametrize("oddity", ODDITIES)
def test_oddity_in_a_field_is_taken_or_refused(oddity: str) -> None:
    value = ODDITIES[oddity]
    for name in CLASSES:
        cls = getattr(sptypes, name)
        for field in cls.__spfields__:
            try:
                check(sptype.spType(cls), {field: value})
                cls(**{field: value})
            except InvalidArgumentError:
                pass
            except Exception as exc:
                pytest.fail(f"{name}.{field} raises {type(exc).__name__}: {exc}")


@profile(400)
@given(name=st.sampled_from(sorted(NODES)), value=values)
def test_any_value_is_taken_or_refused(name: str, value: Any) -> None:
    check(NODES[name], value)


@profile(100)
@given(name=st.sampled_from(CLASSES), field=field_names, value=values)
def test_refused_assignment_changes_nothing(name: str, field: str, value: Any) -> None:
    cls = getattr(sptypes, name)
    try:
        obj = cls({})
    except InvalidArgumentError as exc:
        obj = exc.partial
    before = obj.to_json()
    try:
        setattr(obj, field, value)
    except InvalidArgumentError:
        pass
    except AttributeError:
        assert field not in before
    else:
        before[field] = getattr(obj, field)
    after = obj.to_json()
    assert after.keys() == before.keys() and all(after[key] is before[key] for key in before)


# Good values


def good(node: Any, depth: int = 0) -> st.SearchStrategy[Any]:
    """Values that a node takes."""
    shape = declared.shape_of(node)
    return st.integers(0, 2**32).map(lambda seed: generate.Generator(shapes.EMPTY, seed).value(shape))


@profile(150)
@given(data=st.data())
def test_what_an_object_gives_it_takes_back(data: st.DataObject) -> None:
    cls = getattr(sptypes, data.draw(st.sampled_from(CLASSES)))
    obj = cls(data.draw(good(sptype.spType(cls))))
    assert sptype.spType(cls).handleVal(obj) is obj
    # An enumeration is a number on the wire and a name in the object: such do not go back.
    if "OBJECT_" in spjson.dumps(obj):
        return
    # Internal fields that are absent stand as nulls, which they do not take.
    fields = {name: value for name, value in obj if value is not None or name == "startTime"}
    for again in (cls(fields), pickle.loads(pickle.dumps(obj)), copy.copy(obj), copy.deepcopy(obj)):
        assert type(again) is cls and spjson.dumps(again) == spjson.dumps(obj)
    assert json.loads(spjson.dumps(cls(fields))) == json.loads(spjson.dumps(obj.to_json()))


@profile(150)
@given(data=st.data())
def test_converting_twice_is_converting_once(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from([name for name in SCALARS if name != "ObjectState"]))
    once = NODES[name].handleVal(data.draw(good(NODES[name])))
    assert spjson.dumps(NODES[name].handleVal(once)) == spjson.dumps(once)


# Calls


class Recorder(spapi.Api):
    """An Api whose requests end before the wire."""

    def __init__(self) -> None:
        super().__init__(HOST, 1, "42", transientRetries=0, transport=self)  # type: ignore[arg-type]
        self.sent: List[Tuple[Any, ...]] = []

    def send(self, *request: Any) -> Tuple[int, bytes]:
        self.sent.append(request)
        return 200, b'{"data": null}'


@profile(300)
@given(name=st.sampled_from(sorted(spapi.CALLS)), data=st.data())
def test_any_argument_is_refused_before_sending_or_sent(name: str, data: st.DataObject) -> None:
    call, api = spapi.CALLS[name], Recorder()
    args = [data.draw(values) for _ in call.args]
    kwargs: Dict[str, Any] = {"returnRawAPIData": True}
    if call.jsonLast:
        kwargs["json"] = data.draw(values)
    elif call.json is not None:
        args.append(data.draw(values))
    if data.draw(st.booleans()):
        kwargs["clusterName"] = data.draw(values)
    try:
        getattr(api, name)(*args, **kwargs)
    except InvalidArgumentError:
        assert api.sent == []
    else:
        ((method, path, body, headers),) = api.sent
        assert method == call.method and path.startswith("/ctrl/1.0/")
        assert headers == {"Authorization": "Storpool v1:42"}
        # Nothing in a path may become another path, or another request.
        assert path.isascii() and path.isprintable() and " " not in path
        assert path.count("/") <= call.path.count("/") + 2
        assert body is None or json.loads(body) is not None


@pytest.mark.parametrize("oddity", ODDITIES)
def test_oddity_as_an_argument_is_refused_before_sending_or_sent(oddity: str) -> None:
    for name, call in spapi.CALLS.items():
        api = Recorder()
        count = len(call.args) + (call.json is not None)
        try:
            getattr(api, name)(*[ODDITIES[oddity]] * count, returnRawAPIData=True)
        except InvalidArgumentError:
            assert api.sent == []
        except Exception as exc:
            pytest.fail(f"{name} raises {type(exc).__name__}: {exc}")


# Replies


@pytest.fixture(scope="module")
def replying() -> Any:
    """A server that answers with whatever its `.reply` holds, and an Api that asks it."""

    def script(connection: Connection) -> None:
        if connection.read() is not None:
            connection.send(connection.server.reply)  # type: ignore[attr-defined]

    with RawServer(script) as server:
        yield server


def ask(server: Any, name: str, reply: bytes) -> None:
    server.reply = reply
    api = api_of(server, timeout=5)
    call = spapi.CALLS[name]
    args = [_argument(argument._type) for argument in call.args]
    with contextlib.suppress(spapi.ApiError, http.client.HTTPException, OSError):
        getattr(api, name)(*args)


def _argument(node: Any) -> Any:
    for value in (1, "x", "a.b.c"):
        try:
            node.handleVal(value)
            return value
        except InvalidArgumentError:
            continue
    raise AssertionError(node)


READS = sorted(name for name, call in spapi.CALLS.items() if call.json is None)
json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.one_of(field_names, st.text(max_size=3)), inner, max_size=5)
    ),
    max_leaves=10,
)


@profile(120)
@given(name=st.sampled_from(READS), body=st.binary(max_size=200))
def test_any_bytes_as_a_body_end_as_a_documented_error(replying: Any, name: str, body: bytes) -> None:
    ask(replying, name, response(body))


@profile(100)
@given(name=st.sampled_from(READS), whole=st.binary(max_size=200))
def test_any_bytes_as_a_response_end_as_a_documented_error(replying: Any, name: str, whole: bytes) -> None:
    ask(replying, name, b"HTTP/1.1 " + whole if len(whole) % 2 else whole)


@profile(200)
@given(
    name=st.sampled_from(READS),
    reply=st.one_of(
        st.fixed_dictionaries({"data": json_values}),
        st.fixed_dictionaries({"error": json_values}),
        st.fixed_dictionaries({"error": st.dictionaries(st.sampled_from(["name", "descr", "transient"]), json_values)}),
        json_values,
    ),
    status=st.sampled_from([200, 200, 200, 404, 503]),
)
def test_any_json_as_a_reply_ends_as_a_result_or_a_documented_error(
    replying: Any, name: str, reply: Any, status: int
) -> None:
    ask(replying, name, response(reply, status))
