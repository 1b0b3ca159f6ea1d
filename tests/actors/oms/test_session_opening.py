"""Reconciliation when the venue has more to say at that very moment."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from actors.messages import CancelOrder, OrderStatus, ReportType
from actors.oms.inputs import Cancellation
from actors.oms.venue import StandingOrder
from actors.service import socket_path
from actors.wire import Request
from tests.actors.oms.fakes import FakeVenue, until
from tests.actors.oms.support import configuration
from tests.actors.oms.world import PARTITION, fills, world


def test_a_fill_right_behind_the_answer_is_no_difference() -> None:
    """The answer and the fill reach the partition in one read: it must compare before it books."""

    class Hasty(FakeVenue):
        def _open_orders(self, request: Request) -> None:
            request.reply(super()._open_orders(request))
            if "4-1" in self.sessions[PARTITION].open:
                self.tell(PARTITION, "4-1", ReportType.TRADE, quantity=100)

    async def scene() -> None:
        async with world() as here:
            await here.submit()
            await here.becomes(OrderStatus.NEW)
            await here.venue.close()
            hasty = Hasty()
            hasty.sessions = here.venue.sessions
            here.venue = hasty
            await hasty.listen(socket_path(here.directory, "venue"))
            await here.becomes(OrderStatus.FILLED)
            assert fills(await here.events()) == 100
            assert (await here.ask("alarms"))["total"] == 0
            assert hasty.requests == []
            await hasty.close()

    asyncio.run(scene())


def test_what_is_sent_right_behind_reconciliation_is_not_dropped() -> None:
    """A cancel that overtakes its order is rejected, and the client was told that it counts."""
    open_behind: list[bool] = []

    async def scene() -> None:
        async with world() as here:
            host = here.oms.hosted.hosts[4]
            opened = host.session_opened

            def observed(standing: Sequence[StandingOrder]) -> None:
                opened(standing)
                asyncio.get_running_loop().call_soon(lambda: open_behind.append(host.venue.is_open))

            host.session_opened = observed  # type: ignore[method-assign]
            await here.venue.close()
            await here.venue.listen(socket_path(here.directory, "venue"))
            await until(lambda: bool(open_behind))

    asyncio.run(scene())
    assert open_behind == [True]


def test_a_cancel_that_waits_for_the_disk_is_heeded_by_reconciliation() -> None:
    """What is not flushed yet is let out by reconciliation: an order that the venue never got is not sent any more."""

    async def scene() -> None:
        async with world(configuration=configuration(journal={"durability": "disk"})) as here:
            host = here.oms.hosted.hosts[4]
            opened = host.session_opened

            def canceling(standing: Sequence[StandingOrder]) -> None:
                cancel = CancelOrder(account="main", client_order_id="c1")
                host.execute(Cancellation(time=host.clock.now(), cancel=cancel))
                opened(standing)

            host.session_opened = canceling  # type: ignore[method-assign]
            await here.venue.close()
            await until(lambda: not host.venue.is_open)
            assert (await here.submit()).status is OrderStatus.PENDING_NEW
            await here.venue.listen(socket_path(here.directory, "venue"))
            await here.becomes(OrderStatus.CANCELED)
            assert here.venue.requests == []

    asyncio.run(scene())
