"""``alphamind risk price``, as its user calls it."""

from __future__ import annotations

import json
import pathlib

import pytest
from typer.testing import CliRunner, Result

from actors.errors import AlphaMindError, DataError, InputError
from cluster.cli import app

OPTION = """
date: 2024-01-02
contract: {type: american, right: put, strike: 100, expiry: 2025-01-17}
market: {spot: 100, volatility: 0.2, rate: 0.05, dividend: 0.02}
"""
BOND = {
    "date": "2024-01-02",
    "contract": {"type": "fixed_bond", "start": "2022-02-15", "maturity": "2032-02-15", "coupon": 0.04},
    "market": {"discount": {"rate": 0.04}},
}


def call(path: pathlib.Path, *arguments: str) -> Result:
    """Call the command; errors that AlphaMind raises on purpose come through."""
    result = CliRunner().invoke(app, ["risk", "price", str(path), *arguments])
    if isinstance(result.exception, AlphaMindError):
        raise result.exception
    return result


@pytest.fixture()
def file(tmp_path: pathlib.Path) -> pathlib.Path:
    return tmp_path / "contract.yaml"


def test_an_option_is_told_as_a_table_of_greeks(file: pathlib.Path) -> None:
    file.write_text(OPTION)
    result = call(file)
    assert result.exit_code == 0
    for word in ("american on 2024-01-02", "price", "delta", "theta"):
        assert word in result.stdout


def test_a_bond_is_told_as_data_with_its_key_rates(file: pathlib.Path) -> None:
    file.write_text(json.dumps(BOND))
    told = json.loads(call(file, "--json").stdout)
    assert told["contract"] == "fixed_bond" and 90 < told["clean"] < 110
    assert sum(told["key_rate_dv01"].values()) == pytest.approx(told["dv01"], rel=1e-4)
    assert "10Y" in call(file).stdout


def test_a_greek_that_there_is_not_is_a_row_with_its_reason(file: pathlib.Path) -> None:
    file.write_text(OPTION.replace("american", "digital").replace("2025-01-17", "2024-01-03, payout: 1"))
    assert "none: no day can pass" in call(file).stdout
    assert json.loads(call(file, "--json").stdout)["theta"] is None


def test_what_is_wrong_is_told_with_its_key(file: pathlib.Path) -> None:
    file.write_text(OPTION.replace("strike: 100", "strike: -1"))
    with pytest.raises(InputError) as caught:
        call(file)
    assert caught.value.field == "contract.strike"
    file.write_text(OPTION.replace("2025-01-17", "2024-01-02"))
    with pytest.raises(InputError) as caught:
        call(file)
    assert caught.value.field == "expiry"
    for text in ("contract: {", OPTION.replace("2025-01-17", "2025-02-30"), "\xff".encode("latin-1")):
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        with pytest.raises(DataError) as unreadable:
            call(file)
        assert unreadable.value.field == "file"
    with pytest.raises(OSError, match="No such file"):
        raise call(file.with_name("nowhere.yaml")).exception or AssertionError
