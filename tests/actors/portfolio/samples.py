"""Instruments and fills for the tests of books, portfolio and risk."""

from __future__ import annotations

from actors.messages import (
    MONEY_UNIT,
    CashEvent,
    Fill,
    Instrument,
    Order,
    OrderEvent,
    OrderStatus,
    OrderType,
    Side,
    TimeInForce,
)

STOCK = Instrument(id=0, symbol="AAA")
OTHER = Instrument(id=1, symbol="BBB")
COIN = Instrument(id=2, symbol="COIN", price_increment=1, quantity_increment=1, calendar="24/7")
FOREIGN = Instrument(id=3, symbol="EEE", currency="EUR")
FUTURE = Instrument(id=4, symbol="FUT", multiplier=50, price_increment=25_000_000)
INSTRUMENTS = (STOCK, OTHER, COIN, FOREIGN, FUTURE)


def money(amount: float) -> int:
    """Return an amount in 1e-8 units."""
    return round(amount * MONEY_UNIT)


def fill(
    quantity: int, price: int, fee: int = 0, strategy: str = "trend", instrument: int = 0, account: str = "main"
) -> Fill:
    """Return a fill; a negative quantity sells."""
    return Fill(
        execution_id="x",
        order_id="o",
        client_order_id="c",
        account=account,
        strategy=strategy,
        instrument=instrument,
        side=Side.BUY if quantity > 0 else Side.SELL,
        quantity=abs(quantity),
        price=price,
        fee=fee,
        liquidity="taker",
        time=1,
    )


def order_event(sequence: int, traded: Fill | None = None, partition: int = 0, **order: object) -> OrderEvent:
    """Return an order event, of a filled order where there is a fill, else of an open limit order."""
    fields = {
        "order_id": f"{partition}-{sequence}",
        "client_order_id": f"c{sequence}",
        "account": "main",
        "strategy": "trend",
        "principal": "tester",
        "instrument": 0,
        "side": Side.BUY,
        "type": OrderType.LIMIT,
        "quantity": 100,
        "limit_price": 1000,
        "time_in_force": TimeInForce.DAY,
        "status": OrderStatus.NEW if traded is None else OrderStatus.FILLED,
        "submitted_at": 1,
        "updated_at": 1,
    }
    return OrderEvent(partition=partition, sequence=sequence, time=1, order=Order(**{**fields, **order}), fill=traded)


def cash_event(
    sequence: int, amount: int, partition: int = 0, account: str = "main", currency: str = "USD"
) -> CashEvent:
    """Return a deposit."""
    return CashEvent(
        partition=partition,
        sequence=sequence,
        time=1,
        account=account,
        currency=currency,
        amount=amount,
        reason="opening",
    )
