"""What follows from an input: what is told to subscribers, to the venue and to whoever watches for trouble."""

from __future__ import annotations

from actors.messages import Message, OmsEvent, Order, VenueOrder
from actors.oms.venue import VenueCancel


class Alarm(Message, frozen=True, kw_only=True):
    """Something that must not happen and did; a person has to look at it.

    Attributes:
        code: ``ORDER_OVERFILLED``, ``FILL_AFTER_REJECTION``, ``TRANSITION_ILLEGAL``, ``REPORT_INVALID``,
            ``ORDER_UNKNOWN``, or the code of a discrepancy with the venue.
        time: The trading clock.
        order_id: Which order.
        report: Sequence of the venue's report, 0 where there is none.
        text: In words.
    """

    code: str
    time: int
    order_id: str
    report: int
    text: str


class Effects:
    """The effects of one input, in the order in which they go out.

    Attributes:
        events: For the partition's subscribers.
        messages: For the venue.
        order: The order that the input was about, as it is now.
        alarms: For people.
    """

    __slots__ = ("events", "messages", "order", "alarms")

    def __init__(self, order: Order | None = None) -> None:
        self.events: list[OmsEvent] = []
        self.messages: list[VenueOrder | VenueCancel] = []
        self.order = order
        self.alarms: list[Alarm] = []
