import asyncio
import contextlib
import os
import socket
import stat
import struct
import threading
import time

import msgspec
import pytest
import uvloop
from hypothesis import given
from hypothesis import strategies as st

from actors import wire
from actors.errors import (
    AlphaMindError,
    Conflict,
    InputError,
    NotFound,
    OrderRejected,
    PeerLost,
    ProtocolError,
    Unavailable,
)
from actors.wire import BlockingClient, FrameReader, WireClient, WireServer, frame, request_payload

pack, unpack = msgspec.msgpack.encode, msgspec.msgpack.decode
LOOPS = pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
FRAMES = st.lists(st.tuples(st.integers(1, 7), st.integers(0, 2**64 - 1), st.binary(max_size=300)), max_size=8)


class Handlers:
    """The methods of the tests' server."""

    def __init__(self):
        self.notes, self.held, self.subscribers, self.gone = [], [], [], []

    def methods(self):
        return {
            "echo": lambda request: request.body,
            "note": lambda request: self.notes.append(request.body),
            "hold": lambda request: self.held.append(request),
            "count": lambda request: pack(unpack(request.body, type=int) + 1),
            "refuse": self.refuse,
            "break": lambda request: 1 // 0,
            "subscribe": self.subscribe,
            "large": lambda request: b"x" * unpack(request.body),
            "hang_up": lambda request: request.connection.close(),
        }

    def refuse(self, request):
        raise OrderRejected("too big", field="quantity", value=7, rule="at most 5", remedy="less", code="LIMIT_BREACHED")

    def subscribe(self, request):
        self.subscribers.append(request)
        request.connection.on_close.append(lambda: self.gone.append(request.connection.client))
        for number in range(3):
            request.emit(b"%d" % number)
        return b"subscribed"


def run(loop, story, *arguments):
    """Run a story on a fresh event loop of the kind, for at most ten seconds."""
    made = loop()
    try:
        made.run_until_complete(asyncio.wait_for(story(*arguments), 10))
    finally:
        made.close()


@contextlib.asynccontextmanager
async def serving(path, handlers=None):
    server = WireServer("market-0", (handlers or Handlers()).methods())
    await server.listen(path)
    try:
        yield server
    finally:
        await server.close()
        await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def client_of(path, on_connect=None):
    client = WireClient(path, "tester", on_connect, retry_seconds=0.01)
    client.start()
    try:
        await client.connected.wait()
        yield client
    finally:
        await client.close()


async def until(condition):
    while not condition():
        await asyncio.sleep(0.002)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "sockets" / "market-0.sock"


@given(FRAMES, st.lists(st.integers(1, 50)))
def test_frames_come_out_whole_however_the_bytes_are_cut(frames, cuts):
    data = b"".join(frame(*each) for each in frames)
    reader, found, start = FrameReader(), [], 0
    for length in [*cuts, len(data) + 1]:
        found += reader.feed(data[start : start + length])
        start += length
    assert found == frames
    assert reader.buffered == 0


def test_a_frame_that_is_not_whole_waits():
    reader, data = FrameReader(), frame(wire.REQUEST, 1, b"abc")
    assert reader.feed(data[:-1]) == []
    assert reader.buffered == len(data) - 1
    assert reader.feed(data[-1:]) == [(wire.REQUEST, 1, b"abc")]


@pytest.mark.parametrize("version", [0, 2, 255])
def test_a_frame_of_another_version_is_refused(version):
    data = bytearray(frame(wire.REQUEST, 1, b""))
    data[5] = version
    with pytest.raises(ProtocolError, match="another protocol version") as error:
        FrameReader().feed(bytes(data))
    assert error.value.value == version


@pytest.mark.parametrize("length", [0, 9, wire.MAXIMUM_FRAME + 1, 2**32 - 1])
def test_a_frame_of_an_impossible_length_is_refused_before_its_bytes_are_awaited(length):
    with pytest.raises(ProtocolError, match="impossible length"):
        FrameReader().feed(struct.pack("<IBBQ", length, wire.REQUEST, wire.VERSION, 1))


def test_a_message_too_large_for_a_frame_is_refused_by_its_sender(monkeypatch):
    monkeypatch.setattr(wire, "MAXIMUM_PAYLOAD", 10)
    assert frame(wire.REQUEST, 1, b"x" * 10)
    with pytest.raises(InputError, match="too large for one frame") as error:
        frame(wire.REQUEST, 1, b"x" * 11)
    assert error.value.code == "FRAME_TOO_LARGE"


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
def test_a_request_may_be_answered_later_and_out_of_order(loop, path):
    async def story():
        handlers = Handlers()
        async with serving(path, handlers), client_of(path) as client:
            waiting = [asyncio.ensure_future(client.request("hold", b"%d" % number)) for number in range(2)]
            await until(lambda: len(handlers.held) == 2)
            for request in reversed(handlers.held):
                request.reply(request.body * 2)
            assert await asyncio.gather(*waiting) == [b"00", b"11"]

    run(loop, story)


def test_an_answer_to_a_client_that_has_gone_is_dropped(path):
    async def story():
        handlers = Handlers()
        async with serving(path, handlers):
            async with client_of(path) as client:
                waiting = asyncio.ensure_future(client.request("hold"))
                await until(lambda: handlers.held)
            with pytest.raises(PeerLost):
                await waiting
            await until(lambda: handlers.held[0].connection.closed)
            handlers.held[0].reply(b"")
            handlers.held[0].fail(NotFound("gone"))
            assert handlers.held[0].emit(b"") is False

    run(asyncio.new_event_loop, story)


@LOOPS
def test_an_error_crosses_the_wire_with_its_class_and_its_fields(loop, path):
    async def story():
        async with serving(path), client_of(path) as client:
            with pytest.raises(OrderRejected) as raised:
                await client.request("refuse")
            error = raised.value
            assert (error.message, error.field, error.value, error.rule, error.remedy, error.code) == (
                "too big", "quantity", "7", "at most 5", "less", "LIMIT_BREACHED",
            )  # fmt: skip

    run(loop, story)


def test_an_unknown_method_an_unreadable_body_and_a_broken_handler_are_told_and_the_connection_lives(path):
    async def story():
        async with serving(path), client_of(path) as client:
            with pytest.raises(NotFound, match="no method 'sing'") as error:
                await client.request("sing")
            assert error.value.code == "METHOD_UNKNOWN" and "echo" in error.value.rule
            with pytest.raises(InputError, match="unreadable body of count"):
                await client.request("count", b"\xc1")
            with pytest.raises(AlphaMindError, match="its log has the cause") as broken:
                await client.request("break")
            assert "division" not in str(broken.value)
            with pytest.raises(NotFound):
                await client.request_raw(frame_kind=wire.REQUEST, payload=b"")
            assert await client.request("echo", b"alive") == b"alive"

    run(asyncio.new_event_loop, story)


def test_a_message_too_large_fails_alone_in_both_directions(path, monkeypatch):
    monkeypatch.setattr(wire, "MAXIMUM_PAYLOAD", 1000)

    async def story():
        async with serving(path), client_of(path) as client:
            for method, body in (("echo", b"x" * 1001), ("large", pack(1001))):
                with pytest.raises(InputError) as error:
                    await client.request(method, body)
                assert error.value.code == "FRAME_TOO_LARGE"
            assert await client.request("echo", b"alive") == b"alive"

    run(asyncio.new_event_loop, story)


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


@contextlib.asynccontextmanager
async def client_of_server(path, handlers):
    async with serving(path, handlers) as server, client_of(path) as client:
        yield server, client


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


@LOOPS
def test_a_server_that_hangs_up_at_once_does_not_hang_its_clients(loop, path, monkeypatch):
    async def story():
        async with serving(path):
            monkeypatch.setattr(wire, "peer_user", lambda peer: os.getuid() + 1)
            client = WireClient(path, "stranger", retry_seconds=0.001)
            client.start()
            with pytest.raises(PeerLost):
                await asyncio.get_running_loop().run_in_executor(None, BlockingClient, path, "stranger")
            await asyncio.sleep(0.05)
            assert not client.connected.is_set()
            monkeypatch.setattr(wire, "peer_user", lambda peer: os.getuid())
            await client.connected.wait()
            await client.close()

    run(loop, story)


def test_the_user_at_the_other_end_of_a_socket_is_known():
    one, other = socket.socketpair()
    with one, other:
        assert wire.peer_user(one) == os.getuid()


def greet(path, *frames):
    """Send raw frames to a server and return all frames that come back until it hangs up."""
    with socket.socket(socket.AF_UNIX) as raw:
        raw.settimeout(5)
        raw.connect(str(path))
        raw.sendall(b"".join(frames))
        data = b""
        while part := raw.recv(65536):
            data += part
    return FrameReader().feed(data)


HELLO = frame(wire.HELLO, 1, pack({"client": "raw"}))
OTHER_VERSION = bytearray(HELLO)
OTHER_VERSION[5] = 9


@LOOPS
@pytest.mark.parametrize(
    ("frames", "kinds", "problem"),
    [
        ([frame(wire.REQUEST, 1, request_payload("echo", b""))], [wire.ERROR], "frame out of order"),
        ([HELLO, HELLO], [wire.WELCOME, wire.ERROR], "frame out of order"),
        ([HELLO, frame(wire.EVENT, 1, b"")], [wire.WELCOME, wire.ERROR], "frame out of order"),
        ([frame(wire.HELLO, 1, b"\xc1")], [wire.ERROR], "unreadable HELLO"),
        ([frame(wire.HELLO, 1, pack({"name": "x"}))], [wire.ERROR], "unreadable HELLO"),
        ([frame(wire.HELLO, 1, pack({"client": ""}))], [wire.ERROR], "unreadable HELLO"),
        ([bytes(OTHER_VERSION)], [wire.ERROR], "frame of another protocol version"),
        ([struct.pack("<IBBQ", 2**32 - 1, wire.HELLO, wire.VERSION, 1)], [wire.ERROR], "frame of an impossible length"),
        ([HELLO, frame(wire.REQUEST, 2, request_payload("hang_up", b""))], [wire.WELCOME], None),
    ],
)
def test_who_does_not_keep_to_the_protocol_is_told_and_cut_off(loop, path, frames, kinds, problem):
    async def story():
        async with serving(path) as server:
            answers = await asyncio.get_running_loop().run_in_executor(None, greet, path, *frames)
            assert [kind for kind, _, _ in answers] == kinds
            if problem is not None:
                _, correlation, body = answers[-1]
                assert (correlation, unpack(body)["kind"], unpack(body)["message"]) == (0, "ProtocolError", problem)
            await until(lambda: not server.connections)

    run(loop, story)


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
        class Strange(asyncio.Protocol):
            def connection_made(self, transport):
                transport.write(bytes(OTHER_VERSION))

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
def test_a_socket_left_by_a_dead_process_is_replaced_and_only_the_owner_may_enter(loop, path):
    async def story():
        path.parent.mkdir(mode=0o700)
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(str(path))
        async with serving(path), client_of(path) as client:
            assert await client.request("echo", b"x") == b"x"
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        assert not path.exists()

    run(loop, story)


def test_closing_leaves_the_socket_of_a_successor_alone(path):
    async def story():
        old = WireServer("market-0", {})
        await old.listen(path)
        async with serving(path):
            await old.close()
            await old.close()
            async with client_of(path) as client:
                assert await client.request("echo", b"x") == b"x"

    run(uvloop.new_event_loop, story)


def test_a_path_longer_than_a_socket_address_is_refused_with_the_way_out(tmp_path):
    with pytest.raises(InputError, match="socket path too long") as error:
        asyncio.run(WireServer("x", {}).listen(tmp_path / ("d" * 100) / "x.sock"))
    assert "ALPHAMIND_HOME" in error.value.remedy


def test_what_a_subscriber_does_not_take_is_counted(path):
    async def story():
        handlers = Handlers()
        async with serving(path, handlers):
            raw = socket.socket(socket.AF_UNIX)
            raw.connect(str(path))
            raw.sendall(HELLO + frame(wire.REQUEST, 2, request_payload("subscribe", b"")))
            await until(lambda: handlers.subscribers)
            connection = handlers.subscribers[0].connection
            for _ in range(200):
                handlers.subscribers[0].emit(b"x" * 65536)
            assert connection.unsent > 1_000_000
            raw.close()
            await until(lambda: connection.closed)
            assert handlers.gone == ["raw"]

    run(asyncio.new_event_loop, story)


@pytest.fixture
def threaded_server(path):
    """Serve in a thread, as a blocking client needs it."""
    handlers, loop, ready = Handlers(), uvloop.new_event_loop(), threading.Event()
    server = WireServer("market-0", handlers.methods())

    def serve():
        loop.run_until_complete(server.listen(path))
        ready.set()
        loop.run_forever()
        loop.run_until_complete(server.close())
        loop.close()

    thread = threading.Thread(target=serve)
    thread.start()
    ready.wait()
    yield handlers, loop
    loop.call_soon_threadsafe(loop.stop)
    thread.join()


def test_a_blocking_client_asks_and_is_answered(path, threaded_server):
    with BlockingClient(path, "script") as client:
        assert client.request("echo", b"hello") == b"hello"
        assert client.request("subscribe") == b"subscribed"
        assert client.request("large", pack(3_000_000)) == b"x" * 3_000_000
        with pytest.raises(OrderRejected, match="too big"):
            client.request("refuse")
        with pytest.raises(NotFound):
            client.request("sing")
        assert client.request("echo", b"alive") == b"alive"


def test_a_blocking_client_says_when_nothing_listens(path):
    with pytest.raises(Unavailable, match="market-0 does not answer"):
        BlockingClient(path, "script")


def test_a_blocking_client_says_when_the_server_hangs_up_or_does_not_answer_in_time(path, threaded_server):
    with BlockingClient(path, "script") as client, pytest.raises(PeerLost, match="lost"):
        client.request("hang_up")
    with BlockingClient(path, "script", timeout=0.05) as client:
        with pytest.raises(PeerLost, match="did not answer"):
            client.request("hold")
        assert client.request("echo", b"alive") == b"alive"


def test_events_without_end_do_not_outlast_a_blocking_clients_patience(path, threaded_server):
    handlers, loop = threaded_server
    stopped = threading.Event()

    def emit():
        while not stopped.is_set():
            for request in list(handlers.subscribers):
                loop.call_soon_threadsafe(request.emit, b"tick")
            time.sleep(0.005)

    emitter = threading.Thread(target=emit)
    emitter.start()
    try:
        with BlockingClient(path, "script", timeout=0.1) as client:
            client.request("subscribe")
            with pytest.raises(PeerLost, match="did not answer"):
                client.request("hold")
    finally:
        stopped.set()
        emitter.join()
