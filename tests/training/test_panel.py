from __future__ import annotations

import numpy as np
import pytest

from actors.errors import InputError
from actors.messages import RealizedVariance
from training.panel import PanelBuilder, check_variances


def _row(instrument: int, time: int, variance: float = 1e-4) -> RealizedVariance:
    return RealizedVariance(instrument, time - 1, time, variance)


def test_rows_that_come_twice_change_nothing() -> None:
    builder = PanelBuilder(10)
    assert len(builder.add([_row(0, 1), _row(0, 2), _row(0, 2), _row(0, 1)])) == 2
    assert builder.add([_row(0, 1), _row(0, 2)]) == []
    assert (builder.newest, builder.periods) == (2, 2)


def test_the_panel_keeps_the_newest_periods_of_each_instrument() -> None:
    builder = PanelBuilder(3)
    builder.add([_row(n, time) for time in range(1, 6) for n in (1, 0)])
    panel = builder.panel()
    assert [series.instrument for series in panel] == [0, 1]
    assert panel[0].known_times.tolist() == [3, 4, 5]
    assert builder.periods == 5
    assert builder.periods_after(3) == 2
    assert builder.rows(7) == []
    for time in range(6, 30):
        builder.add([_row(0, time, time / 100)])
        assert builder.rows(0) == [_row(0, at, at / 100 if at > 5 else 1e-4) for at in range(time - 2, time + 1)]
    assert builder.rows(0, 1) == [_row(0, 29, 0.29)]
    assert builder.panel()[0].variances.tolist() == [0.27, 0.28, 0.29]


@pytest.mark.parametrize(("rows", "usable"), [(0, 0), (26, 0), (27, 2), (30, 8)])
def test_usable_rows_have_a_full_history_and_a_full_horizon(rows: int, usable: int) -> None:
    builder = PanelBuilder(100)
    builder.add([_row(n, time) for time in range(1, rows + 1) for n in (0, 1)])
    assert builder.usable(22, 5) == usable


@pytest.mark.parametrize(
    ("values", "field", "value"),
    [
        ([1.0, float("nan")], "v[1]", "nan"),
        ([0.0, 1.0], "v[0]", "0.0"),
        ([1.0, -2.0], "v[1]", "-2.0"),
        ([1.0, float("inf")], "v[1]", "inf"),
        ([1.0], "v", "1"),
        ([[1.0], [2.0]], "v", "2"),
    ],
)
def test_what_is_no_history_of_variances_is_refused_by_place_and_value(
    values: list[float], field: str, value: str
) -> None:
    with pytest.raises(InputError) as raised:
        check_variances(np.array(values), "v", 2)
    assert (raised.value.field, str(raised.value.value)) == (field, value)
