"""How busy accounts and strategies are: messages a second, the same order again and again, messages a trade.

Seconds are measured by the wall clock at which orders arrived, as it was put on record with them. It may step back:
time goes on from there, so that nothing is forgotten early and nobody waits for it to catch up. Days are those of the
trading clock, in UTC.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Collection

from actors.clock import DAY, SECOND
from actors.messages import Message, Side, SubmitOrder

Holder = tuple[str, str]
"""Whose activity it is: account and strategy, or an account's with no strategy, or the partition's with neither."""
ALL: Holder = ("", "")

Terms = tuple[str, int, Side, int, int]
"""Account, instrument, side, quantity and price of an order; 0 where it has no price."""

MILLISECOND = SECOND // 1_000
_MANY = 4_096


def terms_of(order: SubmitOrder) -> Terms:
    """Return what makes two orders the same."""
    price = order.limit_price
    if price is None and order.conditions is not None:
        price = order.conditions.stop_price
    return order.account, order.instrument, order.side, order.quantity, price or 0


class ActivityView(Message, frozen=True, kw_only=True):
    """An ``Activity`` as it is kept in a snapshot."""

    now: int
    received: int
    today: int
    messages: list[tuple[str, str, int]]
    fills: list[tuple[str, str, int]]
    seconds: list[tuple[str, str, list[int], list[int]]]
    recent: list[tuple[int, Terms]]


class Activity:
    """The recent past of one partition; of orders only those that were let through.

    Attributes:
        rates: Whether messages a second are kept: only where a limit asks for them.
        window: How long orders count as recent, nanoseconds; 0 where no limit asks for it.
    """

    def __init__(self) -> None:
        self.rates = False
        self.window = 0
        self._now = 0
        self._received = 0
        self._seconds: dict[Holder, tuple[deque[int], deque[int]]] = {}
        self._today = 0
        self._messages: defaultdict[Holder, int] = defaultdict(int)
        self._fills: defaultdict[Holder, int] = defaultdict(int)
        self._recent: deque[tuple[int, Terms]] = deque()
        self._alike: dict[Terms, deque[int]] = {}
        self._expected: list[SubmitOrder] = []

    def keep(self, rates: bool, window: int) -> None:
        """Keep what limits ask for from now on, and forget what they no longer do; ``window`` in nanoseconds."""
        self.rates, self.window = rates, window
        if not rates:
            self._seconds.clear()
        if not window:
            self._recent.clear()
            self._alike.clear()

    def arrived(self, received: int) -> int:
        """Take note of the wall clock as something arrived, and return the time that never runs back."""
        if received != self._received:
            if received > self._received:
                self._now += received - self._received
            self._received = received
        return self._now

    def expect(self, order: SubmitOrder) -> None:
        """Count an order as if it were sent now, until ``expect_none``: one of a list that is being looked at."""
        self._expected.append(order)

    def expect_none(self) -> None:
        """Count no order any more that was only expected."""
        self._expected.clear()

    def order_sent(self, order: SubmitOrder, received: int, time: int) -> None:
        """Count an order that was let through; ``received`` is the wall clock, ``time`` the trading clock."""
        self._count(order.account, order.strategy, time)
        if self.rates:
            self._note(order.account, order.strategy, received, cancel=False)
        if self.window:
            now = self.arrived(received)
            while self._recent and self._recent[0][0] <= now - self.window:
                self._forget_oldest()
            self._remember(now, terms_of(order))

    def replacement_sent(self, account: str, strategy: str, received: int, time: int) -> None:
        """Count a replacement that was let through."""
        self._count(account, strategy, time)
        if self.rates:
            self._note(account, strategy, received, cancel=False)

    def cancel_sent(self, account: str, strategy: str, received: int, time: int) -> None:
        """Count a cancel; ``received`` is 0 where nobody looked at the wall clock, and means now."""
        self._count(account, strategy, time)
        if self.rates:
            self._note(account, strategy, received or self._received, cancel=True)

    def filled(self, account: str, strategy: str, time: int) -> None:
        """Count a fill."""
        self._begin_day(time)
        self._fills[account, ""] += 1
        self._fills[account, strategy] += 1

    def in_last_second(self, holder: Holder, received: int) -> tuple[int, int]:
        """Return the orders and the cancels of the second before ``received``."""
        expected = self._expected_of(holder)
        moments = self._seconds.get(holder)
        if moments is None:
            return expected, 0
        since = self._at(received) - SECOND
        return _later(moments[0], since) + expected, _later(moments[1], since)

    def alike(self, order: SubmitOrder, window: int, received: int) -> int:
        """Return how many orders of the same terms were sent within ``window`` nanoseconds before ``received``."""
        terms = terms_of(order)
        expected = sum(terms_of(one) == terms for one in self._expected)
        return _later(self._alike.get(terms, ()), self._at(received) - window) + expected

    def today(self, holder: Holder, time: int) -> tuple[int, int]:
        """Return the messages and the fills of the day of ``time``."""
        expected = self._expected_of(holder)
        if time // DAY > self._today:
            return expected, 0
        return self._messages.get(holder, 0) + expected, self._fills.get(holder, 0)

    def view(self) -> ActivityView:
        """Return everything that is kept."""
        return ActivityView(
            now=self._now,
            received=self._received,
            today=self._today,
            messages=sorted((*holder, count) for holder, count in self._messages.items()),
            fills=sorted((*holder, count) for holder, count in self._fills.items()),
            seconds=sorted(
                (*holder, list(orders), list(cancels)) for holder, (orders, cancels) in self._seconds.items()
            ),
            recent=list(self._recent),
        )

    def restore(self, view: ActivityView) -> None:
        """Take over what ``view`` returned; ``keep`` has been called as it was there."""
        self._now, self._received, self._today = view.now, view.received, view.today
        self._messages.update({(account, strategy): count for account, strategy, count in view.messages})
        self._fills.update({(account, strategy): count for account, strategy, count in view.fills})
        for account, strategy, orders, cancels in view.seconds:
            self._seconds[account, strategy] = (deque(orders), deque(cancels))
        for now, terms in view.recent:
            self._remember(now, terms)

    def _expected_of(self, holder: Holder) -> int:
        if not self._expected:
            return 0
        return sum(holder in (ALL, (one.account, ""), (one.account, one.strategy)) for one in self._expected)

    def _at(self, received: int) -> int:
        return self._now + max(0, received - self._received)

    def _remember(self, now: int, terms: Terms) -> None:
        self._recent.append((now, terms))
        self._alike.setdefault(terms, deque()).append(now)

    def _forget_oldest(self) -> None:
        _, terms = self._recent.popleft()
        moments = self._alike[terms]
        moments.popleft()
        if not moments:
            del self._alike[terms]

    def _note(self, account: str, strategy: str, received: int, cancel: bool) -> None:
        now = self.arrived(received)
        if len(self._seconds) > _MANY:  # clients name strategies as they like
            busy = self._seconds.items()
            self._seconds = {one: kept for one, kept in busy if any(part and part[-1] > now - SECOND for part in kept)}
        for holder in (ALL, (account, ""), (account, strategy)):
            moments = self._seconds.get(holder)
            if moments is None:
                moments = self._seconds[holder] = (deque(), deque())
            part = moments[cancel]
            while part and part[0] <= now - SECOND:
                part.popleft()
            part.append(now)

    def _count(self, account: str, strategy: str, time: int) -> None:
        self._begin_day(time)
        self._messages[account, ""] += 1
        self._messages[account, strategy] += 1

    def _begin_day(self, time: int) -> None:
        today = time // DAY
        if today > self._today:
            self._today = today
            self._messages.clear()
            self._fills.clear()


def _later(moments: Collection[int], since: int) -> int:
    """Return how many of ascending moments are later than ``since``; few are not."""
    early = 0
    for moment in moments:
        if moment > since:
            break
        early += 1
    return len(moments) - early
