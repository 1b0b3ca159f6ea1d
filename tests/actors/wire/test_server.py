import asyncio
import os
import pwd
import socket
import stat
import struct

import pytest
import uvloop

from actors import wire
from actors.errors import AlphaMindError, Forbidden, InputError, NotFound, OrderRejected, PeerLost
from actors.wire import (
    BlockingClient,
    FrameReader,
    SocketConnection,
    WireClient,
    WireServer,
    connection,
    frame,
    frames,
    request_payload,
)
from tests.actors.wire.support import (
    LOOPS,
    Handlers,
    client_of,
    client_of_server,
    pack,
    run,
    serving,
    unpack,
    until,
)


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
            with pytest.raises(InputError, match="unreadable body of large: it is nested too deeply") as deep:
                await client.request("large", b"\x91" * 100_000)
            assert deep.value.field == "body"
            with pytest.raises(AlphaMindError, match="its log has the cause") as broken:
                await client.request("break")
            assert "division" not in str(broken.value)
            with pytest.raises(NotFound):
                await client.request_raw(frame_kind=wire.REQUEST, payload=b"")
            assert await client.request("echo", b"alive") == b"alive"

    run(asyncio.new_event_loop, story)


def test_a_message_too_large_fails_alone_in_both_directions(path, monkeypatch):
    monkeypatch.setattr(frames, "MAXIMUM_PAYLOAD", 1000)

    async def story():
        async with serving(path), client_of(path) as client:
            for method, body in (("echo", b"x" * 1001), ("large", pack(1001))):
                with pytest.raises(InputError) as error:
                    await client.request(method, body)
                assert error.value.code == "FRAME_TOO_LARGE"
            assert await client.request("echo", b"alive") == b"alive"

    run(asyncio.new_event_loop, story)


@LOOPS
def test_another_user_is_refused_with_the_reason(loop, path, monkeypatch):
    async def story():
        async with serving(path) as server:
            monkeypatch.setattr(connection, "peer_user", lambda peer: os.getuid() + 1)
            client = WireClient(path, "stranger", retry_seconds=0.001)
            client.start()
            with pytest.raises(Forbidden, match="another user's"):
                await asyncio.get_running_loop().run_in_executor(None, BlockingClient, path, "stranger")
            await asyncio.sleep(0.05)
            assert not client.connected.is_set() and not server.connections
            monkeypatch.setattr(connection, "peer_user", lambda peer: os.getuid())
            await client.connected.wait()
            await client.close()

    run(loop, story)


@LOOPS
def test_a_server_that_hangs_up_at_once_does_not_hang_its_clients(loop, path):
    class HangingUp(asyncio.Protocol):
        def connection_made(self, transport):
            transport.abort()

    async def story():
        path.parent.mkdir()
        rude = await asyncio.get_running_loop().create_unix_server(HangingUp, str(path))
        client = WireClient(path, "tester", retry_seconds=0.001)
        client.start()
        with pytest.raises(PeerLost):
            await asyncio.get_running_loop().run_in_executor(None, BlockingClient, path, "tester")
        await asyncio.sleep(0.05)
        assert not client.connected.is_set()
        rude.close()
        async with serving(path):
            await client.connected.wait()
        await client.close()

    run(loop, story)


@LOOPS
def test_the_principal_of_a_socket_is_the_user_at_its_other_end(loop, path, monkeypatch):
    async def story():
        handlers = Handlers()
        async with client_of_server(path, handlers) as (_, client):
            await client.subscribe("subscribe", b"", lambda body: None)
            assert handlers.subscribers[0].connection.principal == f"unix:{pwd.getpwuid(os.getuid()).pw_name}"

    run(loop, story)
    assert connection.user_name(2**31 - 5) == str(2**31 - 5), "a container's user may have no name"


class Writes:
    """Counts the writes of a connection."""

    def __init__(self, monkeypatch, at):
        self.sizes = []
        transport = at._transport

        class Counting:
            def write(_, data):
                self.sizes.append(len(FrameReader().feed(bytes(data))))
                transport.write(data)

            def __getattr__(_, name):
                return getattr(transport, name)

        monkeypatch.setattr(at, "_transport", Counting())


@LOOPS
def test_what_arrives_together_is_one_batch_and_its_answers_leave_together_after_what_belongs_to_it(
    loop, path, monkeypatch
):
    async def story():
        handlers, batches = Handlers(), []
        async with serving(path, handlers) as server, client_of(path) as client, client_of(path) as watcher:
            seen = []
            await watcher.subscribe("subscribe", b"", seen.append)
            writes = {each: Writes(monkeypatch, each) for each in server.connections}
            asking = next(each for each in server.connections if each is not handlers.subscribers[0].connection)

            def commit():
                batches.append([request.body for request in handlers.held])
                assert not any(each.sizes for each in writes.values()), "an answer left before the batch was done"
                for request in handlers.held:
                    handlers.subscribers[0].emit(request.body)
                    request.reply(request.body)
                handlers.held.clear()

            server.after_batch.append(commit)
            payloads = [frame(wire.REQUEST, number, request_payload("hold", b"%d" % number)) for number in range(9)]
            asking.data_received(b"".join(payloads))
            expected = [b"%d" % number for number in range(9)]
            assert batches == [expected]
            assert sorted(each.sizes for each in writes.values()) == [[9], [9]]
            await until(lambda: seen == [b"0", b"1", b"2", *expected])
            server.after_batch.clear()
            assert await client.request("echo", b"alone") == b"alone"

    run(loop, story)


def test_a_fault_in_what_follows_a_batch_does_not_keep_its_answers(path):
    async def story():
        async with serving(path) as server, client_of(path) as client:
            server.after_batch.append(lambda: 1 // 0)
            assert await client.request("echo", b"x") == b"x"

    run(asyncio.new_event_loop, story)


def test_who_is_cut_off_within_a_batch_gets_what_it_was_answered_before_once_the_batch_is_done(path, monkeypatch):
    async def story():
        steps = []
        monkeypatch.setattr(SocketConnection, "flush", lambda self: (steps.append("flush"), flush(self)) and None)
        async with serving(path) as server:
            server.after_batch.append(lambda: steps.append("commit"))
            requests = [frame(wire.REQUEST, 2, request_payload(method, b"x")) for method in ("echo", "hang_up", "echo")]
            answers = await asyncio.get_running_loop().run_in_executor(None, greet, path, HELLO, *requests)
            assert [kind for kind, _, _ in answers] == [wire.WELCOME, wire.RESPONSE]
            assert steps == ["commit", "flush"] * (len(steps) // 2), "nothing leaves before it is committed"

    flush = SocketConnection.flush
    run(asyncio.new_event_loop, story)


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
            subscriber = handlers.subscribers[0].connection
            for _ in range(200):
                handlers.subscribers[0].emit(b"x" * 65536)
            assert subscriber.unsent > 1_000_000
            raw.close()
            await until(lambda: subscriber.closed)
            assert handlers.gone == ["raw"]

    run(asyncio.new_event_loop, story)
