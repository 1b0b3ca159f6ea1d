"""Closes side by side."""

from __future__ import annotations

import dataclasses
import pathlib

import numpy as np
import pytest

from actors.errors import DataError, InputError
from actors.ingest.closes import ClosePanel, close_panel
from actors.ingest.source import read_table
from actors.market.ticks import Kind
from configs.schema import Configuration

ROWS = """date,symbol,open,high,low,close,volume
2020-01-03,BBB,1,1,1,20,1
2020-01-02,AAA,1,1,1,10,1
2020-01-03,AAA,1,1,1,11,1
2020-01-06,AAA,1,1,1,,1
2020-01-06,BBB,1,1,1,22,1
2020-01-07,AAA,1,1,1,12.1,1
2020-01-07,CCC,1,1,1,-5,1
"""


def panel(folder: pathlib.Path, content: str = ROWS, symbols: tuple[str, ...] = ()) -> ClosePanel:
    path = folder / "bars.csv"
    path.write_text(content)
    configuration = Configuration()
    table, _ = read_table(path, configuration.feed, configuration.instruments)
    return close_panel(table, symbols)


def test_times_are_rows_and_symbols_are_columns(tmp_path: pathlib.Path) -> None:
    found = panel(tmp_path)
    assert sorted(found.symbols) == ["AAA", "BBB"]
    by_symbol = dict(zip(found.symbols, found.closes.T.tolist(), strict=True))
    assert str(by_symbol["AAA"]) == "[10.0, 11.0, nan, 12.1]"
    assert str(by_symbol["BBB"]) == "[nan, 20.0, 22.0, nan]"
    assert found.times.astype("datetime64[ns]").astype("datetime64[D]").astype(str).tolist() == [
        "2020-01-02", "2020-01-03", "2020-01-06", "2020-01-07"
    ]  # fmt: skip
    assert found.unusable == 2


def test_a_return_needs_two_closes_in_a_row(tmp_path: pathlib.Path) -> None:
    found = panel(tmp_path)
    returns = found.returns()[:, found.symbols.index("AAA")]
    assert returns[0] == pytest.approx(0.1) and np.isnan(returns[1:]).all()


def test_some_symbols_are_chosen_and_unknown_ones_refused(tmp_path: pathlib.Path) -> None:
    assert panel(tmp_path, symbols=("BBB",)).symbols == ("BBB",)
    with pytest.raises(InputError, match="no symbol 'AAB'"):
        panel(tmp_path, symbols=("AAB",))
    with pytest.raises(InputError) as caught:
        panel(tmp_path, symbols=("AAA", "CCC"))
    assert caught.value.value == "CCC"


def test_what_are_no_bars_or_no_closes_is_refused(tmp_path: pathlib.Path) -> None:
    with pytest.raises(DataError, match="no bar"):
        panel(tmp_path, "date,symbol,open,high,low,close,volume\n2020-01-02,AAA,1,1,1,0,1\n")
    configuration = Configuration()
    table, _ = read_table(tmp_path / "bars.csv", configuration.feed, configuration.instruments)
    with pytest.raises(DataError) as caught:
        close_panel(dataclasses.replace(table, kind=Kind.TRADE))
    assert caught.value.rule == "bars"
