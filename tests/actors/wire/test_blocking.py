import threading
import time

import pytest
import uvloop

from actors.errors import NotFound, OrderRejected, PeerLost, Unavailable
from actors.wire import BlockingClient, WireServer
from tests.actors.wire.support import Handlers, pack


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
