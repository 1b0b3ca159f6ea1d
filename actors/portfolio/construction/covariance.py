"""How a covariance is estimated from returns: as it was, shrunk, by factors, or without the noise in its spectrum.

By ``skfolio`` and scikit-learn; here they only have names.
"""

from __future__ import annotations

import numpy as np

from actors.errors import InputError
from actors.portfolio.construction.checks import Array, finite_numbers
from actors.vocabulary import Word


class Estimator(Word):
    """An estimator of covariance.

    * ``SAMPLE``: as it was, divided by one less than the periods.
    * ``LEDOIT_WOLF``: drawn towards equal variances. O. Ledoit and M. Wolf (2004), "A well-conditioned estimator for
      large-dimensional covariance matrices", Journal of Multivariate Analysis 88(2).
    * ``OAS``: the same, with the share that is best for normal returns. Y. Chen, A. Wiesel, Y. Eldar and A. Hero
      (2010), "Shrinkage algorithms for MMSE covariance estimation", IEEE Transactions on Signal Processing 58(10).
    * ``DENOISED``: eigenvalues of noise replaced by their mean. M. Lopez de Prado (2020), "Machine learning for asset
      managers", Cambridge University Press, section 2.
    * ``FACTOR``: loadings on the leading principal components, and what is left to each asset alone; see
      ``factor_covariance`` for factors of one's own.
    """

    SAMPLE = "sample"
    LEDOIT_WOLF = "ledoit_wolf"
    OAS = "oas"
    DENOISED = "denoised"
    FACTOR = "factor"


def estimate(returns: Array, estimator: Estimator) -> Array:
    """Return the covariance of returns.

    Args:
        returns: Finite simple returns, shape (periods, n), two periods at least.
        estimator: How.

    Returns:
        Shape (n, n), per period.
    """
    if estimator is Estimator.SAMPLE:
        return np.atleast_2d(np.cov(returns, rowvar=False))
    if estimator is Estimator.FACTOR:
        return factor_covariance(returns, principal_components(returns))
    from skfolio.moments import OAS, DenoiseCovariance, LedoitWolf

    kinds = {Estimator.LEDOIT_WOLF: LedoitWolf, Estimator.OAS: OAS, Estimator.DENOISED: DenoiseCovariance}
    return np.asarray(kinds[estimator]().fit(returns).covariance_, np.float64)


def factor_covariance(returns: Array, factors: Array) -> Array:
    """Return the covariance of assets that have only factors in common: B F B' + D.

    Loadings B by least squares, factors' covariance F of the sample, D the variances of what is left.

    Args:
        returns: Simple returns, shape (periods, n).
        factors: Returns of the factors in the same periods, shape (periods, k), k less than the periods less one.

    Raises:
        InputError: Other periods, too many factors, or a number that is none.
    """
    from skfolio.prior import LoadingMatrixRegression, TimeSeriesFactorModel
    from sklearn.linear_model import LinearRegression

    periods = len(returns)
    count = np.shape(factors)[1] if np.ndim(factors) == 2 else 0
    if not 0 < count < periods - 1:
        raise InputError(
            "not factors", field="factors", value=np.shape(factors), rule=f"shape ({periods}, k), 0 < k < {periods - 1}"
        )
    named = [f"factor {number}" for number in range(count)]
    checked = finite_numbers("factors", factors, range(periods), named)
    loadings = LoadingMatrixRegression(linear_regressor=LinearRegression())
    model = TimeSeriesFactorModel(loading_matrix_estimator=loadings).fit(returns, factors=checked)
    return np.asarray(model.return_distribution_.covariance, np.float64)


def principal_components(returns: Array) -> Array:
    """Return the returns of the leading principal components of standardised returns, shape (periods, k).

    As many as have eigenvalues above what pure noise would have, (1 + sqrt(n / periods))^2, and one at least.
    V. Marchenko and L. Pastur (1967), "Distribution of eigenvalues for some sets of random matrices".
    """
    periods, assets = returns.shape
    standard = (returns - returns.mean(axis=0)) / returns.std(axis=0)
    left, strengths, _ = np.linalg.svd(standard, full_matrices=False)
    above = int((strengths**2 / periods > (1 + np.sqrt(assets / periods)) ** 2).sum())
    count = min(max(above, 1), max(periods - 2, 1))
    return np.asarray(left[:, :count] * strengths[:count], np.float64)
