"""``alphamind portfolio report``, as its user calls it."""

from __future__ import annotations

import asyncio
import json
import pathlib

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from actors.clock import DAY
from actors.errors import AlphaMindError, DataError, InputError, NotFound
from cluster.cli import app
from tests.actors.portfolio.fakes import run
from tests.actors.portfolio.samples import cash_event, money
from tests.actors.portfolio.test_service import started, stopped


def call(*arguments: object) -> Result:
    """Call the command; errors that AlphaMind raises on purpose come through."""
    result = CliRunner().invoke(app, ["portfolio", "report", *map(str, arguments)])
    if isinstance(result.exception, AlphaMindError):
        raise result.exception
    return result


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """Return a file of a year and a half of equity."""
    path = tmp_path_factory.mktemp("data") / "fund.csv"
    days = np.arange("2020-01-01", "2021-07-01", dtype="datetime64[D]")
    worth = 1000 * np.cumprod(1 + np.random.default_rng(1).standard_normal(len(days)) * 0.01)
    path.write_text("date,equity\n" + "".join(f"{day},{one:.4f}\n" for day, one in zip(days, worth, strict=True)))
    return path


def test_a_file_is_told_as_tables_and_drawn(file: pathlib.Path, tmp_path: pathlib.Path) -> None:
    result = call("--equity", file, "--plot", tmp_path / "report.html")
    assert result.exit_code == 0, result.output
    for word in ("sharpe", "maximum drawdown", "returns by month", "546 returns"):
        assert word in result.stdout
    assert (tmp_path / "report.html").stat().st_size > 10_000


def test_as_data_it_holds_figures_with_intervals(file: pathlib.Path) -> None:
    told = json.loads(call("--equity", file, "--json", "--period", "week", "--periods-per-year", 52).stdout)
    assert (told["name"], told["period"], told["periods_per_year"]) == ("fund", "week", 52.0)
    assert told["ratios"]["sharpe"]["low"] < told["ratios"]["sharpe"]["value"] < told["ratios"]["sharpe"]["high"]


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        (["--period", "hour"], "--period"),
        (["--plot", "report.bmp"], "--plot"),
        (["--account", "main"], "--account"),
        (["--from", "2020-01-01"], "--from"),
        (["--confidence", "2"], "confidence"),
        (["--trials", "10"], "trial_variance"),
    ],
)
def test_wrong_input_is_told_with_its_field(file: pathlib.Path, arguments: list[str], field: str) -> None:
    with pytest.raises(InputError) as caught:
        call("--equity", file, *arguments)
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("header", "remedy"),
    [
        ("date,equity,flows", "did you mean flow?"),
        ("date,equity,benchmrk", "did you mean benchmark?"),
        ("date,equity,equity", "leave out all but one"),
        ("date,equity,nav", "leave out all but one"),
        ("date,equity,return", "leave out all but one"),
        ("date,time,equity", "leave out all but one"),
        ("date,return,flow", None),
    ],
)
def test_columns_that_are_not_clear_are_refused(tmp_path: pathlib.Path, header: str, remedy: str | None) -> None:
    path = tmp_path / "fund.csv"
    path.write_text(f"{header}\n2020-01-01,1,1\n2020-01-02,1,1\n")
    with pytest.raises(DataError) as caught:
        call("--equity", path)
    assert (caught.value.field, caught.value.remedy) == ("--equity", remedy)


@pytest.mark.parametrize(
    ("header", "values", "field"),
    [
        ("equity", ("100", "1e308"), "equity[1]"),
        ("equity", ("1e-300", "1"), "equity[0]"),
        ("return", ("0.1", "1e308"), "return[1]"),
        ("return", ("900", "900", "900", "900", "900", "900"), "return[5]"),
    ],
)
def test_numbers_beyond_belief_are_refused(
    tmp_path: pathlib.Path, header: str, values: tuple[str, ...], field: str
) -> None:
    path = tmp_path / "fund.csv"
    path.write_text(f"date,{header}\n" + "".join(f"2020-01-0{at + 1},{one}\n" for at, one in enumerate(values)))
    with pytest.raises(InputError) as caught:
        call("--equity", path)
    assert caught.value.field == field


def test_a_file_may_begin_with_a_byte_order_mark(file: pathlib.Path, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "fund.csv"
    path.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())
    assert json.loads(call("--equity", path, "--json").stdout)["periods"] == 546


def test_times_that_do_not_ascend_are_told_as_dates(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "fund.csv"
    path.write_text("date,equity\n2020-01-02,1\n2020-01-01,1\n")
    with pytest.raises(InputError) as caught:
        call("--equity", path)
    assert caught.value.value == "2020-01-01T00:00:00Z" and caught.value.rule == "later than 2020-01-02T00:00:00Z"


def test_without_a_file_it_asks_what_is_up(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALPHAMIND_HOME", str(tmp_path))
    with pytest.raises(NotFound):
        call("--account", "main")
    with pytest.raises(InputError) as caught:
        call("--from", "yesterday")
    assert caught.value.field == "--from"
    with pytest.raises(InputError) as caught:
        call("--trials", 5, "--trial-variance", 0.1)
    assert caught.value.field == "--trials"


def test_what_is_up_is_asked_over_its_socket(tmp_path: pathlib.Path) -> None:
    async def play(directory: pathlib.Path) -> None:
        market, oms, service = await started(directory)
        oms.emit(cash_event(1, money(10_000)))
        await market.step(DAY, {0: 1000}, "portfolio")
        await market.step(2 * DAY, {0: 1000}, "portfolio")
        asked = ("--run", directory, "--account", "main", "--from", "1970-01-02", "--benchmark", "second", "--json")
        told = json.loads((await asyncio.to_thread(call, *asked)).stdout)
        assert (told["name"], told["currency"], told["periods"]) == ("main", "USD", 1)
        assert told["curve"][-1]["equity"] == "10000.00" and told["benchmark"]["name"] == "second"
        assert told["ratios"]["sharpe"]["value"] is None and "too few" in told["ratios"]["sharpe"]["reason"]
        with pytest.raises(InputError) as caught:
            await asyncio.to_thread(call, "--run", directory)
        assert caught.value.field == "--account" and "main, second" in str(caught.value.rule)
        await stopped(service, market, oms)

    run(tmp_path, play)
