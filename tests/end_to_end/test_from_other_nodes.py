"""Whoever is in the Ray cluster and not on the OMS's node: orders by Ray calls, and services found by their names."""

import asyncio
import os
import pathlib
import signal

import msgspec
import pytest

from actors.errors import NotFound, PeerLost, Unavailable
from actors.messages import CancelOrder, Order, Side, SubmitOrder
from actors.oms.client_ray import RayOrders
from actors.peers import Peers
from actors.peers_ray import PublishedByActors, beyond_this_node
from actors.wire import BlockingClient, TlsAddress, WireClient
from tests.end_to_end.support import wait_for

pytestmark = pytest.mark.cluster


def order(client_order_id, account="main"):
    return SubmitOrder(client_order_id=client_order_id, account=account, instrument=0, side=Side.BUY, quantity=1)


@pytest.fixture(scope="module")
def peers(up):
    """The services, as a process sees them that shares no directory with them."""
    engine, state = up
    directory = pathlib.Path(state.directory)
    found = Peers(directory / "elsewhere")
    found.reach_beyond(beyond_this_node("elsewhere", directory, engine.configuration)._replace(node="another node"))
    return found


def report(peers, name):
    with BlockingClient(peers.peer(name), "elsewhere", timeout=5.0) as client:
        return msgspec.msgpack.decode(client.request("status"))


def test_every_actor_publishes_where_it_listens(up, peers):
    for name in up[0].handles:
        assert isinstance(peers.address(name), TlsAddress)
        assert report(peers, name)["name"] == name


def test_an_actor_of_another_node_finds_a_service_from_its_loop(up):
    import ray

    async def ask(peers, name):
        client = WireClient(peers.peer(name), "elsewhere")
        client.start()
        await asyncio.wait_for(client.connected.wait(), 30)
        answer = msgspec.msgpack.decode(await client.request("status"))
        await client.close()
        return answer["name"]

    @ray.remote(num_cpus=0.1)
    class Elsewhere:
        def ask(self, name, directory, configuration):
            found = Peers(directory / "elsewhere")
            found.reach_beyond(beyond_this_node("elsewhere", directory, configuration)._replace(node="another node"))
            return asyncio.run(ask(found, name))

    engine, state = up
    elsewhere = Elsewhere.remote()
    answer = elsewhere.ask.remote("risk", pathlib.Path(state.directory), engine.configuration)
    assert ray.get(answer, timeout=60) == "risk"
    ray.kill(elsewhere)


def test_a_name_that_nobody_has_is_nowhere(peers):
    with pytest.raises(Unavailable, match="quartermaster can't be found"):
        peers.address("quartermaster")


def test_a_service_is_found_again_after_kill_9(peers):
    before, pid = peers.address("portfolio"), report(peers, "portfolio")["pid"]
    os.kill(pid, signal.SIGKILL)
    again = wait_for(lambda: report(peers, "portfolio")["pid"] != pid, 60, "the portfolio actor is back")
    assert again and peers.address("portfolio") != before


def test_orders_come_by_ray_calls_in_batches_and_twice_is_once(up):
    door = RayOrders(up[0].configuration)
    batch = [order(f"door-{number}", ("main", "second")[number % 2]) for number in range(20)]
    answers = door.submit([*batch, order("door-x", "nobody")])
    assert all(isinstance(answer, Order) for answer in answers[:-1]) and isinstance(answers[-1], NotFound)
    assert [(answer.client_order_id, answer.account) for answer in answers[:-1]] == [
        (sent.client_order_id, sent.account) for sent in batch
    ]
    again = door.submit(batch)
    assert [answer.order_id for answer in again] == [answer.order_id for answer in answers[:-1]]
    (missing,) = door.cancel([CancelOrder(account="main", client_order_id="door-none")])
    assert isinstance(missing, NotFound)


def test_orders_to_an_oms_that_is_killed_meanwhile_are_lost_or_there_and_never_repeated_by_ray(up, peers):
    door = RayOrders(up[0].configuration)
    shard = next(name for name in ("oms-0", "oms-1") if "main" in str(report(peers, name)["status"]["partitions"]))
    os.kill(report(peers, shard)["pid"], signal.SIGKILL)

    def sent():
        (answer,) = door.submit([order("door-after")])
        assert isinstance(answer, (Order, PeerLost, Unavailable)), answer
        return isinstance(answer, Order) and answer

    first = wait_for(sent, 60, "the order is on record")
    assert door.submit([order("door-after")])[0].order_id == first.order_id


def test_without_an_oms_an_order_is_refused_and_nothing_was_changed(up):
    configuration = up[0].configuration
    elsewhere = configuration.model_copy(update={"ray": configuration.ray.model_copy(update={"namespace": "nowhere"})})
    (answer,) = RayOrders(elsewhere).submit([order("door-none")])
    assert type(answer) is Unavailable
    with pytest.raises(Unavailable):
        PublishedByActors("nowhere")("oms-0")
