"""``alphamind risk backtest``, as its user calls it."""

from __future__ import annotations

import json
import pathlib

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from actors.errors import AlphaMindError, DataError, InputError
from cluster.cli import app
from tests.data import real_data


def call(*arguments: object) -> Result:
    """Call the command; errors that AlphaMind raises on purpose come through."""
    result = CliRunner().invoke(app, ["risk", "backtest", *map(str, arguments)])
    if isinstance(result.exception, AlphaMindError):
        raise result.exception
    return result


@pytest.fixture(scope="module")
def bars(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """Daily bars of two symbols whose volatility comes and goes; one lacks a day."""
    path = tmp_path_factory.mktemp("data") / "bars.csv"
    chance = np.random.default_rng(6)
    days = np.arange("2018-01-01", "2020-01-01", dtype="datetime64[D]")[:260]
    scale = 0.01 * (1 + (np.arange(260) // 40 % 2))[:, None]
    closes = 100 * np.exp(np.cumsum(scale * chance.standard_t(5, (260, 2)), axis=0))
    lines = ["date,symbol,open,high,low,close,volume"]
    for day, row in zip(days, closes, strict=True):
        for symbol, close in zip(("AAA", "BBB"), row, strict=True):
            if (str(day), symbol) != ("2018-08-08", "BBB"):
                lines.append(f"{day},{symbol},{close:.4f},{close:.4f},{close:.4f},{close:.4f},1000")
    path.write_text("\n".join(lines) + "\n")
    return path


def test_all_methods_are_told_as_a_table_and_drawn(bars: pathlib.Path, tmp_path: pathlib.Path) -> None:
    picture = tmp_path / "plot.png"
    result = call(bars, "--window", 100, "--confidence", 0.95, "--plot", picture)
    assert result.exit_code == 0
    for word in ("historical", "student", "exceptions", "coverage", "95.0%"):
        assert word in result.stdout
    for word in ("AAA 50.00%, BBB 50.00%", "periods left out", "BBB: 2"):
        assert word in result.stdout
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_as_data_it_says_what_it_rests_on(bars: pathlib.Path) -> None:
    result = call(bars, "--window", 100, "--method", "normal", "--method", "historical", "--json",
                  "--weight", "AAA=0.7", "--weight", "BBB=-0.3")  # fmt: skip
    told = json.loads(result.stdout)
    assert told["book"] == {"AAA": 0.7, "BBB": -0.3}
    assert (told["periods_left_out"], told["missing_returns"]) == (2, {"BBB": 2})
    assert [method["method"] for method in told["methods"]] == ["normal", "historical"]
    found = told["methods"][0]
    assert found["observations"] == 259 - 2 - 100 and found["expected"] == pytest.approx(1.57)
    assert 0 <= found["coverage"]["p_value"] <= 1 and found["mean_expected_shortfall"] > found["mean_value_at_risk"] > 0


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        (["--method", "guess"], "--method"),
        (["--weight", "AAA"], "--weight"),
        (["--weight", "AAA=x"], "--weight"),
        (["--weight", "AAA=nan"], "weight.AAA"),
        (["--weight", "AAA=1", "--weight", "AAA=2"], "--weight"),
        (["--weight", "AAA=1", "--symbol", "BBB"], "--weight AAA"),
        (["--confidence", "0.2", "--window", "100"], "confidence"),
        (["--window", "10"], "window"),
        (["--window", "257"], "window"),
        (["--plot", "plot.bmp"], "--plot"),
        (["--plot", "nowhere/plot.png"], "--plot"),
        (["--symbol", "ZZZ"], "feed.symbols"),
    ],
)
def test_wrong_input_is_told_with_its_field(bars: pathlib.Path, arguments: list[str], field: str) -> None:
    with pytest.raises(InputError) as caught:
        call(bars, *arguments)
    assert caught.value.field == field and caught.value.rule is not None


def test_data_that_are_not_there_are_told(tmp_path: pathlib.Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        call(tmp_path / "none.csv")


def test_the_span_and_symbols_of_the_feed_count(bars: pathlib.Path) -> None:
    asked = (bars, "--window", 50, "--confidence", 0.9, "--method", "normal", "--json")
    told = json.loads(call(*asked, "--set", "feed.start=2018-02-01", "--set", "feed.end=2018-06-01",
                           "--set", "feed.symbols=[AAA]").stdout)  # fmt: skip
    assert told["book"] == {"AAA": 1.0} and told["to"] == "2018-05-31"
    assert told["methods"][0]["observations"] == 28 + 31 + 30 + 31 - 1 - 50
    with pytest.raises(DataError, match="no rows between"):
        call(*asked, "--set", "feed.start=2030-01-01")


@pytest.mark.parametrize(
    ("row", "field"),
    [("2018-02-01,AAA,1,1,1,-3,1", "close[AAA, 2018-02-01]"), ("2018-02-01,BBB,1,1,1,7,1", "close[BBB, 2018-02-01]")],
)
def test_impossible_or_contradicting_prices_are_refused(
    bars: pathlib.Path, tmp_path: pathlib.Path, row: str, field: str
) -> None:
    file = tmp_path / "bars.csv"
    file.write_text(bars.read_text() + row + "\n")
    with pytest.raises(DataError) as caught:
        call(file, "--window", 100)
    assert caught.value.field == field


def test_jumps_that_come_back_and_ones_at_the_end_are_warned_of(bars: pathlib.Path, tmp_path: pathlib.Path) -> None:
    lines = bars.read_text().splitlines()
    for at, line in enumerate(lines):
        if line.startswith(("2018-03-01,AAA", "2018-09-17,BBB")):
            date, symbol, *numbers = line.split(",")
            lines[at] = ",".join([date, symbol, *(str(100 * float(one)) for one in numbers)])
    file = tmp_path / "bars.csv"
    file.write_text("\n".join(lines) + "\n")
    result = call(file, "--window", 100, "--confidence", 0.95, "--method", "historical", "--json")
    told = json.loads(result.stdout)
    assert told["suspect_closes"] == 2
    assert [(one["symbol"], one["date"]) for one in told["suspects"]] == [("AAA", "2018-03-01"), ("BBB", "2018-09-17")]
    assert "2 suspect closes" in result.stderr and "AAA 2018-03-01" in result.stderr


def test_a_method_that_fits_nowhere_has_its_reason_and_the_others_their_figures(bars: pathlib.Path) -> None:
    asked = (bars, "--window", 100, "--confidence", 0.995, "--method", "historical", "--method", "normal")
    told = json.loads(call(*asked, "--json").stdout)
    assert [method["method"] for method in told["methods"]] == ["normal", "historical"]
    assert "no loss beyond this confidence" in told["methods"][1]["reason"]
    shown = call(*asked).stdout
    assert "historical: historical has no loss beyond" in shown and "mean value at risk" in shown
    with pytest.raises(InputError) as caught:
        call(*asked[:-2])
    assert caught.value.field == "confidence"


def test_a_zone_of_a_few_periods_is_not_judged(bars: pathlib.Path) -> None:
    asked = (bars, "--window", 220, "--confidence", 0.95, "--method", "normal")
    assert json.loads(call(*asked, "--json").stdout)["methods"][0]["zone"] == "unjudged"
    assert "50 periods at least" in call(*asked).stdout


def test_real_losses_of_2008_are_more_than_a_normal_distribution_forecasts() -> None:
    folder = real_data("dow30")
    told = json.loads(call(folder, "--method", "normal", "--method", "filtered_historical", "--json").stdout)
    normal, filtered = told["methods"]
    assert normal["zone"] == "red" and normal["shortfall"]["p_value"] < 0.01
    assert filtered["zone"] == "green" and filtered["coverage"]["p_value"] > 0.05
