"""Reconciliation when the venue has more to say at that very moment."""

from __future__ import annotations

import asyncio

from actors.messages import OrderStatus, ReportType
from actors.service import socket_path
from actors.wire import Request
from tests.actors.oms.support import FakeVenue
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
