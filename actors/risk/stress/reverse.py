"""Reverse stress: which scenario that loses a given amount is the most plausible?

Plausible is what is near in the metric of the factors' covariance S: the distance of a scenario x is sqrt(x' S^-1 x),
in sigmas. T. Breuer, M. Jandacka, K. Rheinberger and M. Summer (2009), "How to find plausible, severe, and useful
stress scenarios", International Journal of Central Banking 5(3); Y. Kopeliovich, A. Novosyolov, D. Satchkov and
B. Schachter (2015), "Robust risk estimation and hedging: a reverse stress testing approach", Journal of Derivatives
22(4).
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
from scipy import special

from actors.errors import InputError
from actors.risk.measures.tails import Array
from actors.risk.stress.batch import profits
from actors.risk.stress.book import StressBook
from actors.risk.stress.factor_model import FactorModel
from actors.risk.stress.factors import Factor, FactorKind
from actors.risk.stress.market import ShockedMarket
from actors.risk.stress.nearest_loss import REACH, nearest_loss
from actors.risk.stress.positions import LinearPosition
from actors.risk.stress.requirements import lacking
from actors.risk.stress.result import Coverage
from actors.risk.stress.rows import Rows
from actors.risk.stress.shocks import Shock

_PARTS = "coverage", "rows"


@dataclasses.dataclass(frozen=True)
class ReverseStress:
    """The most plausible scenario that loses an amount, or the largest loss where none was found.

    Attributes:
        loss: What was asked for, base currency.
        found: Whether there is such a scenario; if not, all that follows is of the largest loss within ``REACH``
            sigmas.
        shocks: Change by factor.
        profit: What the covered positions gain under it, revalued in full.
        distance: How far it is, in sigmas.
        probability: Of losing as much or more, were the changes normal: N(-distance). Exact for books that are linear;
            else of first order, with the boundary of such losses taken as flat (A. Hasofer and N. Lind 1974).
        probability_beyond: Of a scenario as far away or further in any direction (chi-squared).
        method: ``closed form`` or ``numerical``.
        coverage: How much of the book this is of.
        rows: What the covariance was reckoned from, where known.
    """

    loss: float
    found: bool
    shocks: Mapping[Factor, Shock]
    profit: float
    distance: float
    probability: float
    probability_beyond: float
    method: str
    coverage: Coverage
    rows: Rows | None = None

    def plain(self) -> dict[str, Any]:
        """Return the answer as plain data."""
        return {
            **{field.name: getattr(self, field.name) for field in dataclasses.fields(self) if field.name not in _PARTS},
            "shocks": {str(factor): shock.text() for factor, shock in self.shocks.items()},
            "reason": None if self.found else f"no scenario within {REACH:g} sigmas was found that loses so much",
            **({} if self.rows is None else self.rows.plain()),
            **self.coverage.plain(),
        }


def reverse_linear(exposures: Array, covariance: Array, loss: float) -> tuple[Array, float]:
    """Return the most plausible scenario that loses an amount, of a book with profit d'x, and its distance.

    x = -L S d / (d' S d), at L / sqrt(d' S d) sigmas; Kopeliovich et al. (2015).

    Args:
        exposures: d, gain by factor for a change of 1, shape (factors,).
        covariance: S, shape (factors, factors).
        loss: L, positive.

    Raises:
        InputError: The book does not move with the factors.
    """
    direction = covariance @ exposures
    variance = float(exposures @ direction)
    if not variance > 0:
        raise InputError(
            "the book does not move with the factors", field="positions", value=variance, rule="a variance"
        )
    return -loss * direction / variance, loss / math.sqrt(variance)


def reverse_stress(book: StressBook, model: FactorModel, loss: float, seed: int = 0) -> ReverseStress:
    """Return the most plausible scenario in which a book loses an amount.

    In closed form where every position is linear in the factors and no price would fall below 0 in it, else by search
    from many starts.

    Args:
        book: What is held. Positions that need a factor which the model lacks are missing, and told.
        model: How the factors move together.
        loss: Amount, base currency, positive.
        seed: Seed of the search's starts.

    Raises:
        InputError: An amount that is not positive, or nothing is covered.
    """
    if not (math.isfinite(loss) and loss > 0):
        raise InputError("not an amount to lose", field="reverse", value=loss, rule="a positive number")
    missing = lacking(book, {dataclasses.replace(factor, tenor=None) for factor in model.factors})
    coverage = book.coverage({**book.missing, **missing})
    covered = [position for position in book.positions if position.name not in missing]
    if not covered:
        raise InputError(
            "no position's factors have data", field="positions", value="; ".join(missing.values())[:200],
            rule="data for one at least",
        )  # fmt: skip

    base = book.market.base
    straight = [one.name for one in covered if isinstance(one, LinearPosition) and _is_linear(one, base, model)]
    bent = [one.name for one in covered if one.name not in straight]
    # Of what is linear the gain for a tenth, times ten, is that for a change of 1.
    tenths = [model.shocks(row) for row in 0.1 * np.eye(len(model.factors))]
    exposures = 10 * profits(book, tenths, {*missing, *bent}) if straight else np.zeros(len(model.factors))
    if not bent:
        moves, distance = reverse_linear(exposures, model.covariance, loss)
        if (moves >= model.lowest).all():
            return _answer(loss, True, model, moves, float(exposures @ moves), distance, "closed form", coverage)
    used = _used(book, model, bent)

    def gains(moves: Array) -> Array:
        scenarios = [model.shocks(row, used) for row in moves]
        return np.asarray(moves @ exposures + profits(book, scenarios, {*missing, *straight}), np.float64)

    found = nearest_loss(gains, model, loss, seed)
    return _answer(loss, found.reached, model, found.moves, found.profit, found.distance, "numerical", coverage)


def _used(book: StressBook, model: FactorModel, names: Collection[str]) -> set[Factor]:
    """Return the factors that some positions move with."""
    market = ShockedMarket(book.market, model.shocks(np.full(len(model.factors), 1e-4)))
    for position in book.positions:
        if position.name in names:
            position.value(market)
            market.exchange(position.currency)
    return market.used


def _is_linear(position: LinearPosition, base: str, model: FactorModel) -> bool:
    """Tell whether the gain is proportional to changes; a price times an exchange rate that both move is not."""
    moving = {factor.name for factor in model.factors if factor.kind is FactorKind.FX}
    if position.symbol is not None and len(position.symbol) == 6:
        pairs = {position.symbol, position.symbol[3:] + position.symbol[:3]}
        if pairs & moving:
            return False
    if position.currency == base:
        return True
    direct, inverse = position.currency + base, base + position.currency
    return position.symbol is None and direct in moving and inverse not in moving


def _answer(
    loss: float,
    found: bool,
    model: FactorModel,
    moves: Array,
    profit: float,
    distance: float,
    method: str,
    coverage: Coverage,
) -> ReverseStress:
    directions = model.root.shape[1]
    return ReverseStress(
        loss=loss,
        found=found,
        shocks=model.shocks(moves),
        profit=profit,
        distance=distance,
        probability=float(special.ndtr(-distance)),
        probability_beyond=float(special.chdtrc(directions, distance**2)),
        method=method,
        coverage=coverage,
        rows=model.rows,
    )
