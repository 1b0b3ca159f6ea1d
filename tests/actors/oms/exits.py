"""Orders to leave a position by, for the tests of lists."""

from __future__ import annotations

import dataclasses
from typing import Any

from actors.messages import OrderType, Side
from tests.actors.oms.support import LIMITS, Bench, submission

SHORT = dataclasses.replace(LIMITS, allow_short=1)


def target(name: str, quantity: int = 100, **fields: Any) -> Any:
    """An order to take the profit."""
    return submission(name, Side.SELL, quantity, **{"limit_price": 10_200, **fields})


def stop(name: str, quantity: int = 100, **fields: Any) -> Any:
    """An order to stop the loss."""
    return submission(name, Side.SELL, quantity, **{"type": OrderType.STOP, "stop_price": 9_900, **fields})


def statuses(here: Bench) -> list[str]:
    return [str(working.order.status) for working in here.partition.orders.values()]
