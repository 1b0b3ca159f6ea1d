"""What the columns of a panel of closes are: prices of symbols, exchange rates, or levels of a named factor."""

from __future__ import annotations

from actors.risk.stress.factors import Factor, FactorKind, parse_factor
from actors.risk.stress.shocks import Change

_KINDS = tuple(f"{kind}:" for kind in (FactorKind.RATE, FactorKind.VOLATILITY, FactorKind.FX, FactorKind.EQUITY))


def column_factor(symbol: str, currencies: frozenset[str] = frozenset()) -> tuple[Factor, Change]:
    """Return the factor whose levels a column has, and how its changes are meant.

    A column that is named like a factor (``rate:USD:5Y`` as a fraction a year, ``volatility:SPY``) has that factor's
    levels; panels hold positive closes only, so rates at or below 0 are gaps. ``EURUSD`` is an exchange rate where
    both currencies are the book's; all else is the price of a symbol.

    Raises:
        InputError: A name that begins like a factor's and is none.
    """
    if symbol.startswith(_KINDS):
        factor = parse_factor(symbol, "symbol")
        return factor, Change.ABSOLUTE if factor.kind is FactorKind.RATE else Change.RELATIVE
    if len(symbol) == 6 and symbol[:3] != symbol[3:] and {symbol[:3], symbol[3:]} <= currencies:
        return Factor(FactorKind.FX, symbol), Change.RELATIVE
    return Factor(FactorKind.EQUITY, symbol), Change.RELATIVE
