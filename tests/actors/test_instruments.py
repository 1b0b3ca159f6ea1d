from __future__ import annotations

import decimal
import pathlib

import numpy as np
import numpy.typing as npt
import pytest

from actors.errors import ConfigurationError, InputError, NotFound
from actors.instruments import FOREVER, InstrumentMaster, infer_price_increment
from actors.messages import Instrument
from configs.schema import InstrumentsSection
from tests.data import real_data

YEAR_2010 = 1_262_304_000_000_000_000


class Prices:
    def __init__(self, **prices: list[float]) -> None:
        self._prices = prices

    def prices(self) -> dict[str, npt.NDArray[np.float64]]:
        return {symbol: np.array(seen) for symbol, seen in self._prices.items()}


def renamed() -> InstrumentMaster:
    """The symbol ABC, first one company's, then another's."""
    return InstrumentMaster(
        [
            Instrument(id=0, symbol="ABC", valid_to=YEAR_2010),
            Instrument(id=1, symbol="ABC", valid_from=YEAR_2010),
            Instrument(id=2, symbol="XYZ", valid_to=YEAR_2010),
        ]
    )


def test_a_symbol_belongs_to_different_instruments_at_different_times() -> None:
    master = renamed()
    assert master.by_symbol("ABC", YEAR_2010 - 1).id == 0
    assert master.by_symbol("ABC", YEAR_2010).id == 1
    assert master.by_symbol("ABC").id == 1
    assert [one.id for one in master.namesakes("ABC")] == [0, 1]
    assert len(master) == 3 and master.by_id(2).symbol == "XYZ"


def test_what_is_not_in_the_master_is_not_found() -> None:
    master = renamed()
    with pytest.raises(NotFound, match="at 2010-01-01T00:00:00Z"):
        master.by_symbol("XYZ", YEAR_2010)
    with pytest.raises(NotFound) as caught:
        master.by_symbol("XYYZ")
    assert caught.value.remedy == "did you mean XYZ?"
    for number in (-1, 3):
        with pytest.raises(NotFound, match="no instrument"):
            master.by_id(number)


@pytest.mark.parametrize(
    ("instruments", "complaint"),
    [
        ([Instrument(id=1, symbol="A")], "not dense"),
        ([Instrument(id=0, symbol="A", valid_from=5, valid_to=5)], "never valid"),
        (
            [Instrument(id=0, symbol="A"), Instrument(id=1, symbol="A", valid_from=7)],
            "two instruments at the same time",
        ),
    ],
    ids=["gap in the ids", "empty validity", "overlap"],
)
def test_a_master_that_contradicts_itself_is_refused(instruments: list[Instrument], complaint: str) -> None:
    with pytest.raises(ConfigurationError, match=complaint):
        InstrumentMaster(instruments)


@pytest.mark.parametrize(
    ("prices", "increment"),
    [
        ([1.25, 100.0, 3.07], 1_000_000),
        ([1.125, 100.0, 3.07], 100_000),
        ([3.8906, 3.75], 10_000),
        ([1.57608, 1.5761], 1_000),
        ([95.108574], 100),
        ([13.68765831], 100),
        ([39432.48, 46319.0], 1_000_000),
        ([1.25] * 99 + [1.2345678], 1_000_000),
        ([1.25] * 98 + [1.2345678] * 2, 100),
        ([float("nan"), -1.0, 0.0, 2.5], 1_000_000),
        ([], 1_000_000),
    ],
)
def test_the_increment_is_the_coarsest_that_nearly_all_prices_are_multiples_of(
    prices: list[float], increment: int
) -> None:
    assert infer_price_increment(np.array(prices)) == increment


def test_a_master_is_built_from_the_symbols_in_the_data() -> None:
    section = InstrumentsSection(calendar="24/7", currency="USDT", quantity_increment=decimal.Decimal("0.001"))
    master = InstrumentMaster.from_source(Prices(B=[1.5], A=[1.2345]), section)
    assert [(one.id, one.symbol, one.price_increment) for one in master.all] == [(0, "A", 10_000), (1, "B", 1_000_000)]
    assert {(one.calendar, one.currency, one.quantity_increment) for one in master.all} == {("24/7", "USDT", 100_000)}
    fixed = InstrumentsSection(price_increment=decimal.Decimal("0.5"))
    assert InstrumentMaster.from_source(Prices(A=[1.2345]), fixed).all[0].price_increment == 50_000_000


@pytest.mark.parametrize(
    ("parts", "field"),
    [
        ({"price_increment": "0.000000001"}, "instruments.price_increment"),
        ({"quantity_increment": "0.000000001"}, "instruments.quantity_increment"),
        ({"calendar": "XNYSE"}, "calendar"),
    ],
)
def test_an_unusable_section_is_refused(parts: dict[str, str], field: str) -> None:
    with pytest.raises(InputError) as caught:
        InstrumentMaster.from_source(Prices(A=[1.0]), InstrumentsSection.model_validate(parts))
    assert caught.value.field == field


def test_what_is_saved_is_loaded_back(tmp_path: pathlib.Path) -> None:
    master = InstrumentMaster(
        [
            Instrument(id=0, symbol="ABC", valid_to=YEAR_2010 + 1),
            Instrument(id=1, symbol="ABC", valid_from=YEAR_2010 + 1, identifiers={"isin": "US0378331005"}),
            Instrument(
                id=2,
                symbol="BTC",
                exchange="BINA",
                calendar="24/7",
                currency="USDT",
                price_increment=1,
                quantity_increment=1_000,
                multiplier=50,
            ),
        ]
    )
    master.save(tmp_path / "instruments.json")
    assert InstrumentMaster.load(tmp_path / "instruments.json").all == master.all
    assert [path.name for path in tmp_path.iterdir()] == ["instruments.json"]


YAML = """
instruments:
  - {symbol: ABC, valid_to: 2010-01-01, identifiers: {isin: US0000000001}}
  - {symbol: ABC, valid_from: 2010-01-01T00:00:00Z, price_increment: 0.05, multiplier: 10}
"""
CSV = """symbol,price_increment,multiplier,valid_from,valid_to,identifiers
ABC,,,,2010-01-01,isin=US0000000001
ABC,0.05,10,2010-01-01T00:00:00,,
"""


@pytest.mark.parametrize(("name", "text"), [("master.yaml", YAML), ("master.csv", CSV)])
def test_yaml_and_csv_say_the_same(tmp_path: pathlib.Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    first, second = InstrumentMaster.from_file(path, InstrumentsSection(exchange="XLON", calendar="XLON")).all
    assert (first.valid_from, first.valid_to, second.valid_from, second.valid_to) == (0, YEAR_2010, YEAR_2010, FOREVER)
    assert (first.price_increment, second.price_increment, second.multiplier) == (1_000_000, 5_000_000, 10)
    assert first.identifiers == {"isin": "US0000000001"} and first.calendar == first.exchange == "XLON"


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("none.yaml", None, "can't read"),
        ("a.yaml", "{", "neither YAML, JSON nor CSV"),
        ("a.json", "{", "neither YAML, JSON nor CSV"),
        ("a.yaml", "", "lists no instruments"),
        ("a.yaml", "[1]", "lists no instruments"),
        ("a.yaml", "[{ticker: A}]", "unknown key ticker"),
        ("a.yaml", "[{symbol: A, multipler: 3}]", "did you mean multiplier"),
        ("a.yaml", "[{exchange: XNYS}]", "has no symbol"),
        ("a.yaml", "[{symbol: A, price_increment: cheap}]", "not a number"),
        ("a.yaml", "[{symbol: A, price_increment: -1}]", "not usable"),
        ("a.yaml", "[{symbol: A, multiplier: 1.5}]", "wrong multiplier"),
        ("a.yaml", "[{symbol: A, valid_from: yesterday}]", "not a time"),
        ("a.yaml", "[{symbol: A, identifiers: 5}]", "unreadable"),
        ("a.yaml", "[{symbol: A, calendar: XXXX}]", "unknown trading calendar"),
        ("a.csv", "symbol,identifiers\nA,isin\n", "unreadable"),
        ("a.csv", "symbol\nA,B\n", "unknown key"),
    ],
)
def test_a_wrong_file_is_refused_with_the_entry_and_the_key(
    tmp_path: pathlib.Path, name: str, text: str | None, complaint: str
) -> None:
    path = tmp_path / name
    if text is not None:
        path.write_text(text)
    with pytest.raises(InputError, match=complaint):
        InstrumentMaster.from_file(path, InstrumentsSection())


def test_the_increments_of_the_real_panel_are_decimals_of_dollars() -> None:
    import functools

    from actors.ingest.source import open_source
    from configs.schema import FeedSection

    open_panel = functools.partial(open_source, FeedSection(data=real_data("us_daily", "panel_a.parquet")))
    master = InstrumentMaster.from_source(open_panel(InstrumentsSection()), InstrumentsSection())
    assert len(master) == 143
    assert {one.price_increment for one in master.all} <= {1_000_000, 100_000, 10_000}


OPTIONS = """
- {symbol: AAA}
- {symbol: FUT, multiplier: 50, settlement: margined, initial_margin: "12000", maintenance_margin: "10000.5"}
- symbol: AAA C100
  multiplier: 100
  option: {underlying: AAA, right: call, strike: "100.5", expiry: 2014-01-18}
- symbol: AAA P100
  option: {underlying: AAA, right: PUT, strike: 100, expiry: "2014-01-18T21:00:00Z", style: european, settlement: cash}
"""


def test_options_and_margined_instruments_are_read_and_saved(tmp_path: pathlib.Path) -> None:
    (tmp_path / "all.yaml").write_text(OPTIONS)
    master = InstrumentMaster.from_file(tmp_path / "all.yaml", InstrumentsSection())
    assert master.all[1].margined and not master.all[0].margined
    assert (master.all[1].initial_margin, master.all[1].maintenance_margin) == (12_000 * 10**8, 1_000_050_000_000)
    call, put = master.all[2].option, master.all[3].option
    assert call is not None and put is not None
    assert (call.underlying, call.right, call.strike, call.style) == (0, "call", 10_050_000_000, "american")
    assert (put.right, put.style, put.settlement) == ("put", "european", "cash")
    assert put.expiry - call.expiry == 21 * 3_600 * 10**9
    master.save(tmp_path / "saved.json")
    assert InstrumentMaster.load(tmp_path / "saved.json").all == master.all
    header = "symbol,option\nAAA,\nAAA C100,underlying=AAA;right=call;strike=100.5;expiry=2014-01-18\n"
    (tmp_path / "all.csv").write_text(header)
    assert InstrumentMaster.from_file(tmp_path / "all.csv", InstrumentsSection()).all[1].option == call


@pytest.mark.parametrize(
    ("entry", "field"),
    [
        ("option: {underlying: AAA, right: call}", "option"),
        ("option: {underlying: ZZZ, right: call, strike: 1, expiry: 2014-01-18}", "option.underlying"),
        ("option: {underlying: 7, right: call, strike: 1, expiry: 2014-01-18}", "option.underlying"),
        ("option: {underlying: AAA, right: bull, strike: 1, expiry: 2014-01-18}", "option.right"),
        ("option: {underlying: AAA, right: call, strike: -1, expiry: 2014-01-18}", "option.strike"),
        ("option: {underlying: AAA, right: call, strike: much, expiry: 2014-01-18}", "option.strike"),
        ("option: {underlying: AAA, right: call, strike: 1}", "option.expiry"),
        ("option: {underlying: AAA, right: call, strike: 1, expiry: soon}", "option.expiry"),
        ("settlement: credit", "settlement"),
        ("initial_margin: 1e-9", "initial_margin"),
    ],
)
def test_wrong_terms_are_refused_with_their_key(tmp_path: pathlib.Path, entry: str, field: str) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text(f"- {{symbol: AAA}}\n- symbol: AAA X\n  {entry}\n")
    with pytest.raises(ConfigurationError) as caught:
        InstrumentMaster.from_file(path, InstrumentsSection())
    assert caught.value.field == f"instruments[1].{field}"
