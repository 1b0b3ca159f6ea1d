"""Trading over several periods when returns can be foreseen, fade, and trading costs: part of the way to an aim.

N. Garleanu and L. Pedersen (2013), "Dynamic trading with predictable returns and transaction costs", Journal of Finance
68(6). Expected price changes are B f with factors f that fade at rates Phi, f' = (I - Phi) f; holding x costs
gamma/2 x'Sigma x of utility a period, trading dx costs dx'Lambda dx / 2, and later periods are discounted by rho.

The best trade goes at a constant rate from what is held towards an aim, which weighs each factor by how long it lasts.
Where costs are Lambda = lambda Sigma the rate is a / lambda for all assets, with

    a = (sqrt(k^2 + 4 gamma lambda (1 - rho)^2) - k) / (2 (1 - rho)),  k = gamma (1 - rho) + lambda rho,

and the aim is (gamma Sigma)^-1 B (I + Phi a / gamma)^-1 f. Other costs come down to this in the directions in which
both matrices are diagonal.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np
from scipy import linalg

from actors.errors import InputError
from actors.portfolio.construction.checks import Array, check_definite, covariance_matrix, finite_numbers


def value_slope(risk_aversion: float, cost: float, discount: float) -> float:
    """Return a, for which the value of holdings falls by a/2 x'Sigma x where costs are ``cost`` times Sigma.

    Args:
        risk_aversion: gamma, positive, per unit of money.
        cost: lambda, positive.
        discount: rho of one period, from 0 to less than 1.

    Raises:
        InputError: A number that is none.
    """
    for field, value in (("risk_aversion", risk_aversion), ("cost", cost)):
        if not (math.isfinite(value) and value > 0):
            raise InputError(f"{field} is not positive", field=field, value=value, rule="a positive number")
    if not 0 <= discount < 1:
        raise InputError("not a discount", field="discount", value=discount, rule="from 0 to less than 1")
    kept = 1 - discount
    middle = risk_aversion * kept + cost * discount
    # The root of a difference of near numbers, without that difference.
    return 2 * risk_aversion * cost * kept / (math.sqrt(middle**2 + 4 * risk_aversion * cost * kept**2) + middle)


@dataclasses.dataclass(frozen=True, eq=False)
class TradingPolicy:
    """How to trade n assets on k factors; holdings are numbers of units, or money where returns are foreseen.

    Attributes:
        symbols: Symbol by asset.
        covariance: Sigma, of price changes (or returns) in one period, shape (n, n), positive definite.
        loadings: B, expected change by asset and unit of factor, shape (n, k).
        fading: Phi, shape (k, k): the part of each factor that is gone after one period; eigenvalues from 0 to 1.
        risk_aversion: gamma.
        cost: Lambda, shape (n, n), positive definite, or lambda of costs that are lambda times Sigma.
        discount: rho of one period.
        rate: The part of the way to the aim that is traded in a period, shape (n, n); where costs are lambda times
            Sigma it is a / lambda on the diagonal.
        aims: Aim by unit of each factor, shape (n, k).

    Raises:
        InputError: A number that is none, or matrices that do not fit; named by their symbols.
    """

    symbols: tuple[str, ...]
    covariance: Array
    loadings: Array
    fading: Array
    risk_aversion: float
    cost: Array | float
    discount: float = 0.0
    rate: Array = dataclasses.field(init=False)
    aims: Array = dataclasses.field(init=False)

    def __post_init__(self) -> None:
        """Check the numbers and find the directions."""
        covariance = covariance_matrix(self.covariance, self.symbols)
        check_definite(covariance, self.symbols)
        factors = np.shape(self.loadings)[-1] if np.ndim(self.loadings) == 2 else 0
        names = [f"factor {number}" for number in range(factors)]
        loadings = finite_numbers("loadings", np.transpose(self.loadings), names, self.symbols).T
        fading = finite_numbers("fading", self.fading, names, names)
        gone = np.linalg.eigvals(fading)
        if factors and (gone.real.min() < 0 or np.abs(gone - 1).max() > 1):
            raise InputError(
                "a factor that does not fade",
                field="fading",
                value=", ".join(f"{value:.3g}" for value in gone),
                rule="eigenvalues from 0 (lasts) to 1 (gone after one period)",
            )
        if isinstance(self.cost, (int, float)):
            value_slope(self.risk_aversion, self.cost, self.discount)
            cost = covariance * self.cost
        else:
            cost = covariance_matrix(self.cost, self.symbols, "cost")
            check_definite(cost, self.symbols, "cost")
        # Directions V with V'Sigma V diagonal (risks) and V'Lambda V the identity.
        risks, directions = linalg.eigh(covariance, cost)
        slopes = np.array([value_slope(self.risk_aversion * risk, 1.0, self.discount) for risk in risks])
        inverse = directions.T @ cost
        aims = np.zeros((len(risks), factors))
        seen = directions.T @ loadings
        for at, (risk, slope) in enumerate(zip(risks, slopes, strict=True)):
            lasting = np.eye(factors) + fading * (slope / (self.risk_aversion * risk))
            aims[at] = np.linalg.solve(lasting.T, seen[at]) / (self.risk_aversion * risk)
        object.__setattr__(self, "aims", directions @ aims)
        object.__setattr__(self, "rate", directions @ (slopes[:, None] * inverse))

    def aim(self, factors: Array) -> Array:
        """Return the holdings to trade towards.

        Args:
            factors: f, shape (k,).

        Raises:
            InputError: Another shape, or a number that is none.
        """
        names = [f"factor {number}" for number in range(self.aims.shape[1])]
        return np.asarray(self.aims @ finite_numbers("factors", factors, None, names), np.float64)

    def trade(self, held: Array, factors: Array) -> Array:
        """Return the holdings after the best trade of this period, shape (n,).

        Args:
            held: Holdings before it, shape (n,).
            factors: f, shape (k,).

        Raises:
            InputError: Another shape, or a number that is none.
        """
        before = finite_numbers("held", held, None, self.symbols)
        return np.asarray(before + self.rate @ (self.aim(factors) - before), np.float64)
