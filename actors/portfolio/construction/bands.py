"""No-trade bands: weights that are near enough to their targets are left where they are.

With costs in proportion to what is traded, the best is to do nothing inside a region around the target, and to trade
to its edge from outside: G. Constantinides (1986), "Capital market equilibrium with transaction costs", Journal of
Political Economy 94(4); M. Davis and A. Norman (1990), "Portfolio selection with transaction costs", Mathematics of
Operations Research 15(4).
"""

from __future__ import annotations

import numpy as np

from actors.errors import InputError
from actors.portfolio.construction.checks import Array


def trade_to_band(
    current: Array, target: Array, width: Array | float, low: Array | float = -np.inf, high: Array | float = np.inf
) -> Array:
    """Return the weights to trade to: each inside its band, with the sum that the targets have.

    What lies outside its band goes to the nearest edge. Where the sum then lacks something, those that trade that way
    anyway go further, at most to their targets, and only if these don't suffice others do: nothing overshoots, and no
    asset trades that need not.

    Args:
        current: Weights before trading, shape (n,).
        target: Target weights, shape (n,).
        width: Half the width of the bands, in weight, 0 or more: one number, or shape (n,).
        low: Weights below which no band goes, one number or shape (n,); a target that is there already stays.
        high: Weights above which no band goes, the same.

    Returns:
        Shape (n,).

    Raises:
        InputError: Shapes that differ, or a number that is none.
    """
    held, aim = np.asarray(current, np.float64), np.asarray(target, np.float64)
    if held.shape != aim.shape or held.ndim != 1:
        raise InputError("not as many weights as targets", field="current", value=held.shape, rule=f"{aim.shape}")
    half = np.asarray(width, np.float64)
    if half.shape not in ((), aim.shape):
        raise InputError("not as many widths as targets", field="width", value=half.shape, rule=f"one, or {aim.shape}")
    for field, numbers in (("current", held), ("target", aim), ("width", half)):
        wrong = np.flatnonzero(~np.isfinite(numbers) | ((numbers < 0) & (field == "width")))
        if len(wrong):
            at, rule = int(wrong[0]), "0 or more" if field == "width" else "a finite number"
            raise InputError(f"{field} is no such number", field=f"{field}[{at}]", value=numbers.flat[at], rule=rule)
    found = np.clip(held, np.maximum(aim - half, np.minimum(low, aim)), np.minimum(aim + half, np.maximum(high, aim)))
    lacking = float(aim.sum() - found.sum())
    way = 1.0 if lacking > 0 else -1.0
    trading = (found - held) * way > 0
    for chosen in (trading, ~trading):
        room = np.where(chosen, np.maximum((aim - found) * way, 0.0), 0.0)
        if room.sum() > 0 and lacking * way > 0:
            share = min(lacking * way / room.sum(), 1.0)
            found = found + way * room * share
            lacking -= way * share * room.sum()
    return found


def best_width(target: float, cost_rate: float, risk_aversion: float) -> float:
    """Return half the width of the band that is best for one risky asset beside cash, to first order in the cost.

    (3 / (2 gamma) w^2 (1 - w)^2 lambda)^(1/3): K. Janecek and S. Shreve (2004), "Asymptotic analysis for optimal
    investment and consumption with transaction costs", Finance and Stochastics 8(2).

    Args:
        target: The asset's weight w without costs.
        cost_rate: Cost lambda of trading, a fraction of what is traded, 0 or more.
        risk_aversion: Relative risk aversion gamma, positive.

    Raises:
        InputError: A number that is none.
    """
    if not np.isfinite(target):
        raise InputError("not a weight", field="target", value=target, rule="a finite number")
    if not 0 <= cost_rate < 1:
        raise InputError("not a cost rate", field="cost_rate", value=cost_rate, rule="from 0 to less than 1")
    if not (np.isfinite(risk_aversion) and risk_aversion > 0):
        raise InputError("not a risk aversion", field="risk_aversion", value=risk_aversion, rule="positive")
    return float(np.cbrt(1.5 / risk_aversion * target**2 * (1 - target) ** 2 * cost_rate))
