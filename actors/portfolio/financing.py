"""What a night costs or brings: interest on cash, borrow on short positions, financing of margined ones.

Rates are a year's, simple, by days over 360 or 365. What comes out are entries for the account's books: one account's
charges of one day, each under a key that lets it be booked once.
"""

from __future__ import annotations

import datetime
import decimal
from collections.abc import Mapping, Sequence

from actors.entries import Charge
from actors.errors import InputError
from actors.messages import Instrument, Message, round_half_even
from actors.portfolio.books import Books

UNIT = 10**12
"""Rates are whole numbers of 1e-12."""


class FinancingTerms(Message, frozen=True, kw_only=True):
    """What an account pays and is paid, as fractions of a year in 1e-12.

    Attributes:
        credit: Rate by currency that cash earns.
        debit: Rate by currency that borrowed cash costs.
        borrow: Rate by instrument id that a short position costs.
        borrow_otherwise: The rate of all other short positions.
        rebate: Rate by currency that is paid back on the value of short positions.
        financing: Rate by instrument id that a long margined position costs, and a short one earns.
        year: Days of a year.
    """

    credit: dict[str, int] = {}
    debit: dict[str, int] = {}
    borrow: dict[int, int] = {}
    borrow_otherwise: int = 0
    rebate: dict[str, int] = {}
    financing: dict[int, int] = {}
    year: int = 360


def rate(text: str | decimal.Decimal, field: str = "rate") -> int:
    """Return a decimal such as ``0.0525`` in the units of ``FinancingTerms``.

    Raises:
        InputError: It is no number, finer than 1e-12, or beyond 10 (1,000% a year).
    """
    try:
        units = decimal.Decimal(text) * UNIT
    except decimal.InvalidOperation:
        units = decimal.Decimal("NaN")
    if not units.is_finite() or units != units.to_integral_value() or abs(units) > 10 * UNIT:
        raise InputError(f"{field} is not a rate", field=field, value=str(text), rule="a decimal from -10 to 10")
    return int(units)


def accrue(
    books: Books, prices: Mapping[int, int], instruments: Sequence[Instrument], terms: FinancingTerms, days: int
) -> list[Charge]:
    """Return the charges of some nights, as they stand at their end; those of nothing are left out.

    Args:
        books: The account's books.
        prices: Last price in increments by instrument id.
        instruments: The instrument master.
        terms: The rates.
        days: Nights, for instance 3 over a weekend.

    Raises:
        InputError: ``days`` is not positive, or a position that is charged has no price: it is named.
    """
    if days <= 0:
        raise InputError("no nights", field="days", value=days, rule="at least 1")
    charges = [
        _charge(
            "interest", currency, books.cash(currency), _cash_rate(terms, currency, books.cash(currency)), terms, days
        )
        for currency in books.currencies()
    ]
    for position in books.positions():
        instrument = instruments[position.instrument]
        charged = instrument.id in terms.financing if instrument.margined else position.quantity < 0
        if not position.quantity or not charged:
            continue
        if instrument.id not in prices:
            raise InputError(
                f"there is no price of {instrument.symbol}, and a position to be charged for",
                field="prices",
                value=instrument.symbol,
                rule="a price of every short or financed position",
            )
        value = instrument.notional(prices[instrument.id], position.quantity)
        where = {"strategy": position.strategy, "instrument": instrument.id}
        if instrument.margined:
            cost = -terms.financing[instrument.id]
            charges.append(_charge("financing", instrument.currency, value, cost, terms, days, **where))
        else:
            cost = terms.borrow.get(instrument.id, terms.borrow_otherwise)
            charges.append(_charge("borrow", instrument.currency, value, cost, terms, days, **where))
            back = -terms.rebate.get(instrument.currency, 0)
            charges.append(_charge("rebate", instrument.currency, value, back, terms, days, **where))
    return [charge for charge in charges if charge.amount]


def key_of(charge: Charge, last: datetime.date) -> str:
    """Return the key under which a charge of the nights up to ``last`` is booked once."""
    where = f":{charge.strategy}:{charge.instrument}" if charge.strategy else ""
    return f"{charge.kind}:{charge.currency}{where}:{last:%Y-%m-%d}"


def _cash_rate(terms: FinancingTerms, currency: str, cash: int) -> int:
    return (terms.credit if cash > 0 else terms.debit).get(currency, 0)


def _charge(
    kind: str, currency: str, value: int, yearly: int, terms: FinancingTerms, days: int, **where: object
) -> Charge:
    amount = round_half_even(value * yearly * days, UNIT * terms.year)
    return Charge(kind=kind, currency=currency, amount=amount, **where)  # type: ignore[arg-type]
