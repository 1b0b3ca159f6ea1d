"""Numbers that a user meant in per cent where fractions are read: refused with what was probably meant."""

from __future__ import annotations

from actors.errors import InputError

MOST_RATE = 1.0
"""Rate, coupon, spread or yield a year from which it is taken for one in per cent."""
MOST_VOLATILITY = 5.0
"""Volatility in proportion from which it is taken for one in per cent; a traded one of 500% is not known."""
MOST_NORMAL = 0.05
"""Normal volatility over which it is taken for one in proportion, or in basis points: 500 basis points a year."""


def plausible_rate(field: str, rate: float) -> None:
    """Refuse a rate of 100% a year or more, of either sign.

    Raises:
        InputError: Naming the fraction that was probably meant.
    """
    if abs(rate) >= MOST_RATE:
        raise InputError(
            "a rate in per cent where a fraction is meant", field=field, value=rate,
            rule=f"a fraction a year, between -{MOST_RATE:g} and {MOST_RATE:g}",
            remedy=f"did you mean {rate / 100:g}?",
        )  # fmt: skip


def plausible_volatility(field: str, volatility: float) -> None:
    """Refuse a volatility in proportion of 500% a year or more.

    Raises:
        InputError: Naming the fraction that was probably meant.
    """
    if volatility >= MOST_VOLATILITY:
        raise InputError(
            "a volatility in per cent where a fraction is meant", field=field, value=volatility,
            rule=f"a fraction a year, below {MOST_VOLATILITY:g}", remedy=f"did you mean {volatility / 100:g}?",
        )  # fmt: skip


def plausible_normal(field: str, volatility: float) -> None:
    """Refuse a normal volatility of a rate of over 500 basis points a year.

    Raises:
        InputError: Naming the number, or the model, that was probably meant.
    """
    if volatility > MOST_NORMAL:
        points = volatility >= MOST_VOLATILITY
        raise InputError(
            "too high for a normal volatility of a rate", field=field, value=volatility,
            rule=f"an absolute change a year as a fraction, up to {MOST_NORMAL:g} (500 basis points)",
            remedy=f"did you mean {volatility / 1e4:g}?" if points
            else f"did you mean model: lognormal, or {volatility / 100:g}?",
        )  # fmt: skip
