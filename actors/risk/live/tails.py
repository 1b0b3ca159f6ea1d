"""What one scope stands to lose: value at risk and stress, options by full revaluation."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from actors.risk.live.option_revaluation import OptionRevaluation
from actors.risk.measures import Simulation, simulate
from actors.risk.measures.tails import Array
from actors.risk.stress import PriceJump, stress


@dataclasses.dataclass(frozen=True)
class Tails:
    """What one scope stands to lose.

    Attributes:
        simulation: Value at risk and expected shortfall.
        stress: Profit of every stress scenario, 1e-8 units.
        unstressed: Options that ``stress`` leaves out, as they could not be revalued.
        stress_share: Share of the gross exposure that ``stress`` is of.
    """

    simulation: Simulation
    stress: Mapping[str, int]
    unstressed: tuple[int, ...] = ()
    stress_share: float = 1.0


def measure_tails(
    exposures: Mapping[int, int],
    returns: Array,
    count: int,
    confidences: Sequence[float],
    minimum_window: int,
    jumps: Mapping[str, PriceJump],
    options: OptionRevaluation,
) -> Tails:
    """Measure what a book stands to lose.

    Args:
        exposures: Signed market value by instrument id, 1e-8 units.
        returns: Past returns of all instruments, shape (periods, instruments), NaN where unknown.
        count: Closes behind them.
        confidences: Levels of value at risk and expected shortfall.
        minimum_window: Joint returns below which there is no measure.
        jumps: The stress scenarios.
        options: What options gain.
    """
    held = [one for one in exposures if one in options and exposures[one]]
    if not held:
        return Tails(simulate(exposures, returns, confidences, minimum_window), stress(exposures, jumps))
    owned = [one for one, exposure in exposures.items() if exposure]
    columns = np.array(returns[:, owned])
    place = {one: index for index, one in enumerate(owned)}
    for one in held:
        columns[:, place[one]] = options.returns(one, len(columns), count)
    by_place = simulate({place[one]: exposures[one] for one in owned}, columns, confidences, minimum_window)
    covered = tuple(sorted(owned[index] for index in by_place.covered))
    simulation = dataclasses.replace(by_place, covered=covered)
    profits = stress({one: exposure for one, exposure in exposures.items() if one not in options}, jumps)
    unstressed = []
    for one in held:
        gains = options.stressed(one)
        if gains is None:
            unstressed.append(one)
            continue
        for name, gain in gains.items():
            profits[name] += round(exposures[one] * gain)
    gross = sum(abs(exposures[one]) for one in owned)
    missing = sum(abs(exposures[one]) for one in unstressed)
    return Tails(simulation, profits, tuple(sorted(unstressed)), 1 - missing / gross)
