"""What the gate needs of the market shards: prices, quotes, how much they move, and the trading clock."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable

import msgspec
import structlog

from actors.clock import DataClock
from actors.errors import AlphaMindError
from actors.market.ticks import FEW, Kind, MarketSlice, Ticks, decode_market_slice, last_prices
from actors.oms.inputs import Look
from actors.oms.recent_volatility import RecentVolatility
from actors.peers import Peers
from actors.wire import WireClient

OnSlice = Callable[[MarketSlice, Callable[[], None]], None]

STAGE = 0
_QUOTE = int(Kind.QUOTE)
_NO_QUOTE = (0, 0)
log = structlog.get_logger()


class ReferencePrices:
    """The last price and quote of every instrument, from all market shards; every slice is acknowledged.

    After a restart the prices come from each shard's snapshot, and the stream goes on behind it.

    Args:
        name: Who follows; one of the shards' expected subscribers.
        shards: Names of the market shards; instrument ``i`` belongs to shard ``i % len(shards)``.
        clock: The trading clock; it is advanced.
        on_slice: Takes every new slice after its prices are known here, and calls what it is given once the market
            may go on.

    Attributes:
        measures_volatility: Whether volatility is measured: only where a limit asks for it.
    """

    def __init__(
        self,
        name: str,
        shards: tuple[str, ...],
        clock: DataClock,
        on_slice: OnSlice | None = None,
    ) -> None:
        self.clock = clock
        self.sequences = [0] * len(shards)
        self._acknowledged = [0] * len(shards)
        self.measures_volatility = False
        self._volatility = RecentVolatility()
        self._prices: dict[int, int] = {}
        self._quotes: dict[int, tuple[int, int]] = {}
        self._name = name
        self._on_slice = on_slice
        self._shards = shards
        self._clients: list[WireClient] = []

    def start(self, peers: Peers) -> None:
        """Connect to all shards in the background."""
        self._clients = [
            WireClient(peers.peer(shard), self._name, on_connect=functools.partial(self._subscribe, index))
            for index, shard in enumerate(self._shards)
        ]
        for client in self._clients:
            client.start()

    def price(self, instrument: int) -> int:
        """Return the last price in increments, 0 where there was none."""
        return self._prices.get(instrument, 0)

    def sequence(self, instrument: int) -> int:
        """Return the newest slice seen of the instrument's shard."""
        return self.sequences[instrument % len(self.sequences)] if self.sequences else 0

    def look(self, instrument: int) -> Look:
        """Return what there is to see of an instrument for an order that arrives now; any number may be asked for."""
        bid, ask = self._quotes.get(instrument, _NO_QUOTE)
        return Look(
            market_sequence=self.sequence(instrument),
            price=self._prices.get(instrument, 0),
            bid=bid,
            ask=ask,
            volatility=self._volatility.of(instrument) if self.measures_volatility else 0,
            received=time.time_ns(),
        )

    async def _subscribe(self, index: int) -> None:
        if not self.sequences[index] or not await self._follow(index):
            if self.sequences[index]:
                log.warning("slices left out", follower=self._name, shard=index, after=self.sequences[index])
            await self._take_snapshot(index)
            # The newest slice comes once more where it is kept: orders that watch the market may not have seen it.
            newest = self.sequences[index]
            self.sequences[index] = self._acknowledged[index] = max(0, newest - 1)
            if not await self._follow(index):
                self.sequences[index] = self._acknowledged[index] = newest
                await self._follow(index)
        if self._acknowledged[index]:
            self._acknowledge(index, self._acknowledged[index])

    async def _follow(self, index: int) -> bool:
        """Follow the slices behind the newest one seen; False where they are not kept any more."""
        body = {"name": self._name, "stage": STAGE, "from_sequence": self.sequences[index] + 1}
        take = functools.partial(self._take, index)
        try:
            await self._clients[index].subscribe("subscribe", msgspec.msgpack.encode(body), take)
        except AlphaMindError as error:
            if error.code != "SLICE_NOT_RETAINED":
                raise
            return False
        return True

    async def _take_snapshot(self, index: int) -> None:
        snapshot = msgspec.msgpack.decode(await self._clients[index].request("snapshot"))
        for instrument, price, _ in snapshot["last"]:
            self._prices[instrument] = price
        for quote in snapshot["quotes"]:
            self._quotes[quote[0]] = (quote[3], quote[4])
        self.sequences[index] = max(self.sequences[index], snapshot["sequence"])
        self.clock.advance(snapshot["time"])

    def _take(self, index: int, body: bytes) -> None:
        market = decode_market_slice(body)
        if market.sequence > self.sequences[index]:
            if market.rows:
                self._take_ticks(market.ticks())
            self.sequences[index] = market.sequence
            self.clock.advance(market.time)
            if self._on_slice is not None:
                self._on_slice(market, functools.partial(self._acknowledge, index, market.sequence))
                return
        self._acknowledge(index, market.sequence)

    def _take_ticks(self, ticks: Ticks) -> None:
        prices = last_prices(ticks)
        if self.measures_volatility:
            for instrument, price in prices.items():
                before = self._prices.get(instrument)
                if before:
                    self._volatility.moved(instrument, before, price)
        self._prices.update(prices)
        rows = ticks.tolist() if len(ticks) <= FEW else ticks[ticks["kind"] == _QUOTE].tolist()
        for row in rows:
            if row[0] == _QUOTE:
                self._quotes[row[4]] = (row[8], row[9])

    def _acknowledge(self, index: int, sequence: int) -> None:
        self._acknowledged[index] = max(self._acknowledged[index], sequence)
        self._clients[index].notify("ack", msgspec.msgpack.encode(sequence))

    async def close(self) -> None:
        """Disconnect from all shards."""
        for client in self._clients:
            await client.close()
