from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from actors.entries import CashDividend, Charge
from actors.messages import Fill
from actors.portfolio.attribution import attribute, market_values
from actors.portfolio.books import Books, Position
from actors.portfolio.performance.instruments import attribute_to_instruments
from actors.portfolio.valuation import position_rows, value
from tests.actors.portfolio.samples import COIN, INSTRUMENTS, fill, money


def books_of(fills: list[Fill]) -> Books:
    books = Books("main", INSTRUMENTS)
    books.deposit("USD", money(10_000))
    for one in fills:
        books.book(one)
    return books


def test_two_strategies_on_opposite_sides_each_have_their_own_profit() -> None:
    books = books_of([fill(100, 1000, money(1)), fill(-100, 1100, money(2), strategy="revert")])
    trend, revert = attribute(books, {0: 1200}, INSTRUMENTS, "USD")
    assert (trend.strategy, trend.market_value, trend.cost) == ("trend", money(1200), money(1000))
    assert (trend.unrealised, trend.realised, trend.fees, trend.profit) == (money(200), 0, money(1), money(199))
    assert (revert.strategy, revert.unrealised, revert.profit) == ("revert", money(-100), money(-102))
    figures = value(books, {0: 1200}, INSTRUMENTS, "USD")
    assert figures.equity - figures.deposits == trend.profit + revert.profit == money(97)


def test_what_is_lost_by_rounding_goes_to_the_largest_part() -> None:
    # Half a unit and one and a half: rounded half-even they are 0 and 2, of a whole worth 2.
    held = [Position(2, "a", 1, 0, 0, 0), Position(2, "b", 3, 0, 0, 0)]
    assert [COIN.notional(50_000_000, position.quantity) for position in held] == [0, 2]
    assert market_values(held, 50_000_000, COIN) == [0, 2]
    thirds = [Position(2, name, 1, 0, 0, 0) for name in "abc"]
    assert market_values(thirds, 40_000_000, COIN) == [1, 0, 0] and COIN.notional(40_000_000, 3) == 1
    assert market_values(thirds, None, COIN) == [0, 0, 0]


fills = st.lists(
    st.builds(
        fill,
        st.integers(-(10**6), 10**6).filter(bool),
        st.integers(1, 10**9),
        st.integers(-(10**6), 10**6),
        st.sampled_from(["trend", "revert", "carry", "manual"]),
        st.sampled_from([0, 1, 2, 3, 4]),
    ),
    max_size=30,
)
prices = st.dictionaries(st.sampled_from([0, 1, 2, 3, 4]), st.integers(1, 10**9))


@given(fills, prices, st.sampled_from(["USD", "EUR"]))
def test_the_strategies_of_an_account_net_to_it_exactly(
    done: list[Fill], closes: dict[int, int], currency: str
) -> None:
    books = books_of(done)
    parts = attribute(books, closes, INSTRUMENTS, currency)
    whole = value(books, closes, INSTRUMENTS, currency)
    assert sum(part.market_value for part in parts) == whole.net_exposure
    assert sum(part.unrealised for part in parts) == whole.unrealised
    assert sum(part.realised for part in parts) == whole.realised
    assert sum(part.fees for part in parts) == whole.fees
    assert sum(part.cost for part in parts) == books.cost(currency)
    assert sum(part.profit for part in parts) == whole.equity - whole.deposits
    for instrument in INSTRUMENTS:
        positions = [position.quantity for position in books.positions() if position.instrument == instrument.id]
        assert sum(positions) == books.position(instrument.id)


@given(fills, prices)
def test_a_strategy_has_what_its_own_fills_alone_would_have_given_it(done: list[Fill], closes: dict[int, int]) -> None:
    together = {part.strategy: part for part in attribute(books_of(done), closes, INSTRUMENTS, "USD")}
    for strategy, part in together.items():
        (alone,) = attribute(books_of([one for one in done if one.strategy == strategy]), closes, INSTRUMENTS, "USD")
        assert (part.cost, part.realised, part.fees) == (alone.cost, alone.realised, alone.fees)
        assert abs(part.market_value - alone.market_value) <= len(INSTRUMENTS) * len(together)


def test_the_parts_of_a_row_have_their_own_value_and_profit() -> None:
    books = books_of([fill(100, 1000), fill(-30, 1100, strategy="revert")])
    (row,) = position_rows(books, {0: 1200}, {}, INSTRUMENTS, {"USD": money(10_000)})
    assert (row["market_value"], row["unrealised"]) == ("840.00", "170.00")
    assert [(part["market_value"], part["unrealised"]) for part in row["strategies"]] == [
        ("1200.00", "200.00"),
        ("-360.00", "-30.00"),
    ]
    (unpriced,) = position_rows(books, {}, {}, INSTRUMENTS, {"USD": money(10_000)})
    assert [part["market_value"] for part in unpriced["strategies"]] == [None, None]


def test_what_the_account_as_a_whole_is_charged_is_a_part_of_its_own() -> None:
    books = Books("main", INSTRUMENTS, "USD")
    books.deposit("USD", money(1_000))
    books.book(fill(10, 1_000))
    books.enter(CashDividend(instrument=0, amount=money(1)))
    books.enter(Charge(kind="interest", currency="USD", amount=-money(1.5)))
    whole = value(books, {0: 1_100}, INSTRUMENTS, "USD")
    for rows in (
        attribute(books, {0: 1_100}, INSTRUMENTS, "USD"),
        attribute_to_instruments(books, {0: 1_100}, INSTRUMENTS, "USD"),
    ):
        assert sum(row.profit for row in rows) == whole.equity - whole.deposits == money(10 + 10 - 1.5)
        assert (rows[-1].income, rows[-1].profit) == (-money(1.5), -money(1.5))
