"""A partition at work whose gate is tested: limits by scope, orders with conditions, and any look at the market."""

from __future__ import annotations

import dataclasses
from typing import Any

from actors.messages import (
    MONEY_UNIT,
    Conditions,
    Order,
    OrderStatus,
    OrderType,
    ReportType,
    Side,
    SubmitOrder,
    TradingState,
)
from actors.oms.inputs import AccountOpening, BudgetGrant, Deposit, LimitsChange, Look, StateChange, Submission
from actors.oms.limits import Limits
from tests.actors.oms.support import CASH, LIMITS, PRICE, Bench, submission

ROOMY = dataclasses.replace(
    LIMITS, maximum_order_notional=100 * CASH, maximum_position_notional=100 * CASH, allow_short=1
)
_CONDITIONS = frozenset(Conditions.__struct_fields__)
_LOOK = frozenset(Look.__struct_fields__)


def money(amount: float) -> int:
    """Money or a quantity in 1e-8 units."""
    return round(amount * MONEY_UNIT)


class GateBench(Bench):
    """A partition with account ``main``, roomy limits, and a market of AAA at 100.00."""

    def __init__(self, limits: Limits = ROOMY, cash: int = CASH, **firm: int) -> None:
        super().__init__(limits, cash)
        self.numbers = 0
        if firm:
            self.limit("firm", **firm)

    def limit(self, scope: str, **values: int | None) -> GateBench:
        """Change limits of a scope."""
        tree = self.partition.limits
        limits = tree.of(scope).replaced(values, scope).mapping()
        change = LimitsChange(
            time=self.time, limits=limits, version=tree.version + 1, principal="test", reason="test", scope=scope
        )
        self.give(change)
        return self

    def state(self, scope: str, state: TradingState) -> GateBench:
        """Move the kill switch."""
        self.give(StateChange(time=self.time, scope=scope, state=state, principal="test", reason="test"))
        return self

    def grant(self, number: int = 1, currency: str = "USD", **amounts: int) -> GateBench:
        """Grant shares of the firm's limits."""
        self.give(BudgetGrant(time=self.time, number=number, amounts=amounts, currency=currency))
        return self

    def account(self, account: str, cash: int = CASH, currency: str = "USD") -> GateBench:
        """Open another account."""
        self.give(AccountOpening(time=self.time, account=account, currency=currency))
        self.give(
            Deposit(time=self.time, account=account, currency=currency, amount=cash, reason="cash", key="opening")
        )
        return self

    def send(self, side: Side = Side.BUY, quantity: int = 1, **fields: Any) -> Order:
        """Submit an order under the next client id; conditions and what was looked at are named like the rest."""
        self.numbers += 1
        conditions = {name: fields.pop(name) for name in _CONDITIONS & fields.keys()}
        seen = {"market_sequence": 1, "price": PRICE, **{name: fields.pop(name) for name in _LOOK & fields.keys()}}
        if conditions:
            fields["conditions"] = Conditions(**conditions)
        order: SubmitOrder = submission(f"n{self.numbers}", side, quantity, **fields)
        look = Look(**seen)
        record = Submission(time=self.time, market_sequence=1, reference_price=look.price, order=order, look=look)
        found = self.give(record).order
        assert found is not None
        return found

    def buy(self, quantity: int = 1, **fields: Any) -> str:
        """Submit a buy and return the code of its refusal, empty where it passed."""
        return self.send(Side.BUY, quantity, **fields).reason

    def sell(self, quantity: int = 1, **fields: Any) -> str:
        """Submit a sale and return the code of its refusal, empty where it passed."""
        return self.send(Side.SELL, quantity, **fields).reason

    def fill(self, order: Order, quantity: int | None = None, price: int = PRICE) -> None:
        """Let the venue fill an order."""
        self.report(ReportType.TRADE, order.order_id, quantity=quantity or order.quantity, price=price)

    def hold(self, lots: int, **fields: Any) -> GateBench:
        """Let an account hold lots, bought or sold at the market."""
        order = self.send(Side.BUY if lots > 0 else Side.SELL, abs(lots), **fields)
        assert order.status is OrderStatus.PENDING_NEW, order
        self.fill(order)
        return self


WAITING = {
    OrderType.STOP: {"stop_price": PRICE + 10},
    OrderType.STOP_LIMIT: {"stop_price": PRICE + 10, "limit_price": PRICE + 20},
    OrderType.TRAILING_STOP: {"trail_amount": 10},
    OrderType.MARKET_IF_TOUCHED: {"stop_price": PRICE - 10},
    OrderType.LIMIT_IF_TOUCHED: {"stop_price": PRICE - 10, "limit_price": PRICE - 5},
}
"""A buy of every waiting type that is right."""
