"""``alphamind risk stress``, as its user calls it."""

from __future__ import annotations

import json
import pathlib

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from actors.errors import AlphaMindError, InputError
from cluster.cli import app
from tests.data import real_data

BOOK = """
volatilities: {AAA: 0.2}
positions:
- {symbol: AAA, quantity: 100}
- {symbol: BBB, amount: -2000}
- {symbol: AAA, quantity: -50, option: {right: put, strike: 80, expiry: 2012-09-21}}
- {name: elsewhere, symbol: ZZZ, amount: 1000}
"""


def call(*arguments: object) -> Result:
    """Call the command; errors that AlphaMind raises on purpose come through."""
    result = CliRunner().invoke(app, ["risk", "stress", *map(str, arguments)], env={"COLUMNS": "200"})
    if isinstance(result.exception, AlphaMindError):
        raise result.exception
    return result


@pytest.fixture(scope="module")
def bars(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """Daily bars of two symbols from 2011 to 2012."""
    path = tmp_path_factory.mktemp("data") / "bars.csv"
    chance = np.random.default_rng(6)
    days = np.arange("2011-01-03", "2012-03-01", dtype="datetime64[D]")
    days = days[np.is_busday(days)]
    moves = 0.01 * (chance.standard_normal((len(days), 1)) + chance.standard_normal((len(days), 2)))
    closes = 100 * np.exp(np.cumsum(moves, axis=0))
    lines = ["date,symbol,open,high,low,close,volume"]
    for day, row in zip(days, closes, strict=True):
        for symbol, close in zip(("AAA", "BBB"), row, strict=True):
            lines.append(f"{day},{symbol},{close:.4f},{close:.4f},{close:.4f},{close:.4f},1000")
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def positions(tmp_path: pathlib.Path) -> pathlib.Path:
    path = tmp_path / "book.yaml"
    path.write_text(BOOK)
    return path


def test_everything_is_told_as_tables_and_drawn(
    bars: pathlib.Path, positions: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    picture = tmp_path / "plot.png"
    result = call(bars, "--positions", positions, "--windows", "--reverse", 3000, "--plot", picture)
    assert result.exit_code == 0, result.output
    for word in ("equity -20%", "2011 US downgrade", "the data begin on", "how far equities have to fall", "sigmas",
                 "missing at least once", "elsewhere", "volatilities stay", "rate of USD taken for 0"):  # fmt: skip
        assert word in result.stdout
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_as_data_no_figure_is_without_what_it_leaves_out(bars: pathlib.Path, positions: pathlib.Path) -> None:
    told = json.loads(call(bars, "--positions", positions, "--windows", "--reverse", 3000, "--json").stdout)
    figures = [*told["scenarios"], *told["windows"], *told["correlation_effects"].values(), *told["equity_alone"]]
    assert len(figures) > 10
    for figure in [told, told["reverse"], *figures]:
        assert 0 <= figure["share_missing"] <= 1 and (figure["share_missing"] > 0) is bool(figure["missing"])
    by_window = {one["window"]: one for one in told["windows"]}
    assert by_window["2015 China"]["profit"] is None and by_window["2015 China"]["share_missing"] == 1
    assert by_window["2011 US downgrade"]["missing"] == {"elsewhere": "equity:ZZZ: not in the data"}
    assert told["reverse"]["found"] and told["reverse"]["profit"] == pytest.approx(-3000, rel=1e-4)
    assert told["correlation_effects"]["correlation +50%"]["repair"] == 0


def test_correlations_and_reverse_stress_are_of_one_history(bars: pathlib.Path, positions: pathlib.Path) -> None:
    arguments = bars, "--positions", positions, "--reverse", 3000
    for history, rows in ((None, 302), (100, 100)):
        more = () if history is None else ("--history", history)
        told = json.loads(call(*arguments, *more, "--json").stdout)
        assert told["history"] == history
        for part in (told["reverse"], told["correlation_effects"]["correlation +50%"]):
            assert (part["rows_used"], part["rows_dropped"]) == (rows, 0)
        assert call(*arguments, *more).stdout.count(f"{rows} joint rows, 0 dropped") == 2


def test_scenarios_are_those_of_the_file(bars: pathlib.Path, positions: pathlib.Path, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "scenarios.yaml"
    path.write_text("- {name: mine, shocks: {'equity:AAA': -10%, volatility: +5 points}}\n")
    told = json.loads(call(bars, "--positions", positions, "--scenarios", path, "--json").stdout)
    (mine,) = told["scenarios"]
    assert mine["scenario"] == "mine" and set(mine["by_factor"]) == {"equity:AAA", "volatility"}
    assert sum(mine["by_factor"].values()) + mine["cross"] == pytest.approx(mine["profit"])
    assert told["reverse"] is None and told["windows"] == []


def test_an_unknown_factor_is_told_by_its_name(
    bars: pathlib.Path, positions: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    path = tmp_path / "scenarios.yaml"
    path.write_text("- {name: mine, shocks: {'equity:AAB': -10%}}\n")
    with pytest.raises(InputError, match="unknown factor equity:AAB") as caught:
        call(bars, "--positions", positions, "--scenarios", path)
    assert caught.value.field == "mine.equity:AAB" and "equity:AAA" in str(caught.value.rule)


@pytest.mark.parametrize(("arguments", "field"), [(["--reverse", "-5"], "reverse"), (["--plot", "plot.bmp"], "--plot")])
def test_wrong_input_is_told_with_its_field(
    bars: pathlib.Path, positions: pathlib.Path, arguments: list[str], field: str
) -> None:
    with pytest.raises(InputError) as caught:
        call(bars, "--positions", positions, *arguments)
    assert caught.value.field == field


def test_a_sum_that_no_data_speaks_of_is_answered_with_the_reason(bars: pathlib.Path, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "book.csv"
    path.write_text("symbol,amount\nZZZ,1000\n")
    told = json.loads(call(bars, "--positions", path, "--reverse", 100, "--json").stdout)
    assert told["reverse"] is None and "no factor of the book has data" in told["no_reverse"]
    assert told["equity_alone"][0]["size"] == pytest.approx(-0.1)


def test_windows_of_real_prices_are_told(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "book.csv"
    path.write_text("symbol,quantity\nAXP,100\nBA,50\nVZ,100\n")
    told = json.loads(call(real_data("dow30"), "--positions", path, "--windows", "--reverse", 5000, "--json").stdout)
    profits = [one["profit"] for one in told["windows"]]
    assert profits[0] is None and profits[4] is None and all(profit < 0 for profit in profits[1:4])
    assert told["reverse"]["method"] == "closed form" and told["share_missing"] == 0
