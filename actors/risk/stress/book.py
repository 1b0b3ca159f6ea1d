"""A book under stress: every position revalued, translated, and told apart by factor."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping, Sequence

from actors.errors import InputError
from actors.risk.stress.contract_position import ContractPosition
from actors.risk.stress.factors import VOLATILITY, Factor, FactorKind
from actors.risk.stress.market import ShockedMarket, StressMarket
from actors.risk.stress.positions import OptionPosition, Revaluable
from actors.risk.stress.result import Coverage, PositionProfit, StressResult
from actors.risk.stress.scenario import Scenario
from actors.risk.stress.shocks import Shock


@dataclasses.dataclass(frozen=True)
class _Held:
    position: Revaluable
    notional: float
    value: float


class StressBook:
    """Positions and the market that they are in.

    A position that can't be valued today is missing from every figure; each figure says so.

    Args:
        positions: What is held; each name once.
        market: Levels of today.
        unpriced: Reason by name of positions that have a size, but no value that counts today.

    Attributes:
        market: Levels of today.
        missing: Reason by name of the positions that can't be valued.

    Raises:
        InputError: A name that occurs twice, or a currency without an exchange rate: its share of the book would not
            be known.
    """

    def __init__(
        self, positions: Sequence[Revaluable], market: StressMarket, unpriced: Mapping[str, str] | None = None
    ) -> None:
        self.market = market
        self.missing: dict[str, str] = dict(unpriced or {})
        self._every = tuple(positions)
        self._held: list[_Held] = []
        self._notionals: dict[str, float] = {}
        today = ShockedMarket(market, {})
        for position in positions:
            if position.name in self._notionals:
                raise InputError(
                    "a position's name occurs twice", field="positions", value=position.name, rule="a name of its own"
                )
            exchange = today.exchange(position.currency)
            notional = self._notionals[position.name] = position.notional * exchange
            if position.name in self.missing:
                continue
            try:
                value = position.value(today) * exchange
            except InputError as error:
                self.missing[position.name] = str(error)
            else:
                self._held.append(_Held(position, notional, value))

    @property
    def positions(self) -> tuple[Revaluable, ...]:
        """The positions that can be valued."""
        return tuple(held.position for held in self._held)

    @property
    def value(self) -> float:
        """What those are worth today, base currency."""
        return sum(held.value for held in self._held)

    @property
    def gross(self) -> float:
        """Notional of all positions, also those that can't be valued, base currency."""
        return sum(self._notionals.values())

    @functools.cached_property
    def _known(self) -> frozenset[Factor]:
        found = self.market.known_factors()
        for position in self._every:
            found |= position.needs
            if isinstance(position, OptionPosition) and position.volatility is not None:
                found.add(Factor(FactorKind.VOLATILITY, position.symbol))
        return frozenset(found)

    def known_factors(self) -> frozenset[Factor]:
        """Return what can move in this book and its market, without key tenors."""
        return self._known

    def run(self, scenario: Scenario, missing: Mapping[str, str] | None = None, split: bool = True) -> StressResult:
        """Return what the book gains in a scenario.

        The part of a factor is what it brings alone, all others as today; where factors multiply (a price and an
        exchange rate, an option's spot and volatility), what is left is told as the cross term.

        Args:
            scenario: What happens.
            missing: Reason by name of positions of which the scenario says nothing.
            split: Whether to tell the factors apart.

        Raises:
            InputError: A factor that book and market do not have.
        """
        scenario.require_known(self.known_factors())
        left_out = {**self.missing, **(missing or {})}
        shocked = ShockedMarket(self.market, scenario.shocks)
        rows = []
        for held in self._held:
            if held.position.name in left_out:
                continue
            try:
                rows.append(self._row(held, shocked, scenario.shocks, split))
            except InputError as error:
                left_out[held.position.name] = str(error)
        rows.sort(key=lambda row: row.profit)
        notes = self._notes(scenario, left_out)
        return StressResult(scenario.name, self.market.base, tuple(rows), self.coverage(left_out), notes)

    def coverage(self, missing: Mapping[str, str]) -> Coverage:
        """Return how much of the book is left without some positions."""
        lost = sum(self._notionals[name] for name in missing)
        gross = self.gross
        return Coverage(1 - lost / gross if gross else 1.0 - bool(missing), dict(missing))

    def _notes(self, scenario: Scenario, left_out: Mapping[str, str]) -> tuple[str, ...]:
        """Return what was assumed, and what the scenario says that was not applied."""
        covered = [position for position in self.positions if position.name not in left_out]
        options = {one.currency for one in covered if isinstance(one, OptionPosition)}
        notes = [
            f"rate of {currency} taken for 0: rates has none" for currency in sorted(options - {*self.market.rates})
        ]
        still = [one.name for one in covered if isinstance(one, ContractPosition) and one.is_option]
        if VOLATILITY in scenario.shocks and still:
            notes.append(f"volatility is not applied to caps, floors and swaptions: {', '.join(still)}")
        return tuple(notes)

    def _row(self, held: _Held, shocked: ShockedMarket, shocks: Mapping[Factor, Shock], split: bool) -> PositionProfit:
        shocked.used.clear()
        profit = self._value(held.position, shocked) - held.value
        parts = {}
        if split:
            moved = sorted(shocked.used)
            for factor in moved:
                alone = ShockedMarket(self.market, shocks, only=factor) if len(moved) > 1 else None
                parts[str(factor)] = profit if alone is None else self._value(held.position, alone) - held.value
        return PositionProfit(held.position.name, profit, parts, profit - sum(parts.values()) if split else 0.0)

    @staticmethod
    def _value(position: Revaluable, market: ShockedMarket) -> float:
        return position.value(market) * market.exchange(position.currency)
