"""Measures of risk: value at risk and expected shortfall by several methods, their parts, and tests of them."""

from actors.risk.measures.historical import Simulation, simulate
from actors.risk.measures.methods import Method, TailEstimate, estimate
from actors.risk.measures.tails import Interval, TailLoss, quantile_interval, tail_loss

__all__ = [
    "Interval",
    "Method",
    "Simulation",
    "TailEstimate",
    "TailLoss",
    "estimate",
    "quantile_interval",
    "simulate",
    "tail_loss",
]
