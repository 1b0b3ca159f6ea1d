import asyncio
import contextlib

import msgspec
import pytest

from actors.clock import MINUTE
from actors.errors import InputError, JournalError, NotFound, PeerLost, Unavailable
from actors.market.service import MarketService
from actors.market.ticks import RawSlice, decode_market_slice
from actors.messages import Bar, decoder, encode
from actors.service import socket_path
from actors.wire import WireClient
from configs.schema import Configuration
from tests.actors.market.builders import MONDAY as T
from tests.actors.market.builders import NAN, NONE, bar, instrument, raw_slice, rows

EXPECTED = (("oms-0", "venue"), ("strategy",))
INSTRUMENTS = (instrument(0), instrument(1))
pack, unpack = msgspec.msgpack.encode, msgspec.msgpack.decode


def market(directory, expected=EXPECTED):
    return MarketService("market-0", directory, Configuration(), INSTRUMENTS, shard=0, shards=1, expected=expected)


def minute(sequence, *more):
    """Return slice ``sequence``: one bar of instrument 0, and more rows."""
    each = rows(bar(T + sequence * MINUTE, 100 + sequence), *more)
    return raw_slice(each, sequence, T + (sequence + 1) * MINUTE)


class Subscriber:
    """A subscriber as the services are: it ignores slices that it has, and acknowledges them all."""

    def __init__(self, directory, name, stage, log, acknowledges=True):
        self.name, self.stage, self.log, self.acknowledges = name, stage, log, acknowledges
        self.last, self.raw = 0, []
        self.client = WireClient(socket_path(directory, "market-0"), name, self.subscribe, retry_seconds=0.01)

    async def subscribe(self):
        body = pack({"name": self.name, "stage": self.stage, "from_sequence": self.last + 1})
        await self.client.subscribe("subscribe", body, self.take)

    def take(self, body):
        sequence = decode_market_slice(body).sequence
        self.raw.append(sequence)
        if sequence == self.last + 1:
            self.last = sequence
            self.log.append((self.name, sequence))
        if self.acknowledges:
            self.acknowledge(sequence)

    def acknowledge(self, sequence):
        self.client.notify("ack", pack(sequence))


@contextlib.asynccontextmanager
async def connected(directory, *names, on_connect=None):
    clients = [WireClient(socket_path(directory, "market-0"), name, retry_seconds=0.01) for name in names]
    for client in clients:
        client.start()
    for client in clients:
        await client.connected.wait()
    try:
        yield clients[0] if len(clients) == 1 else clients
    finally:
        for client in clients:
            await client.close()


def run(story, directory, expected=EXPECTED):
    """Run a story with a started service, a feed and a list in which subscribers log what they get."""

    async def whole():
        service = market(directory, expected)
        await service.start()
        try:
            async with connected(directory, "feed") as feed:
                await asyncio.wait_for(story(service, feed), 20)
        finally:
            await service.stop()

    asyncio.run(whole())


async def send(feed, raw):
    return unpack(await feed.request("slice", encode(raw)))


async def until(condition):
    while not condition():
        await asyncio.sleep(0.002)


def subscribers(directory, log, **parts):
    made = [Subscriber(directory, name, stage, log, **parts) for stage, names in enumerate(EXPECTED) for name in names]
    for each in made:
        each.client.start()
    return made


def test_a_slice_goes_to_stage_zero_then_to_stage_one_then_the_feed_is_answered(tmp_path):
    async def story(service, feed):
        log = []
        everyone = subscribers(tmp_path, log)
        assert await send(feed, minute(1, bar(T, NAN))) == {"accepted": 1, "quarantined": 1}
        assert await send(feed, minute(2)) == {"accepted": 1, "quarantined": 0}
        for begin, sequence in ((0, 1), (3, 2)):
            assert {name for name, _ in log[begin : begin + 2]} == {"oms-0", "venue"}
            assert log[begin + 2] == ("strategy", sequence)
        assert unpack(await feed.request("position")) == 2
        for each in everyone:
            await each.client.close()

    run(story, tmp_path)


def test_the_feed_is_not_answered_and_stage_one_sees_nothing_before_everyone_is_done(tmp_path):
    async def story(service, feed):
        log = []
        everyone = subscribers(tmp_path, log, acknowledges=False)
        answer = asyncio.ensure_future(send(feed, minute(1)))
        await until(lambda: len(log) == 2)
        oms, venue, strategy = everyone
        oms.acknowledge(1)
        await until(lambda: service.status()["waiting_for"] == ["venue"])
        assert strategy.raw == [] and not answer.done()
        assert unpack(await feed.request("position")) == 0
        venue.acknowledge(1)
        await until(lambda: strategy.raw == [1])
        assert not answer.done()
        strategy.acknowledge(1)
        assert await answer == {"accepted": 1, "quarantined": 0}
        assert unpack(await feed.request("position")) == 1
        for each in everyone:
            await each.client.close()

    run(story, tmp_path)


def test_a_killed_subscriber_is_waited_for_and_goes_on_where_it_was(tmp_path):
    async def story(service, feed):
        log = []
        oms, venue, strategy = subscribers(tmp_path, log)
        await send(feed, minute(1))
        await venue.client.close()
        answer = asyncio.ensure_future(send(feed, minute(2)))
        await until(lambda: service.status()["waiting_for"] == ["venue"])
        assert strategy.last == 1
        again = Subscriber(tmp_path, "venue", 0, log)
        again.last = 1
        again.client.start()
        await answer
        assert (again.raw, strategy.last) == ([2], 2)
        for each in (oms, again, strategy):
            await each.client.close()

    run(story, tmp_path)


def test_a_slice_received_but_not_completed_before_a_crash_is_published_again(tmp_path):
    async def story():
        log = []
        first = market(tmp_path)
        await first.start()
        async with connected(tmp_path, "feed") as feed:
            everyone = subscribers(tmp_path, log)
            oms, venue, strategy = everyone
            await send(feed, minute(1))
            venue.acknowledges = False
            answer = asyncio.ensure_future(send(feed, minute(2)))
            await until(lambda: venue.last == 2 and first.status()["waiting_for"] == ["venue"])
            await first.stop()
            with pytest.raises(PeerLost):
                await answer
            await until(lambda: not feed.connected.is_set())
            venue.acknowledges = True
            second = market(tmp_path)
            await second.start()
            await feed.connected.wait()
            assert await send(feed, minute(2)) == {"accepted": 1, "quarantined": 0}
            assert await send(feed, minute(3)) == {"accepted": 1, "quarantined": 0}
            assert venue.raw == [1, 2, 1, 2, 3]
            assert [entry for entry in log if entry[0] == "strategy"] == [("strategy", n) for n in (1, 2, 3)]
            assert second.status()["sequence"] == 3
            for each in everyone:
                await each.client.close()
            await second.stop()

    asyncio.run(asyncio.wait_for(story(), 20))


def test_the_newest_two_slices_count_as_incomplete_after_a_restart_until_all_have_acknowledged_them(tmp_path):
    async def story():
        service = market(tmp_path, ((), ()))
        await service.start()
        async with connected(tmp_path, "feed") as feed:
            for sequence in (1, 2, 3):
                await send(feed, minute(sequence))
        before = service.core
        await service.stop()
        again = market(tmp_path)
        await again.start()
        assert again.core.bars(0, 9) == before.bars(0, 9)[:2]
        async with connected(tmp_path, "feed") as feed:
            assert unpack(await feed.request("position")) == 1
            log = []
            everyone = subscribers(tmp_path, log)
            await until(lambda: again.status()["complete"] == 3)
            assert everyone[0].raw == [1, 2, 3]
            assert again.core.last_prices() == before.last_prices()
            assert again.core.bars(0, 9) == before.bars(0, 9)
            for each in everyone:
                await each.client.close()
        await again.stop()

    asyncio.run(asyncio.wait_for(story(), 20))


def test_a_slice_that_the_shard_has_is_answered_at_once_and_not_journaled_again(tmp_path):
    async def story(service, feed):
        first = await send(feed, minute(1, bar(T, NAN)))
        assert await send(feed, minute(1, bar(T, NAN))) == first == {"accepted": 1, "quarantined": 1}
        assert (service.journal.last_sequence, service.status()["ticks"]) == (1, 2)

    run(story, tmp_path, ((), ()))


def test_a_slice_so_old_that_its_answer_is_forgotten_is_still_answered(tmp_path):
    async def story(service, feed):
        service._answers = type(service._answers)(maxlen=1)
        for sequence in (1, 2):
            await send(feed, minute(sequence))
        assert await send(feed, minute(1)) == {"accepted": 0, "quarantined": 0}

    run(story, tmp_path, ((), ()))


def test_a_feed_that_sends_the_pending_slice_again_is_answered_with_the_first_when_it_is_complete(tmp_path):
    async def story(service, feed):
        answers = [asyncio.ensure_future(send(feed, minute(1))) for _ in range(2)]
        await until(lambda: service.status()["waiting_for"])
        with pytest.raises(Unavailable) as error:
            await send(feed, minute(3))
        assert error.value.code == "SLICE_OUT_OF_TURN"
        everyone = subscribers(tmp_path, [])
        assert await asyncio.gather(*answers) == [{"accepted": 1, "quarantined": 0}] * 2
        assert service.journal.last_sequence == 1
        for each in everyone:
            await each.client.close()

    run(story, tmp_path)


def test_the_next_slice_waits_while_the_newest_is_published_again_after_a_restart(tmp_path):
    async def story():
        log = []
        first = market(tmp_path)
        await first.start()
        async with connected(tmp_path, "feed") as feed:
            everyone = subscribers(tmp_path, log)
            await send(feed, minute(1))
            for each in everyone:
                each.acknowledges = False
            await first.stop()
            await until(lambda: not feed.connected.is_set())
            second = market(tmp_path)
            await second.start()
            await feed.connected.wait()
            answers = [asyncio.ensure_future(send(feed, minute(2))) for _ in range(2)]
            await until(lambda: all(each.client.connected.is_set() for each in everyone))
            await asyncio.sleep(0.01)
            assert (second.core.sequence, second.journal.last_sequence) == (1, 1)
            for each in everyone:
                each.acknowledges = True
                each.acknowledge(1)
            assert await asyncio.gather(*answers) == [{"accepted": 1, "quarantined": 0}] * 2
            assert [each.last for each in everyone] == [2, 2, 2]
            assert second.journal.last_sequence == 2
            for each in everyone:
                await each.client.close()
            await second.stop()

    asyncio.run(asyncio.wait_for(story(), 20))


def test_the_next_slice_is_made_ready_but_shown_to_nobody_before_its_predecessor_is_done(tmp_path):
    async def story(service, feed):
        oms, venue, strategy = subscribers(tmp_path, [])
        await send(feed, minute(1))
        strategy.acknowledges = False
        second = asyncio.ensure_future(send(feed, minute(2)))
        third = asyncio.ensure_future(send(feed, minute(3)))
        await until(lambda: strategy.last == 2 and service.journal.last_sequence == 3)
        assert (oms.last, venue.last, service.status()["sequence"]) == (2, 2, 2)
        assert unpack(await feed.request("snapshot"))["sequence"] == 2
        assert len(unpack(await feed.request("bars", pack({"instrument": 0, "count": 9})))) == 2
        with pytest.raises(Unavailable, match="out of turn"):
            await send(feed, minute(4))
        strategy.acknowledges = True
        strategy.acknowledge(2)
        assert await second == await third == {"accepted": 1, "quarantined": 0}
        assert (oms.last, service.status()["sequence"]) == (3, 3)
        for each in (oms, venue, strategy):
            await each.client.close()

    run(story, tmp_path)


def test_a_slice_made_ready_is_published_after_a_crash_and_its_followers_may_have_had_it(tmp_path):
    async def story():
        log = []
        first = market(tmp_path)
        await first.start()
        async with connected(tmp_path, "feed") as feed:
            everyone = subscribers(tmp_path, log)
            for sequence in (1, 2, 3):
                await send(feed, minute(sequence))
            await first.stop()
            await until(lambda: not feed.connected.is_set())
            second = market(tmp_path)
            await second.start()
            await until(lambda: second.status()["complete"] == 3)
            assert [each.last for each in everyone] == [3, 3, 3]
            assert [entry for entry in log if entry[0] == "oms-0"] == [("oms-0", n) for n in (1, 2, 3)]
            for each in everyone:
                await each.client.close()
        await second.stop()

    asyncio.run(asyncio.wait_for(story(), 20))


def test_a_full_disk_is_told_to_the_feed_and_nothing_is_published(tmp_path, monkeypatch):
    async def story(service, feed):
        def full(*_):
            raise JournalError("no space left")

        monkeypatch.setattr(service.journal, "append", full)
        with pytest.raises(JournalError, match="no space"):
            await send(feed, minute(1))
        assert service.status()["sequence"] == 0

    run(story, tmp_path)


def test_a_slice_out_of_turn_or_cut_off_is_refused_and_changes_nothing(tmp_path):
    async def story(service, feed):
        with pytest.raises(Unavailable, match="out of turn") as error:
            await send(feed, minute(2))
        assert error.value.rule == "1 is next"
        with pytest.raises(InputError, match="cut off"):
            await send(feed, RawSlice(1, T, b"123"))
        with pytest.raises(InputError, match="unreadable body"):
            await feed.request("slice", b"\x00")
        assert (service.journal.last_sequence, service.core.sequence) == (0, 0)

    run(story, tmp_path, ((), ()))


def test_a_client_reads_snapshot_bars_quarantine_and_status(tmp_path):
    async def story(service, feed):
        raw = minute(1, bar(T, NAN), bar(T, number=NONE))
        await send(feed, msgspec.structs.replace(raw, unknown={2: "GME"}))
        await send(feed, minute(2))
        snapshot = unpack(await feed.request("snapshot"))
        assert snapshot == {
            "sequence": 2, "time": T + 3 * MINUTE, "last": [[0, 10_200, T + 2 * MINUTE]], "quotes": [],
        }  # fmt: skip
        bars = decoder(list[Bar])(await feed.request("bars", pack({"instrument": 0, "count": 5})))
        assert [each.close for each in bars] == [10_100, 10_200]
        with pytest.raises(NotFound):
            await feed.request("bars", pack({"instrument": 5}))
        answer = unpack(await feed.request("quarantine", pack({"limit": 1})))
        assert answer["counts"] == {"missing_value": 1, "unknown_instrument": 1}
        assert [(row["reason"], row["symbol"], row["row"]) for row in answer["rows"]] == [
            ("unknown_instrument", "GME", 2)
        ]
        assert unpack(await feed.request("quarantine", pack({"limit": 0})))["rows"] == []
        with pytest.raises(InputError):
            await feed.request("quarantine", pack({"count": 1}))
        status = service.status()
        assert (status["ticks"], status["accepted"], status["gaps"]) == (4, 2, 0)
        assert status["quarantined"] == {"missing_value": 1, "unknown_instrument": 1}
        assert status["ticks_per_second"] > 0
        metrics = service.metrics.snapshot()
        assert metrics["ticks_total"] == 4
        assert metrics["quarantined_total"] == 2
        assert metrics["quarantined_missing_value_total"] == 1
        assert metrics["slice_seconds_p50"] > 0

    run(story, tmp_path, ((), ()))


def test_before_any_slice_the_status_is_empty(tmp_path):
    async def story(service, feed):
        status = service.status()
        assert (status["ticks"], status["sequence"], status["ticks_per_second"]) == (0, 0, 0.0)
        assert unpack(await feed.request("position")) == 0

    run(story, tmp_path)


def test_a_service_that_never_started_can_be_stopped(tmp_path):
    asyncio.run(market(tmp_path).stop())


def test_a_wrong_subscription_is_refused_and_an_acknowledgement_without_one_ignored(tmp_path):
    async def story(service, feed):
        body = {"name": "venue", "stage": 1, "from_sequence": 1}
        with pytest.raises(InputError, match="stage 1"):
            await feed.request("subscribe", pack(body))
        feed.notify("ack", pack(1))
        answer = unpack(await feed.request("subscribe", pack({"name": "api", "stage": 1})))
        assert answer == {"last_sequence": 0}

    run(story, tmp_path)


def test_subscribers_that_nobody_waits_for_come_and_go(tmp_path):
    async def story(service, feed):
        log = []
        api = Subscriber(tmp_path, "api", 1, log)
        api.client.start()
        await api.client.connected.wait()
        await send(feed, minute(1))
        await api.client.close()
        await until(lambda: not len(service._publisher))
        await send(feed, minute(2))
        back = Subscriber(tmp_path, "api", 1, log)
        back.client.start()
        await until(lambda: len(log) == 3)
        assert back.raw == [1, 2]
        await back.client.close()

    run(story, tmp_path, ((), ()))
