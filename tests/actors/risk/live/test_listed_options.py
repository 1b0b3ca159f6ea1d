from __future__ import annotations

import datetime
import math

import pytest

from actors.errors import ConfigurationError
from actors.messages import Instrument, OptionTerms
from actors.risk.live.greeks_book import GreeksBook
from actors.risk.live.listed_options import listed_options
from actors.risk.pricing.contracts import American, European
from configs.option_market import OptionMarketSection

EXPIRY = 1_577_836_800_000_000_000  # 2020-01-01
STOCK = Instrument(id=0, symbol="AAA")
CALL = Instrument(
    id=1,
    symbol="AAA C",
    multiplier=100,
    option=OptionTerms(underlying=0, right="call", strike=100 * 10**8, expiry=EXPIRY),
)
PUT = Instrument(
    id=2,
    symbol="AAA P",
    option=OptionTerms(underlying=0, right="put", strike=10**8, expiry=EXPIRY, style="european"),
)
MASTER = (STOCK, CALL, PUT)


def test_options_of_the_master_get_the_market_that_is_configured() -> None:
    section = OptionMarketSection(volatility={"AAA": 0.2}, rate=0.01, dividend={"AAA": 0.02})
    found = listed_options(MASTER, section)
    assert isinstance(found[1].contract, American) and isinstance(found[2].contract, European)
    assert (found[1].contract.strike, found[1].contract.expiry) == (100.0, datetime.date(2020, 1, 1))
    assert [(one.volatility, one.rate, one.dividend) for one in found.values()] == [(0.2, 0.01, 0.02)] * 2
    assert listed_options((STOCK,), OptionMarketSection()) == {}


def test_an_option_without_a_volatility_has_no_greeks_and_is_named() -> None:
    found = listed_options(MASTER, OptionMarketSection())
    assert math.isnan(found[1].volatility)
    book = GreeksBook(found, MASTER, {0: 10_000})
    book.tick([0], EXPIRY - 10**17)
    book.hold("main", 1, 5)
    assert book.unknown("main") == [1]


def test_a_symbol_that_no_option_is_on_is_refused() -> None:
    with pytest.raises(ConfigurationError) as caught:
        listed_options(MASTER, OptionMarketSection(volatility={"ZZZ": 0.2}))
    assert caught.value.field == "risk.options.volatility.ZZZ"
