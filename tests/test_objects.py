"""Objects: making them, reading and assigning fields, and what they turn into."""

from __future__ import annotations

import copy
import inspect
import json
import logging
import pickle
import time
from typing import Any, Dict

import pytest

from storpool import spjson, sptype, sptypes
from storpool.spcatch import InvalidArgumentError
from storpool.sptype.constraints import Regex
from storpool.sptypes import VolumeCreateDesc, VolumeReassignDesc

SERVICE: Dict[str, Any] = {"nodeId": 1, "version": "19", "startTime": None, "id": 3}


class TestMaking:
    def test_a_mapping_keywords_and_pairs_make_the_same(self) -> None:
        made = [
            VolumeCreateDesc({"name": "v", "size": 512}),
            VolumeCreateDesc(name="v", size=512),
            VolumeCreateDesc({"name": "v"}, size=512),
            VolumeCreateDesc(json={"name": "v", "size": 512}),
            VolumeCreateDesc([("name", "v"), ("size", 512)]),  # type: ignore[arg-type]
        ]
        assert [each.to_json() for each in made] == [made[0].to_json()] * 5

    def test_keywords_win_over_the_mapping(self) -> None:
        assert VolumeCreateDesc({"name": "v"}, name="w").name == "w"

    def test_keywords_win_over_an_object_and_leave_it_alone(self) -> None:
        first = VolumeCreateDesc(name="v", size=512)
        second = VolumeCreateDesc(first, name="w")
        assert (first.name, second.name, second.size) == ("v", "w", 512)

    def test_an_instance_is_given_back_itself(self) -> None:
        desc = VolumeCreateDesc(name="v")
        assert VolumeCreateDesc(desc) is desc
        assert sptypes.VolumePolicyDesc(desc) is desc

    def test_values_are_converted(self) -> None:
        desc = VolumeCreateDesc(size="1024", tags={7: "x"})  # type: ignore[arg-type,dict-item]
        assert (desc.size, desc.tags) == (1024, {"7": "x"})

    def test_each_object_has_an_empty_list_of_its_own(self) -> None:
        first, second = sptypes.PlacementGroupUpdateDesc(), sptypes.PlacementGroupUpdateDesc()
        first.addDisks.add(1)
        assert second.addDisks == set()

    def test_a_bad_field_is_named_and_the_rest_is_kept(self) -> None:
        with pytest.raises(InvalidArgumentError) as caught:
            VolumeCreateDesc(name="v", size=1234)
        assert str(caught.value) == "VolumeCreateDesc.size: 1234 is not a positive multiple of 512"
        assert (caught.value.partial.name, caught.value.partial.size) == ("v", None)

    @pytest.mark.parametrize(
        ("field", "value", "sentence"),
        [
            ("name", "a b", "'a b' is not a volume name: letters, digits and _ - . : only, at most 199"),
            ("name", "list", "'list' is not a volume name: it is a reserved word"),
            ("template", "a:b", "'a:b' is not a volume template name: letters, digits and _ - only, at most 199"),
            ("bw", "x", "'x' is not an integer"),
        ],
    )
    def test_a_refused_value_is_told_in_a_sentence(self, field: str, value: str, sentence: str) -> None:
        with pytest.raises(InvalidArgumentError) as caught:
            VolumeCreateDesc({field: value})
        assert str(caught.value) == f"VolumeCreateDesc.{field}: {sentence}"

    def test_the_words_beside_another_type_are_named(self) -> None:
        with pytest.raises(InvalidArgumentError, match=r"\.detach\[0\]: 'x' is not an integer, nor \"all\"$"):
            VolumeReassignDesc(volume="v", detach=["x"])  # type: ignore[list-item]

    def test_every_pattern_of_a_type_has_a_rule_in_words(self) -> None:
        nodes = [getattr(sptypes, name) for name in dir(sptypes)]
        patterns = [node.constraint for node in nodes if isinstance(getattr(node, "constraint", None), Regex)]
        assert len(patterns) > 20
        for constraint in patterns:
            with pytest.raises(InvalidArgumentError) as caught:
                constraint.validate("\n")
            assert constraint.rule or constraint.name == "KvsKeyName"
            assert constraint.pattern not in str(caught.value) or not constraint.rule

    def test_a_missing_field_is_named_and_the_rest_is_kept(self) -> None:
        with pytest.raises(InvalidArgumentError, match=r"^VolumeReassignDesc\.volume: is missing") as caught:
            VolumeReassignDesc({"ro": [1]})
        assert (caught.value.partial.volume, caught.value.partial.ro) == (None, [1])

    def test_the_path_leads_to_the_bad_part(self) -> None:
        with pytest.raises(InvalidArgumentError, match=r"^ClusterStatus\.mgmt\[1\]\.status: 'zz' is not one of"):
            sptypes.ClusterStatus(clusterStatus="running", mgmt={"1": {**SERVICE, "status": "zz", "active": True}})  # type: ignore[dict-item]

    def test_a_misspelt_key_is_told_in_the_log(self, caplog: pytest.LogCaptureFixture) -> None:
        VolumeCreateDesc({"name": "v", "sise": 512})
        assert [(each.levelno, each.name) for each in caplog.records] == [(logging.WARNING, "storpool.sptype")]
        assert "VolumeCreateDesc.sise" in caplog.text

    def test_unknown_keys_of_what_a_cluster_said_are_not(self, caplog: pytest.LogCaptureFixture) -> None:
        sptype.spType([VolumeCreateDesc]).handleVal([{"name": "v", "newer": 1}])
        assert not caplog.records

    def test_the_signature_has_the_fields(self) -> None:
        parameters = inspect.signature(VolumeReassignDesc).parameters
        assert list(parameters)[:3] == ["json", "volume", "detach"]
        assert parameters["volume"].default is inspect.Parameter.empty
        assert parameters["force"].default is False


class TestFields:
    def test_assigning_validates_and_converts(self) -> None:
        desc = VolumeCreateDesc(name="v")
        desc.size = "2048"  # type: ignore[assignment]
        assert desc.size == 2048

    def test_a_refused_assignment_changes_nothing(self) -> None:
        desc = VolumeCreateDesc(size=512, tags={"a": "b"})
        with pytest.raises(InvalidArgumentError, match=r"^VolumeCreateDesc\.size: 7 "):
            desc.size = 7
        with pytest.raises(InvalidArgumentError, match=r"^VolumeCreateDesc\.tags\['c'\]"):
            desc.tags = {"c": "é"}
        assert (desc.size, desc.tags) == (512, {"a": "b"})

    def test_what_is_not_declared_is_an_attribute_error(self) -> None:
        desc = VolumeCreateDesc(name="v")
        with pytest.raises(AttributeError, match="'VolumeCreateDesc' object has no attribute 'sise'"):
            desc.sise  # type: ignore[attr-defined]
        with pytest.raises(AttributeError, match="'VolumeCreateDesc' object has no attribute 'sise'"):
            desc.sise = 1  # type: ignore[attr-defined]
        with pytest.raises(AttributeError, match="name"):
            del desc.name

    def test_status_of_a_service(self) -> None:
        running = sptypes.Server({**SERVICE, "status": "running", "startTime": int(time.time()) - 100})
        booting = sptypes.Server({**SERVICE, "status": "booting"})
        ahead = sptypes.Server({**SERVICE, "status": "running", "startTime": int(time.time()) + 100})
        assert (running.running, booting.running) == (True, False)
        assert running.uptime is not None
        assert 100 <= running.uptime < 160
        assert (booting.uptime, ahead.uptime) == (None, 0)

    def test_an_object_on_a_disk_is_ok(self) -> None:
        record = {"objectId": 1, "generation": 1, "version": 1, "volume": "v", "parentVolume": "", "onDiskSize": 1}
        states = [sptypes.DiskObject({**record, "storedSize": 1, "volumeId": 1, "state": state}).ok for state in (1, 2)]
        assert states == [True, False]

    def test_disks_know_whether_they_are_up(self) -> None:
        assert (sptypes.UpDiskSummary.up, sptypes.DownDiskSummary.up) == (True, False)


class TestOldForms:
    def test_vars_give_the_fields_as_in_the_original(self) -> None:
        desc = sptypes.VolumesReassignWaitDesc(reassign=[VolumeReassignDesc(volume="v", rw=[1])])
        assert vars(desc) == desc.__dict__ == {"__jsonAttrs__": desc.to_json()}
        assert desc.__jsonAttrs__ == desc.to_json()  # type: ignore[attr-defined]
        dumped = json.loads(json.dumps(desc, default=vars))
        assert dumped["__jsonAttrs__"]["reassign"][0]["__jsonAttrs__"]["rw"] == [1]

    def test_reading_a_field_does_not_come_by_them(self, monkeypatch: pytest.MonkeyPatch) -> None:
        desc = VolumeCreateDesc(name="v")
        monkeypatch.setattr("storpool.sptype.objects.as_dict", None)
        assert desc.name == "v"
        assert VolumeCreateDesc.name is vars(VolumeCreateDesc)["name"]

    def test_objects_have_no_dictionary_of_their_own(self) -> None:
        desc = VolumeCreateDesc(name="v")
        desc.__dict__["__jsonAttrs__"]["name"] = "w"
        assert desc.name == "v"
        with pytest.raises(AttributeError):
            desc.__dict__ = {}

    def test_classes_give_their_definitions_and_their_entry(self) -> None:
        definitions = VolumeReassignDesc.__jsonAttrDefs__
        assert list(definitions) == list(VolumeReassignDesc(volume="v").to_json())
        assert definitions["volume"].name == "VolumeNameOrGlobalId"
        assert (definitions["force"].name, definitions["force"].defaultVal()) == ("bool, default=false", False)
        assert definitions["rw"].handleVal(["1"]) == [1]
        assert (VolumeReassignDesc.spDoc.name, VolumeReassignDesc(volume="v").spDoc.name) == ("VolumeReassignDesc",) * 2


class TestForms:
    def test_all_fields_in_order_base_classes_first(self) -> None:
        names = list(VolumeCreateDesc().to_json())
        assert names[:2] == ["placeAll", "placeTail"]
        assert names[-5:] == ["name", "size", "parent", "template", "baseOn"]

    def test_to_json_gives_the_values_themselves(self) -> None:
        desc = VolumeCreateDesc(tags={"a": "b"})
        for form in (desc.to_json(), desc.toJson(), desc._asdict()):
            assert form["tags"] is desc.tags

    def test_nested_objects_stay_objects(self) -> None:
        wait = sptypes.VolumesReassignWaitDesc({"reassign": [{"volume": "v"}]})
        assert isinstance(wait.to_json()["reassign"][0], VolumeReassignDesc)

    def test_iterating_gives_pairs(self) -> None:
        desc = VolumeCreateDesc(name="v")
        assert dict(desc) == desc.to_json()
        assert ("name", "v") in desc
        assert "name" not in desc

    def test_text(self) -> None:
        desc = sptypes.DiskWbcStats(pages=1, pagesPending=2, maxPages=3)
        assert str(desc) == "{'pages': 1, 'pagesPending': 2, 'maxPages': 3}"
        assert repr(desc) == "DiskWbcStats(pages=1, pagesPending=2, maxPages=3)"

    def test_always_true_equal_only_to_itself(self) -> None:
        first, second = VolumeCreateDesc(), VolumeCreateDesc()
        assert first
        assert first != second
        assert len({first, second, first}) == 2
        with pytest.raises(TypeError):
            len(first)  # type: ignore[arg-type]

    def test_copies_and_pickles_are_of_the_same_class_and_fields(self) -> None:
        desc = sptypes.VolumesReassignWaitDesc({"reassign": [{"volume": "v", "rw": [1]}]})
        for same in (copy.copy(desc), copy.deepcopy(desc), pickle.loads(pickle.dumps(desc))):
            assert type(same) is type(desc)
            assert spjson.dumps(same) == spjson.dumps(desc)
        assert copy.copy(desc).reassign is desc.reassign
        assert copy.deepcopy(desc).reassign[0] is not desc.reassign[0]

    def test_a_partial_object_can_be_copied(self) -> None:
        with pytest.raises(InvalidArgumentError) as caught:
            VolumeReassignDesc({})
        assert copy.deepcopy(caught.value.partial).volume is None

    def test_json_is_compact_and_sets_are_lists(self) -> None:
        group = sptypes.PlacementGroup({"name": "ssd", "disks": [3, 1, 2]})
        assert spjson.dumps(group) == '{"id":null,"name":"ssd","disks":[1,2,3]}'
        assert spjson.loads(spjson.dumps({"groups": [group]})) == {"groups": [json.loads(spjson.dumps(group))]}
        with pytest.raises(TypeError):
            spjson.dumps(object())


class TestKinds:
    def test_a_malformed_disk_that_is_up_stays_one(self) -> None:
        node = sptypes.DiskSummary
        record = {"id": 1, "serverId": 1, "ssd": True, "generationLeft": -1, "agCount": 7, "sectorsCount": 5}
        with pytest.raises(InvalidArgumentError) as caught:
            node.handleVal(record)  # type: ignore[attr-defined]
        assert type(caught.value.partial) is sptypes.UpDiskSummary
        assert (caught.value.partial.agCount, caught.value.partial.model) == (7, None)

    def test_a_disk_that_is_down_is_told_by_its_generation(self) -> None:
        record = {
            "id": 1,
            "serverId": 1,
            "ssd": True,
            "generationLeft": 5,
            "model": "",
            "serial": "",
            "description": "",
        }
        found = sptypes.DiskSummary.handleVal({**record, "softEject": "off", "agCount": 1})  # type: ignore[attr-defined]
        assert type(found) is sptypes.DownDiskSummary
