"""The API in process: real application, real tokens, real sockets; an OMS that keeps its orders in a dictionary."""

from __future__ import annotations

import asyncio
import contextlib
import pathlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import msgspec

from actors.errors import AlphaMindError, Conflict, NotFound, OrderRejected
from actors.messages import (
    CancelOrder,
    CancelOrders,
    CashEvent,
    Fill,
    Instrument,
    Order,
    OrderEvent,
    OrderStatus,
    ReplaceOrder,
    Side,
    SubmitList,
    SubmitOrder,
    decoder,
    encode,
)
from actors.portfolio.service import PortfolioService
from actors.risk.service import RiskService
from actors.peers import Peers
from actors.service import socket_path
from actors.wire import Request, WireServer
from configs.schema import AccountSection, Configuration, RunSection
from serve_apps.api.application import build
from serve_apps.api.backends import WireBackends, shard_of
from serve_apps.auth.clients import Client

INSTRUMENTS = (
    Instrument(id=0, symbol="SIM001"),
    Instrument(
        id=1, symbol="BTC", currency="USD", price_increment=1_000_000, quantity_increment=1_000, calendar="24/7"
    ),
)
TIME = 1_704_205_800_123_000_000  # 2024-01-02T14:30:00.123Z
MARKET_ORDER = {"symbol": "SIM001", "qty": "10", "side": "buy", "type": "market"}

_submit = decoder(SubmitOrder)
_submit_list = decoder(SubmitList)
_replace = decoder(ReplaceOrder)
_cancel = decoder(CancelOrder)
_cancel_all = decoder(CancelOrders)


class DictionaryOms:
    """Answers as an OMS shard does; ``misbehave`` is run before a request is."""

    def __init__(self, name: str) -> None:
        self.orders: dict[tuple[str, str], Order] = {}
        self.asked: list[str] = []
        self.refuse_with: str | None = None
        self.refusal_text = "the order is too large"
        self.lists: dict[tuple[str, str], SubmitList] = {}
        self.mass_cancels: list[CancelOrders] = []
        self.misbehave: Callable[[Request], bool] = lambda request: False
        self.server = WireServer(
            name,
            {
                "submit": self.submit,
                "submit_list": self.submit_list,
                "replace": self.replace,
                "cancel": self.cancel,
                "cancel_all": self.cancel_all,
                "order": self.order,
                "orders": self.list,
            },
        )

    def _misbehaves(self, request: Request) -> bool:
        self.asked.append(request.method)
        return self.misbehave(request)

    def submit(self, request: Request) -> bytes | None:
        """Take an order."""
        wanted = _submit(request.body)
        known = self.orders.get((wanted.account, wanted.client_order_id)) or self._take(wanted, self.refuse_with)
        if self._misbehaves(request):
            return None
        for name in wanted.__struct_fields__:
            if getattr(wanted, name) != getattr(known, name):
                raise Conflict("reused", field=name, value=getattr(wanted, name), code="CLIENT_ORDER_ID_REUSED")
        return encode(known)

    def _take(self, wanted: SubmitOrder, refusal: str | None, **fields: Any) -> Order:
        known = self.orders[wanted.account, wanted.client_order_id] = Order(
            order_id=f"0-{len(self.orders) + 1}",
            **{name: getattr(wanted, name) for name in wanted.__struct_fields__},
            status=OrderStatus.REJECTED if refusal else OrderStatus.PENDING_NEW,
            reason=refusal or "",
            text=self.refusal_text if refusal else "",
            submitted_at=TIME,
            updated_at=TIME,
            **fields,
        )
        return known

    def submit_list(self, request: Request) -> bytes | None:
        """Take a list; where it is refused, the last order is at fault."""
        wanted = _submit_list(request.body)
        first = self.lists.setdefault((wanted.account, wanted.list_id), wanted)
        if self._misbehaves(request):
            return None
        if first != wanted:
            raise Conflict("reused", field="orders", code="CLIENT_ORDER_ID_REUSED")
        answer = []
        for order in wanted.orders:
            refusal = self.refuse_with
            if refusal and order is not wanted.orders[-1]:
                refusal = "LIST_REFUSED"
            known = self.orders.get((order.account, order.client_order_id))
            fields = {"list_id": wanted.list_id, "contingency": wanted.contingency}
            answer.append(known or self._take(order, refusal, **fields))
        return encode(answer)

    def replace(self, request: Request) -> bytes | None:
        """Change an order."""
        if self._misbehaves(request):
            return None
        wanted = _replace(request.body)
        order = self._found(wanted.account, wanted.client_order_id)
        if not order.status.is_open:
            raise Conflict(f"the order is {order.status}", code="ORDER_CLOSED")
        if self.refuse_with:
            raise OrderRejected(self.refusal_text, field="replacement_id", code=self.refuse_with)
        changes: dict[str, Any] = {"replacement_id": wanted.replacement_id}
        for name in ("quantity", "limit_price"):
            if getattr(wanted, name) is not None:
                changes[name] = getattr(wanted, name)
        status = OrderStatus.NEW if order.status is OrderStatus.PENDING_REPLACE else OrderStatus.PENDING_REPLACE
        self.replaced = wanted
        return encode(self.change(order, status=status, **changes))

    def cancel_all(self, request: Request) -> bytes | None:
        """Cancel every open order that fits."""
        if self._misbehaves(request):
            return None
        wanted = _cancel_all(request.body)
        self.mass_cancels.append(wanted)
        reached = [
            order
            for order in self.orders.values()
            if order.status.is_open and order.account == wanted.account and wanted.side in (None, order.side)
        ]
        return encode({"canceled": [self.change(one, status=OrderStatus.CANCELED).order_id for one in reached]})

    def cancel(self, request: Request) -> bytes | None:
        """Cancel an order."""
        if self._misbehaves(request):
            return None
        wanted = _cancel(request.body)
        order = self._found(wanted.account, wanted.client_order_id)
        if not order.status.is_open and order.status is not OrderStatus.CANCELED:
            raise Conflict(f"the order is {order.status}", code="ORDER_CLOSED")
        status = OrderStatus.CANCELED if order.status is OrderStatus.PENDING_CANCEL else OrderStatus.PENDING_CANCEL
        return encode(self.change(order, status=status))

    def order(self, request: Request) -> bytes | None:
        """Find an order."""
        if self._misbehaves(request):
            return None
        wanted = msgspec.msgpack.decode(request.body)
        return encode(self._found(wanted["account"], wanted["client_order_id"]))

    def list(self, request: Request) -> bytes | None:
        """List orders, newest first."""
        if self._misbehaves(request):
            return None
        wanted = msgspec.msgpack.decode(request.body)
        found = [order for (account, _), order in self.orders.items() if account == wanted["account"]]
        found = [order for order in reversed(found) if order.status.is_open or not wanted["open_only"]]
        return encode(found[: wanted["limit"]])

    def change(self, order: Order, **changes: Any) -> Order:
        """Change an order and return it."""
        changed = msgspec.structs.replace(order, **changes)
        self.orders[order.account, order.client_order_id] = changed
        return changed

    def _found(self, account: str, client_order_id: str) -> Order:
        order = self.orders.get((account, client_order_id))
        if order is None:
            raise NotFound("no such order")
        return order


class Harness:
    """What a test of the API works with."""

    def __init__(self, configuration: Configuration, directory: pathlib.Path) -> None:
        self.configuration = configuration
        self.directory = directory
        self.predicted: list[tuple[str, dict[str, Any]]] = []
        self.prediction: dict[str, Any] | AlphaMindError | Exception = {"values": [0.1]}
        self.shards = [DictionaryOms(f"oms-{shard}") for shard in range(configuration.oms.shards)]
        options: dict[str, Any] = {"markets": (), "oms": ()}
        self.portfolio = PortfolioService("portfolio", directory, configuration, INSTRUMENTS, **options)
        self.risk = RiskService("risk", directory, configuration, INSTRUMENTS, **options)
        backends = WireBackends(configuration, Peers(directory), self._predict, connect_seconds=2.0, answer_seconds=2.0)
        self.app = build(configuration, INSTRUMENTS, backends)
        self.edge = self.app.state.edge
        self.backends = backends
        transport = httpx.ASGITransport(app=self.app, raise_app_exceptions=False)
        self.http = httpx.AsyncClient(transport=transport, base_url="http://api")

    @property
    def oms(self) -> DictionaryOms:
        """The shard of the first account."""
        name = shard_of(self.configuration.accounts[0].id, self.configuration)
        return self.shards[int(name.removeprefix("oms-"))]

    def token(self, *scopes: str, portfolios: frozenset[str] | None = None) -> dict[str, str]:
        """Return the headers of a client that has a token with these scopes."""
        client = Client(id="desk-1", secret_hash="$argon2id$x", scopes=frozenset(scopes), portfolios=portfolios)
        token, _ = self.edge.tokens.issue(client, client.scopes)
        return {"Authorization": f"Bearer {token}"}

    def book(self, account: str, quantity: int, price: int) -> None:
        """Let the portfolio and the risk service see a deposit of 1,000,000 and one fill."""
        order = Order(
            order_id="0-1", client_order_id="c", account=account, strategy="manual", principal="p", instrument=0,
            side=Side.BUY, type="market", quantity=quantity, limit_price=None, time_in_force="day",
            status=OrderStatus.FILLED, submitted_at=TIME, updated_at=TIME,
        )  # fmt: skip
        fill = Fill(
            execution_id="1", order_id="0-1", client_order_id="c", account=account, strategy="manual", instrument=0,
            side=Side.BUY, quantity=quantity, price=price, fee=50_000_000, liquidity="taker", time=TIME,
        )  # fmt: skip
        cash = CashEvent(
            partition=0, sequence=1, time=TIME, account=account, currency="USD", amount=10**14, reason="opening"
        )
        for service in (self.portfolio, self.risk):
            service.ledger.apply(cash)
            service.ledger.apply(OrderEvent(partition=0, sequence=2, time=TIME, order=order, fill=fill))
            service.marks.take_snapshot([(0, price + 100, TIME)])
            service.time, service.sequence = TIME, 7
        self.risk.live.reread(TIME)

    async def start(self) -> None:
        """Start all services."""
        for shard in self.shards:
            await shard.server.listen(socket_path(self.directory, shard.server.name))
        await self.portfolio.start()
        await self.risk.start()

    async def stop(self) -> None:
        """Stop everything."""
        await self.http.aclose()
        for shard in self.shards:
            await shard.server.close()
        for service in (self.portfolio, self.risk):
            if service.ready.is_set():
                await service.stop()

    async def _predict(self, model: str, body: dict[str, Any]) -> dict[str, Any]:
        self.predicted.append((model, body))
        if isinstance(self.prediction, Exception):
            raise self.prediction
        return self.prediction


@contextlib.asynccontextmanager
async def running(
    directory: pathlib.Path, *accounts: str, start: bool = True, **sections: Any
) -> AsyncIterator[Harness]:
    """Run the API with portfolios of these names (``main`` if none are given)."""
    configuration = Configuration(
        run=RunSection(home=directory / "home"),
        accounts=tuple(AccountSection(id=account) for account in accounts or ("main",)),
        **sections,
    )
    harness = Harness(configuration, directory / "run")
    async with harness.app.router.lifespan_context(harness.app):
        if start:
            await harness.start()
        try:
            yield harness
        finally:
            await harness.stop()


def in_api(directory: pathlib.Path, test: Callable[[Harness], Awaitable[None]], *accounts: str, **options: Any) -> None:
    """Run ``test`` against a running API."""

    async def run() -> None:
        async with running(directory, *accounts, **options) as harness:
            await test(harness)

    asyncio.run(run())
