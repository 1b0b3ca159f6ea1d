"""How long a period of realised variance should be for the data at hand."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from actors.clock import MINUTE
from configs.schema import ForecasterSection

CANDIDATES = (30, 5, 1)
"""Lengths in minutes, the longest first: the longer a period, the less the bounce of prices blurs its variance."""

SPARE = 2
"""How many times the periods that a first fit needs the data should hold, so that something is left to trade on."""


def fitting_period(section: ForecasterSection, times: npt.NDArray[np.int64] | None, instruments: int) -> int:
    """Return the length of a period in minutes.

    ``section.period_minutes`` where it is set. Else the longest of 30, 5 and 1 of which the data hold twice as many as
    the first fit needs: the longest lag, the longest horizon, and this instrument's share of the pooled observations.
    Only the extent of the data is looked at, no price. Data without times (daily bars, a simulated market) get 30.

    Args:
        section: The forecaster's settings.
        times: Event times of the rows, UTC nanoseconds, or ``None``.
        instruments: Number of instruments that share the fit.
    """
    if section.period_minutes:
        return section.period_minutes
    if times is None:
        return CANDIDATES[0]
    needed = max(section.lags) + max(section.horizons) + -(-section.minimum_observations // max(instruments, 1))
    for minutes in CANDIDATES:
        if len(np.unique(times // (minutes * MINUTE))) >= SPARE * needed:
            return minutes
    return CANDIDATES[-1]
