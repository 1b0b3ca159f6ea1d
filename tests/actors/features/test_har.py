from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from actors.features.har import har_regressors, trailing_means

VARIANCES = arrays.arrays(np.float64, st.integers(22, 80), elements=st.floats(1e-9, 1e-1))


def test_regressors_are_logarithms_of_the_average_over_each_lag() -> None:
    variances = np.arange(1.0, 31.0)
    rows = har_regressors(variances)
    assert rows.shape == (9, 3)
    assert rows[-1] == pytest.approx(np.log([30.0, variances[-5:].mean(), variances[-22:].mean()]))
    assert rows[0] == pytest.approx(np.log([22.0, variances[17:22].mean(), variances[:22].mean()]))


def test_there_are_no_regressors_where_the_history_is_too_short() -> None:
    assert har_regressors(np.ones(21)).shape == (0, 3)
    assert trailing_means(np.ones(3), 5).shape == (0,)


@settings(deadline=None)
@given(VARIANCES)
def test_one_window_alone_gives_the_same_bits_as_within_a_series(variances: np.ndarray) -> None:
    rows = har_regressors(variances)
    for index in range(len(rows)):
        assert np.array_equal(har_regressors(variances[index : index + 22])[0], rows[index])


@settings(deadline=None)
@given(VARIANCES, st.integers(22, 79), st.floats(1e-9, 1e-1))
def test_another_future_changes_no_earlier_regressor(variances: np.ndarray, cut: int, other: float) -> None:
    changed = variances.copy()
    changed[cut:] = other
    count = max(0, min(cut, len(variances)) - 21)
    assert np.array_equal(har_regressors(changed)[:count], har_regressors(variances)[:count])
