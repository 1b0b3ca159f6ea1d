"""Stress tests: what a book would gain or lose if markets jumped, or had done what they once did."""

from actors.risk.stress.book import StressBook
from actors.risk.stress.correlation import Correlations, CorrelationEffect, correlation_effect
from actors.risk.stress.factor_model import FactorModel, factor_model
from actors.risk.stress.factors import Factor, FactorKind, parse_factor
from actors.risk.stress.market import ShockedMarket, StressMarket
from actors.risk.stress.one_factor import HowFar, how_far
from actors.risk.stress.positions import KeyRatePosition, LinearPosition, OptionPosition, Revaluable
from actors.risk.stress.price_jumps import PriceJump, price_jumps, stress
from actors.risk.stress.replay import Replay, replay, replay_all
from actors.risk.stress.result import Coverage, StressResult
from actors.risk.stress.reverse import ReverseStress, reverse_linear, reverse_stress
from actors.risk.stress.scenario import Scenario, read_scenarios, scenario_from, standard_scenarios
from actors.risk.stress.shocks import Shock
from actors.risk.stress.windows import WINDOWS, Window

__all__ = [
    "WINDOWS",
    "CorrelationEffect",
    "Correlations",
    "Coverage",
    "Factor",
    "FactorKind",
    "FactorModel",
    "HowFar",
    "KeyRatePosition",
    "LinearPosition",
    "OptionPosition",
    "PriceJump",
    "Replay",
    "Revaluable",
    "ReverseStress",
    "Scenario",
    "ShockedMarket",
    "Shock",
    "StressBook",
    "StressMarket",
    "StressResult",
    "Window",
    "correlation_effect",
    "factor_model",
    "how_far",
    "parse_factor",
    "price_jumps",
    "read_scenarios",
    "replay",
    "replay_all",
    "reverse_linear",
    "reverse_stress",
    "scenario_from",
    "standard_scenarios",
    "stress",
]
