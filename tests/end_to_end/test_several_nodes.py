"""Services that share no directory find one another by name and speak mutual TLS; here each node is a directory."""

import asyncio
import socket

import msgspec
import pytest
import yaml

from actors.errors import PeerLost, Unavailable
from actors.messages import OmsEvent, Order, Side, SubmitOrder, decoder, encode
from actors.peers import Beyond, Peers, Published
from actors.wire import TlsAddress, WireClient
from actors.wire.certificates import ensure_identity
from configs import load
from tests.end_to_end.test_one_process import SIMULATED, run
from tests.local_engine import LocalEngine

decode_order, decode_event = decoder(Order), decoder(OmsEvent)


class SpreadEngine(LocalEngine):
    """Runs every service on a node of its own."""

    def directory_of(self, name):
        node = self.directory / name
        (node / "journal").mkdir(parents=True, exist_ok=True)
        return node

    def introduce(self, service):
        service.reach_beyond(self.beyond(service.name))

    def beyond(self, name):
        identity = ensure_identity(self.directory / "certificates", name, make=True)
        return Beyond(identity, str(self.directory_of(name)), "127.0.0.1", self.look_up)

    def look_up(self, name):
        """Answer as the actors would."""
        service = self.services.get(name)
        if service is None or not service.server.port:
            raise Unavailable(f"{name} can't be found")
        return Published(str(service.directory), "127.0.0.1", service.server.port, service.server.epoch)


def test_a_run_over_several_nodes_gives_the_same_orders_as_one_on_a_single_node(run_directory):
    results = []
    for name, engine_class in (("a", LocalEngine), ("b", SpreadEngine)):
        (run_directory / name).mkdir()
        results.append(run(run_directory / name, SIMULATED, engine_class=engine_class))
    (single, events), (spread, spread_events) = results
    assert single["fills"] > 5 and spread["problems"] == []
    assert events == spread_events
    assert single["accounts"] == spread["accounts"]


def test_a_client_of_another_node_trades_and_goes_on_when_the_oms_comes_back_at_another_port(run_directory):
    file = run_directory / "settings.yaml"
    file.write_text(yaml.safe_dump({"feed": {"speed": "max", "simulated": {"instruments": 2, "sessions": 2}}}))

    def order(client_order_id):
        return encode(
            SubmitOrder(client_order_id=client_order_id, account="main", instrument=0, side=Side.BUY, quantity=1)
        )

    async def story():
        async with SpreadEngine(load("local", [file], environment={}), run_directory) as engine:
            await engine.until_finished()
            peers = Peers(run_directory / "elsewhere")
            peers.reach_beyond(engine.beyond("elsewhere"))
            events, connects = [], []

            async def on_connect():
                last = {str(event.partition): event.sequence + 1 for event in events}
                connects.append(client.epoch)
                await client.subscribe(
                    "subscribe", msgspec.msgpack.encode({"from": last}), lambda body: events.append(decode_event(body))
                )

            client = WireClient(peers.peer("oms-0"), "elsewhere", on_connect, retry_seconds=0.01)
            client.hello_seconds = 0.5
            client.start()
            await asyncio.wait_for(client.connected.wait(), 10)
            before = peers.address("oms-0")
            assert isinstance(before, TlsAddress)
            principals = {connection.principal for connection in engine.services["oms-0"].server.connections}
            assert "tls:elsewhere" in principals
            first = decode_order(await client.request("submit", order("first")))

            await engine.stop("oms-0")
            with pytest.raises((PeerLost, Unavailable)):
                await client.request("submit", order("second"))
            with socket.create_server(("127.0.0.1", before.port)):  # somebody else got the port
                await engine.start("oms-0")
                await asyncio.wait_for(client.connected.wait(), 10)
            assert peers.address("oms-0") != before
            assert len(connects) == 2 and connects[0] < connects[1]
            assert decode_order(await client.request("submit", order("first"))).order_id == first.order_id
            second = decode_order(await client.request("submit", order("second")))
            await client.request("sync", msgspec.msgpack.encode({}))
            numbered = [(event.partition, event.sequence) for event in events]
            assert sorted(set(numbered)) == numbered, "no event twice, none out of order"
            told = {event.order.client_order_id for event in events if hasattr(event, "order")}
            assert {"first", "second"} <= told and second.order_id != first.order_id
            await client.close()

    asyncio.run(story())
