import asyncio
import threading

import pytest
import uvloop

from actors.errors import InputError
from actors.wire import WireServer
from actors.wire.batch import decode_answers, encode_requests, run_batch
from tests.actors.wire.support import Handlers, pack


class Running:
    """A server without a connection, on a loop in a thread of its own."""

    def __init__(self):
        self.handlers, self.loop = Handlers(), uvloop.new_event_loop()
        self.server = WireServer("oms-0", self.handlers.methods())
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()

    def ask(self, *requests, seconds=5.0):
        body = encode_requests(requests)
        return decode_answers(run_batch(self.server, self.loop, body, "ray:cluster", seconds))

    def close(self):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()


@pytest.fixture
def running():
    made = Running()
    yield made
    made.close()


def test_requests_are_answered_in_their_order_and_each_error_is_its_description(running):
    answers = running.ask(("note", b"1"), ("echo", b"x"), ("refuse", b""), ("sing", b""), ("echo", b"y"), seconds=0.1)
    assert [answer for answer in answers if isinstance(answer, bytes)] == [b"x", b"y"]
    assert [answer["code"] for answer in answers if isinstance(answer, dict)] == [
        "ANSWER_LATE",
        "LIMIT_BREACHED",
        "METHOD_UNKNOWN",
    ]
    assert running.handlers.notes == [b"1"], "what is never answered has run all the same"
    assert running.ask() == []


def test_the_batch_is_committed_once_and_answers_may_come_later(running):
    batches = []

    def commit():
        batches.append([request.body for request in running.handlers.held])
        for request in running.handlers.held:
            asyncio.get_running_loop().call_later(0.01, request.reply, request.body * 2)
        running.handlers.held.clear()

    running.server.after_batch.append(commit)
    assert running.ask(*(("hold", b"%d" % number) for number in range(3))) == [b"00", b"11", b"22"]
    assert batches == [[b"0", b"1", b"2"]]


def test_who_asks_without_a_connection_gets_no_events_and_is_gone_after_the_answers(running):
    assert running.ask(("subscribe", b"")) == [b"subscribed"]
    request = running.handlers.subscribers[0]
    assert (request.connection.principal, request.connection.unsent) == ("ray:cluster", 0)
    assert request.emit(b"late") is False
    assert running.handlers.gone == ["ray:cluster"]


def test_an_answer_that_comes_too_late_goes_nowhere(running):
    (answer,) = running.ask(("hold", b"x"), seconds=0.01)
    assert (answer["kind"], answer["code"]) == ("PeerLost", "ANSWER_LATE")
    held = running.handlers.held[0]
    done = threading.Event()
    running.loop.call_soon_threadsafe(lambda: (held.reply(b"late"), done.set()))
    assert done.wait(5) and held.connection.closed


@pytest.mark.parametrize("body", [b"\xc1", b"", pack({"a": 1}), pack([["echo"]]), pack([[1, b""]]), pack([["ä", b""]])])
def test_what_holds_no_requests_is_refused(running, body):
    with pytest.raises(InputError, match="unreadable requests"):
        run_batch(running.server, running.loop, body, "ray:cluster", 1.0)
