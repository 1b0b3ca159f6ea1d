from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from actors.clock import MINUTE
from actors.errors import AlphaMindError, InputError, NotFound
from actors.market.ticks import FEW
from actors.messages import (
    CancelOrder,
    CashEvent,
    Conditions,
    Contingency,
    Instrument,
    OrderStatus,
    OrderType,
    PegReference,
    ReplaceOrder,
    Side,
    Stage,
    SubmitList,
    SubmitOrder,
    TimeInForce,
)
from actors.strategy.account_view import AccountView
from actors.strategy.commands import client_order_id
from actors.strategy.context import Context
from actors.strategy.market_view import MarketView
from tests.actors.features.ticks import START, flat_bar, quote, ticks
from tests.actors.strategy.examples import CASH, INSTRUMENTS, cash_event, order_event


class World:
    """A context and what is behind it."""

    def __init__(self, instruments: tuple[Instrument, ...] = INSTRUMENTS) -> None:
        self.market = MarketView(bars_kept=3)
        self.account = AccountView("main", "USD", instruments)
        self.account.apply(cash_event())
        self.context = Context("s0", instruments, self.market, self.account, {}, lambda _: 30 * MINUTE)
        self.context.begin(START)
        self.events = 1

    def say(self, command: Any, status: OrderStatus, filled: int = 0, price: int = 0) -> None:
        self.events += 1
        self.account.apply(order_event(self.events, command, status, filled, price))

    def price(self, price: int, count: int = 1) -> None:
        for number in range(count):
            list(self.market.arrivals(ticks([flat_bar(0, START + number, price + number)])))


@pytest.fixture
def world() -> World:
    return World()


def test_instruments_are_named_by_symbol_or_id(world: World) -> None:
    assert world.context.instrument("BBB") is world.context.instrument(1) is INSTRUMENTS[1]


def test_a_symbol_means_the_instrument_that_bears_it_at_the_time() -> None:
    old = Instrument(id=0, symbol="FB", valid_from=0, valid_to=START)
    new = Instrument(id=1, symbol="FB", valid_from=START)
    world = World((new, old))
    assert world.context.instrument("FB") is new
    world.context.begin(START - 1)
    assert world.context.instrument("FB") is old


def test_an_unknown_symbol_is_answered_with_the_nearest(world: World) -> None:
    with pytest.raises(NotFound, match="did you mean AAA"):
        world.context.instrument("AAB")


def test_equity_is_cash_and_positions_at_the_last_price(world: World) -> None:
    world.price(100)
    command = _bought(world, 10)
    world.say(command, OrderStatus.FILLED, filled=10, price=90)
    assert world.context.position("AAA") == 10
    assert world.context.cash == CASH - 900 * 1_000_000
    assert world.context.equity == CASH + 100 * 1_000_000
    world.price(110)
    assert world.context.equity == CASH + 200 * 1_000_000
    world.say(_bought(world, 10), OrderStatus.FILLED, filled=10, price=100)
    assert world.context.equity == CASH + 300 * 1_000_000


def test_many_quotes_that_no_strategy_handles_move_the_prices_as_if_they_came_one_by_one() -> None:
    rows = [quote(number % 3, START + number, number % 5 * 7, 40 + number % 4) for number in range(10 * FEW)]
    wanted, unwanted = MarketView(3), MarketView(3, quotes=False)
    assert sum(map(len, wanted.arrivals(ticks(rows)))) == len(rows)
    assert list(unwanted.arrivals(ticks(rows))) == []
    assert unwanted.prices == wanted.prices and unwanted.revision == wanted.revision


def test_equity_over_two_currencies_is_refused(world: World) -> None:
    world.account.apply(
        CashEvent(partition=0, sequence=2, time=0, account="main", currency="EUR", amount=1, reason="x")
    )
    with pytest.raises(InputError) as raised:
        _ = world.context.equity
    assert raised.value.code == "CURRENCY_NOT_CONVERTIBLE"


def test_the_newest_bars_are_kept_oldest_first(world: World) -> None:
    assert world.context.last_price("AAA") == 0
    assert world.context.bars("AAA", 2) == []
    world.price(100, count=5)
    assert [bar.close for bar in world.context.bars("AAA", 2)] == [103, 104]
    assert [bar.close for bar in world.context.bars("AAA", 9)] == [102, 103, 104]
    assert world.context.bars("AAA", 0) == []
    assert world.context.last_price("AAA") == 104


def _bought(world: World, quantity: int) -> SubmitOrder:
    world.context.buy("AAA", quantity)
    command = world.context.take()[-1]
    assert isinstance(command, SubmitOrder)
    return command


@pytest.mark.parametrize(
    ("held", "open_buy", "target", "expected"),
    [
        (0, 0, 10, ("buy", 10)),
        (10, 0, 10, None),
        (10, 0, 4, ("sell", 6)),
        (10, 5, 15, None),
        (10, 5, 20, ("buy", 5)),
        (10, 5, 0, ("sell", 15)),
        (0, 0, -3, ("sell", 3)),
    ],
)
def test_a_target_orders_what_is_missing_to_position_and_open_orders(
    world: World, held: int, open_buy: int, target: int, expected: tuple[str, int] | None
) -> None:
    if held:
        world.say(_bought(world, held), OrderStatus.FILLED, filled=held, price=100)
    if open_buy:
        world.say(_bought(world, open_buy), OrderStatus.NEW)
    key = world.context.target_position("AAA", target)
    commands = world.context.take()
    if expected is None:
        assert key is None and commands == []
    else:
        assert [(str(one.side), one.quantity) for one in commands if isinstance(one, SubmitOrder)] == [expected]
        assert commands[0].client_order_id == key


def test_an_order_placed_in_this_very_callback_counts_for_the_next_target(world: World) -> None:
    world.context.target_position("AAA", 10)
    assert world.context.target_position("AAA", 10) is None
    assert world.context.open_quantity("AAA") == 10
    assert [order.status for order in world.context.open_orders("AAA")] == [OrderStatus.PENDING_NEW]
    assert world.context.open_orders("BBB") == []


def test_a_partly_filled_order_counts_with_what_is_left(world: World) -> None:
    world.say(_bought(world, 10), OrderStatus.PARTIALLY_FILLED, filled=4, price=100)
    assert (world.context.position("AAA"), world.context.open_quantity("AAA")) == (4, 6)


def test_a_limit_order_carries_price_and_time_in_force(world: World) -> None:
    world.context.sell("AAA", 3, 105, TimeInForce.GTC)
    order = world.context.take()[0]
    assert isinstance(order, SubmitOrder)
    assert (str(order.type), order.limit_price, str(order.time_in_force), order.principal) == (
        "limit",
        105,
        "gtc",
        "strategy:s0",
    )


def test_terms_beyond_price_and_time_in_force_become_conditions(world: World) -> None:
    world.context.sell("AAA", 3, stop_price=95)
    world.context.sell("AAA", 3, 94, stop_price=95, reduce_only=True)
    world.context.sell("AAA", 3, trail_amount=5)
    world.context.buy("AAA", 3, peg="best", peg_offset=-1, post_only=True)
    world.context.buy("AAA", 3, 99, TimeInForce.GTD, display_quantity=1, expire_time=START + 1)
    orders = [one for one in world.context.take() if isinstance(one, SubmitOrder)]
    assert [(order.type, order.limit_price, order.conditions) for order in orders] == [
        (OrderType.STOP, None, Conditions(stop_price=95)),
        (OrderType.STOP_LIMIT, 94, Conditions(stop_price=95, reduce_only=True)),
        (OrderType.TRAILING_STOP, None, Conditions(trail_amount=5)),
        (OrderType.PEGGED, None, Conditions(peg=PegReference.BEST, peg_offset=-1, post_only=True)),
        (OrderType.LIMIT, 99, Conditions(display_quantity=1, expire_time=START + 1)),
    ]
    assert [order.conditions for order in world.context.open_orders()] == [order.conditions for order in orders]


def test_a_bracket_is_one_command_whose_exits_add_nothing_while_they_are_held(world: World) -> None:
    ids = world.context.bracket("AAA", "buy", 10, 100, take_profit=110, stop_loss=95)
    assert ids == ("s0-1", "s0-2", "s0-3")
    (command,) = world.context.take()
    assert isinstance(command, SubmitList)
    assert (command.list_id, command.contingency) == ("s0-1", Contingency.BRACKET)
    assert (command.account, command.principal) == ("main", "strategy:s0")
    assert [(str(one.side), one.strategy, one.limit_price) for one in command.orders] == [
        ("buy", "s0", 100), ("sell", "s0", 110), ("sell", "s0", None),
    ]  # fmt: skip
    assert [order.stage for order in world.context.open_orders()] == [Stage.WORKING, Stage.HELD, Stage.HELD]
    assert world.context.open_quantity("AAA") == 10
    assert world.context.buy("AAA", 1) == "s0-4"


def test_of_exits_that_cancel_one_another_the_larger_counts(world: World) -> None:
    assert world.context.oco("AAA", Side.SELL, 10, take_profit=110, stop_loss=95) == ("s0-1", "s0-2")
    (command,) = world.context.take()
    assert isinstance(command, SubmitList) and command.contingency is Contingency.OCO
    assert [one.client_order_id for one in command.orders] == ["s0-1", "s0-2"]
    world.context.sell("AAA", 1)
    assert world.context.open_quantity("AAA") == -11


def test_an_order_is_changed_under_an_id_of_its_own_and_stays_as_it_is_until_that_is_granted(world: World) -> None:
    command = _bought(world, 10)
    world.context.replace(command.client_order_id, quantity=20, stop_price=95)
    (wish,) = world.context.take()
    assert wish == ReplaceOrder(
        account="main",
        client_order_id="s0-1",
        replacement_id="s0-2",
        quantity=20,
        stop_price=95,
        principal="strategy:s0",
    )
    assert world.context.open_quantity("AAA") == 10


def test_all_own_orders_that_fit_are_canceled_one_by_one(world: World) -> None:
    other = SubmitOrder(client_order_id="x", account="main", instrument=0, side="buy", quantity=1, strategy="manual")
    world.say(other, OrderStatus.NEW)
    world.context.buy("AAA", 1)
    world.context.sell("AAA", 1)
    world.context.buy("BBB", 1)
    world.context.take()
    assert world.context.cancel_all("AAA", "sell") == ["s0-2"]
    assert world.context.cancel_all("BBB") == ["s0-3"]
    assert world.context.cancel_all() == ["s0-1", "s0-2", "s0-3"]
    canceled = [one.client_order_id for one in world.context.take() if isinstance(one, CancelOrder)]
    assert canceled == ["s0-2", "s0-3", "s0-1"]


def test_what_a_failed_callback_placed_is_forgotten(world: World) -> None:
    kept = _bought(world, 1)
    world.context.bracket("AAA", "buy", 10, take_profit=110, stop_loss=95)
    world.context.replace(kept.client_order_id, quantity=2)
    world.context.cancel(kept.client_order_id)
    world.context.take(keep=False)
    assert list(world.account.orders) == ["s0-1"] and world.account.cancels == set()


@pytest.mark.parametrize(
    ("act", "field"),
    [
        (lambda context: context.buy("AAA", 0), "quantity"),
        (lambda context: context.buy("AAA", 1.5), "quantity"),
        (lambda context: context.buy("AAA", True), "quantity"),
        (lambda context: context.sell("AAA", 1, -5), "limit_price"),
        (lambda context: context.sell("AAA", 1, 99.5), "limit_price"),
        (lambda context: context.target_position("AAA", 2.0), "quantity"),
        (lambda context: context.buy("AAA", None), "quantity"),
        (lambda context: context.sell("AAA", 1, stop_price=0), "stop_price"),
        (lambda context: context.sell("AAA", 1, trail_amount=0.5), "trail_amount"),
        (lambda context: context.sell("AAA", 1, 5, display_quantity=-1), "display_quantity"),
        (lambda context: context.sell("AAA", 1, type="guess"), "type"),
        (lambda context: context.sell("AAA", 1, peg="sky"), "peg"),
        (lambda context: context.buy("AAA", 1, 5, "ever"), "time_in_force"),
        (lambda context: context.bracket("AAA", "hold", 1, take_profit=1), "side"),
        (lambda context: context.bracket("AAA", "buy", 1), "take_profit"),
        (lambda context: context.bracket("AAA", "buy", 1, take_profit=1.5), "take_profit"),
        (lambda context: context.bracket("AAA", "buy", 1, take_profit=90, stop_loss=95), "take_profit"),
        (lambda context: context.oco("AAA", "sell", 1, take_profit=90, stop_loss=0), "stop_loss"),
        (lambda context: context.cancel("s0-9"), "client_order_id"),
        (lambda context: context.replace("s0-9", quantity=1), "client_order_id"),
        (lambda context: context.cancel_all(side="both"), "side"),
    ],
)
def test_a_wrong_order_is_refused_and_nothing_is_sent(
    world: World, act: Callable[[Context], object], field: str
) -> None:
    with pytest.raises(AlphaMindError) as raised:
        act(world.context)
    assert raised.value.field == field
    assert world.context.take() == []


@pytest.mark.parametrize(("changes", "field"), [({}, "quantity"), ({"limit_price": -1}, "limit_price")])
def test_a_wrong_change_is_refused_and_nothing_is_sent(world: World, changes: dict[str, int], field: str) -> None:
    command = _bought(world, 10)
    with pytest.raises(InputError) as raised:
        world.context.replace(command.client_order_id, **changes)
    assert raised.value.field == field and world.context.take() == []


def test_a_strategy_cannot_cancel_an_order_of_another(world: World) -> None:
    other = SubmitOrder(client_order_id="x", account="main", instrument=0, side="buy", quantity=1, strategy="manual")
    world.say(other, OrderStatus.NEW)
    with pytest.raises(NotFound):
        world.context.cancel("x")
    with pytest.raises(NotFound):
        world.context.replace("x", quantity=2)
    assert world.context.open_orders() == world.context.cancel_all() == []


def test_a_cancellation_that_the_venue_refused_can_be_asked_for_again(world: World) -> None:
    command = _bought(world, 1)
    world.say(command, OrderStatus.NEW)
    world.context.cancel(command.client_order_id)
    world.say(command, OrderStatus.PENDING_CANCEL)
    world.context.cancel(command.client_order_id)
    assert len(world.context.take()) == 1
    world.say(command, OrderStatus.NEW)
    world.context.cancel(command.client_order_id)
    assert len(world.context.take()) == 1
    world.say(command, OrderStatus.CANCELED)
    assert world.account.orders == {} and world.account.cancels == set()


def test_periods_per_year_follow_the_length_of_the_periods_and_the_calendar(world: World) -> None:
    assert world.context.periods_per_year("AAA") == 13 * 252
    assert world.context.forecast("AAA") is None


@pytest.mark.parametrize("length", [1, 20, 36, 37, 48])
def test_client_order_ids_never_exceed_48_characters(length: int) -> None:
    ids = {client_order_id("a" * length + suffix, 10**9) for suffix in ("", "b"[: 48 - length])}
    assert all(len(one) <= 48 for one in ids)
    assert len(ids) == (2 if length < 48 else 1)
    assert client_order_id("vol", 7) == "vol-7"
