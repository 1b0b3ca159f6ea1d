"""What is short is named before anything starts."""

import socket

import pytest

from actors.errors import ResourcesShort
from cluster import preflight
from cluster.plan import needed
from configs import load


def test_a_machine_that_suffices_passes():
    preflight.check_machine(load(overrides=["network.port=0", "ray.dashboard_port=0", "ray.minimum_free_memory_mib=1"]))


@pytest.mark.parametrize(
    ("override", "field", "word"),
    [
        ("ray.minimum_free_memory_mib=99999999", "memory", "MiB free"),
        ("ray.cpus=2", "ray.cpus", "2"),
        ("ray.placement.oms.memory_mib=99999999", "ray.placement.*.memory_mib", "MiB"),
    ],
)
def test_what_the_machine_lacks_is_named(override, field, word):
    with pytest.raises(ResourcesShort) as short:
        preflight.check_machine(load(overrides=["network.port=0", "ray.dashboard_port=0", override]))
    assert short.value.field == field
    assert word in str(short.value.value)
    assert short.value.remedy


def test_a_taken_port_is_named_with_the_option_that_chooses_another():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(ResourcesShort) as short:
            preflight.check_port("127.0.0.1", taken.getsockname()[1], "network.port", "--port")
    assert short.value.code == "PORT_TAKEN"
    assert "--port" in short.value.remedy


def test_a_free_port_is_free():
    preflight.check_port("127.0.0.1", preflight.free_port("127.0.0.1"), "network.port", "--port")


def test_a_cluster_with_room_is_joined_and_one_without_is_refused_naming_all_that_is_short():
    configuration = load()
    needs = needed(configuration)
    room = {"CPU": needs["cpus"], "memory": needs["memory_mib"] * 2**20}
    preflight.check_joined(configuration, room)
    with pytest.raises(ResourcesShort) as short:
        preflight.check_joined(configuration, {"CPU": 0.5})
    assert "CPU: 0.5 free" in short.value.rule and "memory: 0 MiB free" in short.value.rule


def test_custom_resources_are_looked_for_too():
    configuration = load(overrides=["ray.placement.oms.resources={engine: 0.5}"])
    needs = needed(configuration)
    room = {"CPU": needs["cpus"], "memory": needs["memory_mib"] * 2**20}
    with pytest.raises(ResourcesShort, match="engine: 0 free, 0.5 needed"):
        preflight.check_joined(configuration, room)
    preflight.check_joined(configuration, {**room, "engine": 0.5})
    with pytest.raises(ResourcesShort, match="engine"):
        preflight.check_machine(configuration)


def test_a_missing_fix_library_is_told_with_the_way_to_get_it(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "quickfix", None)
    assert "make setup" in preflight.fix_library()
