"""Orders, replacements, cancels and market slices in some order, and how an exchange plays them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import msgspec
import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st

from actors.clock import MINUTE
from actors.market.ticks import MarketSlice
from actors.messages import VenueOrder, VenueReplace
from env.exchange.paper import PaperExchange
from env.exchange.session_orders import SessionReport
from tests.env.exchange.builders import Row, bar, instrument, market, order, quote, replacement, rules, trade

INSTRUMENTS = 2
Step = tuple[str, object]

PLAIN = ("day", "gtc", "ioc", "fok")
EVERY = (*PLAIN, "gtd", "at_open", "at_close")


class Exchange(Protocol):
    """What takes the steps of a scenario."""

    def submit(self, session: str, order: VenueOrder) -> list[SessionReport]: ...

    def replace(self, session: str, replace: VenueReplace) -> list[SessionReport]: ...

    def cancel(self, session: str, order_id: str, time: int) -> list[SessionReport]: ...

    def match(self, market: MarketSlice) -> list[SessionReport]: ...


def short_sessions(calendar: str) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Sessions of three minutes, a minute between them."""
    opens = np.arange(100, dtype=np.int64) * 4 * MINUTE
    return opens, opens + 3 * MINUTE


def new_exchange(
    participation: str = "0.1",
    bounds: Callable[[str], tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]] = short_sessions,
) -> PaperExchange:
    return PaperExchange(
        rules([instrument(number) for number in range(INSTRUMENTS)], participation=participation), bounds
    )


def play(venue: Exchange, step: Step) -> list[SessionReport]:
    _, content = step
    if isinstance(content, VenueOrder):
        return venue.submit("p00", content)
    if isinstance(content, VenueReplace):
        return venue.replace("p00", content)
    if isinstance(content, MarketSlice):
        return venue.match(content)
    return venue.cancel("p00", str(content), 0)


@st.composite
def rows(draw: st.DrawFn, minute: int) -> list[Row]:
    found: list[Row] = []
    for number in range(INSTRUMENTS):
        kind = draw(st.sampled_from(["none", "bar", "quote", "trade"]))
        end = (minute + 1) * MINUTE
        if kind == "bar":
            low = draw(st.integers(90, 110))
            high = draw(st.integers(low, 115))
            opening, close = draw(st.integers(low, high)), draw(st.integers(low, high))
            found.append(bar(minute, opening, high, low, close, draw(st.integers(0, 400)), instrument=number))
        elif kind == "quote":
            bid = draw(st.integers(90, 110))
            ask = draw(st.integers(bid + 1, 120))
            sizes = st.integers(0, 60)
            found.append(quote(end, bid, ask, draw(sizes), draw(sizes), instrument=number))
        elif kind == "trade":
            price, size, side = draw(st.integers(90, 115)), draw(st.integers(0, 300)), draw(st.sampled_from([-1, 0, 1]))
            found.append(trade(end, price, size, side, instrument=number))
    return found


@st.composite
def orders(draw: st.DrawFn, number: int, minute: int, times_in_force: tuple[str, ...]) -> VenueOrder:
    tif = draw(st.sampled_from(times_in_force))
    limit = draw(st.none() | st.integers(88, 116))
    conditions: dict[str, object] = {}
    if tif == "gtd":
        conditions["expire_time"] = (minute + draw(st.integers(1, 4))) * MINUTE
    if times_in_force is EVERY and limit is not None and tif in ("day", "gtc", "gtd"):
        conditions["post_only"] = draw(st.booleans())
    side, quantity = draw(st.sampled_from(["buy", "sell"])), draw(st.integers(1, 80))
    time, traded = minute * MINUTE - draw(st.integers(0, 1)), draw(st.integers(0, INSTRUMENTS - 1))
    return order(f"0-{number}", side, quantity, limit, tif, max(0, time), traded, **conditions)


@st.composite
def days(draw: st.DrawFn, times_in_force: tuple[str, ...] = EVERY) -> list[Step]:
    """Steps over some minutes; replacements only among orders of every kind."""
    steps: list[Step] = []
    entered: list[VenueOrder] = []
    revisions = 0
    for minute in range(draw(st.integers(1, 12))):
        for _ in range(draw(st.integers(0, 4))):
            entered.append(draw(orders(len(entered) + 1, minute, times_in_force)))
            steps.append(("order", entered[-1]))
        if entered and draw(st.booleans()):
            steps.append(("cancel", f"0-{draw(st.integers(1, len(entered)))}"))
        if entered and times_in_force is EVERY and draw(st.booleans()):
            changed, revisions = draw(st.sampled_from(entered)), revisions + 1
            limit = draw(st.just(changed.limit_price) | st.integers(88, 116))
            quantity = draw(st.integers(0, changed.quantity + 20))
            terms = changed.order_id, revisions, quantity, limit, minute * MINUTE
            conditions: dict[str, object] = {}
            if changed.conditions is not None:
                conditions = {
                    name: value for name, value in msgspec.structs.asdict(changed.conditions).items() if value
                }
            if "expire_time" in conditions and draw(st.booleans()):
                conditions["expire_time"] = (minute + draw(st.integers(0, 4))) * MINUTE
            steps.append(("replace", replacement(*terms, **conditions)))
        if draw(st.integers(0, 5)):
            time = (minute + 1) * MINUTE + draw(st.integers(0, 1))
            steps.append(("slice", market(minute + 1, time, draw(rows(minute)))))
    return steps
