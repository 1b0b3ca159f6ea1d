"""What options of one expiry are quoted at, by strike, and whether those quotes give money away.

Prices are taken as undiscounted calls on a forward of 1, c(m) at the strike m times the forward, with c(0) = 1. No
money is given away where, in the strike, c falls with a slope from -1 to 0 and is convex, and where for the same m it
does not fall as time passes. P. Carr and D. Madan (2005), "A note on sufficient conditions for no arbitrage"; L. Cousot
(2007), "Conditions on option prices for absence of arbitrage and exact calibration".
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence

import numpy as np

from actors.encoding import Message
from actors.errors import InputError
from actors.risk.pricing import black_scholes
from actors.risk.pricing.black_scholes import Array
from actors.risk.pricing.contracts import Right, positive
from actors.risk.pricing.market import DAYS_A_YEAR

TOLERANCE = 1e-9
"""Of prices on a forward of 1: less than this counts as rounding."""


class Smile(Message, frozen=True):
    """Implied volatilities of one expiry.

    Attributes:
        expiry: The last day.
        forward: Price of the underlying for delivery on it, positive.
        discount: Discount factor of that day, positive.
        strikes: Ascending, positive.
        volatilities: One a strike; per year, as fractions.
        observed: The day on which they were quoted; ``None``: that of the surface.

    Raises:
        InputError: A number that is none, naming expiry and strike.
    """

    expiry: datetime.date
    forward: float
    discount: float
    strikes: tuple[float, ...]
    volatilities: tuple[float, ...]
    observed: datetime.date | None = None

    def __post_init__(self) -> None:
        """Check the numbers."""
        day = self.expiry.isoformat()
        positive(f"smiles[{day}].forward", self.forward)
        positive(f"smiles[{day}].discount", self.discount)
        if not self.strikes or len(self.strikes) != len(self.volatilities):
            raise InputError(
                "not a volatility for each strike",
                field=f"smiles[{day}].volatilities",
                value=len(self.volatilities),
                rule=f"as many as strikes, {len(self.strikes)}, and one at least",
            )
        for strike, volatility in zip(self.strikes, self.volatilities, strict=True):
            positive(f"smiles[{day}].strikes", strike)
            positive(f"smiles[{day}].volatilities[{strike:g}]", volatility)
        for lower, higher in zip(self.strikes, self.strikes[1:], strict=False):
            if lower >= higher:
                raise InputError(
                    "strikes that do not ascend", field=f"smiles[{day}].strikes", value=higher, rule=f"above {lower:g}"
                )

    def years(self, date: datetime.date) -> float:
        """Return the years from a day to the expiry."""
        return (self.expiry - date).days / DAYS_A_YEAR

    def moneyness(self) -> Array:
        """Return strikes as multiples of the forward."""
        return np.array(self.strikes) / self.forward

    def calls(self, date: datetime.date) -> Array:
        """Return undiscounted calls on a forward of 1."""
        return black_scholes.prices(1.0, self.moneyness(), self.years(date), np.array(self.volatilities), 0, 0, 1)


def smile_of_prices(
    date: datetime.date,
    expiry: datetime.date,
    forward: float,
    discount: float,
    quotes: Sequence[tuple[float, Right, float]],
) -> Smile:
    """Return the smile of option prices.

    Args:
        date: The day of the prices.
        expiry: Of the options.
        forward: Price of the underlying for delivery on it.
        discount: Discount factor of that day.
        quotes: Strikes, ascending, rights and prices.

    Raises:
        InputError: A price that no volatility gives, naming expiry and strike.
    """
    years = (expiry - date).days / DAYS_A_YEAR
    found = []
    for strike, right, price in quotes:
        undiscounted = price / discount
        volatility = float(
            black_scholes.implied_volatilities(undiscounted, forward, strike, max(years, 0), 0.0, 0.0, right.sign)
        )
        if not np.isfinite(volatility):
            least = max(right.sign * (forward - strike), 0.0) * discount
            most = (forward if right is Right.CALL else strike) * discount
            raise InputError(
                "no volatility gives this price",
                field=f"smiles[{expiry.isoformat()}].prices[{strike:g}]",
                value=price,
                rule=f"above {least:.6g} and below {most:.6g}, before the expiry",
                remedy="leave the quote out, or check it, the forward and the discount factor",
            )
        found.append(volatility)
    return Smile(expiry, forward, discount, tuple(strike for strike, _, _ in quotes), tuple(found))


def check_quotes(
    date: datetime.date, smiles: Sequence[Smile], *, tolerance: float = TOLERANCE, oldest: int = 0
) -> None:
    """Refuse quotes that are stale or give money away.

    Args:
        date: The day of the surface.
        smiles: Of ascending expiries.
        tolerance: Of prices on a forward of 1; half a bid-ask spread where quotes are mid prices.
        oldest: Days that quotes may be older than the surface.

    Raises:
        InputError: Naming the expiry and the strike that break a rule.
    """
    if not smiles:
        raise InputError("a surface of nothing", field="smiles", value="none", rule="one expiry at least")
    previous: Smile | None = None
    for smile in smiles:
        observed, last = smile.observed or date, date if previous is None else previous.expiry
        if smile.expiry <= last:
            raise InputError(
                "an expiry that is over, or not in order",
                field="smiles.expiry",
                value=smile.expiry.isoformat(),
                rule=f"after {last.isoformat()}",
            )
        if not 0 <= (date - observed).days <= oldest:
            raise InputError(
                "quotes of another day",
                field=f"smiles[{smile.expiry.isoformat()}].observed",
                value=observed.isoformat(),
                rule=f"{date.isoformat()}, or up to {oldest} days before",
                remedy="quote it anew, leave it out, or let older quotes count with oldest",
            )
        check_butterflies(date, smile, tolerance)
        if previous is not None:
            check_calendar(date, previous, smile, tolerance)
        previous = smile


def check_butterflies(date: datetime.date, smile: Smile, tolerance: float = TOLERANCE) -> None:
    """Refuse a smile whose call prices rise with the strike, fall faster than it, or are not convex in it."""
    strikes, calls = np.append(0.0, smile.moneyness()), np.append(1.0, smile.calls(date))
    widths, steps = np.diff(strikes), np.diff(calls)
    for at, (width, step) in enumerate(zip(widths, steps, strict=True)):
        if step > tolerance:
            raise _given_away(
                smile, at, "a call spread that costs nothing", "prices of calls that fall with the strike"
            )
        if step < -width - tolerance:
            raise _given_away(smile, at, "a call spread dearer than it can pay", "a slope of -1 at least")
    for at in range(1, len(widths)):
        chord = (calls[at - 1] * widths[at] + calls[at + 1] * widths[at - 1]) / (widths[at - 1] + widths[at])
        if calls[at] > chord + tolerance:
            raise _given_away(smile, at - 1, "a butterfly that costs nothing", "prices that are convex in the strike")


def check_calendar(date: datetime.date, sooner: Smile, later: Smile, tolerance: float = TOLERANCE) -> None:
    """Refuse a later expiry on which an option of the same moneyness costs less.

    Between its strikes a later price is at most the straight line between its neighbours.
    """
    strikes, calls = np.append(0.0, later.moneyness()), np.append(1.0, later.calls(date))
    for strike, moneyness, call in zip(sooner.strikes, sooner.moneyness(), sooner.calls(date), strict=True):
        if moneyness <= strikes[-1] and call > np.interp(moneyness, strikes, calls) + tolerance:
            rule = f"total variance that does not fall from {sooner.expiry.isoformat()}, strike {strike:g}"
            at = int(np.argmin(np.abs(later.moneyness() - moneyness)))
            raise _given_away(later, at, "a calendar spread that costs nothing", rule)


def _given_away(smile: Smile, at: int, what: str, rule: str) -> InputError:
    return InputError(
        f"quotes with arbitrage: {what}",
        field=f"smiles[{smile.expiry.isoformat()}].volatilities[{smile.strikes[at]:g}]",
        value=smile.volatilities[at],
        rule=rule,
        remedy="check or leave out this quote and its neighbours, or let a bid-ask spread count with tolerance",
    )
