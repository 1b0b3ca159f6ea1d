from __future__ import annotations

import datetime
import functools
import pickle
from typing import Any

import numpy as np
import pytest

from actors.calendars import sessions
from actors.clock import MINUTE
from actors.errors import ConfigurationError, InputError
from actors.ingest.source import Source, open_source
from actors.instruments import InstrumentMaster
from actors.market.ticks import UNKNOWN_INSTRUMENT, RawSlice
from configs.schema import FeedSection, InstrumentsSection, SimulatedMarket
from env.markets.simulated import SimulatedSource


def market(calendar: str = "XNYS", feed: dict[str, Any] | None = None, **parts: Any) -> SimulatedSource:
    section = FeedSection.model_validate({"simulated": SimulatedMarket.model_validate(parts), **(feed or {})})
    return SimulatedSource(section, InstrumentsSection(calendar=calendar))


def master(source: Source) -> InstrumentMaster:
    return InstrumentMaster.from_source(source, InstrumentsSection())


def everything(source: SimulatedSource) -> list[RawSlice]:
    return list(source.slices(master(source).all))


def test_the_same_seed_gives_the_same_market_and_another_seed_another() -> None:
    assert everything(market(sessions=3)) == everything(market(sessions=3))
    assert everything(market(sessions=1))[0].rows != everything(market(sessions=1, seed=8))[0].rows


@pytest.mark.parametrize("start", [1, 2, 78, 79, 200, 234, 235])
def test_it_continues_from_any_slice_as_if_it_had_never_stopped(start: int) -> None:
    source = market(sessions=3)
    whole = everything(source)
    assert len(whole) == 3 * 78
    assert list(source.slices(master(source).all, start)) == whole[start - 1 :]


def test_a_longer_market_begins_like_a_shorter_one() -> None:
    assert everything(market(sessions=4))[: 2 * 78] == everything(market(sessions=2))


def test_bars_fill_the_sessions_of_the_calendar_half_days_too() -> None:
    slices = everything(market(start="2024-07-03", sessions=2))
    found = sessions("XNYS")
    at = int(np.searchsorted(found.dates, (datetime.date(2024, 7, 3) - datetime.date(1970, 1, 1)).days))
    assert len(slices) == 42 + 78 and [one.sequence for one in slices] == list(range(1, 121))
    assert slices[41].time == found.closes[at] and slices[119].time == found.closes[at + 1]
    assert slices[0].ticks()["event_time"][0] == found.opens[at]
    assert slices[0].time == found.opens[at] + 5 * MINUTE


def test_a_bar_that_the_close_cuts_short_is_known_at_the_close() -> None:
    slices = everything(market(bar_minutes=60, sessions=1))
    rows = slices[-1].ticks()
    assert len(slices) == 7 and rows["known_time"][0] - rows["event_time"][0] == 30 * MINUTE
    assert set(rows["reference"]) == {60 * MINUTE}


def test_the_market_that_never_closes_trades_on_sundays() -> None:
    slices = everything(market("24/7", start="2024-01-06", sessions=2, bar_minutes=390))
    assert len(slices) == 2 * 4


def test_prices_and_volumes_are_those_of_a_market() -> None:
    rows = np.concatenate([one.ticks() for one in everything(market(sessions=20, annual_volatility=1.5))])
    open_, high, low, close, volume = (rows[name] for name in ("first", "second", "third", "fourth", "fifth"))
    assert (high >= np.maximum(open_, close)).all() and (low <= np.minimum(open_, close)).all() and (low > 0).all()
    for price in (open_, high, low, close):
        assert np.abs(price * 100 - np.rint(price * 100)).max() < 1e-6
    assert (volume >= 1).all() and (volume == np.rint(volume)).all()


def daily_returns(source: SimulatedSource) -> np.ndarray[Any, np.dtype[np.float64]]:
    closes = np.array([one.ticks()["fourth"] for one in everything(source)])[77::78]
    return np.diff(np.log(closes), axis=0)


def test_correlation_and_volatility_are_as_configured() -> None:
    returns = daily_returns(market(start="2020-01-02", sessions=200, bar_minutes=5, instruments=40, correlation=0.5))
    standardised = returns / returns.std(axis=0)
    correlations = np.corrcoef(standardised.T)[np.triu_indices(40, 1)]
    assert abs(correlations.mean() - 0.5) < 0.1
    assert 0.15 < returns.std() * np.sqrt(252) < 0.40


def test_volatility_persists_so_that_it_can_be_forecast() -> None:
    slices = everything(market(start="2018-01-02", sessions=500, bar_minutes=30, instruments=8))
    closes = np.log(np.array([one.ticks()["fourth"] for one in slices]))
    days = np.array([one.time // (24 * 60 * MINUTE) for one in slices])[1:]
    squares = np.diff(closes, axis=0) ** 2
    realised = np.log([squares[days == day].sum(axis=0) for day in np.unique(days)])
    centred = realised - realised.mean(axis=0)
    lagged = (centred[1:] * centred[:-1]).mean() / (centred**2).mean()
    assert lagged > 0.3


def test_volume_is_larger_at_the_ends_of_the_day() -> None:
    slices = everything(market(sessions=100))
    volume = np.array([one.ticks()["fifth"].sum() for one in slices])
    first = np.isin(np.arange(len(slices)) % 78, (0, 1, 76, 77))
    middle = np.isin(np.arange(len(slices)) % 78, range(37, 41))
    assert volume[first].mean() > 1.5 * volume[middle].mean()


def test_symbols_and_times_can_be_selected() -> None:
    chosen = market(sessions=5, feed={"symbols": ("SIM002", "SIM005"), "start": "2024-01-03", "end": "2024-01-05"})
    whole = market(sessions=5)
    slices = everything(chosen)
    assert list(chosen.prices()) == ["SIM002", "SIM005"] and len(slices) == 2 * 78
    everyone = list(whole.slices(master(whole).all, 79))
    assert slices[0].ticks()["fourth"].tolist() == everyone[0].ticks()["fourth"][[1, 4]].tolist()
    assert "2 symbols, 2 sessions" in chosen.describe()


def test_symbols_that_the_master_lacks_come_as_unknown() -> None:
    source = market(sessions=1, instruments=2)
    first = next(source.slices(master(source).all[:1]))
    assert first.ticks()["instrument"].tolist() == [0, UNKNOWN_INSTRUMENT] and first.unknown == {1: "SIM002"}


@pytest.mark.parametrize(
    ("feed", "parts", "kind", "field"),
    [
        ({"symbols": ("SIM999",)}, {}, InputError, "feed.symbols"),
        ({"start": "2060-01-01"}, {}, ConfigurationError, "feed.start"),
        ({}, {"start": "2055-01-03"}, ConfigurationError, "feed.simulated.start"),
    ],
)
def test_a_market_that_cannot_be_is_refused(
    feed: dict[str, Any], parts: dict[str, Any], kind: type[InputError], field: str
) -> None:
    with pytest.raises(kind) as caught:
        market(feed=feed, **parts)
    assert caught.value.field == field


def test_the_feed_opens_it_where_there_are_no_data() -> None:
    factory = functools.partial(open_source, FeedSection(), InstrumentsSection(), simulated=SimulatedSource)
    source = pickle.loads(pickle.dumps(factory))()
    assert source.describe() == "simulated market, seed 7: 8 symbols, 2520 sessions, bars of 5 minutes"
    assert {one.price_increment for one in master(source).all} == {1_000_000}
