"""What positions need for a figure, and which of them data can't give one for."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from actors.risk.stress.book import StressBook
from actors.risk.stress.factors import Factor, FactorKind
from actors.risk.stress.positions import Revaluable


def required(position: Revaluable, base: str) -> frozenset[Factor]:
    """Return what a position needs for a figure in the base currency: its own needs, and its exchange rate."""
    if position.currency == base:
        return position.needs
    return position.needs | {Factor(FactorKind.FX, position.currency + base)}


def lacking(book: StressBook, there: Collection[Factor], reasons: Mapping[Factor, str] | None = None) -> dict[str, str]:
    """Return the reason by name for positions that need a factor which is not there.

    Args:
        book: What is held.
        there: Factors that move, without key tenors; ``equity`` stands for every price. An exchange rate may be there
            either way round, and as the price of a symbol such as ``EURUSD``.
        reasons: Why factors are not there, where known.
    """
    found, known = {}, reasons or {}
    whole = {factor.kind for factor in there if not factor.name}
    for position in book.positions:
        for need in sorted(required(position, book.market.base)):
            other = f"{need.name[3:]}{need.name[:3]}"
            names = {need.name, other} if need.kind is FactorKind.FX else {need.name}
            exchange = {Factor(FactorKind.FX, name) for name in (need.name, other)}
            same = {Factor(need.kind, name) for name in names} | (exchange if need.kind is FactorKind.EQUITY else set())
            if need.kind not in whole and not same & set(there):
                found[position.name] = f"{need}: {known.get(need, 'not in the data')}"
                break
    return found
