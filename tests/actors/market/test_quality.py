import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.calendars import session_bounds
from actors.clock import DAY, HOUR, MINUTE, SECOND
from actors.errors import InputError
from actors.market.quality import QUARANTINE_KEPT, Quality
from actors.market.reasons import Reason
from actors.market.ticks import BAR, QUOTE, RAW, TICK, TRADE, BookAction, Kind
from configs.schema import QualitySection
from tests.actors.market.builders import INFINITE, NAN, NONE, bar, book, instrument, quote, raw_slice, rows, trade
from tests.actors.market.builders import MONDAY as T

ALWAYS = (instrument(), instrument(1), instrument(7, price_increment=10_000))
NEW_YORK = (instrument(calendar="XNYS"),)
MANY, FEW = {"few": 0}, {"few": 10**9}
BOTH_WAYS = pytest.mark.parametrize("way", [MANY, FEW], ids=["columns", "rows"])
DAILY = 6 * HOUR + 30 * MINUTE


def judge(way, each, instruments=ALWAYS, time=None, section=QualitySection()):
    """Return the reasons of the rows of one slice, None where accepted, and the accepted ``TICK`` rows."""
    quality = Quality(section, instruments, **way)
    checked = quality.check(raw_slice(rows(*each), time=time))
    faults = {row.row: str(row.reason) for row in checked.quarantined}
    assert checked.accepted + sum(checked.counts.values()) == len(each)
    assert len(checked.rows) == checked.accepted * TICK.itemsize
    return [faults.get(number) for number in range(len(each))], np.frombuffer(checked.rows, TICK), quality


@BOTH_WAYS
@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (bar(T, 100, 101, 99, 100.5), None),
        (bar(T, 100, 101, 99, 100.5, volume=0), None),
        (bar(T, number=2), "unknown_instrument"),
        (bar(T, number=NONE), "unknown_instrument"),
        (bar(T, number=1_000_000), "unknown_instrument"),
        ((9, *bar(T)[1:]), "unknown_kind"),
        ((9, *bar(T, number=NONE)[1:]), "unknown_instrument"),
        (book(T, 6, 1, 100, 1), "unknown_kind"),
        (bar(T, NAN), "missing_value"),
        (bar(T, high=INFINITE), "missing_value"),
        (bar(T, low=-INFINITE), "missing_value"),
        (bar(T, close=NAN), "missing_value"),
        (bar(T, volume=NAN), "missing_value"),
        (trade(T, NAN), "missing_value"),
        (trade(T, 100, NAN), "missing_value"),
        (book(T, BookAction.ADD, 1, 100, NAN), "missing_value"),
        (quote(T, NAN, NAN, NAN, NAN), "missing_value"),
        (quote(T, 0, 0, 0, 0), "missing_value"),
        (quote(T, NAN, 101, 5, 1), "missing_value"),
        (quote(T, 100, 101, NAN, 1), "missing_value"),
        (quote(T, 100, INFINITE, 1, 1), "missing_value"),
        (bar(T, 0), "non_positive_price"),
        (bar(T, 100, low=0), "non_positive_price"),
        (bar(T, -1), "non_positive_price"),
        (bar(T, 0.004), "non_positive_price"),
        (bar(T, 100, low=-1e300), "non_positive_price"),
        (trade(T, 0), "non_positive_price"),
        (quote(T, 0, 101, 3, 1), "non_positive_price"),
        (quote(T, 100, -1, 1, 1), "non_positive_price"),
        (book(T, BookAction.ADD, 1, 0, 1), "non_positive_price"),
        (bar(T, volume=-1), "negative_volume"),
        (trade(T, 100, -1), "negative_volume"),
        (quote(T, 100, 101, 1, -1), "negative_volume"),
        (quote(T, 100, 101, -1, 1), "negative_volume"),
        (bar(T, 1e300), "out_of_range"),
        (bar(T, volume=1e17), "out_of_range"),
        (trade(T, 1e200), "out_of_range"),
        (quote(T, 1, 1e200), "out_of_range"),
        (bar(T, 100, high=99.9, low=99), "impossible_bar"),
        (bar(T, 100, high=101, low=100.5, close=100.7), "impossible_bar"),
        (bar(T, 100, high=102, low=99, close=102.5), "impossible_bar"),
        (bar(T, 100, high=102, low=99, close=98), "impossible_bar"),
        (quote(T, 101, 100), "crossed_quote"),
        (quote(T, 101, 101), None),
        (quote(T, 101, NAN, 1, NAN), None),
        (quote(T, 0, 101, 0, 1), None),
        (bar(T, known=T - 1), "known_too_early"),
        (trade(T, 100), None),
        (trade(T, 100, 0), None),
        (book(T, BookAction.ADD, 1, 100, 1), None),
        (book(T, BookAction.HALT, 0, -1, NAN), None),
    ],
)
def test_a_row_is_judged_on_its_own(way, row, reason):
    assert judge(way, [row], time=T + MINUTE)[0] == [reason]


@BOTH_WAYS
@pytest.mark.parametrize(("late", "reason"), [(0, None), (SECOND, None), (SECOND + 1, "future_time")])
def test_a_time_stamp_may_lie_after_the_clock_by_the_tolerance(way, late, reason):
    assert judge(way, [trade(T + late, 100)], time=T)[0] == [reason]


@BOTH_WAYS
@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (bar(T, period=DAILY), None),
        (bar(T + 5 * DAY, period=DAILY), "outside_session"),  # Saturday
        (bar(T + 7 * DAY, period=DAILY), "outside_session"),  # Martin Luther King's day
        (bar(T + 8 * DAY, period=DAILY), None),
        (bar(T - 30 * MINUTE, period=30 * MINUTE), "outside_session"),
        (bar(T - 30 * MINUTE, period=HOUR), None),
        (bar(T + DAILY - MINUTE), None),
        (bar(T + DAILY), "outside_session"),
        (quote(T - 1, 100, 101), "outside_session"),
        (quote(T, 100, 101), None),
        (trade(T + DAILY, 100), None),
        (trade(T + DAILY + 1, 100), "outside_session"),
        (bar(-10 * 365 * DAY, period=DAILY), "not_valid"),
        (bar(90 * 365 * DAY, period=DAILY), "outside_session"),  # after the calendar's end
    ],
)
def test_a_row_outside_the_sessions_of_its_calendar_is_refused(way, row, reason):
    assert judge(way, [row], NEW_YORK)[0] == [reason]


@BOTH_WAYS
def test_identifiers_hold_from_their_first_instant_to_before_their_last(way):
    spell = (instrument(valid_from=T, valid_to=T + 2),)
    each = [trade(T + offset, 100 + offset) for offset in (-1, 0, 1, 2)]
    assert judge(way, each, spell)[0] == ["not_valid", None, None, "not_valid"]


@BOTH_WAYS
def test_two_calendars_are_each_asked_for_their_own(way):
    instruments = (instrument(0, "XNYS"), instrument(1), instrument(2, "XLON"))
    evening = T + DAILY + HOUR
    each = [trade(time, 100, number=number) for time in (T, evening) for number in (0, 1, 2)]
    assert judge(way, each, instruments)[0] == [None, None, None, "outside_session", None, "outside_session"]


@BOTH_WAYS
def test_a_bar_of_a_time_that_was_accepted_is_a_duplicate_and_any_other_late_one_is_out_of_order(way):
    each = [bar(T + minute * MINUTE) for minute in (0, 2, 2, 0, 1, 3)]
    assert judge(way, each)[0] == [None, None, "duplicate", "duplicate", "out_of_order", None]


@BOTH_WAYS
def test_only_an_identical_quote_or_trade_at_the_same_time_is_a_duplicate(way):
    each = [
        trade(T, 100), trade(T, 100), trade(T, 100, 2), trade(T, 100, 2, side=-1), trade(T, 100, 2, -1, key=5),
        trade(T + 1, 100, 2, -1, key=5), trade(T, 100),
        quote(T, 100, 101), quote(T, 100, 101), quote(T, 100, 101, 7), quote(T - 1, 100, 101),
    ]  # fmt: skip
    assert judge(way, each)[0] == [
        None, "duplicate", None, None, None, None, "out_of_order", None, "duplicate", None, "out_of_order",
    ]  # fmt: skip


@BOTH_WAYS
def test_identical_book_messages_are_no_duplicates(way):
    each = [book(T, BookAction.REDUCE, 1, 100, 1), book(T, BookAction.REDUCE, 1, 100, 1), book(T - 1, 3, 1, 100, 1)]
    assert judge(way, each)[0] == [None, None, "out_of_order"]


@BOTH_WAYS
def test_streams_of_other_instruments_and_kinds_do_not_disturb_one_another(way):
    each = [trade(T + 5, 100), trade(T, 500, number=1), quote(T + 1, 20, 21), bar(T, 900, known=T + 4)]
    assert judge(way, each)[0] == [None] * 4


@BOTH_WAYS
def test_a_spike_is_quarantined_and_the_next_good_row_is_not(way):
    each = [trade(T + n, price) for n, price in enumerate([100, 1, 101, 900, 102])]
    assert judge(way, each)[0] == [None, "jump", None, "jump", None]


@BOTH_WAYS
def test_the_threshold_itself_is_still_believed(way):
    assert judge(way, [trade(T, 100), trade(T + 1, 140)])[0] == [None, None]
    assert judge(way, [trade(T, 100), trade(T + 1, 140.01)])[0] == [None, "jump"]
    assert judge(way, [trade(T, 100), trade(T + 1, 60)])[0] == [None, None]
    assert judge(way, [trade(T, 100), trade(T + 1, 59.99)])[0] == [None, "jump"]


@BOTH_WAYS
def test_a_new_level_is_believed_after_its_confirmations(way):
    split = [bar(T + n * MINUTE, price) for n, price in enumerate([400, 100, 101, 99, 100, 100])]
    assert judge(way, split)[0] == [None, "jump", "jump", "jump", None, None]


@BOTH_WAYS
def test_a_good_row_and_a_third_level_both_begin_the_confirmation_anew(way):
    prices = [400, 100, 101, 400, 99, 100, 1000, 99, 100, 101, 102]
    found = judge(way, [bar(T + n * MINUTE, price) for n, price in enumerate(prices)])[0]
    assert found == [None, "jump", "jump", None, *["jump"] * 6, None]


@BOTH_WAYS
def test_a_repeated_bar_confirms_nothing(way):
    times = [0, 1, 1, 1, 1, 2, 3, 4]
    each = [bar(T + time * MINUTE, 400 if time == 0 else 100) for time in times]
    assert judge(way, each)[0] == [None, *["jump"] * 6, None]


@BOTH_WAYS
def test_a_wild_range_within_a_bar_and_a_stub_quote_are_jumps(way):
    each = [bar(T), bar(T + MINUTE, 100, low=0.01), bar(T + 2 * MINUTE), bar(T + 3 * MINUTE, 100, high=1000)]
    assert judge(way, each)[0] == [None, "jump", None, "jump"]
    stub = [quote(T, 100, 101), quote(T + 1, 0.01, 101), quote(T + 2, 100, 199_999), quote(T + 3, 100, NAN, 1, NAN)]
    assert judge(way, stub)[0] == [None, "jump", "jump", None]


@BOTH_WAYS
def test_book_messages_far_from_the_market_are_no_jumps(way):
    each = [book(T + n, BookAction.ADD, n, price, 1) for n, price in enumerate([100, 1, 199_999])]
    assert judge(way, each)[0] == [None] * 3


@BOTH_WAYS
def test_prices_off_the_increment_are_rounded_and_counted_or_refused(way):
    each = [bar(T, 100.005, 100.015, 99.991, 100), bar(T + MINUTE, volume=1.5), bar(T + 2 * MINUTE)]
    found, ticks, quality = judge(way, each)
    assert found == [None] * 3
    assert quality.rounded == 2
    assert ticks.view(BAR)[["open", "high", "low", "close"]][0].tolist() == (10000, 10002, 9999, 10000)
    assert ticks.view(BAR)["volume"].tolist() == [1000, 2, 1000]
    found, _, quality = judge(way, each, section=QualitySection(round_to_increment=False))
    assert found == ["off_increment", None, None]
    assert quality.rounded == 1


@BOTH_WAYS
def test_accepted_rows_keep_their_order_and_all_their_fields(way):
    each = [trade(T, 100.25, 3, side=-1, key=9), quote(T, NAN, 20.02, NAN, 7, number=1), bar(T, 1.2345, number=7)]
    _, ticks, _ = judge(way, [bar(T, NAN), *each], time=T + MINUTE)
    assert ticks["kind"].tolist() == [Kind.TRADE, Kind.QUOTE, Kind.BAR]
    assert ticks["row"].tolist() == [1, 2, 3]
    assert ticks["instrument"].tolist() == [0, 1, 7]
    assert ticks["known_time"].tolist() == [T, T, T + MINUTE]
    assert ticks.view(TRADE)[0].tolist()[8:] == (10025, 3, 0, 0, 0, 9)
    assert ticks["side"].tolist() == [-1, 0, 0]
    assert ticks.view(QUOTE)[1].tolist()[8:] == (0, 2002, 0, 7, 0, 0)
    assert ticks.view(BAR)[2].tolist()[8:] == (12345, 12345, 12345, 12345, 1000, MINUTE)


@BOTH_WAYS
def test_missing_sessions_are_counted_as_gaps_and_weekends_and_holidays_are_not(way):
    days = [0, 1, 4, 8, 9]  # Monday, Tuesday, Friday, the Tuesday after the holiday, Wednesday
    each = [bar(T + day * DAY, period=DAILY) for day in days]
    found, _, quality = judge(way, each, (instrument(5, "XNYS"), instrument(0, "XNYS")))
    assert found == [None] * 5
    assert quality.gaps == {0: 2}


@BOTH_WAYS
def test_a_quarantined_bar_is_no_gap_and_an_always_open_market_has_none(way):
    each = [bar(T, 100, period=DAILY), bar(T + DAY, 900, period=DAILY), bar(T + 2 * DAY, 100, period=DAILY)]
    found, _, quality = judge(way, each, NEW_YORK)
    assert (found, quality.gaps) == ([None, "jump", None], {})
    assert judge(way, [bar(T), bar(T + 9 * DAY)])[2].gaps == {}


@BOTH_WAYS
def test_the_quarantine_tells_what_was_received_and_from_where(way):
    quality = Quality(QualitySection(), ALWAYS, **way)
    ticks = rows(bar(T, NAN, 2, 1, INFINITE, 5), bar(T, number=NONE))
    checked = quality.check(raw_slice(ticks, 12, unknown={1: "GME"}))
    first, second = checked.quarantined
    assert (first.reason, first.sequence, first.source, first.row, first.symbol) == (
        Reason.MISSING_VALUE, 12, "test", 0, "SYM0",
    )  # fmt: skip
    assert (first.values, first.reference) == ((None, 2.0, 1.0, None, 5.0), MINUTE)
    assert (second.symbol, second.event_time, second.kind) == ("GME", T, Kind.BAR)
    assert checked.counts == {Reason.UNKNOWN_INSTRUMENT: 1, Reason.MISSING_VALUE: 1}


def test_only_the_newest_refused_rows_are_kept_but_all_are_counted():
    checked = Quality(QualitySection(), ALWAYS).check(raw_slice(rows(*[bar(T, NAN)] * (QUARANTINE_KEPT + 5))))
    assert checked.counts == {Reason.MISSING_VALUE: QUARANTINE_KEPT + 5}
    assert [checked.quarantined[0].row, checked.quarantined[-1].row] == [5, QUARANTINE_KEPT + 4]


def test_an_empty_slice_and_an_empty_master_are_fine():
    assert Quality(QualitySection(), ()).check(raw_slice(rows())).accepted == 0
    assert Quality(QualitySection(), (), few=0).check(raw_slice(rows())).accepted == 0
    assert Quality(QualitySection(), (), few=0).check(raw_slice(rows(bar(T)))).counts == {Reason.UNKNOWN_INSTRUMENT: 1}


def test_two_instruments_of_one_id_are_an_error():
    with pytest.raises(InputError, match="two instruments have one id"):
        Quality(QualitySection(), (instrument(3), instrument(3)))


def test_the_history_of_bars_is_bounded_and_still_tells_recent_duplicates():
    for way in (MANY, FEW):
        quality = Quality(QualitySection(), ALWAYS, **way)
        for begin in range(0, 20_000, 1000):
            quality.check(raw_slice(rows(*[bar(T + (begin + n) * MINUTE) for n in range(1000)])))
        counts = quality.check(raw_slice(rows(bar(T + 19_998 * MINUTE), bar(T)))).counts
        assert counts == {Reason.DUPLICATE: 1, Reason.OUT_OF_ORDER: 1}


PRICES = st.sampled_from([100.0, 100.01, 100.015, 99.5, 139.0, 150.0, 55.0, 0.0, -1.0, NAN, INFINITE, 1e17])
TIMES = st.integers(-2, 12).map(lambda minute: T + minute * MINUTE)
NUMBERS = st.sampled_from([0, 0, 0, 1, 1, 7, 3, NONE])
SIZES = st.sampled_from([1.0, 1.0, 2.0, 1.5, 0.0, -3.0, NAN])
ROWS = st.lists(
    st.one_of(
        st.builds(bar, TIMES, PRICES, PRICES, PRICES, PRICES, SIZES, NUMBERS),
        st.builds(bar, TIMES, PRICES, number=NUMBERS),
        st.builds(quote, TIMES, PRICES, PRICES, SIZES, SIZES, NUMBERS),
        st.builds(trade, TIMES, PRICES, SIZES, st.sampled_from([-1, 1]), NUMBERS),
        st.builds(book, TIMES, st.integers(0, 8), st.just(1), PRICES, SIZES, number=NUMBERS),
        st.builds(lambda time, price, kind: (kind, *trade(time, price)[1:]), TIMES, PRICES, st.integers(0, 9)),
    ),
    max_size=40,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(ROWS, min_size=1, max_size=4), st.booleans(), st.sampled_from(["24/7", "XNYS"]))
def test_arrays_and_single_rows_judge_alike(slices, rounding, calendar):
    section = QualitySection(round_to_increment=rounding)
    instruments = (instrument(0, calendar), instrument(1), instrument(7, calendar, valid_from=T + MINUTE))
    by_row, by_column = (Quality(section, instruments, session_bounds, **way) for way in (FEW, MANY))
    for number, each in enumerate(slices):
        raw = raw_slice(rows(*each), number + 1, time=T + 8 * MINUTE)
        one, many = by_row.check(raw), by_column.check(raw)
        assert np.frombuffer(one.rows, TICK).tolist() == np.frombuffer(many.rows, TICK).tolist()
        assert one == many
    assert (by_row.rounded, by_row.gaps) == (by_column.rounded, by_column.gaps)


@settings(max_examples=50, deadline=None)
@given(ROWS)
def test_no_accepted_row_breaks_a_rule(each):
    _, ticks, _ = judge({}, each, time=T + 8 * MINUTE)
    bars = ticks[ticks["kind"] == Kind.BAR].view(BAR)
    assert (bars["low"] >= 1).all() and (bars["volume"] >= 0).all()
    assert (bars["low"] <= np.minimum(bars["open"], bars["close"])).all()
    assert (bars["high"] >= np.maximum(bars["open"], bars["close"])).all()
    for number in (0, 1, 7):
        assert (np.diff(bars[bars["instrument"] == number]["event_time"]) > 0).all()
    quotes = ticks[ticks["kind"] == Kind.QUOTE].view(QUOTE)
    assert ((quotes["bid"] <= quotes["ask"]) | (quotes["ask"] == 0)).all()
    assert (ticks["known_time"] <= T + 8 * MINUTE + SECOND).all()


def test_the_records_of_one_row_have_the_size_of_the_layout():
    assert RAW.itemsize == TICK.itemsize == 80
