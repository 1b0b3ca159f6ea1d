"""An account in its own currency: what the others are worth in it, and how much of the profit exchange rates made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from actors.decimals import money_text
from actors.messages import MONEY_UNIT, Instrument, Message, round_half_even
from actors.portfolio.books import Books
from actors.portfolio.valuation import Valuation, total, value


class CurrencyEffect(Message, frozen=True):
    """One foreign currency of an account; amounts are in the account's own, 1e-8 units.

    Attributes:
        currency: The foreign one.
        rate: What one unit of it is worth; 0 where that is not known, and then so are the others.
        equity: What the account has in it, translated.
        profit: What was earned in it: realised profit, income and fees at the rates of their time, unrealised profit at
            the present one.
        realised: Exchange effect of what went out of the currency.
        unrealised: Exchange effect on the stake in it.
    """

    currency: str
    rate: int
    equity: int
    profit: int
    realised: int
    unrealised: int


class Translation(Message, frozen=True):
    """An account in its own currency.

    Attributes:
        currency: It.
        equity: Equity of all currencies whose rate is known.
        effects: The foreign ones, in alphabetical order.
        missing: Those without a rate: ``equity`` leaves them out.
    """

    currency: str
    equity: int
    effects: tuple[CurrencyEffect, ...]
    missing: tuple[str, ...]

    def text(self) -> dict[str, Any]:
        """Return the figures by name, amounts as decimal strings; those of a currency without a rate are ``None``."""
        return {
            "equity": money_text(self.equity),
            "missing": list(self.missing),
            "currencies": [
                {
                    name: field if name == "currency" else money_text(field) if effect.rate else None
                    for name, field in ((name, getattr(effect, name)) for name in effect.__struct_fields__)
                }
                for effect in self.effects
            ],
        }


def translate(books: Books, prices: Mapping[int, int], instruments: Sequence[Instrument], currency: str) -> Translation:
    """Translate an account into ``currency``, its own.

    The parts of what was earned sum to the whole: for each currency, equity less what came in from others (at the
    rates of that time) is profit and exchange effects together.
    """
    effects = tuple(
        _effect(books, value(books, prices, instruments, other), other)
        for other in sorted({*books.currencies(), *books.pools})
        if other != currency
    )
    own = value(books, prices, instruments, currency).equity
    equity = own + sum(effect.equity for effect in effects if effect.rate)
    missing = tuple(effect.currency for effect in effects if not effect.rate and _holds(books, effect.currency))
    return Translation(currency, equity, effects, missing)


def translated_value(
    books: Books, prices: Mapping[int, int], instruments: Sequence[Instrument], currency: str
) -> Valuation:
    """Return the figures of a whole account in its own currency: what the curve of its equity is made of.

    Foreign figures are translated at the present rates, and what came into a currency at those of that time: equity
    less deposits is profit and exchange effects. A currency without a rate is left out (``Translation.missing``).
    """
    whole = [value(books, prices, instruments, currency)]
    for other, pool in books.pools.items():
        if pool.rate and other != currency:
            held = value(books, prices, instruments, other)
            amounts = {
                name: round_half_even(getattr(held, name) * pool.rate, MONEY_UNIT)
                for name in Valuation.__struct_fields__
                if name != "currency"
            }
            whole.append(Valuation(currency, **{**amounts, "deposits": pool.contributed}))
    return total(whole)


def _effect(books: Books, held: Valuation, currency: str) -> CurrencyEffect:
    pool = books.pools.get(currency)
    if pool is None or not pool.rate:
        return CurrencyEffect(currency, 0, 0, 0, 0, 0)
    equity = round_half_even(held.equity * pool.rate, MONEY_UNIT)
    # The stake is all that came in; what positions would bring beyond it is their unrealised profit.
    stake = round_half_even(pool.balance * pool.rate, MONEY_UNIT)
    came_in = pool.contributed
    profit = equity - came_in - pool.realised - (stake - pool.cost)
    return CurrencyEffect(currency, pool.rate, equity, profit, pool.realised, stake - pool.cost)


def _holds(books: Books, currency: str) -> bool:
    return bool(books.cash(currency) or books.cost(currency))
