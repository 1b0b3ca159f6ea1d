"""A client for scripts and notebooks on the node where AlphaMind runs: orders and positions over the data plane."""

from __future__ import annotations

import os
import pathlib
from collections.abc import Callable
from typing import Any

import msgspec
import yaml

from actors.decimals import parse_price
from actors.errors import NotFound, PeerLost
from actors.instruments import InstrumentMaster
from actors.messages import Entry, Instrument, Order, decoder, encode
from actors.oms.routing import shard_of
from actors.order_entry import OrderEntry
from actors.portfolio.books import BooksView, Position
from actors.peers import Peers
from actors.wire import BlockingClient
from configs.schema import Configuration

_decode_order: Callable[[bytes], Order] = decoder(Order)
_decode_orders: Callable[[bytes], list[Order]] = decoder(list[Order])
_decode_books: Callable[[bytes], BooksView] = decoder(BooksView)


class Client(OrderEntry):
    """Talks to the OMS of one run, one request at a time.

    Prices, quantities and money are whole numbers of increments (``actors.messages``). Accounts default to the first
    of the configuration.

    Args:
        directory: The run's directory.

    Attributes:
        configuration: The run's configuration.
        master: Its instruments.
        instruments: The same by symbol.

    Raises:
        NotFound: It is not the directory of a run.
    """

    def __init__(self, directory: pathlib.Path) -> None:
        self.directory = directory
        try:
            text = (directory / "configuration.yaml").read_text()
            master = InstrumentMaster.load(directory / "instruments.json")
        except OSError as error:
            raise NotFound(
                f"no run in {directory}: {error.strerror}", field="run", value=directory, remedy="alphamind up"
            ) from None
        self.configuration = Configuration.model_validate(yaml.safe_load(text))
        self.master = master
        self.instruments = {instrument.symbol: instrument for instrument in master.all}
        self._peers = Peers(directory)
        self._connections: dict[str, BlockingClient] = {}

    def order(self, client_order_id: str, account: str | None = None) -> Order:
        """Return one order; raises ``NotFound`` where there is none."""
        owner = self.account(account)
        return _decode_order(self._query(owner, "order", account=owner, client_order_id=client_order_id))

    def orders(self, account: str | None = None, *, open_only: bool = False, limit: int = 100) -> list[Order]:
        """Return an account's orders."""
        owner = self.account(account)
        return _decode_orders(self._query(owner, "orders", account=owner, open_only=open_only, limit=limit))

    def books(self, account: str | None = None) -> BooksView:
        """Return cash and positions of an account."""
        owner = self.account(account)
        return _decode_books(self._query(owner, "positions", account=owner))

    def positions(self, account: str | None = None) -> list[Position]:
        """Return the open positions of an account, by strategy and instrument."""
        return [position for position in self.books(account).positions if position.quantity]

    def book(self, entry: Entry, *, key: str, reason: str, account: str | None = None) -> list[str]:
        """Let the books of an account take an entry, once for its key; an empty account is all of them.

        Where it is all, and one account of a shard can't take it, none of that shard does: the same call again reaches
        those that are left.

        Returns:
            The accounts that took it now; those that had it already are left out.

        Raises:
            Conflict: Another entry was booked under the key.
            InputError: It does not fit the books of an account.
            NotFound: No such account or instrument.
        """
        owner = self.account(account)
        body = encode({"account": owner, "entry": entry, "reason": reason, "key": key})
        answers = [self.ask(owner, "book", body)] if owner else self.ask_all("book", body)
        return [name for answer in answers for name in msgspec.msgpack.decode(answer)["accounts"]]

    def prices(self, account: str | None = None) -> dict[int, int]:
        """Return the last price in increments of every instrument that an account holds, where there is one."""
        body = encode({"account": self.account(account)})
        rows = msgspec.msgpack.decode(self._ask("portfolio", "positions", body))["positions"]
        return {
            row["instrument"]: parse_price(self.master.by_id(row["instrument"]), row["price"])
            for row in rows
            if row["price"] is not None
        }

    def instrument(self, symbol: str) -> Instrument:
        """Return an instrument; raises ``NotFound`` where there is none."""
        if symbol not in self.instruments:
            raise NotFound(
                "unknown instrument",
                field="symbol",
                value=symbol,
                rule=f"one of the {len(self.instruments)} symbols of the run",
            )
        return self.instruments[symbol]

    def close(self) -> None:
        """Disconnect."""
        connections, self._connections = self._connections, {}
        for connection in connections.values():
            connection.close()

    def __enter__(self) -> Client:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Disconnect."""
        self.close()

    def account(self, account: str | None) -> str:
        """Return the account that is meant: the one that is named, or the first of the configuration."""
        return account if account is not None else self.configuration.accounts[0].id

    def _query(self, owner: str, method: str, **body: Any) -> bytes:
        return self.ask(owner, method, msgspec.msgpack.encode(body))

    def ask(self, owner: str, method: str, body: bytes) -> bytes:
        """Ask the OMS shard that has an account; raises what it answers, or ``PeerLost``."""
        oms = self.configuration.oms
        return self._ask_shard(shard_of(owner, oms.partitions, oms.shards), method, body)

    def ask_all(self, method: str, body: bytes) -> list[bytes]:
        """Ask every OMS shard; raises what the first one answers that refuses, or ``PeerLost``."""
        return [self._ask_shard(shard, method, body) for shard in range(self.configuration.oms.shards)]

    def _ask_shard(self, shard: int, method: str, body: bytes) -> bytes:
        return self._ask(f"oms-{shard}", method, body)

    def _ask(self, name: str, method: str, body: bytes) -> bytes:
        connection = self._connections.get(name)
        if connection is None:
            connection = self._connections[name] = BlockingClient(self._peers.peer(name), "client")
        try:
            return connection.request(method, body)
        except PeerLost:
            self._connections.pop(name).close()
            raise


def connect(run: str | pathlib.Path | None = None) -> Client:
    """Return a client of a run on this node.

    Args:
        run: Name or directory of a run; by default the one that ``ALPHAMIND_RUN`` names, else the one that came up
        last.

    Raises:
        NotFound: There is no such run, or none at all.
    """
    return Client(find_run(run))


def find_run(run: str | pathlib.Path | None = None) -> pathlib.Path:
    """Return the directory in which a run would be; see ``connect``."""
    home = pathlib.Path(os.environ.get("ALPHAMIND_HOME", "~/.alphamind")).expanduser()
    wanted = run if run is not None else os.environ.get("ALPHAMIND_RUN") or None
    if wanted is None:
        directory = home / "current"
    else:
        directory = pathlib.Path(wanted).expanduser()
        if not directory.is_dir():
            directory = home / "runs" / str(wanted)
    return directory.resolve()
