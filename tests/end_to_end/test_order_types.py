"""Strategies with every order type on all services together: nothing is stuck, the books add up, lives can be told."""

import asyncio
import json

import msgspec
import pytest

from actors.messages import OrderEvent, OrderStatus, OrderType
from cluster.audit import AuditedRun
from cluster.order_history import audit_show
from configs import load
from tests.end_to_end.test_one_process import all_events
from tests.local_engine import LocalEngine

STRATEGY = '''
import alphamind


class Everything(alphamind.Strategy):
    """Uses every way to ask for an order, in turn."""

    lots: int = 10

    def on_start(self, context):
        self._bars = {}

    def on_bar(self, context, bar):
        seen = self._bars[bar.instrument] = self._bars.get(bar.instrument, 0) + 1
        price, turn = bar.close, seen % 12
        if turn == 1:
            context.bracket(bar.instrument, "buy", self.lots, take_profit=price + 20, stop_loss=price - 20)
        elif turn == 2:
            context.buy(bar.instrument, self.lots, stop_price=price + 5)
        elif turn == 3:
            context.buy(bar.instrument, self.lots, price - 3, alphamind.TimeInForce.GTC)
        elif turn == 4:
            for order in context.open_orders(bar.instrument):
                if order.type is alphamind.OrderType.LIMIT and order.side is alphamind.Side.BUY:
                    context.replace(order.client_order_id, limit_price=price + 2, quantity=self.lots + 5)
        elif turn == 5 and context.position(bar.instrument) > 0:
            context.sell(bar.instrument, 5, trail_amount=8, reduce_only=True)
        elif turn == 6:
            context.buy(bar.instrument, self.lots, type="market_if_touched", stop_price=price - 4)
        elif turn == 7:
            context.buy(bar.instrument, 40, price + 5, display_quantity=10)
        elif turn == 11:
            context.cancel_all(bar.instrument)
        elif turn == 0:
            context.target_position(bar.instrument, 0)
'''


def run(directory):
    (directory / "everything.py").write_text(STRATEGY)
    names = [f"s{number}" for number in range(2)]
    sections = [
        {
            "name": name,
            "implementation": f"{directory}/everything.py:Everything",
            "account": "main",
            "parameters": {"lots": 10 + number},
        }
        for number, name in enumerate(names)
    ]
    overrides = [
        f"strategies={json.dumps(sections)}",
        "feed.speed=max",
        "feed.warmup_sessions=0",
        "feed.simulated.instruments=2",
        "feed.simulated.sessions=12",
        "feed.simulated.bar_minutes=30",
    ]

    async def whole():
        configuration = load("local", overrides=overrides, environment={})
        async with LocalEngine(configuration, directory) as engine:
            await engine.until_finished()
            alarms = await engine.ask("oms-0", "alarms", {})
            books = await engine.ask("oms-0", "positions", {"account": "main"})
            summary = await engine.ask("portfolio", "summary", {"account": "main"})
            return configuration, engine.report(), await all_events(engine), alarms, books, summary

    return asyncio.run(whole())


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    directory = tmp_path_factory.mktemp("types")
    return directory, *run(directory)


def final_orders(events):
    return {event.order.order_id: event.order for event in events if isinstance(event, OrderEvent)}


def test_no_strategy_fails_and_nothing_raises_an_alarm(result):
    _, _, report, _, alarms, _, _ = result
    strategies = report["strategy"]["status"]["strategies"]
    assert {name: one["error"] for name, one in strategies.items()} == {"s0": None, "s1": None}
    assert alarms["total"] == 0, alarms["alarms"]


def test_orders_of_every_kind_were_filled_and_none_waits_for_an_answer(result):
    _, _, _, events, _, _, _ = result
    orders = final_orders(events).values()
    filled = {order.type for order in orders if order.filled_quantity}
    assert filled >= {
        OrderType.MARKET, OrderType.LIMIT, OrderType.STOP, OrderType.TRAILING_STOP, OrderType.MARKET_IF_TOUCHED,
    }  # fmt: skip
    assert any(order.replacement_id and order.filled_quantity for order in orders)
    assert any(order.conditions and order.conditions.display_quantity and order.filled_quantity for order in orders)
    pending = (OrderStatus.PENDING_NEW, OrderStatus.PENDING_CANCEL, OrderStatus.PENDING_REPLACE)
    assert not [order.order_id for order in orders if order.status in pending]
    for order in orders:
        assert order.filled_quantity <= order.quantity


def test_of_the_exits_of_a_bracket_never_both_close_the_position(result):
    _, _, _, events, _, _, _ = result
    lists = {}
    for order in final_orders(events).values():
        if order.list_id:
            lists.setdefault((order.account, order.list_id), []).append(order)
    assert len(lists) > 3
    for entry, *exits in lists.values():
        assert sum(order.filled_quantity for order in exits) <= entry.filled_quantity


def test_the_strategies_parts_net_to_the_account(result):
    _, _, _, events, _, books, summary = result
    fills = [event.fill for event in events if isinstance(event, OrderEvent) and event.fill is not None]
    assert {fill.strategy for fill in fills} == {"s0", "s1"}
    held = {}
    for fill in fills:
        key = (fill.strategy, fill.instrument)
        held[key] = held.get(key, 0) + fill.side.sign * fill.quantity
    positions = {(strategy, instrument): quantity for instrument, strategy, quantity, *_ in books[3]}
    assert {key: quantity for key, quantity in held.items() if quantity} == {
        key: quantity for key, quantity in positions.items() if quantity
    }
    (account,) = summary["accounts"]
    units = {name: round(float(account[name]) * 10**8) for name in ("profit", "realised", "unrealised", "fees")}
    for name, whole in units.items():
        assert sum(round(float(one[name]) * 10**8) for one in account["strategies"]) == whole, name


def test_the_life_of_an_exit_can_be_told(result, capsys):
    directory, configuration, _, events, _, _, _ = result
    orders = final_orders(events).values()
    audited = AuditedRun(directory, configuration.journal)
    stop = next(order for order in orders if order.list_id and order.type is OrderType.STOP and order.filled_quantity)
    audit_show(audited, stop.client_order_id, as_json=True)
    told = json.loads(capsys.readouterr().out)
    kinds = [record["kind"] for record in told["records"]]
    assert kinds[0] == "list_submission" and {"observation", "venue_report"} <= set(kinds)
    assert told["order"]["status"] == "filled" and told["order"]["emulated"] == ["stop"]
    assert told["records"][0]["who"] == f"strategy:{stop.strategy}" and told["records"][0]["via"].startswith("unix:")
    assert [fill["price"] for record in told["records"] for fill in record.get("fills", [])]
    assert msgspec.json.decode(json.dumps(told)) == told
