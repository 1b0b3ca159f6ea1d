"""The limits that the pre-trade gate checks, as integers, replaceable while trading goes on."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from actors.errors import InputError
from actors.messages import MONEY_UNIT
from configs.schema import LimitsSection

_LARGEST = 2**63 - 1


@dataclasses.dataclass(frozen=True)
class Limits:
    """What the gate allows.

    Attributes:
        maximum_order_quantity: Quantity of one order, 1e-8 units of the instrument.
        maximum_order_notional: Value of one order, 1e-8 currency units.
        maximum_position_notional: Value of one position, long or short, 1e-8 currency units.
        price_collar: Largest aggressive distance of a limit price from the market, as a fraction of it in 1e-8.
        allow_short: 1 where a position may go below zero, else 0.
    """

    maximum_order_quantity: int
    maximum_order_notional: int
    maximum_position_notional: int
    price_collar: int
    allow_short: int

    @classmethod
    def from_section(cls, section: LimitsSection) -> Limits:
        """Return the limits of the configuration, which has none that is finer than 1e-8 or too large."""
        return cls(**{field.name: _integer(getattr(section, field.name)) for field in dataclasses.fields(cls)})

    def mapping(self) -> dict[str, int]:
        """Return the limits by name."""
        return dataclasses.asdict(self)

    def replaced(self, changes: Mapping[str, int]) -> Limits:
        """Return the limits with some of them replaced.

        Raises:
            InputError: An unknown name, or a value out of bounds; ``field`` names it.
        """
        names = [field.name for field in dataclasses.fields(self)]
        for name, value in changes.items():
            if name not in names:
                raise InputError(
                    "unknown limit",
                    field=f"limits.{name}",
                    value=value,
                    rule=f"one of {', '.join(names)}",
                    code="LIMIT_UNKNOWN",
                )
            lowest, highest = _BOUNDS.get(name, (1, _LARGEST))
            if not isinstance(value, int) or isinstance(value, bool) or not lowest <= value <= highest:
                raise InputError(
                    "limit out of bounds",
                    field=f"limits.{name}",
                    value=value,
                    rule=f"a whole number from {lowest} to {highest}",
                    code="LIMIT_INVALID",
                )
        return dataclasses.replace(self, **dict(changes))


_BOUNDS = {"allow_short": (0, 1), "price_collar": (1, MONEY_UNIT)}


def _integer(value: object) -> int:
    return int(value) if isinstance(value, bool) else int(value * MONEY_UNIT)  # type: ignore[operator]
