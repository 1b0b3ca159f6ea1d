"""``alphamind portfolio construct``, as its user calls it."""

from __future__ import annotations

import json
import pathlib

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from actors.errors import AlphaMindError, InputError
from actors.portfolio.construction.methods import Method
from cluster.cli import app
from tests.data import real_data

SYMBOLS = ("AAA", "BBB", "CCC", "DDD")


def call(*arguments: object) -> Result:
    """Call the command; errors that AlphaMind raises on purpose come through."""
    result = CliRunner().invoke(app, ["portfolio", "construct", *map(str, arguments)])
    if isinstance(result.exception, AlphaMindError):
        raise result.exception
    assert result.exception is None, result.exception
    return result


@pytest.fixture(scope="module")
def bars(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """Daily bars of four symbols; one lacks a day."""
    path = tmp_path_factory.mktemp("data") / "bars.csv"
    chance = np.random.default_rng(6)
    days = np.arange("2018-01-01", "2020-01-01", dtype="datetime64[D]")[:200]
    common = 0.006 * chance.standard_t(5, (200, 1))
    closes = 50 * np.exp(np.cumsum(common + 0.01 * chance.standard_t(5, (200, 4)) * [1, 1.5, 2, 1.2], axis=0))
    lines = ["date,symbol,open,high,low,close,volume"]
    for day, row in zip(days, closes, strict=True):
        for symbol, close in zip(SYMBOLS, row, strict=True):
            if (str(day), symbol) != ("2018-05-05", "BBB"):
                lines.append(f"{day},{symbol},{close:.2f},{close:.2f},{close:.2f},{close:.2f},1000")
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize("method", [method for method in Method if method is not Method.BLACK_LITTERMAN])
def test_every_method_gives_weights_lots_and_orders(bars: pathlib.Path, method: Method) -> None:
    told = json.loads(call(bars, "--method", method, "--capital", "100000", "--json").stdout)
    assert sum(told["weights"].values()) == pytest.approx(1.0)
    assert (told["periods"], told["periods_left_out"], told["missing_returns"]) == (197, 2, {"BBB": 2})
    assert told["expected_volatility"] > 0 and told["expected_shortfall"] > told["expected_volatility"]
    assert 0 <= float(told["left"]) < 200 and float(told["invested"]) + float(told["left"]) == 100_000
    assert {order["symbol"]: order["quantity"] for order in told["orders"]} == {
        symbol: lots for symbol, lots in told["lots"].items() if lots != "0"
    }
    assert {effect["name"] for effect in told["constraints"]} == {"budget", "long_only"}


def test_constraints_of_a_file_hold_and_are_told(bars: pathlib.Path, tmp_path: pathlib.Path) -> None:
    file = tmp_path / "constraints.yaml"
    file.write_text("budget: 0.9\nat_most: 0.3\nsectors: {AAA: x, BBB: x, CCC: y, DDD: y}\nsector_at_most: {x: 0.4}\n")
    told = json.loads(call(bars, "--method", "minimum_variance", "--constraints", file, "--json").stdout)
    assert sum(told["weights"].values()) == pytest.approx(0.9) and max(told["weights"].values()) <= 0.3 + 1e-6
    effects = {effect["name"]: effect for effect in told["constraints"]}
    assert effects["sector_at_most.x"]["value"] <= 0.4 + 1e-6 and effects["sector_at_most.x"]["high"] == 0.4
    assert "lots" not in told


def test_what_is_held_already_is_sold_or_kept_inside_a_band(bars: pathlib.Path, tmp_path: pathlib.Path) -> None:
    first = json.loads(call(bars, "--method", "risk_parity", "--capital", "50000", "--json").stdout)
    held = [part for symbol, lots in first["lots"].items() for part in ("--held", f"{symbol}={lots}")]
    again = json.loads(call(bars, "--method", "risk_parity", "--capital", "50000", *held, "--json").stdout)
    assert again["orders"] == []
    other = ("--method", "minimum_variance", "--capital", "50000", *held)
    all_the_way = json.loads(call(bars, *other, "--json").stdout)
    banded = json.loads(call(bars, *other, "--band", "0.05", "--json").stdout)
    value = {name: sum(float(order["value"]) for order in told["orders"])
             for name, told in (("all", all_the_way), ("banded", banded))}  # fmt: skip
    assert 0 < value["banded"] < value["all"]
    assert all(abs(banded["weights"][one] - banded["targets"][one]) <= 0.05 + 1e-9 for one in SYMBOLS)
    assert [order["side"] for order in all_the_way["orders"]] == sorted(
        (order["side"] for order in all_the_way["orders"]), reverse=True
    )
    file = tmp_path / "constraints.yaml"
    file.write_text("turnover: 0.1\n")
    slow = json.loads(call(bars, *other, "--constraints", file, "--json").stdout)
    assert {e["name"]: e["binds"] for e in slow["constraints"]}["turnover"]


def test_what_orders_lead_to_is_measured_too(bars: pathlib.Path, tmp_path: pathlib.Path) -> None:
    file = tmp_path / "constraints.yaml"
    file.write_text("at_most: 0.4\n")
    asked = (bars, "--method", "risk_parity", "--constraints", file, "--capital", "4000000", "--json")
    price = {order["symbol"]: float(order["price"]) for order in json.loads(call(*asked).stdout)["orders"]}
    lots = int(2_000_000 / price["AAA"])
    told = json.loads(call(*asked, "--held", f"AAA={lots}", "--band", "0.3").stdout)
    assert told["weights"]["AAA"] <= 0.4 + 1e-9 and max(told["weights_of_lots"].values()) <= 0.4 + 1e-4
    assert told["broken_constraints"] == []


def test_a_constraint_that_a_band_or_lots_break_is_told_with_numbers(
    bars: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    file = tmp_path / "constraints.yaml"
    file.write_text("sectors: {AAA: x, BBB: y, CCC: y, DDD: y}\nsector_at_most: {x: 0.2}\n")
    asked = (bars, "--method", "risk_parity", "--constraints", file, "--capital", "40000")
    banded = (*asked, "--held", "AAA=350", "--band", "0.1")
    told = json.loads(call(*banded, "--json").stdout)
    rule = next(one for one in told["constraints"] if one["name"] == "sector_at_most.x")
    assert rule["broken_by"] == "band" and rule["target"] <= 0.2 + 1e-6 and rule["value"] > 0.25
    assert told["expected_volatility"] != told["of_targets"]["expected_volatility"]
    assert "sector_at_most.x is 0.2" in told["broken_constraints"][0] and "broken: sector" in call(*banded).stdout
    file.write_text("weights_at_least: {AAA: 0.3, BBB: 0.2, CCC: 0.2, DDD: 0.2}\n")
    few = json.loads(call(*asked[:-1], "700", "--json").stdout)
    broken = [one for one in few["constraints"] if one["broken_by"]]
    assert broken and all(one["broken_by"] == "rounding" and one["value"] < one["low"] for one in broken)
    assert next(one for one in few["constraints"] if one["name"] == "budget")["broken_by"] is None


def test_symbols_without_a_sector_are_told_where_sectors_are_bounded(
    bars: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    file = tmp_path / "constraints.yaml"
    file.write_text("sectors: {AAA: x, BBB: y}\nsector_at_most: {x: 0.2}\n")
    asked = (bars, "--method", "risk_parity", "--constraints", file)
    assert json.loads(call(*asked, "--json").stdout)["symbols_without_sector"] == ["CCC", "DDD"]
    assert "bound of sectors: CCC, DDD" in call(*asked).stdout


def test_current_weights_must_agree_with_what_is_held(bars: pathlib.Path, tmp_path: pathlib.Path) -> None:
    file = tmp_path / "constraints.yaml"
    file.write_text("current: {AAA: 0.9}\nturnover: 2\n")
    with pytest.raises(InputError) as caught:
        call(bars, "--method", "risk_parity", "--constraints", file, "--capital", "40000", "--held", "AAA=10")
    assert caught.value.field == "current.AAA"


def test_views_move_weights(bars: pathlib.Path, tmp_path: pathlib.Path) -> None:
    file = tmp_path / "views.yaml"
    weights = []
    for value in (0.002, -0.002):
        file.write_text(
            f"market: {{AAA: 1, BBB: 1, CCC: 1, DDD: 1}}\nviews:\n- positions: {{AAA: 1, BBB: -1}}\n  value: {value}\n"
        )
        told = json.loads(call(bars, "--method", "black_litterman", "--views", file, "--json").stdout)
        weights.append(told["weights"]["AAA"])
    assert weights[0] > weights[1]


def test_it_is_told_as_tables(bars: pathlib.Path) -> None:
    shown = call(bars, "--method", "hierarchical_risk_parity", "--window", "100", "--capital", "9999.99").stdout
    for word in ("AAA", "expected volatility", "long_only", "buy", "is left", "100 periods"):
        assert word in shown


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        (("--method", "best"), "--method"),
        (("--method", "risk_parity", "--covariance", "exact"), "--covariance"),
        (("--method", "risk_parity", "--window", "500"), "window"),
        (("--method", "risk_parity", "--window", "1"), "window"),
        (("--method", "risk_parity", "--capital", "much"), "--capital"),
        (("--method", "risk_parity", "--capital", "-5"), "capital"),
        (("--method", "risk_parity", "--capital", "0", "--held", "AAA=5"), "capital"),
        (("--method", "risk_parity", "--held", "AAA"), "--held"),
        (("--method", "risk_parity", "--capital", "9000", "--held", "AAA=5", "--held", "AAA=6"), "--held"),
        (("--method", "risk_parity", "--capital", "100", "--held", "AAA=50"), "--held"),
        (("--method", "risk_parity", "--views", "views.yaml"), "--views"),
        (("--method", "risk_parity", "--held", "AAA=5"), "--capital"),
        (("--method", "risk_parity", "--capital", "1000", "--held", "ZZZ=5"), "--held ZZZ"),
        (
            (
                "--method",
                "black_litterman",
            ),
            "market",
        ),
        (("--method", "risk_parity", "--band", "-1"), "width[0]"),
        (("--method", "risk_parity", "--constraints", "nowhere.yaml"), "--constraints"),
    ],
)
def test_what_cannot_be_done_is_refused_by_name(bars: pathlib.Path, arguments: tuple[str, ...], field: str) -> None:
    with pytest.raises(InputError) as caught:
        call(bars, *arguments)
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("option", "text", "field"),
    [
        ("--constraints", "at_mst: 0.3", "at_mst"),
        ("--constraints", "- 1", "--constraints"),
        ("--constraints", "a: [", "--constraints"),
        ("--constraints", "at_most: 0.1", "constraints"),
        ("--constraints", "at_most: 2025-02-30", "--constraints"),
        ("--constraints", "leverage: 1e9", "leverage"),
        ("--views", "markt: {}", "markt"),
        (
            "--views",
            "market: {AAA: 1}\nviews: [{positions: {AAA: 1}, value: 0.01, confidence: 1}, "
            "{positions: {AAA: 2}, value: -0.02, confidence: 1}]",
            "views[1]",
        ),
        ("--views", "market: {AAA: 1}", "views"),
        ("--views", "market: 1\nviews: []", "market"),
        ("--views", "market: {AAA: 1}\nviews: [{positions: {AAA: 1}}]", "views[0].value"),
        ("--views", "market: {AAA: 1}\nviews: [{positions: 1, value: 1}]", "views[0].positions"),
        (
            "--views",
            "market: {AAA: 1}\nviews: [{positions: {AAA: 1}, value: 0.01, confidence: 2}]",
            "views[0].confidence",
        ),
        ("--views", "market: {AAA: one}\nviews: [{positions: {AAA: 1}, value: 0.01}]", "market"),
        (
            "--views",
            "market: {AAA: 1}\nviews: [{positions: {AAA: 1}, value: 0.01, confidence: so}]",
            "views[0].confidence",
        ),
    ],
)
def test_a_file_that_is_none_is_refused_by_name(
    bars: pathlib.Path, tmp_path: pathlib.Path, option: str, text: str, field: str
) -> None:
    file = tmp_path / "file.yaml"
    file.write_text(text)
    method = "risk_parity" if option == "--constraints" else "black_litterman"
    with pytest.raises(InputError) as caught:
        call(bars, "--method", method, option, file)
    assert caught.value.field == field


def test_errors_speak_of_money_and_of_what_can_be_done(bars: pathlib.Path, tmp_path: pathlib.Path) -> None:
    with pytest.raises(InputError) as caught:
        call(bars, "--method", "risk_parity", "--capital", "-5")
    assert caught.value.value == "-5.00"
    file = tmp_path / "constraints.yaml"
    file.write_text("leverage: 1e9\n")
    with pytest.raises(InputError) as caught:
        call(bars, "--method", "risk_parity", "--constraints", file)
    assert caught.value.remedy is not None and "write 1.0e+9" in caught.value.remedy


def test_a_symbol_without_a_last_close_is_refused(bars: pathlib.Path, tmp_path: pathlib.Path) -> None:
    lines = bars.read_text().splitlines()
    file = tmp_path / "short.csv"
    file.write_text("\n".join(line for line in lines if not line.startswith("2018-07-19,CCC")) + "\n")
    with pytest.raises(InputError) as caught:
        call(file, "--method", "risk_parity", "--capital", "1000")
    assert caught.value.field == "close[CCC]" and "feed.end" in str(caught.value.remedy)
    found = call(file, "--method", "risk_parity", "--capital", "1000", "--set", "feed.end=2018-07-19", "--json")
    assert json.loads(found.stdout)["to"] == "2018-07-18"


def test_real_stocks_get_weights() -> None:
    told = json.loads(
        call(real_data("dow30"), "--method", "minimum_cvar", "--window", 500, "--capital", 1_000_000,
             "--json").stdout
    )  # fmt: skip
    assert told["periods"] == 500 and sum(told["weights"].values()) == pytest.approx(1.0)
    assert float(told["left"]) < 2_000
