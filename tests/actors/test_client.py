from __future__ import annotations

import asyncio
import pathlib
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest

import alphamind
from actors.errors import AlphaMindError, NotFound, OrderRejected, PeerLost, Unavailable
from actors.instruments import InstrumentMaster
from actors.messages import (
    CancelOrder,
    CancelOrders,
    Conditions,
    Contingency,
    Instrument,
    Order,
    OrderStatus,
    OrderType,
    PegReference,
    ReplaceOrder,
    Side,
    Stage,
    SubmitList,
    SubmitOrder,
    TimeInForce,
    decoder,
    encode,
)
from actors.oms.routing import shard_of
from actors.portfolio.books import Books
from actors.service import socket_path
from actors.strategy.commands import unconfirmed
from actors.wire import Request, WireServer
from configs.loading import load, render
from tests.actors.oms.support import PRICE
from tests.actors.oms.world import world

INSTRUMENTS = (Instrument(id=0, symbol="AAA"), Instrument(id=1, symbol="BBB"))


class Oms:
    """An OMS shard in a thread of its own."""

    def __init__(self, path: pathlib.Path) -> None:
        self.orders: dict[str, Order] = {}
        self.lists: list[SubmitList] = []
        self.mass_cancels: list[CancelOrders] = []
        self.path = path
        self.ready = threading.Event()
        self.server: WireServer
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()
        self.ready.wait(5)

    def _run(self) -> None:
        async def serve() -> None:
            self.loop, self.done = asyncio.get_running_loop(), asyncio.Event()
            self.server = WireServer(
                "oms-0",
                {
                    "submit": self._submit,
                    "submit_list": self._submit_list,
                    "replace": self._replace,
                    "cancel_all": self._cancel_all,
                    "cancel": self._cancel,
                    "order": self._order,
                    "orders": lambda _: encode(list(self.orders.values())),
                    "positions": self._positions,
                },
            )
            await self.server.listen(self.path)
            self.ready.set()
            await self.done.wait()
            await self.server.close()

        asyncio.run(serve())

    def stop(self) -> None:
        self.loop.call_soon_threadsafe(self.done.set)
        self.thread.join(5)

    def _submit(self, request: Request) -> bytes:
        order = unconfirmed(decoder(SubmitOrder)(request.body), 0)
        self.orders.setdefault(order.client_order_id, order)
        return encode(self.orders[order.client_order_id])

    def _cancel(self, request: Request) -> bytes:
        order = self.orders[decoder(CancelOrder)(request.body).client_order_id]
        return encode(msgspec.structs.replace(order, status=OrderStatus.PENDING_CANCEL))

    def _submit_list(self, request: Request) -> bytes:
        wanted = decoder(SubmitList)(request.body)
        self.lists.append(wanted)
        return encode([unconfirmed(order, 0) for order in wanted.orders])

    def _replace(self, request: Request) -> bytes:
        wanted = decoder(ReplaceOrder)(request.body)
        order = self.orders[wanted.client_order_id]
        changes = {"quantity": wanted.quantity or order.quantity, "replacement_id": wanted.replacement_id}
        return encode(msgspec.structs.replace(order, status=OrderStatus.PENDING_REPLACE, **changes))

    def _cancel_all(self, request: Request) -> bytes:
        self.mass_cancels.append(decoder(CancelOrders)(request.body))
        return encode({"canceled": ["4-1", "4-2"]})

    def _order(self, request: Request) -> bytes:
        key = msgspec.msgpack.decode(request.body)["client_order_id"]
        if key not in self.orders:
            raise NotFound("no such order", field="client_order_id", value=key)
        return encode(self.orders[key])

    def _positions(self, request: Request) -> bytes:
        books = Books(msgspec.msgpack.decode(request.body)["account"], INSTRUMENTS)
        books.deposit("USD", 100)
        for strategy, quantity in (("a", 5), ("b", 3)):
            for side in ("buy", "sell") if strategy == "b" else ("buy",):
                books.book(_fill(books.account, strategy, side, quantity))
        return encode(books.view(3))


def _fill(account: str, strategy: str, side: str, quantity: int) -> alphamind.Fill:
    return alphamind.Fill(
        execution_id=f"{strategy}{side}",
        order_id="1",
        client_order_id="1",
        account=account,
        strategy=strategy,
        instrument=0,
        side=alphamind.Side(side),
        quantity=quantity,
        price=10,
        fee=0,
        liquidity="taker",
        time=0,
    )


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Iterator[pathlib.Path]:
    with tempfile.TemporaryDirectory(prefix="am") as home:
        monkeypatch.setenv("ALPHAMIND_HOME", home)
        monkeypatch.delenv("ALPHAMIND_RUN", raising=False)
        directory = pathlib.Path(home) / "runs" / "first"
        (directory / "sockets").mkdir(parents=True)
        (directory / "configuration.yaml").write_text(render(load()))
        InstrumentMaster(INSTRUMENTS).save(directory / "instruments.json")
        (pathlib.Path(home) / "current").symlink_to(directory)
        yield directory


@pytest.fixture
def oms(run: pathlib.Path) -> Iterator[Oms]:
    server = Oms(socket_path(run, "oms-0"))
    yield server
    server.stop()


def test_the_run_that_came_up_last_is_found_or_the_one_that_is_named(
    run: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for named in (None, "first", run, str(run)):
        assert alphamind.connect(named).directory == run.resolve()
    monkeypatch.setenv("ALPHAMIND_RUN", "second")
    with pytest.raises(NotFound, match="no run in"):
        alphamind.connect()


def test_orders_are_sent_asked_for_and_canceled(run: pathlib.Path, oms: Oms) -> None:
    with alphamind.connect() as client:
        order = client.submit("BBB", "buy", 5, 100, time_in_force="gtc", client_order_id="k")
        assert (order.instrument, order.quantity, order.limit_price, order.account) == (1, 5, 100, "main")
        assert client.submit("AAA", "sell", 7, client_order_id="k") == order
        assert client.order("k") == order
        assert client.orders(open_only=True) == [order]
        assert client.cancel("k").status is OrderStatus.PENDING_CANCEL
        assert len({client.submit("AAA", "buy", 1).client_order_id for _ in range(3)}) == 3
        with pytest.raises(NotFound, match="no such order"):
            client.order("x", account="other")


def test_only_open_positions_are_listed(run: pathlib.Path, oms: Oms) -> None:
    with alphamind.connect() as client:
        assert [(one.strategy, one.quantity) for one in client.positions()] == [("a", 5)]
        assert client.books("main").sequence == 3


@pytest.mark.parametrize(
    ("limit_price", "terms", "kind", "conditions"),
    [
        (None, {}, OrderType.MARKET, None),
        (100, {}, OrderType.LIMIT, None),
        (None, {"stop_price": 90}, OrderType.STOP, Conditions(stop_price=90)),
        (89, {"stop_price": 90}, OrderType.STOP_LIMIT, Conditions(stop_price=90)),
        (None, {"trail_amount": 5}, OrderType.TRAILING_STOP, Conditions(trail_amount=5)),
        (None, {"trail_rate": 10**6}, OrderType.TRAILING_STOP, Conditions(trail_rate=10**6)),
        (
            None,
            {"type": "market_if_touched", "stop_price": 90},
            OrderType.MARKET_IF_TOUCHED,
            Conditions(stop_price=90),
        ),
        (91, {"type": "limit_if_touched", "stop_price": 90}, OrderType.LIMIT_IF_TOUCHED, Conditions(stop_price=90)),
        (
            None,
            {"peg": "mid", "peg_offset": -1},
            OrderType.PEGGED,
            Conditions(peg=PegReference.MID, peg_offset=-1),
        ),
        (100, {"display_quantity": 1}, OrderType.LIMIT, Conditions(display_quantity=1)),
        (100, {"post_only": True}, OrderType.LIMIT, Conditions(post_only=True)),
        (100, {"post_only": False, "stop_price": None, "type": OrderType.LIMIT}, OrderType.LIMIT, None),
        (None, {"reduce_only": True}, OrderType.MARKET, Conditions(reduce_only=True)),
        (100, {"time_in_force": "gtd", "expire_time": 7}, OrderType.LIMIT, Conditions(expire_time=7)),
    ],
)
def test_every_order_type_is_told_by_its_terms(
    run: pathlib.Path, limit_price: int | None, terms: dict[str, Any], kind: OrderType, conditions: Conditions | None
) -> None:
    with alphamind.connect() as client:
        order = client.compose("AAA", "buy", 5, limit_price, **terms)
    assert (order.type, order.limit_price, order.conditions) == (kind, limit_price, conditions)
    assert order.time_in_force is TimeInForce(terms.get("time_in_force", "day"))


def test_a_bracket_is_one_list_of_an_entry_and_two_exits(run: pathlib.Path, oms: Oms) -> None:
    with alphamind.connect() as client:
        orders = client.bracket("BBB", "buy", 5, 100, take_profit=110, stop_loss=95, client_order_id="k")
    assert [order.client_order_id for order in orders] == ["k", "k.take_profit", "k.stop_loss"]
    (sent,) = oms.lists
    assert (sent.list_id, sent.contingency, sent.account) == ("k", Contingency.BRACKET, "main")
    assert [(order.side, order.type, order.limit_price) for order in sent.orders] == [
        (Side.BUY, OrderType.LIMIT, 100),
        (Side.SELL, OrderType.LIMIT, 110),
        (Side.SELL, OrderType.STOP, None),
    ]
    assert sent.orders[2].conditions == Conditions(stop_price=95)


def test_with_one_exit_the_entry_triggers_it_and_with_no_entry_the_exits_cancel_one_another(
    run: pathlib.Path, oms: Oms
) -> None:
    with alphamind.connect() as client:
        client.bracket("AAA", "sell", 5, stop_loss=110, stop_loss_limit=111, time_in_force="ioc", reduce_only=True)
        client.oco("AAA", "sell", 5, take_profit=110, stop_loss=95, client_order_id="exit")
        first, second = client.compose("AAA", "buy", 1, 90), client.compose("BBB", "buy", 1, 90)
        client.submit_list("oco", [first, second], list_id="either")
    one, other, third = oms.lists
    assert (one.contingency, len(one.orders)) == (Contingency.OTO, 2)
    stop = one.orders[1]
    assert (stop.side, stop.type, stop.limit_price, stop.time_in_force, stop.conditions) == (
        Side.BUY,
        OrderType.STOP_LIMIT,
        111,
        TimeInForce.GTC,
        Conditions(stop_price=110),
    )
    assert other.contingency is Contingency.OCO and other.list_id == "exit"
    assert [(order.side, order.client_order_id) for order in other.orders] == [
        (Side.SELL, "exit"),
        (Side.SELL, "exit.stop_loss"),
    ]
    assert (third.list_id, third.orders) == ("either", (first, second))


def test_an_order_is_changed_and_many_are_taken_back(run: pathlib.Path, oms: Oms) -> None:
    with alphamind.connect() as client:
        client.submit("BBB", "buy", 5, 100, client_order_id="k")
        changed = client.replace("k", quantity=9, replacement_id="k2")
        assert (changed.status, changed.quantity, changed.replacement_id) == (OrderStatus.PENDING_REPLACE, 9, "k2")
        assert client.replace("k", limit_price=1).replacement_id not in ("", "k2")
        assert client.cancel_all(symbol="BBB", side="sell", strategy="manual", reason="lunch") == ["4-1", "4-2"]
        assert client.cancel_all(every_account=True) == ["4-1", "4-2"]
    first, second = oms.mass_cancels
    assert (first.account, first.instrument, first.side, first.strategy, first.reason) == (
        "main", 1, Side.SELL, "manual", "lunch",
    )  # fmt: skip
    assert (second.account, second.instrument, second.side, second.strategy) == (None, None, None, None)


def test_all_shards_are_asked_where_all_accounts_are_meant(run: pathlib.Path) -> None:
    (run / "configuration.yaml").write_text(render(load(overrides=["oms.shards=2"])))
    shards = [Oms(socket_path(run, f"oms-{shard}")) for shard in range(2)]
    with alphamind.connect() as client:
        assert len(client.cancel_all(every_account=True)) == 4
        client.cancel_all()
    owner = shard_of("main", 16, 2)
    assert [len(shard.mass_cancels) for shard in shards] == [2 if shard == owner else 1 for shard in range(2)]
    for shard in shards:
        shard.stop()


@pytest.mark.parametrize(
    ("ask", "field"),
    [
        (lambda client: client.submit("AAA", "hold", 1), "side"),
        (lambda client: client.submit("ZZZ", "buy", 1), "symbol"),
        (lambda client: client.submit("AAA", "buy", 1, time_in_force="ever"), "time_in_force"),
        (lambda client: client.submit("AAA", "buy", 1, type="guess"), "type"),
        (lambda client: client.submit("AAA", "buy", 1, peg="sky"), "peg"),
        (lambda client: client.bracket("AAA", "buy", 1), "take_profit"),
        (lambda client: client.bracket("AAA", "buy", 1, stop_loss_limit=9), "stop_loss_limit"),
        (lambda client: client.bracket("AAA", "buy", 1, take_profit=90, stop_loss=95), "take_profit"),
        (lambda client: client.bracket("AAA", "sell", 1, take_profit=95, stop_loss=95), "take_profit"),
        (lambda client: client.bracket("AAA", "buy", 1, take_profit=9, client_order_id="k" * 37), "client_order_id"),
        (lambda client: client.oco("AAA", "sell", 1, take_profit=95, stop_loss=None), "stop_loss"),
        (lambda client: client.submit_list("oco", []), "orders"),
        (lambda client: client.submit_list("all", [client.compose("AAA", "buy", 1)]), "contingency"),
        (lambda client: client.cancel_all(side="both"), "side"),
        (lambda client: client.cancel_all(symbol="ZZZ"), "symbol"),
    ],
)
def test_a_wrong_wish_is_refused_by_field_before_it_is_sent(
    run: pathlib.Path, ask: Callable[[alphamind.Client], object], field: str
) -> None:
    with alphamind.connect() as client, pytest.raises(AlphaMindError) as raised:
        ask(client)
    assert raised.value.field == field and raised.value.rule


def test_a_term_that_there_is_not_is_refused(run: pathlib.Path) -> None:
    with alphamind.connect() as client, pytest.raises(TypeError, match="stop_prise"):
        client.submit("AAA", "sell", 1, stop_prise=90)


def test_a_connection_that_broke_is_said_and_made_anew(run: pathlib.Path) -> None:
    client = alphamind.connect()
    with pytest.raises(Unavailable, match="alphamind status"):
        client.orders()
    first = Oms(socket_path(run, "oms-0"))
    assert client.orders() == []
    first.stop()
    with pytest.raises(PeerLost):
        client.orders()
    second = Oms(socket_path(run, "oms-0"))
    assert client.orders() == []
    client.close()
    second.stop()


def test_every_wish_is_understood_by_the_oms_itself() -> None:
    def trade(directory: pathlib.Path) -> None:
        with alphamind.Client(directory) as client:
            stop = client.submit("AAA", "buy", 5, stop_price=PRICE + 100, client_order_id="stop")
            assert (stop.status, stop.stage, stop.emulated) == (OrderStatus.NEW, Stage.WATCHING, ("stop",))
            assert client.replace("stop", stop_price=PRICE + 200, replacement_id="r").trigger_price == PRICE + 200
            assert client.order("r").client_order_id == "stop"
            with pytest.raises(OrderRejected) as refused:
                client.replace("stop", quantity=10**9)
            assert refused.value.code == "ORDER_QUANTITY_LIMIT"
            entry, profit, loss = client.bracket("AAA", "buy", 5, PRICE, take_profit=PRICE + 50, stop_loss=PRICE - 50)
            assert (entry.stage, profit.stage, loss.stage) == (Stage.WORKING, Stage.HELD, Stage.HELD)
            assert {order.list_id for order in (entry, profit, loss)} == {entry.client_order_id}
            refused_list = client.oco("AAA", "sell", 5, take_profit=PRICE + 50, stop_loss=PRICE - 50)
            assert {order.status for order in refused_list} == {OrderStatus.REJECTED}
            assert set(client.cancel_all(side="buy", reason="lunch")) == {stop.order_id, entry.order_id}
            assert client.order("stop").status is OrderStatus.CANCELED
            while client.order(loss.client_order_id).status is not OrderStatus.CANCELED:
                time.sleep(0.005)  # the exits end once the venue has canceled the entry
            assert client.cancel_all(every_account=True) == [] and client.cancel_all(symbol="BBB") == []

    async def run() -> None:
        async with world() as here:
            (here.directory / "configuration.yaml").write_text(render(here.oms.configuration))
            InstrumentMaster(here.oms.instruments).save(here.directory / "instruments.json")
            await asyncio.to_thread(trade, here.directory)

    asyncio.run(run())


def test_the_one_import_hands_on_every_name_that_it_promises() -> None:
    assert all(hasattr(alphamind, name) for name in alphamind.__all__)
