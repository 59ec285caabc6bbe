"""Draws cases at random: good values of the declared types, about half of them spoiled on purpose.

The distribution follows the recorded file: much of what is drawn lies at the edges of its type (0, 1, -1, the limits),
and what spoils a value is a small set of things that have gone wrong in practice.
"""

from __future__ import annotations

import random
from typing import Any, Dict, Iterator, List, Tuple

from shapes import CallShape, Shape, Surface

try:
    import re._parser as sre  # type: ignore[import-not-found]
except ImportError:
    import sre_parse as sre  # the same module before Python 3.11

Case = Dict[str, Any]

WRONG: Tuple[Any, ...] = (
    *(-7, 1.5, 2**70, "list", "no such thing!", [], {}, {"a": 1}, ["x"], None, True, "a" * 300, "10", "é"),
)
# What is no record at all is refused by both.
WRONG_FOR_KEPT = (-7, 1.5, True)
ERRORS = ("objectDoesNotExist", "busy", "invalidParam")
STATUSES = (400, 403, 404, 409, 500, 503)
TEXT = "0123456789abcdefghijklmnopqrstuvwxyzABCXYZ-_ /é"
NAME = "0123456789abcdefghijklmnopqrstuvwxyz"
# Nothing is as deep as this unless it holds itself.
DEEP = 6


class Kept(Dict[str, Any]):
    """A record that must stay well-formed: ours reads a malformed one of a told-apart union otherwise on purpose."""


class KeptMap(Dict[str, Any]):
    """A mapping to such records: nothing that could pass for one is put in."""


class KeptText(str):
    """A string that must stay as it is: on purpose ours refuses some that the original takes, or the reverse."""


class Generator:
    """Draws from one surface with one seed."""

    def __init__(self, surface: Surface, seed: int, spoiled: float = 0.5) -> None:
        self.surface = surface
        self.spoiled = spoiled
        self.rng = random.Random(seed)

    # Good values

    def value(self, shape: Shape, depth: int = 0) -> Any:
        """A value that the type accepts."""
        value = getattr(self, f"_{shape.kind}")(shape, depth)
        return KeptText(value) if shape.better and isinstance(value, str) else value

    def _number(self, number: int) -> Any:
        # The cluster and scripts alike give numbers as strings now and then.
        return str(number) if self.rng.random() < 0.03 else number

    def _int(self, shape: Shape, depth: int) -> Any:
        return self.rng.choice((0, 1, -1, self.rng.randrange(2**63)))

    def _bool(self, shape: Shape, depth: int) -> Any:
        return self.rng.random() < 0.5

    def _float(self, shape: Shape, depth: int) -> Any:
        return self.rng.random()

    def _str(self, shape: Shape, depth: int) -> str:
        return "".join(self.rng.choice(TEXT) for _ in range(self.rng.randrange(13)))

    def _text(self, shape: Shape, depth: int) -> str:
        return "".join(self.rng.choice(NAME) for _ in range(self.rng.randint(1, min(30, shape.shorter_than - 1))))

    def _range(self, shape: Shape, depth: int) -> Any:
        return self._number(self.rng.choice((shape.low, shape.high, self.rng.randint(shape.low, shape.high))))

    def _size(self, shape: Shape, depth: int) -> Any:
        return self._number(512 * self.rng.choice((1, self.rng.randint(1, 2**40))))

    def _unlimited(self, shape: Shape, depth: int) -> Any:
        if self.rng.random() < 0.3:
            return shape.values[0]
        return self._number(self.rng.choice((shape.low, self.rng.randint(shape.low, 2**30))))

    def _oneOf(self, shape: Shape, depth: int) -> Any:
        return self.rng.choice(shape.values)

    def _const(self, shape: Shape, depth: int) -> Any:
        return shape.values[0]

    def _enum(self, shape: Shape, depth: int) -> Any:
        return self._number(shape.low + self.rng.randrange(len(shape.values)))

    def _regex(self, shape: Shape, depth: int) -> str:
        text: str = self._sample(sre.parse(shape.pattern))
        # A name that says something else on purpose is spoiling's to draw.
        return "x" if text in ("list", "status") else text

    def _sample(self, parsed: Any) -> str:
        return "".join(self._token(str(op), given) for op, given in parsed)

    def _token(self, op: str, given: Any) -> str:
        if op == "LITERAL":
            return chr(given)
        if op == "IN":
            ranges = [(what, what) if str(kind) == "LITERAL" else what for kind, what in given]
            low, high = self.rng.choice(ranges)
            return chr(self.rng.randint(low, high))
        if op == "MAX_REPEAT":
            least, most, what = given
            return "".join(self._sample(what) for _ in range(self.rng.randint(least, min(int(most), least + 28))))
        if op == "SUBPATTERN":
            return self._sample(given[-1])
        if op == "BRANCH":
            return self._sample(self.rng.choice(given[1]))
        if op == "AT":
            return ""
        raise NotImplementedError(f"patterns with {op}")

    def _maybe(self, shape: Shape, depth: int) -> Any:
        # A null is not marked as one that must stay, so a field of such records has none.
        absent = self.rng.random() < 0.15 and not shape.parts[0].kept
        return None if absent else self.value(shape.parts[0], depth)

    _nullOr = _maybe

    def _internal(self, shape: Shape, depth: int) -> Any:
        return self.value(shape.parts[0], depth)

    def _either(self, shape: Shape, depth: int) -> Any:
        value = self.value(self.rng.choice(shape.parts), depth)
        return Kept(value) if shape.kept and isinstance(value, dict) else value

    def _count(self, depth: int) -> int:
        return 0 if depth > DEEP else self.rng.choice((0, 1, 1, 2, 3))

    def _list(self, shape: Shape, depth: int) -> List[Any]:
        return [self.value(shape.parts[0], depth + 1) for _ in range(self._count(depth))]

    _set = _list

    def _map(self, shape: Shape, depth: int) -> Dict[str, Any]:
        key, value = shape.parts
        if shape.known is not None:
            return {shape.known: self.value(value, depth + 1)}
        made = {str(self.value(key, depth + 1)): self.value(value, depth + 1) for _ in range(self._count(depth))}
        return KeptMap(made) if value.kept else made

    def _object(self, shape: Shape, depth: int) -> Dict[str, Any]:
        made: Dict[str, Any] = {}
        for name, (part, optional) in shape.fields.items():
            if not optional or (not part.better and self.rng.random() < 0.7):
                made[name] = self.value(part, depth + 1)
        return Kept(made) if shape.kept else made

    # Spoiling

    def _places(self, value: Any, place: Tuple[Any, ...] = ()) -> Iterator[Tuple[Any, ...]]:
        if isinstance(value, KeptText):
            return
        yield place
        if isinstance(value, Kept):
            return
        if isinstance(value, dict):
            for key, item in value.items():
                yield from self._places(item, (*place, key))
        elif isinstance(value, list):
            for index, item in enumerate(value):
                yield from self._places(item, (*place, index))

    def spoil(self, value: Any) -> Any:
        """The value with one thing wrong somewhere in it (or not: some types take nearly everything)."""
        places = list(self._places(value))
        if not places:
            return value
        # The deeper ones are many; each level gets its turn.
        depths = sorted({len(place) for place in places})
        depth = self.rng.choice(depths)
        place = self.rng.choice([place for place in places if len(place) == depth])
        if not place:
            return self._wrong_for(value)
        holder = value
        for step in place[:-1]:
            holder = holder[step]
        last = place[-1]
        if isinstance(holder, dict) and self.rng.random() < 0.25:
            del holder[last]
        elif isinstance(holder, dict) and self.rng.random() < 0.1:
            holder[str(self.rng.choice(WRONG))] = holder.pop(last)
        else:
            holder[last] = self._wrong_for(holder[last])
        return value

    def _wrong_for(self, value: Any) -> Any:
        """What to put in the place of a value, which may be the value itself with more in it."""
        kept = isinstance(value, (Kept, KeptMap))
        wrong = self.rng.choice(WRONG_FOR_KEPT if kept else WRONG)
        if isinstance(value, dict) and not isinstance(value, Kept) and self.rng.random() < 0.4:
            return {**value, "zzUnknown": wrong}
        return wrong

    def spell(self, shape: Shape, value: Any) -> Any:
        """The value with some parts given as what JSON has not: sets, mappings with other keys, objects."""
        if value is None:
            return value
        if shape.kind in ("maybe", "internal", "nullOr"):
            return self.spell(shape.parts[0], value)
        lot = self.rng.random()
        if shape.kind == "object":
            made = {name: self.spell(shape.fields[name][0], item) for name, item in value.items()}
            return {"$obj": [shape.name, made]} if lot < 0.3 else made
        if shape.kind == "list":
            return [self.spell(shape.parts[0], item) for item in value]
        if shape.kind == "set" and lot < 0.3:
            return {"$set": value}
        if shape.kind == "map" and shape.known is None:
            pairs = [[key, self.spell(shape.parts[1], item)] for key, item in value.items()]
            if lot < 0.3 and shape.parts[0].kind in ("range", "int"):
                pairs = [[int(key), item] for key, item in pairs]
            return {"$dict": pairs} if lot < 0.5 else dict(pairs)
        return value

    def _given(self, shape: Shape, share: float) -> Any:
        """A value as a caller gives it."""
        value = self.value(shape)
        if self.rng.random() < self.spoiled * share:
            return self.spoil(value)
        return self.spell(shape, value) if self.rng.random() < 0.1 else value

    def _maybe_spoil(self, value: Any, share: float = 1.0) -> Any:
        return self.spoil(value) if self.rng.random() < self.spoiled * share else value

    # Cases

    def case(self, number: int) -> Case:
        """One case without its `expect`."""
        kind = self.rng.choices(("call", "type", "set"), (70, 15, 15))[0]
        return {"kind": kind, **getattr(self, f"_case_{kind}")(), "id": number}

    def _case_call(self) -> Case:
        call: CallShape = self.rng.choice(self.surface.calls)
        case: Case = {
            "call": call.name,
            "args": [self._maybe_spoil(self.value(arg), 0.25) for arg in call.args],
            "mc": self.rng.random() < 0.5,
            "reply": {"generation": 7, "data": self._maybe_spoil(self.value(call.returns), 0.8)},
        }
        if call.json is not None and not (call.json_optional and self.rng.random() < 0.3):
            case["json"] = self._given(call.json, 0.8)
        kwargs: Dict[str, Any] = {}
        if self.rng.random() < 0.2:
            name = "".join(self.rng.choice(NAME + "ABZ.:-_") for _ in range(self.rng.randint(1, 9)))
            kwargs["clusterName"] = self.rng.choice(("", "", "", "#")) + name
        if self.rng.random() < 0.1:
            kwargs["returnRawAPIData"] = True
        if kwargs:
            case["kwargs"] = kwargs
        if self.rng.random() < 0.05:
            case["status"] = self.rng.choice(STATUSES)
            error = {"name": self.rng.choice(ERRORS), "descr": "d", "transient": self.rng.random() < 0.5}
            case["reply"] = {"error": error}
        return case

    def _case_type(self) -> Case:
        name = self.rng.choice(list(self.surface.types))
        return {"type": name, "value": self._given(self.surface.types[name], 1.0)}

    def _case_set(self) -> Case:
        name = self.rng.choice(list(self.surface.classes))
        shape = self.surface.classes[name]
        assigned = [
            [field, self._given(shape.fields[field][0], 1.0)]
            for field in (self.rng.choice(list(shape.fields)) for _ in range(self.rng.randrange(4)))
            if not shape.fields[field][0].better
        ]
        return {"cls": name, "init": self._given(shape, 0.5), "set": assigned}
