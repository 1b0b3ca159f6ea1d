"""Short ways to write instruments, orders and market slices."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from actors.clock import MINUTE
from actors.market.ticks import TICK, Kind, MarketSlice
from actors.messages import Conditions, Instrument, OrderType, Side, TimeInForce, VenueOrder, VenueReplace
from env.exchange.paper import PaperExchange
from env.exchange.session_orders import SessionReport
from env.exchange.records import ExchangeRules

Row = tuple[int, ...]


def always_open(calendar: str) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """No sessions: a market that never closes."""
    return np.empty(0, np.int64), np.empty(0, np.int64)


def instrument(number: int = 0, calendar: str = "24/7", **changes: object) -> Instrument:
    return Instrument(id=number, symbol=f"SIM{number:03d}", calendar=calendar, **changes)  # type: ignore[arg-type]


def rules(
    instruments: Sequence[Instrument] = (instrument(),),
    maker: str = "0.1",
    taker: str = "0.5",
    participation: str = "0.1",
    shards: int = 1,
) -> ExchangeRules:
    return ExchangeRules(
        instruments=tuple(instruments),
        maker_fee_bps=maker,
        taker_fee_bps=taker,
        participation=participation,
        shards=shards,
    )


def exchange(**changes: object) -> PaperExchange:
    return PaperExchange(rules(**changes), always_open)  # type: ignore[arg-type]


def order(
    order_id: str = "0-1",
    side: str = "buy",
    quantity: int = 100,
    limit: int | None = None,
    tif: str = "gtc",
    time: int = 0,
    instrument: int = 0,
    **conditions: Any,
) -> VenueOrder:
    return VenueOrder(
        order_id=order_id,
        instrument=instrument,
        side=Side(side),
        type=OrderType.MARKET if limit is None else OrderType.LIMIT,
        quantity=quantity,
        limit_price=limit,
        time_in_force=TimeInForce(tif),
        time=time,
        conditions=Conditions(**conditions) if conditions else None,
    )


def replacement(
    order_id: str = "0-1",
    revision: int = 1,
    quantity: int = 100,
    limit: int | None = None,
    time: int = 0,
    **conditions: Any,
) -> VenueReplace:
    return VenueReplace(
        order_id=order_id,
        revision=revision,
        quantity=quantity,
        limit_price=limit,
        time=time,
        conditions=Conditions(**conditions) if conditions else None,
    )


def bar(start: int, open_: int, high: int, low: int, close: int, volume: int, instrument: int = 0) -> Row:
    """A bar of one minute that begins at minute ``start``."""
    begin = start * MINUTE
    return (Kind.BAR, 0, 0, 0, instrument, begin, begin + MINUTE, 0, open_, high, low, close, volume, MINUTE)


def quote(time: int, bid: int, ask: int, bid_size: int, ask_size: int, instrument: int = 0) -> Row:
    return (Kind.QUOTE, 0, 0, 0, instrument, time, time, 0, bid, ask, bid_size, ask_size, 0, 0)


def trade(time: int, price: int, size: int, side: int = 0, instrument: int = 0) -> Row:
    return (Kind.TRADE, 0, side, 0, instrument, time, time, 0, price, size, 0, 0, 0, 0)


def market(sequence: int, time: int, rows: Iterable[Row] = (), shard: int = 0) -> MarketSlice:
    return MarketSlice(shard, sequence, time, np.array(list(rows), TICK).tobytes())


def brief(reports: Iterable[SessionReport]) -> list[tuple[object, ...]]:
    """Reports as (type, order) or, for fills, (quantity, price, liquidity, order)."""
    found: list[tuple[object, ...]] = []
    for _, report in reports:
        if report.type == "trade":
            found.append((report.quantity, report.price, report.liquidity, report.order_id))
        else:
            found.append((str(report.type), report.order_id))
    return found
