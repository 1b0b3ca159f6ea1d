"""What a portfolio must keep to, as a user writes it down."""

from __future__ import annotations

import dataclasses
import difflib
import math
from collections.abc import Mapping
from typing import Any

from actors.errors import InputError
from actors.portfolio.construction.checks import is_number, number_remedy

_RATIOS = ("leverage", "turnover", "trading_cost", "tracking_error")
_MAPPINGS = ("weights_at_least", "weights_at_most", "sector_at_least", "sector_at_most", "current", "benchmark")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Constraints:
    """Constraints on weights, which are fractions of the portfolio's value.

    Attributes:
        budget: Sum of the weights; the rest to 1 is cash.
        long_only: Whether no weight may be negative.
        at_least: Least weight of every asset; ``None``: no bound.
        at_most: Greatest weight of every asset.
        weights_at_least: Least weight by symbol, beside ``at_least``.
        weights_at_most: Greatest weight by symbol, beside ``at_most``.
        leverage: Greatest sum of absolute weights.
        sectors: Sector by symbol.
        sector_at_least: Least sum of the weights of a sector.
        sector_at_most: Greatest sum of the weights of a sector.
        current: Weight by symbol before trading, 0 where not named; turnover and costs are reckoned from it.
        turnover: Greatest sum of absolute changes of weights, purchases and sales both counted.
        cost_rate: Cost of trading, a fraction of what is traded: one number, or one by symbol (0 where not named).
            Mean-variance takes it off the expected return of the holding period.
        trading_cost: Greatest cost of trading, a fraction of the portfolio's value.
        benchmark: Weight by symbol of the benchmark, 0 where not named.
        tracking_error: Greatest standard deviation of the difference in return from the benchmark, per period of the
            forecast.

    Raises:
        InputError: A number that is none, or a constraint that lacks what it is reckoned from.
    """

    budget: float = 1.0
    long_only: bool = True
    at_least: float | None = None
    at_most: float | None = None
    weights_at_least: Mapping[str, float] = dataclasses.field(default_factory=dict)
    weights_at_most: Mapping[str, float] = dataclasses.field(default_factory=dict)
    leverage: float | None = None
    sectors: Mapping[str, str] = dataclasses.field(default_factory=dict)
    sector_at_least: Mapping[str, float] = dataclasses.field(default_factory=dict)
    sector_at_most: Mapping[str, float] = dataclasses.field(default_factory=dict)
    current: Mapping[str, float] = dataclasses.field(default_factory=dict)
    turnover: float | None = None
    cost_rate: float | Mapping[str, float] = 0.0
    trading_cost: float | None = None
    benchmark: Mapping[str, float] = dataclasses.field(default_factory=dict)
    tracking_error: float | None = None

    def __post_init__(self) -> None:
        """Check what needs no forecast."""
        if not isinstance(self.long_only, bool):
            raise InputError("not yes or no", field="long_only", value=self.long_only, rule="true or false")
        _number("budget", self.budget)
        for name in ("at_least", "at_most"):
            if getattr(self, name) is not None:
                _number(name, getattr(self, name))
        for name in _RATIOS:
            if getattr(self, name) is not None:
                _number(name, getattr(self, name), least=0.0)
        for name in _MAPPINGS:
            for key, value in _mapping(name, getattr(self, name)).items():
                _number(f"{name}.{key}", value)
        rates = self.cost_rate if isinstance(self.cost_rate, Mapping) else {"": self.cost_rate}
        for symbol, rate in rates.items():
            _number(f"cost_rate.{symbol}".rstrip("."), rate, least=0.0)
        self._check_references()

    def _check_references(self) -> None:
        for symbol, sector in _mapping("sectors", self.sectors).items():
            if not isinstance(sector, str) or not sector:
                raise InputError(
                    f"the sector of {symbol} is no name",
                    field=f"sectors.{symbol}",
                    value=sector,
                    rule="a text",
                    remedy="put it in quotes, or leave the symbol out",
                )
        held = set(_mapping("sectors", self.sectors).values())
        for name in ("sector_at_least", "sector_at_most"):
            for sector in getattr(self, name):
                near = difflib.get_close_matches(str(sector), held, n=1)
                if sector not in held:
                    raise InputError(
                        f"no symbol is of the sector {sector}",
                        field=f"{name}.{sector}",
                        value=sector,
                        rule=f"one of {', '.join(sorted(held))}" if held else "a sector named in sectors",
                        remedy=f"did you mean {near[0]}?" if near else "name the sector of each symbol under sectors",
                    )
        needs = (("tracking_error", "benchmark", self.benchmark), ("trading_cost", "cost_rate", self.cost_rate))
        for name, other, value in needs:
            if getattr(self, name) is not None and not value:
                raise InputError(f"{name} needs a {other}", field=other, rule="given with it", remedy=f"add {other}")

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> Constraints:
        """Return constraints from plain data, such as a YAML file holds.

        Raises:
            InputError: An unknown name, told with the nearest valid one, or a value that is none.
        """
        valid = [field.name for field in dataclasses.fields(cls)]
        for name in values:
            if name not in valid:
                near = difflib.get_close_matches(str(name), valid, n=1)
                raise InputError(
                    f"there is no constraint {name}",
                    field=str(name),
                    value=values[name],
                    rule=f"one of {', '.join(valid)}",
                    remedy=f"did you mean {near[0]}?" if near else None,
                )
        return cls(**values)

    @property
    def plain(self) -> bool:
        """Whether nothing is asked but long positions that add up to the budget."""
        return self.long_only and not self.beyond_bounds and not self.bounded

    @property
    def bounded(self) -> bool:
        """Whether there are bounds of single weights, ``long_only`` apart."""
        named = bool(self.weights_at_least or self.weights_at_most)
        return named or self.at_least is not None or self.at_most is not None

    @property
    def beyond_bounds(self) -> tuple[str, ...]:
        """Names of the constraints, bounds of single weights and the budget apart, that are set."""
        names = ("leverage", "sector_at_least", "sector_at_most", "turnover", "trading_cost", "tracking_error")
        return tuple(name for name in names if getattr(self, name) not in (None, {}))


def _number(field: str, value: object, least: float = -math.inf) -> None:
    if not is_number(value) or value < least:
        rule = "a finite number" if least == -math.inf else f"a finite number, {least:g} or more"
        raise InputError(
            f"{field} is not such a number", field=field, value=value, rule=rule, remedy=number_remedy(value)
        )


def _mapping(field: str, value: object) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise InputError(f"{field} is not a mapping", field=field, value=value, rule="a value by name")
    return value
