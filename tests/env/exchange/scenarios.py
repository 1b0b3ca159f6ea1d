"""Orders, replacements, cancels and market slices in some order, and how an exchange plays them."""

from __future__ import annotations

import random
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


def days(times_in_force: tuple[str, ...] = EVERY) -> st.SearchStrategy[list[Step]]:
    """Scenarios by their seed; of ``PLAIN`` orders without replacements, and with one row of an instrument a slice."""
    return st.integers(0, 2**32).map(lambda seed: scenario(random.Random(seed), times_in_force))


def scenario(chance: random.Random, times_in_force: tuple[str, ...]) -> list[Step]:
    """Steps over some minutes, a few slices left out."""
    steps: list[Step] = []
    entered: list[VenueOrder] = []
    for minute in range(chance.randint(1, 25)):
        for _ in range(chance.randint(0, 5)):
            entered.append(_order(chance, len(entered) + 1, minute, times_in_force))
            steps.append(("order", entered[-1]))
        if entered and chance.random() < 0.5:
            steps.append(("cancel", chance.choice(entered).order_id))
        if entered and times_in_force is EVERY:
            for _ in range(chance.randint(0, 2)):
                steps.append(("replace", _replacement(chance, chance.choice(entered[-12:]), len(steps), minute)))
        if chance.random() < 0.85:
            rows = _rows(chance, minute, late=times_in_force is EVERY)
            steps.append(("slice", market(minute + 1, (minute + 1) * MINUTE + chance.choice([0, 0, 1]), rows)))
    return steps


def _order(chance: random.Random, number: int, minute: int, times_in_force: tuple[str, ...]) -> VenueOrder:
    tif = chance.choice(times_in_force)
    limit = chance.choice([None, chance.randint(88, 116), chance.randint(97, 103)])
    conditions: dict[str, object] = {}
    if tif == "gtd":
        conditions["expire_time"] = (minute + chance.randint(1, 4)) * MINUTE
    if times_in_force is EVERY and limit is not None and tif in ("day", "gtc", "gtd") and chance.random() < 0.5:
        conditions["post_only"] = True
    time = max(0, minute * MINUTE - chance.choice([0, 0, 1, MINUTE // 2]))
    side, quantity, traded = chance.choice(["buy", "sell"]), chance.randint(1, 80), chance.randrange(INSTRUMENTS)
    return order(f"0-{number}", side, quantity, limit, tif, time, traded, **conditions)


def _replacement(chance: random.Random, changed: VenueOrder, revision: int, minute: int) -> VenueReplace:
    known = {} if changed.conditions is None else msgspec.structs.asdict(changed.conditions)
    conditions = {name: value for name, value in known.items() if value}
    if "expire_time" in conditions and chance.random() < 0.5:
        conditions["expire_time"] = (minute + chance.randint(0, 4)) * MINUTE
    quantity = chance.randint(0, changed.quantity + 20)
    limit = chance.choice([changed.limit_price, chance.randint(88, 116)])
    return replacement(changed.order_id, revision, quantity, limit, minute * MINUTE, **conditions)


def _rows(chance: random.Random, minute: int, late: bool) -> list[Row]:
    """Rows of every instrument, where ``late`` sometimes two, quotes and trades of the past, and longer bars."""
    found: list[Row] = []
    for number in range(INSTRUMENTS):
        for _ in range(chance.choice([1, 1, 2]) if late else 1):
            kind = chance.choice(["none", "bar", "quote", "trade"])
            time = (minute + 1) * MINUTE - (chance.choice([0, 0, 0, MINUTE // 2]) if late else 0)
            if kind == "bar":
                low = chance.randint(90, 110)
                high = chance.randint(low, 115)
                opening, close = chance.randint(low, high), chance.randint(low, high)
                row = bar(minute, opening, high, low, close, chance.randint(0, 400), instrument=number)
                begin = row[5] - (chance.choice([0, 0, 1, 2]) * MINUTE if late and minute > 1 else 0)
                found.append((*row[:5], begin, *row[6:]))
            elif kind == "quote":
                bid = chance.choice([0, chance.randint(90, 110)])
                ask = chance.choice([0, chance.randint(bid + 1, 120)]) if bid else chance.randint(91, 120)
                sizes = chance.randint(0, 60), chance.randint(0, 60)
                found.append(quote(time, bid, ask, *sizes, instrument=number))
            elif kind == "trade":
                price, size, side = chance.randint(90, 115), chance.randint(0, 300), chance.choice([-1, 0, 1])
                found.append(trade(time, price, size, side, instrument=number))
    return found
