"""The names of what can move: prices, rates, volatilities, exchange rates, correlations.

| name | what it moves |
|---|---|
| ``equity`` | every price that has no name of its own in the scenario |
| ``equity:SYMBOL`` | the price of one symbol |
| ``rate:USD`` | all zero rates of a currency, in parallel |
| ``rate:USD:5Y`` | one key rate, those between it and its neighbours linearly less; on top of ``rate:USD`` |
| ``volatility`` | every implied volatility that has no name of its own in the scenario |
| ``volatility:SYMBOL`` | those of one underlying |
| ``volatility:SYMBOL:0.5`` | that of one key tenor (years), in between linearly less; on top of ``volatility:SYMBOL`` |
| ``fx:EURUSD`` | the price of a euro in dollars |
| ``correlation`` | every correlation that has no name of its own in the scenario |
| ``correlation:A/B`` | that of one pair |
"""

from __future__ import annotations

import dataclasses
import difflib
import re
from collections.abc import Iterable

from actors.errors import InputError
from actors.vocabulary import Word

KEY_TENORS = 0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 7.0, 10.0, 20.0, 30.0
"""Years of the key rates, and of the key tenors of a volatility surface."""
_TENOR = re.compile(r"(\d+(?:\.\d+)?)([YM]?)", re.ASCII)
_PAIR = re.compile(r"[A-Z]{6}", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)
_NEAR = 5


class FactorKind(Word):
    """What kind of thing moves."""

    EQUITY = "equity"
    RATE = "rate"
    VOLATILITY = "volatility"
    FX = "fx"
    CORRELATION = "correlation"


@dataclasses.dataclass(frozen=True)
class Factor:
    """One thing that can move.

    Attributes:
        kind: What kind of thing.
        name: Symbol, currency or pair of currencies; empty for all.
        other: Second symbol of a correlation; else empty.
        tenor: Key tenor, years; ``None`` for all.
    """

    kind: FactorKind
    name: str = ""
    other: str = ""
    tenor: float | None = None

    def __lt__(self, other: Factor) -> bool:
        """Sort by name, the whole before its tenors."""
        return self._place < other._place

    @property
    def _place(self) -> tuple[str, str, str, float]:
        return str(self.kind), self.name, self.other, self.tenor or 0.0

    def __str__(self) -> str:
        """Return the name as ``parse_factor`` reads it."""
        parts = [str(self.kind), f"{self.name}/{self.other}" if self.other else self.name]
        if self.tenor is not None:
            parts.append(tenor_text(self.tenor) if self.kind is FactorKind.RATE else f"{self.tenor:g}")
        return ":".join(part for part in parts if part)


EQUITY = Factor(FactorKind.EQUITY)
VOLATILITY = Factor(FactorKind.VOLATILITY)
CORRELATION = Factor(FactorKind.CORRELATION)


def pair(one: str, other: str) -> Factor:
    """Return the correlation of two symbols, whose order does not matter."""
    first, second = sorted((one, other))
    return Factor(FactorKind.CORRELATION, first, second)


def inverse(factor: Factor) -> Factor:
    """Return an exchange rate the other way round."""
    return dataclasses.replace(factor, name=factor.name[3:] + factor.name[:3])


def one_way(factors: Iterable[Factor]) -> list[Factor]:
    """Return factors in their order, of each exchange rate only the first way round: it moves once."""
    found: dict[Factor, None] = {}
    for factor in factors:
        if factor.kind is not FactorKind.FX or inverse(factor) not in found:
            found[factor] = None
    return list(found)


def parse_factor(text: str, field: str = "factor") -> Factor:
    """Return the factor that a text names; whether a market has it, ``require_known`` says.

    Args:
        text: For instance ``rate:USD:5Y``.
        field: The input that errors name.

    Raises:
        InputError: A name that is none, with those that come near.
    """
    kind_text, _, rest = text.strip().partition(":")
    kinds = {str(kind): kind for kind in FactorKind}
    kind = kinds.get(kind_text)
    if kind is None:
        raise _unknown(text, field, kinds, f"begin with {', '.join(kinds)}")
    if not rest:
        if kind in (FactorKind.RATE, FactorKind.FX) or ":" in text:
            raise _unknown(text, field, [], f"name what moves, as in {_EXAMPLES[kind]}")
        return Factor(kind)
    if kind is FactorKind.EQUITY:
        return Factor(kind, rest)
    if kind is FactorKind.CORRELATION:
        one, _, other = rest.partition("/")
        if not one or not other or one == other:
            raise _unknown(text, field, [], f"name two symbols, as in {_EXAMPLES[kind]}")
        return pair(one, other)
    if kind is FactorKind.FX:
        if not _PAIR.fullmatch(rest) or rest[:3] == rest[3:]:
            raise _unknown(text, field, [], f"name two currencies, as in {_EXAMPLES[kind]}")
        return Factor(kind, rest)
    name, _, tenor = rest.partition(":")
    if kind is FactorKind.RATE and not _CURRENCY.fullmatch(name):
        raise _unknown(text, field, [], f"name a currency, as in {_EXAMPLES[kind]}")
    return Factor(kind, name, tenor=_key_tenor(tenor, text, kind, name, field) if tenor else None)


def require_known(factor: Factor, known: Iterable[Factor], field: str = "factor") -> None:
    """Refuse a factor that a book and its market do not have.

    Args:
        factor: Which.
        known: Those that there are, without key tenors.
        field: The input that errors name.

    Raises:
        InputError: Naming the factor and known ones that come near.
    """
    there = set(known)
    if factor in there or dataclasses.replace(factor, tenor=None) in there:
        return
    names = [str(one) for one in sorted(there)]
    same_kind = [str(one) for one in sorted(there) if one.kind is factor.kind]
    near = difflib.get_close_matches(str(factor), names, n=_NEAR, cutoff=0.7) or same_kind[:_NEAR] or names[:_NEAR]
    raise InputError(
        f"unknown factor {factor}",
        field=field,
        value=str(factor),
        rule=f"a factor of this book, for instance {', '.join(near)}" if near else "a factor of this book",
        remedy="correct the name, or give the market (price, exchange rate, rate or volatility) that it moves",
    )


def tenor_text(years: float) -> str:
    """Return a tenor as it is said: ``3M``, ``5Y``."""
    return f"{years:g}Y" if years >= 1 else f"{years * 12:g}M"


def key_weight(years: float, tenor: float) -> float:
    """Return how much a rate for ``years`` moves with the key rate of ``tenor``, from 0 to 1.

    Triangular between the neighbouring keys; the first and the last key move all before and after them, so all weights
    of one rate add up to 1. T. Ho (1992), "Key rate durations: measures of interest rate risks".
    """
    place = KEY_TENORS.index(tenor)
    if years <= tenor:
        if place == 0:
            return 1.0
        before = KEY_TENORS[place - 1]
        return max(0.0, (years - before) / (tenor - before))
    if place == len(KEY_TENORS) - 1:
        return 1.0
    after = KEY_TENORS[place + 1]
    return max(0.0, (after - years) / (after - tenor))


def _key_tenor(tenor: str, text: str, kind: FactorKind, name: str, field: str) -> float:
    match = _TENOR.fullmatch(tenor)
    years = None if match is None else float(match[1]) / (12 if match[2] == "M" else 1)
    if years not in KEY_TENORS:
        keys = ", ".join(str(Factor(kind, name, tenor=one)) for one in KEY_TENORS)
        raise InputError(
            f"unknown factor {text}", field=field, value=text, rule=f"a key tenor: {keys}",
            remedy="split the shock between the two neighbouring keys",
        )  # fmt: skip
    assert years is not None
    return years


def _unknown(text: str, field: str, names: Iterable[str], rule: str) -> InputError:
    near = difflib.get_close_matches(text.partition(":")[0], list(names), n=1, cutoff=0.5)
    remedy = f"did you mean {near[0]}?" if near else f"for instance {', '.join(_EXAMPLES.values())}"
    return InputError(f"unknown factor {text!r}", field=field, value=text, rule=rule, remedy=remedy)


_EXAMPLES = {
    FactorKind.EQUITY: "equity:AAPL",
    FactorKind.RATE: "rate:USD:5Y",
    FactorKind.VOLATILITY: "volatility:AAPL",
    FactorKind.FX: "fx:EURUSD",
    FactorKind.CORRELATION: "correlation:AAPL/IBM",
}
