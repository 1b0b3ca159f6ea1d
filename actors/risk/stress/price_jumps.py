"""The quick answer for a live book: what it would gain or lose if every price jumped by one fraction, exactly."""

from __future__ import annotations

import fractions
from collections.abc import Mapping

from actors.messages import round_half_even


def stress(exposures: Mapping[int, int], shocks: Mapping[str, float]) -> dict[str, int]:
    """Return the profit (negative: loss) of every scenario, 1e-8 units, rounded half-even.

    Values are linear in the price: where prices change by a fraction, so do values.

    Args:
        exposures: Signed market value by instrument id, 1e-8 units.
        shocks: Change of every price by scenario, as a fraction (-0.1: down a tenth), read as the decimal it shows.
    """
    net = sum(exposures.values())
    profits = {}
    for name, shock in shocks.items():
        change = fractions.Fraction(str(shock))
        profits[name] = round_half_even(net * change.numerator, change.denominator)
    return profits
