from __future__ import annotations

import pathlib
import tempfile
import threading
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

import alphamind
from actors.errors import InputError, NotFound, PeerLost, Unavailable
from actors.instruments import InstrumentMaster
from actors.messages import CancelOrder, Instrument, Order, OrderStatus, SubmitOrder, decoder, encode
from actors.portfolio.books import Books
from actors.service import socket_path
from actors.strategy.context import unconfirmed
from actors.wire import Request, WireServer
from configs.loading import load, render

INSTRUMENTS = (Instrument(id=0, symbol="AAA"), Instrument(id=1, symbol="BBB"))


class Oms:
    """An OMS shard in a thread of its own."""

    def __init__(self, path: pathlib.Path) -> None:
        self.orders: dict[str, Order] = {}
        self.path = path
        self.ready = threading.Event()
        self.server: WireServer
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()
        self.ready.wait(5)

    def _run(self) -> None:
        import asyncio

        async def serve() -> None:
            self.loop, self.done = asyncio.get_running_loop(), asyncio.Event()
            self.server = WireServer(
                "oms-0",
                {
                    "submit": self._submit,
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
    ("arguments", "kind"),
    [(("AAA", "hold", 1), InputError), (("ZZZ", "buy", 1), NotFound)],
)
def test_a_wrong_order_is_refused_before_it_is_sent(
    run: pathlib.Path, arguments: tuple[Any, ...], kind: type[Exception]
) -> None:
    with alphamind.connect() as client, pytest.raises(kind):
        client.submit(*arguments)


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


def test_the_one_import_hands_on_every_name_that_it_promises() -> None:
    assert all(hasattr(alphamind, name) for name in alphamind.__all__)
