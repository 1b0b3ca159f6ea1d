"""What follows from an input: what is told to subscribers, to the venue and to whoever watches for trouble."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from actors.messages import Message, OmsEvent, Order
from actors.oms.venue import VenueMessage

if TYPE_CHECKING:
    from actors.oms.working_order import WorkingOrder


class Alarm(Message, frozen=True, kw_only=True):
    """Something that must not happen and did; a person has to look at it.

    Attributes:
        code: ``ORDER_OVERFILLED``, ``FILL_AFTER_REJECTION``, ``TRANSITION_ILLEGAL``, ``REPORT_INVALID``,
            ``REPORT_TIME_INVALID``, ``EXECUTION_CONFLICT``, ``POSITION_SHORT``, ``ORDER_UNKNOWN``, ``SLICE_REJECTED``,
            ``CONTINGENT_ORDER_REFUSED``, ``CONTINGENT_ORDER_DIFFERS``, ``LIST_OVERFILLED``, ``RECORD_LEFT_OUT``, or the
            code of a discrepancy with the venue.
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
        orders: The orders of a list, or those that a mass cancel reached.
        refusal: Code and words of why a replacement was refused; ``None`` where it was not.
        alarms: For people.
        changed: Orders of lists that changed, with the lots that were filled by it: what their lists have to follow.
    """

    # Most inputs have none of these: they are lists of the effects' own only once there is something to say.
    orders: Sequence[Order] = ()
    refusal: tuple[str, str] | None = None
    alarms: Sequence[Alarm] = ()
    changed: Sequence[tuple[WorkingOrder, int]] = ()

    def __init__(self, order: Order | None = None) -> None:
        self.events: list[OmsEvent] = []
        self.messages: list[VenueMessage] = []
        self.order = order
