from __future__ import annotations

import pathlib
import threading

import pytest

from actors import peers as module
from actors.errors import Unavailable
from actors.peers import Beyond, Peers, Published, socket_path
from actors.wire import TlsAddress, UnixAddress
from actors.wire.certificates import ensure_identity


class Cluster:
    """Answers as the actors would: where each service listens, by name; counts how often it is asked."""

    def __init__(self) -> None:
        self.published: dict[str, Published] = {}
        self.asked: list[str] = []

    def __call__(self, name: str) -> Published:
        self.asked.append(name)
        if name not in self.published:
            raise Unavailable(f"{name} can't be found")
        return self.published[name]


@pytest.fixture
def cluster() -> Cluster:
    return Cluster()


@pytest.fixture
def peers(tmp_path: pathlib.Path, cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> Peers:
    monkeypatch.setattr(module, "FRESH_SECONDS", -1.0)
    (tmp_path / "sockets").mkdir()
    found = Peers(tmp_path)
    identity = ensure_identity(tmp_path / "certificates", "strategy", make=True)
    found.reach_beyond(Beyond(identity, "this node", "127.0.0.1", cluster))
    return found


def listening(directory: pathlib.Path, name: str) -> UnixAddress:
    path = socket_path(directory, name)
    path.touch()
    return UnixAddress(path)


def test_without_other_nodes_a_service_is_behind_its_socket_whether_it_is_there_or_not(tmp_path: pathlib.Path) -> None:
    peers = Peers(tmp_path)
    expected = UnixAddress(tmp_path / "sockets" / "oms-0.sock")
    assert peers.address("oms-0") == peers.look_up("oms-0") == expected
    peers.missed("oms-0", expected)
    assert peers.peer("oms-0").at_hand() == expected


def test_a_socket_on_this_node_comes_first_and_nobody_is_asked(
    tmp_path: pathlib.Path, peers: Peers, cluster: Cluster
) -> None:
    here = listening(tmp_path, "oms-0")
    assert peers.peer("oms-0").at_hand() == peers.address("oms-0") == here
    assert cluster.asked == []


def test_a_service_of_another_node_is_asked_once_and_again_when_it_is_not_there(peers: Peers, cluster: Cluster) -> None:
    cluster.published["oms-0"] = Published("that node", "10.0.0.2", 4000, 1)
    oms = peers.peer("oms-0")
    assert oms.at_hand() is None
    there = oms.look_up()
    assert isinstance(there, TlsAddress)
    assert (there.host, there.port, there.name) == ("10.0.0.2", 4000, "oms-0")
    assert oms.at_hand() == peers.address("oms-0") == there and cluster.asked == ["oms-0"]
    cluster.published["oms-0"] = Published("that node", "10.0.0.3", 5000, 2)
    oms.missed(there)
    assert str(peers.address("oms-0")) == "10.0.0.3:5000"
    oms.missed(there)
    assert str(peers.address("oms-0")) == "10.0.0.3:5000", "an old address says nothing of the new one"
    assert cluster.asked == ["oms-0", "oms-0"]


def test_a_service_that_moved_to_another_node_is_found_although_its_old_socket_is_still_there(
    tmp_path: pathlib.Path, peers: Peers, cluster: Cluster
) -> None:
    old = listening(tmp_path, "oms-0")
    cluster.published["oms-0"] = Published("that node", "10.0.0.2", 4000, 2)
    oms = peers.peer("oms-0")
    assert oms.at_hand() == old
    oms.missed(old)
    assert oms.at_hand() is None
    assert str(oms.look_up()) == str(peers.address("oms-0")) == "10.0.0.2:4000"


def test_a_service_that_comes_back_on_this_node_is_asked_for_at_its_socket(
    tmp_path: pathlib.Path, peers: Peers, cluster: Cluster
) -> None:
    here = listening(tmp_path, "oms-0")
    oms = peers.peer("oms-0")
    oms.missed(here)
    with pytest.raises(Unavailable):
        oms.look_up()
    assert oms.at_hand() == here, "it restarts: its socket is worth another look"
    oms.missed(here)
    cluster.published["oms-0"] = Published("this node", "127.0.0.1", 4000, 2)
    assert oms.look_up() == here and oms.at_hand() == here


def test_many_who_lose_a_service_at_once_ask_for_it_once(
    peers: Peers, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FRESH_SECONDS", 60.0)
    failures: list[Unavailable] = []

    def look() -> None:
        try:
            peers.look_up("oms-0")
        except Unavailable as error:
            failures.append(error)

    threads = [threading.Thread(target=look) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(failures) == 8 and cluster.asked == ["oms-0"]
