"""Every call that is simulated is made, and every reply is read by the bindings as a whole."""

from __future__ import annotations

import functools
import json
from typing import Any, List, NamedTuple, Set

import pytest
import story
from ways import WAYS

from storpool.spapi.call import CALLS
from storpool.spcatch import InvalidArgumentError
from storpool_sim import ManualClock
from storpool_sim.calls.registry import HANDLERS
from storpool_sim.service.messages import Exchange


class Told(NamedTuple):
    """The story once it has been told."""

    #: What the calls gave, as plain JSON.
    results: List[Any]
    #: What the cluster was asked.
    requests: List[Exchange]


@functools.cache
def tell(way: str) -> Told:
    clock = ManualClock()
    made = story.clusters(clock)
    results = []
    with WAYS[way](cluster=made[0]) as sim:
        apis = {multi: sim.api(multiCluster=multi) for multi in (False, True)}
        for step in story.STORY:
            clock.advance(step.seconds)
            if step.call in HANDLERS:
                results.append(story.plain(step.made_by(apis[step.multi], made)))
        for api in apis.values():
            api.close()
        return Told(results, list(sim.requests))


def undeclared(sent: Any, read: Any, where: str) -> Set[str]:
    """The fields of a reply that the bindings did not take."""
    if isinstance(sent, dict):
        # Keys of mappings differ from one to the next; they are no fields.
        inner = [(item, read.get(key), where if key.isdigit() else f"{where}.{key}") for key, item in sent.items()]
        missing = {f"{where}.{key}" for key in sent if key not in read and not key.isdigit()}
        return missing.union(*(undeclared(*one) for one in inner if one[1] is not None))
    if isinstance(sent, list):
        return set().union(*(undeclared(one, other, where) for one, other in zip(sent, read)))
    return set()


def test_every_simulated_call_is_made():
    # What is not in the story has an answer that nobody has looked at.
    made = {step.call for step in story.STORY if step.call in HANDLERS}
    assert made == set(HANDLERS)
    assert len(tell("in process").requests) == len([step for step in story.STORY if step.call in made])


@pytest.mark.parametrize("way", WAYS)
def test_every_reply_is_read_as_a_whole(way):
    partly = []
    for one in tell(way).requests:
        assert (one.status, one.error) == (200, ""), one.line()
        try:
            CALLS[one.call].returns.handleVal(json.loads(one.reply)["data"])
        except InvalidArgumentError as exc:
            partly.append(f"{one.line()}: {exc}")
    assert not partly


def test_no_reply_has_fields_that_are_not_declared():
    # The bindings drop what they do not know: such a field would be one that the simulator has made up.
    found: Set[str] = set()
    for one in tell("in process").requests:
        data = json.loads(one.reply)["data"]
        found |= undeclared(data, story.plain(CALLS[one.call].returns.handleVal(data)), one.call)
    assert not found


def test_it_is_the_same_story_both_ways():
    one, other = tell("in process"), tell("over HTTP")
    assert one.results == other.results
    assert [each.reply for each in one.requests] == [each.reply for each in other.requests]
