import asyncio
import contextlib
import socket
import ssl

import pytest
import structlog

from actors import wire
from actors.errors import Unauthenticated, Unavailable
from actors.wire import BlockingClient, Identity, TlsAddress, WireClient, WireServer, certificates, frame, tls
from actors.wire.certificates import ensure_identity, make_certificate
from tests.actors.wire.support import LOOPS, Handlers, pack, run, until

NAMES = ("oms-0", "market-0", "strategy")


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Return the run's folder of certificates and that of another authority, each with the same names."""
    ours, others = tmp_path_factory.mktemp("ours"), tmp_path_factory.mktemp("others")
    for folder in (ours, others):
        folder.chmod(0o700)
        for name in NAMES:
            make_certificate(folder, name)
    make_certificate(ours, "late", days=-1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(certificates, "SCHEME", "another://")
        make_certificate(ours, "nameless")
    return ours, others


def identity(folder, name, authority=None):
    return Identity(name, (authority or folder) / "authority.pem", folder / f"{name}.pem")


@contextlib.asynccontextmanager
async def serving(who, handlers=None):
    server = WireServer("oms-0", (handlers or Handlers()).methods())
    await server.listen_tls("127.0.0.1", who)
    try:
        yield server
    finally:
        await server.close()
        await asyncio.sleep(0.01)


def address(server, context, name="oms-0"):
    return TlsAddress("127.0.0.1", server.port, name, context)


async def blocking(where):
    """Connect with a blocking client in a thread, send a request and return the answer."""

    def ask():
        with BlockingClient(where, "script", timeout=5.0) as client:
            return client.request("large", pack(300_000))

    return await asyncio.get_running_loop().run_in_executor(None, ask)


@LOOPS
def test_both_clients_speak_with_the_server_and_it_knows_them_by_their_certificates(loop, folders):
    async def story():
        handlers = Handlers()
        async with serving(identity(folders[0], "oms-0"), handlers) as server:
            where = address(server, tls.client_context(identity(folders[0], "strategy")))
            assert await blocking(where) == b"x" * 300_000
            client = WireClient(where, "whatever it calls itself", retry_seconds=0.01)
            client.start()
            await client.connected.wait()
            answers = await asyncio.gather(*(client.request("echo", b"%d" % number) for number in range(500)))
            assert answers == [b"%d" % number for number in range(500)]
            seen = []
            assert await client.subscribe("subscribe", b"", seen.append) == b"subscribed"
            connection = handlers.subscribers[0].connection
            assert (connection.principal, connection.client) == ("tls:strategy", "whatever it calls itself")
            assert seen == [b"0", b"1", b"2"] and client.epoch == server.epoch
            await client.close()

    run(loop, story)


def no_certificate(ours, others):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.load_verify_locations(ours / "authority.pem")
    return context


def old_protocol(ours, others):
    context = tls.client_context(identity(ours, "strategy"))
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_2
    return context


REFUSED_CLIENTS = {
    "no certificate": no_certificate,
    "another authority": lambda ours, others: tls.client_context(identity(others, "strategy", authority=ours)),
    "an expired certificate": lambda ours, others: tls.client_context(identity(ours, "late")),
    "a certificate without a name": lambda ours, others: tls.client_context(identity(ours, "nameless")),
    "TLS 1.2": old_protocol,
}


@LOOPS
@pytest.mark.parametrize("context", REFUSED_CLIENTS.values(), ids=REFUSED_CLIENTS)
def test_a_server_refuses_a_client_with(loop, context, folders):
    async def story():
        handlers = Handlers()
        with structlog.testing.capture_logs() as logs:
            async with serving(identity(folders[0], "oms-0"), handlers) as server:
                where = address(server, context(*folders))
                with pytest.raises(Unauthenticated) as error:
                    await blocking(where)
                assert error.value.code == "CERTIFICATE_REFUSED"
                client = WireClient(where, "stranger", retry_seconds=0.005)
                client.start()
                await until(lambda: any(entry["event"] == "connection not usable" for entry in logs))
                assert not client.connected.is_set() and not server.connections
                await client.close()
        assert any(entry["event"] == "connection refused" for entry in logs), "the server says why"

    run(loop, story)


def answering_with_tls_1_2(monkeypatch):
    made = tls.server_context

    def old(who):
        context = made(who)
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_2
        return context

    monkeypatch.setattr("actors.wire.server.server_context", old)


REFUSED_SERVERS = {
    "another authority": ("others", "oms-0"),
    "an expired certificate": ("ours", "late"),
    "another name": ("ours", "market-0"),
    "no name": ("ours", "nameless"),
    "TLS 1.2": ("ours", "oms-0"),
}


@LOOPS
@pytest.mark.parametrize("case", REFUSED_SERVERS)
def test_a_client_refuses_a_server_with(loop, case, folders, monkeypatch):
    ours, others = folders
    folder, name = REFUSED_SERVERS[case]
    if case == "TLS 1.2":
        answering_with_tls_1_2(monkeypatch)

    async def story():
        # The server trusts whoever the client is, so that it is the client who refuses.
        who = identity({"ours": ours, "others": others}[folder], name, authority=ours)
        async with serving(who) as server:
            where = address(server, tls.client_context(identity(ours, "strategy")))
            with pytest.raises(Unauthenticated) as error:
                await blocking(where)
            assert error.value.code == "CERTIFICATE_REFUSED"
            client = WireClient(where, "careful", retry_seconds=0.005)
            with structlog.testing.capture_logs() as logs:
                client.start()
                await until(lambda: any(entry["event"] == "connection not usable" for entry in logs))
            assert not client.connected.is_set()
            assert not any(connection.client for connection in server.connections), "it was greeted"
            await client.close()

    run(loop, story)


def test_plain_tcp_gets_no_answer(folders):
    async def story():
        async with serving(identity(folders[0], "oms-0")) as server:

            def greet():
                with socket.create_connection(("127.0.0.1", server.port), 5) as raw:
                    raw.sendall(frame(wire.HELLO, 1, pack({"client": "plain"})))
                    data = b""
                    while part := raw.recv(65536):
                        data += part
                return data

            answer = await asyncio.get_running_loop().run_in_executor(None, greet)
            assert b"oms-0" not in answer and not server.connections

    run(asyncio.new_event_loop, story)


def test_a_connection_that_shows_no_certificate_in_time_is_cut_off(folders):
    async def story():
        server = WireServer("oms-0", {})
        server.hello_seconds = 0.05
        await server.listen_tls("127.0.0.1", identity(folders[0], "oms-0"))
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        assert await reader.read() == b""
        writer.close()
        await server.close()

    run(asyncio.new_event_loop, story)


def test_an_address_that_can_not_be_bound_is_named(folders):
    async def story():
        with pytest.raises(Unavailable, match="oms-0 can't listen on 203.0.113.1") as error:
            await WireServer("oms-0", {}).listen_tls("203.0.113.1", identity(folders[0], "oms-0"))
        assert error.value.field == "network.tls.host"

    run(asyncio.new_event_loop, story)


def test_a_blocking_client_says_when_nothing_listens_at_a_port(folders):
    where = TlsAddress("127.0.0.1", 1, "oms-0", tls.client_context(ensure_identity(folders[0], "strategy", make=False)))
    with pytest.raises(Unavailable, match="oms-0 does not answer at 127.0.0.1:1"):
        BlockingClient(where, "script")
