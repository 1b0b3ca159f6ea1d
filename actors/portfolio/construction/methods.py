"""Names of the ways to weights, and what they can be told."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence

from actors.errors import InputError
from actors.portfolio.construction.black_litterman import View
from actors.portfolio.construction.hierarchical_risk_parity import Linkage
from actors.vocabulary import Word


class Method(Word):
    """A way from a forecast to weights.

    * ``MINIMUM_VARIANCE``: the least variance.
    * ``MEAN_VARIANCE``: the most of expected return, less costs, less half the risk aversion times variance. H.
      Markowitz (1952), "Portfolio selection", Journal of Finance 7(1).
    * ``MAXIMUM_DIVERSIFICATION``: the most of mean volatility by volatility of the whole. Y. Choueifaty and Y.
      Coignard (2008), "Toward maximum diversification", Journal of Portfolio Management 35(1).
    * ``RISK_PARITY``: contributions to variance in the proportion of budgets. T. Roncalli (2013), "Introduction to risk
      parity and budgeting", Chapman and Hall.
    * ``EQUAL_RISK_CONTRIBUTION``: the same with equal budgets. S. Maillard, T. Roncalli and J. Teiletche (2010), "The
      properties of equally weighted risk contribution portfolios", Journal of Portfolio Management 36(4).
    * ``HIERARCHICAL_RISK_PARITY``: see ``hierarchical_risk_parity``.
    * ``HIERARCHICAL_EQUAL_RISK_CONTRIBUTION``: equal risk of the clusters of a tree. T. Raffinot (2018), "The
      hierarchical equal risk contribution portfolio".
    * ``MINIMUM_CVAR``: the least expected shortfall over the scenarios; see ``minimum_cvar``.
    * ``BLACK_LITTERMAN``: mean-variance of what ``black_litterman`` makes of the market and one's views.
    """

    MINIMUM_VARIANCE = "minimum_variance"
    MEAN_VARIANCE = "mean_variance"
    MAXIMUM_DIVERSIFICATION = "maximum_diversification"
    RISK_PARITY = "risk_parity"
    EQUAL_RISK_CONTRIBUTION = "equal_risk_contribution"
    HIERARCHICAL_RISK_PARITY = "hierarchical_risk_parity"
    HIERARCHICAL_EQUAL_RISK_CONTRIBUTION = "hierarchical_equal_risk_contribution"
    MINIMUM_CVAR = "minimum_cvar"
    BLACK_LITTERMAN = "black_litterman"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings:
    """What methods can be told.

    Attributes:
        risk_aversion: Of mean-variance and Black-Litterman: half of it times variance is taken off expected return.
        confidence: Level of the expected shortfall.
        risk_budgets: Share of risk by symbol of risk parity, all positive; empty: equal shares.
        linkage: Distance of clusters in the hierarchical methods; left out, what their sources take: ``single`` for
            hierarchical risk parity, ``ward`` for hierarchical equal risk contribution.
        market: Weight by symbol of the market, for Black-Litterman.
        views: Views, for Black-Litterman.

    Raises:
        InputError: A number that is none.
    """

    risk_aversion: float = 2.0
    confidence: float = 0.95
    risk_budgets: Mapping[str, float] = dataclasses.field(default_factory=dict)
    linkage: Linkage | None = None
    market: Mapping[str, float] = dataclasses.field(default_factory=dict)
    views: Sequence[View] = ()

    def __post_init__(self) -> None:
        """Check the numbers."""
        if not (math.isfinite(self.risk_aversion) and self.risk_aversion > 0):
            raise InputError("not a risk aversion", field="risk_aversion", value=self.risk_aversion, rule="positive")
        if not 0 < self.confidence < 1:
            raise InputError("not a confidence", field="confidence", value=self.confidence, rule="between 0 and 1")
        for symbol, budget in self.risk_budgets.items():
            if not (math.isfinite(budget) and budget > 0):
                raise InputError("not a budget", field=f"risk_budgets.{symbol}", value=budget, rule="positive")
        if self.linkage not in (None, "single", "complete", "average", "ward"):
            rule = "single, complete, average or ward"
            raise InputError("no such linkage", field="linkage", value=self.linkage, rule=rule)
