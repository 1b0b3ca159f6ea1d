"""What a partition and its venue know of one another's orders, compared when their session opens, and what differs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from actors.clock import DataClock
from actors.errors import AlphaMindError, Conflict, InputError, NotFound, ProtocolError
from actors.messages import VenueCancel, VenueOrder, VenueReplace
from actors.oms.inputs import Discrepancy
from actors.oms.partition import Partition
from actors.oms.permission import HALTED, may_send
from actors.oms.sending import outstanding
from actors.oms.venue import FENCED, StandingOrder, Venue, VenueMessage
from actors.oms.working_order import split_venue_id

_FOR_GOOD = (InputError, Conflict, NotFound, ProtocolError)
"""What a venue answers to what it will never take."""
_REQUESTS: dict[type, str] = {VenueOrder: "order", VenueReplace: "replace", VenueCancel: "cancel"}


class Reconciliation:
    """Finds what differs, puts it on record, and sends again what the venue owes an answer to.

    Args:
        venue: The door to the venue.
        clock: The trading clock.
        epoch: Of the lease under which this process owns the partition.
        record: Puts a difference on record and applies it.
        log: The partition's log.
    """

    def __init__(
        self, venue: Venue, clock: DataClock, epoch: int, record: Callable[[Discrepancy], None], log: Any
    ) -> None:
        self._venue = venue
        self._clock = clock
        self._epoch = epoch
        self._record = record
        self._log = log
        self._told: set[tuple[str, str]] = set()
        self._unanswered: set[str] = set()

    def recall(self, partition: Partition) -> None:
        """Know what differences are on record already: each is told once."""
        self._told = {(alarm.code, alarm.order_id) for alarm in partition.alarms if not alarm.report}

    def compare(self, partition: Partition, standing: Sequence[StandingOrder]) -> None:
        """Compare what stands at the venue with what stands here, then send what the venue never got.

        Differences raise an alarm; an order that stands there and not here is taken back.
        """
        there = {order.order_id: order for order in standing}
        for order_id, order in there.items():
            working = partition.standing.get(split_venue_id(order_id)[0])
            current = None if working is None or working.venue_id != order_id else working.slice
            if current is None or not current.live:
                text = "it stands at the venue and not here; it is taken back"
                self._differ("VENUE_ORDER_UNKNOWN", order_id, text, epoch=self._lost_in(partition, order_id))
                self._venue.send(VenueCancel(order_id=order_id, time=self._clock.now()))
                continue
            if current.filled != order.filled_quantity:
                text = f"filled {order.filled_quantity} lots at the venue, {current.filled} here"
                self._differ("VENUE_FILLS_DIFFER", order_id, text)
            if order.quantity not in (0, current.quantity):
                text = f"{order.quantity} lots at the venue, {current.quantity} here"
                self._differ("VENUE_QUANTITY_DIFFERS", order_id, text)
        for working in list(partition.standing.values()):
            if working.confirmed and working.slice is not None and working.slice.live:
                if working.venue_id not in there:
                    text = "it stands here and not at the venue; it is closed here"
                    self._differ("VENUE_ORDER_MISSING", working.venue_id, text, closes=True)
        for order_id in list(partition.awaiting):
            if not self._forget_unsent(partition, order_id, there):
                self._send_again(partition, order_id)

    def refused(self, message: VenueMessage, error: AlphaMindError) -> None:
        """Give up what the venue will never take; what it may take later is sent again."""
        if not isinstance(error, _FOR_GOOD) or error.code == FENCED:
            return
        kind = _REQUESTS[type(message)]
        found = Discrepancy(
            time=self._clock.now(),
            code=error.code,
            order_id=message.order_id,
            text=f"the venue does not take the {kind}: {error.message}",
            closes=kind == "order",
            refused=kind,
            revision=message.revision if isinstance(message, VenueReplace) else 0,
        )
        try:
            self._record(found)
        except AlphaMindError as problem:  # it is sent again, refused again, and then put on record
            self._log.error("a refusal of the venue is not on record yet", problem=str(problem))

    def ask_again(self, partition: Partition) -> int:
        """Send again what the venue owed an answer to at the last call already; return how many orders that were."""
        late = self._unanswered & partition.awaiting.keys() if self._venue.is_open else set()
        for order_id in late:
            self._log.warning("no answer from the venue; asked again", order=order_id)
            self._send_again(partition, order_id)
        self._unanswered = set(partition.awaiting)
        return len(late)

    def _forget_unsent(self, partition: Partition, order_id: str, there: Mapping[str, StandingOrder]) -> bool:
        """Close an order that never reached the venue and is not to go there any more; return whether it was one.

        Every report so far has been taken: what the venue has neither confirmed nor standing, it never got.
        """
        working = partition.orders[order_id]
        current = working.slice
        if current is None or not current.live or current.confirmed or working.venue_id in there:
            return False
        if not working.canceling and may_send(partition, working):
            return False
        code = "NEVER_SENT" if working.canceling else HALTED
        text = "it had not reached the venue and is not sent any more"
        time = self._clock.now()
        self._record(
            Discrepancy(time=time, code=code, order_id=working.venue_id, text=text, closes=True, expected=True)
        )
        return True

    def _send_again(self, partition: Partition, order_id: str) -> None:
        for message in outstanding(partition, order_id):
            self._venue.send(message)

    def _lost_in(self, partition: Partition, order_id: str) -> int:
        """Return this owner's epoch where the venue's order has an id of ours and is not on record, else 0."""
        order_id, _ = split_venue_id(order_id)
        is_ours = order_id.startswith(f"{partition.index}-")
        return self._epoch if is_ours and order_id not in partition.orders else 0

    def _differ(self, code: str, order_id: str, text: str, closes: bool = False, epoch: int = 0) -> None:
        if (code, order_id) not in self._told:
            time = self._clock.now()
            self._record(Discrepancy(time=time, code=code, order_id=order_id, text=text, closes=closes, epoch=epoch))
            self._told.add((code, order_id))
