"""By how much a factor moves, with its unit: ``-20%``, ``+100bp``, ``+5 points``."""

from __future__ import annotations

import dataclasses
import math
import re
from typing import Any

from actors.errors import InputError
from actors.risk.stress.factors import Factor, FactorKind
from actors.vocabulary import Word


class Change(Word):
    """How a change is meant.

    Of a correlation a relative change is the share of the way to 1 (below 0: to 0) that it goes.
    """

    RELATIVE = "relative"
    ABSOLUTE = "absolute"


@dataclasses.dataclass(frozen=True)
class Shock:
    """A change of one factor.

    Attributes:
        change: Relative, as a fraction of what is there, or absolute, in what the factor is measured in.
        size: -0.2 is down a fifth where relative; 0.01 is 100 basis points of a rate, or one volatility point of 100,
            where absolute.
    """

    change: Change
    size: float

    def applied(self, level: float) -> float:
        """Return what a level becomes; not for correlations."""
        return level * (1 + self.size) if self.change is Change.RELATIVE else level + self.size

    def text(self) -> str:
        """Return the shock as a person reads it."""
        return f"{self.size:+.2%}" if self.change is Change.RELATIVE else f"{self.size * 1e4:+.6g}bp"


def relative(size: float) -> Shock:
    """Return a relative change by a fraction."""
    return Shock(Change.RELATIVE, size)


def absolute(size: float) -> Shock:
    """Return an absolute change."""
    return Shock(Change.ABSOLUTE, size)


def parse_shock(content: Any, factor: Factor, field: str) -> Shock:
    """Return a shock from a text with its unit, or from a mapping ``{relative: -0.2}``.

    ``%`` is relative; ``bp`` (1e-4) and ``points`` (1e-2) are absolute.

    Args:
        content: What was written.
        factor: What it moves.
        field: The input that errors name.

    Raises:
        InputError: No number, no unit, or a change that the factor can't make.
    """
    shock = _from_mapping(content) if isinstance(content, dict) else _from_text(str(content))
    if shock is None:
        raise InputError(
            "not a shock",
            field=field,
            value=content,
            rule="a number with its unit: % (relative), bp or points (absolute)",
            remedy=f"write for instance {_EXAMPLES[factor.kind]}",
        )
    check_shock(factor, shock, field)
    return shock


def check_shock(factor: Factor, shock: Shock, field: str) -> None:
    """Refuse a shock that its factor can't make, whatever the market.

    Raises:
        InputError: A price or a volatility that would not stay positive, a rate in per cent of itself, a correlation
            beyond its bounds.
    """
    rule = None
    if not math.isfinite(shock.size):
        rule = "a finite number"
    elif factor.kind in (FactorKind.EQUITY, FactorKind.FX):
        if shock.change is not Change.RELATIVE:
            rule = "a relative change (%): prices move by fractions"
        elif shock.size < -1 or (factor.kind is FactorKind.FX and shock.size == -1):
            rule = "not below -100%: a price can't be negative" if factor.kind is FactorKind.EQUITY else "over -100%"
    elif factor.kind is FactorKind.RATE:
        if shock.change is not Change.ABSOLUTE:
            rule = "an absolute change (bp or points): a rate may be 0 or negative"
        elif abs(shock.size) > 1:
            rule = "from -10000bp to 10000bp"
    elif factor.kind is FactorKind.VOLATILITY:
        if shock.change is Change.RELATIVE and shock.size <= -1:
            rule = "over -100%: a volatility must stay positive"
    elif shock.change is Change.RELATIVE:
        if abs(shock.size) > 1:
            rule = "from -100% (to 0) to 100% (to 1) of the way"
    elif abs(shock.size) > 2:
        rule = "a correlation stays from -1 to 1"
    if rule is not None:
        raise InputError(
            f"{factor} can't move by this", field=field, value=shock.text(), rule=rule,
            remedy=f"write for instance {_EXAMPLES[factor.kind]}",
        )  # fmt: skip


def _from_mapping(content: dict[Any, Any]) -> Shock | None:
    if len(content) != 1:
        return None
    ((name, size),) = content.items()
    if name not in (Change.RELATIVE, Change.ABSOLUTE) or isinstance(size, bool) or not isinstance(size, (int, float)):
        return None
    return Shock(Change(str(name)), float(size))


def _from_text(text: str) -> Shock | None:
    match = _TEXT.fullmatch(text.strip())
    if match is None:
        return None
    change, unit = _UNITS[match[2]]
    return Shock(change, float(match[1]) * unit)


_TEXT = re.compile(r"([+-]?\d+(?:\.\d+)?)\s*(%|bp|points)", re.ASCII)
_UNITS = {"%": (Change.RELATIVE, 1e-2), "bp": (Change.ABSOLUTE, 1e-4), "points": (Change.ABSOLUTE, 1e-2)}
_EXAMPLES = {
    FactorKind.EQUITY: "-20%",
    FactorKind.RATE: "+100bp",
    FactorKind.VOLATILITY: "+50% (of itself) or +10 points",
    FactorKind.FX: "-10%",
    FactorKind.CORRELATION: "+50% (half of the way to 1) or, of a pair, +20 points",
}
