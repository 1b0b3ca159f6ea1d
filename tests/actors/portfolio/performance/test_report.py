"""The report: what it holds, what it leaves out and why, and how it is shown."""

from __future__ import annotations

import io
import json
import pathlib

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from actors.clock import DAY, HOUR
from actors.errors import DataError, InputError
from actors.messages import encode
from actors.portfolio.curve import EquitySample
from actors.portfolio.performance.equity_file import read_equity_file, read_time
from actors.portfolio.performance.estimate import Estimate
from actors.portfolio.performance.history import History, history, history_of_returns, history_of_samples
from actors.portfolio.performance.measure import Choices, measure
from actors.portfolio.performance.picture import check_picture, plot, rolling_sharpe
from actors.portfolio.performance.report import Activity, PerformanceReport
from actors.portfolio.performance.table import shown
from actors.portfolio.performance.turnover import turnover
from actors.portfolio.valuation import Valuation
from tests.actors.portfolio.samples import money

FAST = Choices(draws=50)


def past_of(days: int, seed: int = 1, factor: float = 1.0) -> History:
    earned = np.random.default_rng(seed).standard_normal(days) * 0.01 + 0.001
    worth = factor * 1e5 * np.concatenate(([1.0], np.cumprod(1 + earned)))
    exposed = 0.5 * worth
    return history(np.arange(days + 1) * DAY, worth, gross=exposed, net=exposed)


def test_a_report_holds_everything_and_survives_the_wire() -> None:
    activity = Activity(turnover(1, 1, 1), None, ({"strategy": "trend", "profit": "1.00"},), ())
    report = measure(
        past_of(400), FAST, name="main", currency="USD", activity=activity, benchmark=("base", past_of(400, 2))
    )
    assert PerformanceReport.from_plain(msgspec.msgpack.decode(encode(report.plain()))) == report
    assert json.loads(json.dumps(report.plain(), allow_nan=False))["curve"][0]["equity"] == "100000.00"
    assert report.total_return.value == pytest.approx(report.curve[-1].index - 1)  # type: ignore[operator]
    missing = {name for name, one in report.ratios.items() if one.value is None}
    assert missing == {"deflated_sharpe"}
    assert report.benchmark is not None and report.benchmark.information_ratio.low is not None
    assert report.exposure is not None and report.exposure.mean_gross == pytest.approx(0.5)
    assert report.money_weighted is not None
    assert report.money_weighted.annual == pytest.approx(report.annual_return.value)


def test_too_few_samples_give_reasons_and_no_figures() -> None:
    report = measure(past_of(5), FAST, name="main", benchmark=("base", past_of(5)))
    assert report.total_return.value is not None
    assert report.annual_return.value is None and "less than a year" in report.annual_return.reason
    assert all(one.value is None and "too few" in one.reason for one in report.ratios.values())
    assert report.benchmark is not None and report.benchmark.beta.value is None
    assert report.benchmark.total_return == report.total_return
    empty = measure(history([], []), FAST, name="main")
    assert empty.problem and empty.start is None and empty.total_return.value is None
    assert all(one.value is None and one.reason for one in empty.ratios.values())
    assert PerformanceReport.from_plain(empty.plain()) == empty


def test_an_account_that_was_emptied_tells_when() -> None:
    report = measure(history([0, DAY, 2 * DAY], [100, 0, 50]), FAST, name="main")
    assert report.problem == "the account had no equity at 1970-01-02T00:00:00Z"
    assert report.total_return.value is None and report.curve[0].index is None


def test_a_loss_of_everything_is_told_and_not_compounded() -> None:
    report = measure(history([0, DAY], [100, 0]), FAST, name="main")
    assert report.total_return.value is None and "lost" in report.total_return.reason


def test_the_deflated_ratio_needs_the_trials() -> None:
    report = measure(past_of(100), Choices(draws=50, trials=10, trial_variance=0.01), name="main")
    assert 0 < report.ratios["deflated_sharpe"].value < report.ratios["probabilistic_sharpe"].value  # type: ignore
    with pytest.raises(InputError) as caught:
        Choices(trials=10)
    assert caught.value.field == "trial_variance"
    with pytest.raises(InputError):
        Choices(confidence=1.0)
    with pytest.raises(InputError):
        Choices(periods_per_year=0.0)


def figures(ratios: dict[str, Estimate]) -> list[float]:
    found = [figure for one in ratios.values() for figure in (one.value, one.low, one.high)]
    return [figure for figure in found if figure is not None]


@settings(max_examples=10, deadline=None)
@given(st.floats(0.01, 1000), st.integers(0, 20))
def test_scaling_the_equity_leaves_all_ratios(factor: float, seed: int) -> None:
    first = measure(past_of(60, seed), FAST, name="a").ratios
    second = measure(past_of(60, seed, factor), FAST, name="a").ratios
    assert [one.reason for one in first.values()] == [one.reason for one in second.values()]
    assert figures(first) == pytest.approx(figures(second), rel=1e-6)


def test_samples_are_brought_to_days_and_deposits_are_no_return() -> None:
    def sample(time: int, equity: float, deposits: float) -> EquitySample:
        figures = Valuation("USD", 0, money(equity), money(5), money(-5), 0, 0, 0, money(deposits))
        return EquitySample(time, time, "main", figures)

    rows = [(0, 0, 0), (HOUR, 100, 100), (2 * HOUR, 110, 100), (DAY, 210, 200), (DAY + HOUR, 189, 200)]
    found = history_of_samples([sample(*row) for row in rows])
    assert found.times.tolist() == [HOUR, 2 * HOUR, DAY + HOUR]
    assert found.returns.tolist() == pytest.approx([0.1, -0.1]) and found.flows.tolist() == [0, 100]
    assert found.gross is not None and found.gross.tolist() == [5, 5, 5]
    assert len(history_of_samples([sample(*row) for row in rows], "sample").returns) == 3


@pytest.mark.parametrize(("period", "borders"), [("sample", 61), ("day", 61), ("week", 11), ("month", 4)])
def test_periods_are_those_of_utc(period: str, borders: int) -> None:
    found = history(np.arange(61) * DAY, np.full(61, 100.0), period=period)
    assert len(found.times) == borders
    assert found.times[0] == 0 and found.times[-1] == 60 * DAY


def test_tables_and_pictures_show_it(tmp_path: pathlib.Path) -> None:
    rows = ({"strategy": "trend", "profit": "1.00"},)
    activity = Activity(turnover(1, 1, 1), None, rows, rows)
    report = measure(past_of(400), FAST, name="<main>", activity=activity, benchmark=("base", past_of(400, 2)))
    console = Console(width=160, record=True, file=io.StringIO())
    console.print(shown(report))
    text = console.export_text()
    for word in ("time-weighted", "Lo 2002", "stationary bootstrap", "deepest drawdowns", "Jan", "trend", "turnover"):
        assert word in text
    plot(report, tmp_path / "report.png")
    assert (tmp_path / "report.png").read_bytes().startswith(b"\x89PNG")
    plot(report, tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text()
    assert "&lt;main&gt;" in page and "data:image/png;base64," in page and "<main>" not in page
    with pytest.raises(InputError, match="nothing to draw"):
        plot(measure(history([], []), FAST, name="x"), tmp_path / "report.png")
    for wrong in (tmp_path / "report.bmp", tmp_path / "nowhere" / "report.png"):
        with pytest.raises(InputError):
            check_picture(wrong)


def test_the_rolling_ratio_is_that_of_each_window() -> None:
    index = np.cumprod([1, 1.1, 0.9, 1.2, 1.0])
    first, second = rolling_sharpe(index, 4, 3)
    earned = np.array([0.1, -0.1, 0.2])
    assert first == pytest.approx(2 * earned.mean() / earned.std(ddof=1))
    assert np.isfinite(second)


def test_a_file_of_equity_or_of_returns_is_read(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("Date,NAV,Flow,Benchmark\n2024-01-01,100,0,10\n2024-01-02,160,50,11\n2024-01-03,144,0,11\n")
    found = read_equity_file(path)
    assert found.history.returns.tolist() == pytest.approx([0.1, -0.1])
    assert found.benchmark is not None and found.benchmark.returns.tolist() == pytest.approx([0.1, 0.0])
    path.write_text("date,return\n2024-01-02,0.1\n2024-01-03,-0.1\n")
    found = read_equity_file(path)
    assert found.history.returns.tolist() == [0.1, -0.1] and found.benchmark is None
    assert found.history.times[0] == read_time("2024-01-01T00:00:00Z", "x")
    report = measure(found.history, FAST, name="x")
    assert report.curve[0].equity is None and report.net_flows is None and report.money_weighted is None
    assert report.total_return.value == pytest.approx(-0.01)
    one = history_of_returns([DAY], [0.5], 0)
    assert one.years == pytest.approx(1 / 365.25)


@pytest.mark.parametrize(
    ("text", "field", "kind"),
    [
        ("", "--equity", DataError),
        ("date,equity\n", "--equity", InputError),
        ("date,price\n2024-01-01,1\n", "--equity", DataError),
        ("day,equity\n2024-01-01,1\n", "--equity", DataError),
        ("date,equity\nnever,1\n", "time[0]", InputError),
        ("date,equity\n2024-01-01,x\n", "equity[0]", InputError),
        ("date,equity\n2024-01-01,nan\n", "equity[0]", InputError),
        ("date,equity\n2024-01-01\n", "equity[0]", InputError),
        ("date,equity\n2024-01-02,1\n2024-01-01,1\n", "times[1]", InputError),
        ("date,return\n2024-01-02,inf\n", "returns[0]", InputError),
    ],
)
def test_a_wrong_file_is_told_with_its_field(
    tmp_path: pathlib.Path, text: str, field: str, kind: type[InputError]
) -> None:
    path = tmp_path / "x.csv"
    path.write_text(text)
    with pytest.raises(kind) as caught:
        read_equity_file(path)
    assert caught.value.field == field and caught.value.rule
    with pytest.raises(DataError):
        read_equity_file(tmp_path / "nowhere.csv")
