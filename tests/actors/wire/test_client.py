import asyncio

import pytest

from actors import wire
from actors.errors import Conflict, OrderRejected, PeerLost, ProtocolError, Unavailable
from actors.wire import WireClient, frame
from tests.actors.wire.support import LOOPS, Handlers, client_of, client_of_server, pack, run, serving, unpack, until


@LOOPS
def test_a_request_is_answered_and_a_notification_is_not(loop, path):
    async def story():
        handlers = Handlers()
        async with serving(path, handlers), client_of(path) as client:
            client.notify("note", b"one")
            client.notify("refuse", b"")
            client.notify("echo", b"lost")
            assert await client.request("echo", b"hello") == b"hello"
            assert handlers.notes == [b"one"]
            answers = await asyncio.gather(*(client.request("count", pack(number)) for number in range(200)))
            assert [unpack(answer) for answer in answers] == list(range(1, 201))

    run(loop, story)


@LOOPS
def test_events_arrive_in_order_and_before_the_answer_that_follows_them(loop, path):
    async def story():
        handlers, seen = Handlers(), []
        async with serving(path, handlers), client_of(path) as client:
            assert await client.subscribe("subscribe", b"", seen.append) == b"subscribed"
            assert seen == [b"0", b"1", b"2"]
            for number in range(3, 500):
                handlers.subscribers[0].emit(b"%d" % number)
            answer = asyncio.ensure_future(client.request("hold"))
            await until(lambda: handlers.held)
            handlers.subscribers[0].emit(b"500")
            handlers.held[0].reply(b"")
            await answer
            assert seen == [b"%d" % number for number in range(501)]

    run(loop, story)


def test_events_of_a_subscription_that_was_refused_are_forgotten(path):
    async def story():
        async with serving(path), client_of(path) as client:
            with pytest.raises(OrderRejected):
                await client.subscribe("refuse", b"", lambda body: None)
            assert client._events == {}
            client.take(wire.EVENT, 99, b"nobody subscribed")
            client.take(wire.RESPONSE, 99, b"nobody asked")

    run(asyncio.new_event_loop, story)


@LOOPS
def test_a_client_reconnects_when_the_server_comes_back_at_the_same_path_and_subscribes_anew(loop, path):
    async def story():
        handlers, seen, connects = Handlers(), [], []

        async def on_connect():
            connects.append(await client.subscribe("subscribe", b"", seen.append))

        client = WireClient(path, "tester", on_connect, retry_seconds=0.01)
        client.start()
        client.start()
        for life in (1, 2, 3):
            async with serving(path, handlers):
                await client.connected.wait()
                assert (len(connects), seen) == (life, [b"0", b"1", b"2"] * life)
                assert await client.request("echo", b"x") == b"x"
            await until(lambda: not client.connected.is_set())
            with pytest.raises(Unavailable, match="not connected to market-0"):
                await client.request("echo")
            client.notify("note", b"dropped")
        await client.close()
        assert handlers.gone == ["tester"] * 3

    run(loop, story)


@LOOPS
def test_requests_in_flight_fail_with_peer_lost_when_the_server_goes(loop, path):
    async def story():
        handlers = Handlers()
        async with client_of_server(path, handlers) as (server, client):
            waiting = [asyncio.ensure_future(client.request("hold")) for _ in range(3)]
            await until(lambda: len(handlers.held) == 3)
            await server.close()
            results = await asyncio.gather(*waiting, return_exceptions=True)
            assert [type(result) for result in results] == [PeerLost] * 3
            assert not client.connected.is_set()

    run(loop, story)


def test_one_waiter_that_fails_does_not_keep_the_others_waiting(path):
    async def story():
        handlers, failed = Handlers(), []
        async with client_of_server(path, handlers) as (server, client):
            client.post("hold", b"", lambda body, error: 1 // 0)
            client.post("hold", b"", lambda body, error: failed.append(type(error)))
            await until(lambda: len(handlers.held) == 2)
            await server.close()
            await until(lambda: failed == [PeerLost])

    run(asyncio.new_event_loop, story)


def test_a_cancelled_request_does_not_disturb_its_late_answer(path):
    async def story():
        handlers = Handlers()
        async with serving(path, handlers), client_of(path) as client:
            waiting = asyncio.ensure_future(client.request("hold"))
            await until(lambda: handlers.held)
            waiting.cancel()
            handlers.held[0].reply(b"late")
            assert await client.request("echo", b"x") == b"x"

    run(asyncio.new_event_loop, story)


def test_a_client_that_can_not_subscribe_is_not_connected_and_tries_again(path):
    async def story():
        attempts = []

        async def on_connect():
            attempts.append(len(attempts))
            if len(attempts) == 1:
                raise Conflict("not yet")
            if len(attempts) == 2:
                raise RuntimeError("broken")

        async with serving(path), client_of(path, on_connect) as client:
            assert (attempts, client.connected.is_set()) == ([0, 1, 2], True)

    run(asyncio.new_event_loop, story)


def test_a_client_of_another_version_is_told_so(path, monkeypatch):
    async def story():
        async with serving(path):
            client = WireClient(path, "old", retry_seconds=0.01)
            client.start()
            await asyncio.sleep(0.02)
            client.take(wire.ERROR, 0, pack(ProtocolError("frame of another protocol version").describe()))
            waiting = asyncio.ensure_future(client.request("hold"))
            await asyncio.sleep(0.01)
            client.take(wire.ERROR, 0, pack(ProtocolError("frame of another protocol version").describe()))
            with pytest.raises(ProtocolError):
                await waiting
            await client.close()

    run(asyncio.new_event_loop, story)


def test_a_server_of_another_version_is_left_alone(path):
    async def story():
        strange = bytearray(frame(wire.WELCOME, 1, b""))
        strange[5] = 9

        class Strange(asyncio.Protocol):
            def connection_made(self, transport):
                transport.write(strange)

        path.parent.mkdir()
        server = await asyncio.get_running_loop().create_unix_server(Strange, str(path))
        client = WireClient(path, "tester", retry_seconds=0.001)
        client.start()
        await asyncio.sleep(0.03)
        assert not client.connected.is_set()
        await client.close()
        server.close()

    run(asyncio.new_event_loop, story)


@LOOPS
def test_a_connection_broken_on_purpose_is_made_anew(loop, path):
    async def story():
        connects = []

        async def on_connect():
            connects.append(1)

        async with serving(path), client_of(path, on_connect) as client:
            waiting = asyncio.ensure_future(client.request("hold"))
            await asyncio.sleep(0)
            client.drop()
            with pytest.raises(PeerLost):
                await waiting
            await client.connected.wait()
            assert (len(connects), await client.request("echo", b"x")) == (2, b"x")
        client.drop()

    run(loop, story)
