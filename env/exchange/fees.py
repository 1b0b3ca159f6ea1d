"""What a fill costs: basis points of its notional, exact to the last 1e-8 of a currency unit."""

from __future__ import annotations

import decimal
import fractions

from actors.messages import MONEY_UNIT, Instrument, round_half_even
from env.exchange.allocation import MAKER

_BASIS_POINTS = 10_000


class FeeSchedule:
    """Fees for making and taking liquidity.

    Args:
        maker_bps: Fee for resting liquidity, in basis points of notional; negative: a rebate.
        taker_bps: Fee for taking liquidity, likewise.
    """

    def __init__(self, maker_bps: decimal.Decimal, taker_bps: decimal.Decimal) -> None:
        self._maker = fractions.Fraction(maker_bps).as_integer_ratio()
        self._taker = fractions.Fraction(taker_bps).as_integer_ratio()

    def fee(self, instrument: Instrument, price: int, quantity: int, liquidity: str) -> int:
        """Return the fee in 1e-8 currency units, rounded half-even once, from the unrounded notional."""
        numerator, denominator = self._maker if liquidity == MAKER else self._taker
        notional = price * instrument.price_increment * quantity * instrument.quantity_increment * instrument.multiplier
        return round_half_even(notional * numerator, MONEY_UNIT * _BASIS_POINTS * denominator)
