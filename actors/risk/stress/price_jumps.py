"""The quick answer for a live book: what it would gain or lose if prices jumped, exactly."""

from __future__ import annotations

import difflib
import fractions
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from actors.errors import ConfigurationError
from actors.messages import Instrument, round_half_even

OTHERWISE = "otherwise"
"""Instead of a symbol: all that are not named."""


class PriceJump(NamedTuple):
    """A scenario: the change of every price, as a fraction (-0.1: down a tenth).

    Attributes:
        otherwise: That of instruments that are not named.
        named: That of the others, by instrument id.
    """

    otherwise: float
    named: Mapping[int, float] = {}

    def of(self, instrument: int) -> float:
        """Return the change of one instrument's price."""
        return self.named.get(instrument, self.otherwise)


def price_jumps(
    scenarios: Mapping[str, float | Mapping[str, float]], instruments: Sequence[Instrument]
) -> dict[str, PriceJump]:
    """Return scenarios as they are configured: one fraction for all, or fractions by symbol and ``otherwise`` (or 0).

    Raises:
        ConfigurationError: A symbol that is not in the instrument master.
    """
    ids: dict[str, list[int]] = {}
    for instrument in instruments:
        ids.setdefault(instrument.symbol, []).append(instrument.id)
    found = {}
    for name, change in scenarios.items():
        if not isinstance(change, Mapping):
            found[name] = PriceJump(change)
            continue
        for symbol in change:
            if symbol != OTHERWISE and symbol not in ids:
                near = difflib.get_close_matches(symbol, ids, n=1)
                raise ConfigurationError(
                    f"the stress scenario {name!r} names an unknown instrument",
                    field=f"risk.stress.{name}.{symbol}",
                    value=symbol,
                    rule=f"a symbol of the instrument master, or {OTHERWISE}",
                    remedy=f"did you mean {near[0]}?" if near else None,
                )
        named = {one: size for symbol, size in change.items() if symbol != OTHERWISE for one in ids[symbol]}
        found[name] = PriceJump(change.get(OTHERWISE, 0.0), named)
    return found


def stress(exposures: Mapping[int, int], jumps: Mapping[str, PriceJump]) -> dict[str, int]:
    """Return the profit (negative: loss) of every scenario, 1e-8 units, rounded half-even.

    Values are linear in the price: where prices change by a fraction, so do values.

    Args:
        exposures: Signed market value by instrument id, 1e-8 units.
        jumps: The scenarios; their fractions are read as the decimals they show.
    """
    net = sum(exposures.values())
    profits = {}
    for name, jump in jumps.items():
        whole = net - sum(exposures.get(one, 0) for one in jump.named)
        total = whole * _exact(jump.otherwise)
        for one, size in jump.named.items():
            total += exposures.get(one, 0) * _exact(size)
        profits[name] = round_half_even(total.numerator, total.denominator)
    return profits


def _exact(change: float) -> fractions.Fraction:
    return fractions.Fraction(str(change))
