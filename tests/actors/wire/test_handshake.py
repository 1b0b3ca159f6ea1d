import asyncio
import socket

import pytest
import structlog
import uvloop

from actors import wire
from actors.errors import ProtocolError
from actors.wire import BlockingClient, FrameReader, WireClient, WireServer, blocking, frame
from actors.wire.frames import MAXIMUM_FRAME_OF_A_STRANGER
from actors.wire.handshake import Versions, Welcome, newest_common, read_hello, read_welcome
from tests.actors.wire.support import LOOPS, Handlers, client_of, pack, run, serving, unpack, until


@pytest.mark.parametrize(
    ("spoken", "offered", "chosen"),
    [
        ((1, 1), (1, 1), 1),
        ((1, 3), (1, 1), 1),
        ((1, 3), (2, 5), 3),
        ((2, 5), (1, 3), 3),
        ((1, 1), (2, 3), None),
        ((2, 3), (1, 1), None),
        ((1, 3), (3, 2), None),
    ],
)
def test_the_newest_version_that_both_speak_is_chosen(spoken, offered, chosen):
    if chosen is not None:
        assert newest_common(Versions(*spoken), Versions(*offered), "oms-0") == chosen
        return
    with pytest.raises(ProtocolError, match="no common protocol version") as error:
        newest_common(Versions(*spoken), Versions(*offered), "oms-0")
    assert str(error.value.value) == "{} to {}".format(*offered)
    assert error.value.rule == "{} to {}, which oms-0 speaks".format(*spoken)


def test_a_hello_that_names_no_versions_and_a_welcome_that_names_no_epoch_are_of_the_first_release():
    assert read_hello(pack({"client": "old"})).versions == (1, 1)
    assert read_welcome(pack({"server": "old", "version": 1}), Versions(1, 2)).epoch == 0


@pytest.mark.parametrize("payload", [b"\xc1", b"", pack({"server": "x"}), pack({"server": "x", "version": 7})])
def test_a_welcome_that_can_not_be_is_refused(payload):
    with pytest.raises(ProtocolError):
        read_welcome(payload, Versions(1, 2))


@LOOPS
@pytest.mark.parametrize(
    ("server_speaks", "client_speaks", "chosen"), [((1, 1), (1, 3), 1), ((1, 2), (1, 3), 2), ((2, 4), (1, 3), 3)]
)
def test_both_sides_go_on_in_the_chosen_version(loop, path, server_speaks, client_speaks, chosen):
    async def story():
        handlers = Handlers()
        async with serving(path, handlers) as server:
            server.versions = Versions(*server_speaks)
            client = WireClient(path, "tester", retry_seconds=0.01)
            client.versions = Versions(*client_speaks)
            client.start()
            await client.connected.wait()
            seen = []
            await client.subscribe("subscribe", b"", seen.append)
            assert seen == [b"0", b"1", b"2"]
            assert handlers.subscribers[0].connection._reader.version == chosen
            await client.close()

    run(loop, story)


@LOOPS
def test_without_a_common_version_both_sides_say_which_they_speak(loop, path, monkeypatch):
    async def story():
        async with serving(path) as server:
            server.versions = Versions(3, 4)
            monkeypatch.setattr(blocking, "SPOKEN", Versions(1, 2))
            with pytest.raises(ProtocolError) as error:
                await asyncio.get_running_loop().run_in_executor(None, BlockingClient, path, "old")
            assert (error.value.value, error.value.rule) == ("1 to 2", "3 to 4, which market-0 speaks")
            client = WireClient(path, "old", retry_seconds=0.002)
            with structlog.testing.capture_logs() as logs:
                client.start()
                await until(lambda: any("no common protocol version" in entry.get("problem", "") for entry in logs))
            assert not client.connected.is_set() and not server.connections
            await client.close()

    run(loop, story)


def test_a_welcome_names_server_version_and_epoch_and_the_epoch_grows_with_every_start(path):
    async def story():
        epochs = []
        for _ in range(2):
            async with serving(path) as server:
                raw = socket.socket(socket.AF_UNIX)
                raw.connect(str(path))
                raw.sendall(frame(wire.HELLO, 7, pack({"client": "raw", "versions": (1, 9)})))
                raw.setblocking(False)
                data = await asyncio.get_running_loop().sock_recv(raw, 65536)
                raw.close()
                ((kind, correlation, body),) = FrameReader().feed(data)
                assert (kind, correlation) == (wire.WELCOME, 7)
                assert unpack(body) == {
                    "server": "market-0",
                    "version": 1,
                    "versions": [1, 1],
                    "epoch": server.epoch,
                }
                epochs.append(server.epoch)
        assert epochs[0] < epochs[1]

    run(asyncio.new_event_loop, story)


@LOOPS
def test_a_client_sees_that_its_server_was_replaced(loop, path):
    async def story():
        client = WireClient(path, "tester", retry_seconds=0.01)
        client.start()
        epochs = []
        for _ in range(2):
            async with serving(path):
                await client.connected.wait()
                epochs.append(client.epoch)
                with await asyncio.get_running_loop().run_in_executor(None, BlockingClient, path, "script") as script:
                    assert script.epoch == client.epoch
            await until(lambda: not client.connected.is_set())
        assert 0 < epochs[0] < epochs[1]
        await client.close()

    run(loop, story)


@LOOPS
def test_who_says_no_hello_in_time_is_cut_off_and_who_does_is_not(loop, path):
    async def story():
        server = WireServer("market-0", Handlers().methods())
        server.hello_seconds = 0.05
        await server.listen(path)
        async with client_of(path) as client:
            reader, writer = await asyncio.open_unix_connection(str(path))
            ((kind, _, body),) = FrameReader().feed(await reader.read())
            assert (kind, unpack(body)["code"]) == (wire.ERROR, "HELLO_MISSING")
            writer.close()
            assert await client.request("echo", b"x") == b"x"
        await server.close()

    run(loop, story)


def test_a_stranger_may_send_short_frames_alone_and_a_client_long_ones(path):
    async def story():
        async with serving(path), client_of(path) as client:
            reader, writer = await asyncio.open_unix_connection(str(path))
            writer.write(frame(wire.HELLO, 1, b"x" * MAXIMUM_FRAME_OF_A_STRANGER))
            ((kind, _, body),) = FrameReader().feed(await reader.read())
            assert (kind, unpack(body)["message"]) == (wire.ERROR, "frame of an impossible length")
            writer.close()
            long = b"x" * 4 * MAXIMUM_FRAME_OF_A_STRANGER
            assert await client.request("echo", long) == long

    run(uvloop.new_event_loop, story)


@LOOPS
def test_a_server_that_takes_a_connection_and_says_nothing_is_given_up(loop, path):
    async def story():
        path.parent.mkdir()
        silent = await asyncio.get_running_loop().create_unix_server(asyncio.Protocol, str(path))
        client = WireClient(path, "tester", retry_seconds=0.005)
        client.hello_seconds = 0.02
        client.start()
        await asyncio.sleep(0.1)
        assert not client.connected.is_set()
        silent.close()
        async with serving(path):
            await client.connected.wait()
        await client.close()

    run(loop, story)


def test_a_client_that_is_closed_while_it_connects_stays_closed(path):
    async def story():
        before = asyncio.all_tasks()
        for pause in range(20):
            client = WireClient(path, "tester", retry_seconds=0.0001)
            client.start()
            await asyncio.sleep(pause * 0.0001)
            await client.close()
        await asyncio.sleep(0)
        assert asyncio.all_tasks() == before

    run(asyncio.new_event_loop, story)


def test_the_welcome_of_a_release_to_come_is_read(path):
    assert read_welcome(pack({"server": "x", "version": 1, "more": 1}), Versions(1, 1)) == Welcome("x", 1)
