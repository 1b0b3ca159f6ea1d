"""Hands out shares of the firm's limits: something to everyone, more to whoever asks, of what others have to spare."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec

from actors.errors import AlphaMindError
from actors.messages import Message, encode
from actors.portfolio.oms_follower import OmsFollower
from actors.risk.budget_ledger import BudgetLedger, Confirmation, Grant

Use = Mapping[str, int]

PATIENCE_SECONDS = 2.0
_HELD_BACK = 2
"""At first a partition gets this part of what an even share would be; the rest is for whoever asks."""


def with_room(amount: int) -> int:
    """Return a share in which ``amount`` leaves room for half as much again."""
    return amount + -(-amount // 2)


class BudgetKeeper:
    """Keeps the ledger and the partitions in step. Costs nothing while the firm has no limit that is handed out.

    Args:
        ledger: What was granted.
        oms: The OMS shards.
        record: Puts a grant or a confirmation on record; called before anything is sent.
        log: The service's log.
    """

    def __init__(self, ledger: BudgetLedger, oms: OmsFollower, record: Callable[[Message], None], log: Any) -> None:
        self.ledger = ledger
        self._oms = oms
        self._record = record
        self._log = log
        self._locks = {shard: asyncio.Lock() for shard in oms.clients}

    async def spread(self) -> None:
        """Shrink what is over the limits, then see that every partition of every shard has something and is asked."""
        if not self.ledger.limits:
            return
        for grant in self.ledger.shrunk():
            self._take(grant)
        await self._all(self._provide)

    async def provide(self, shard: str) -> None:
        """See to one shard: send what it has not confirmed, and give something to its partitions that have nothing."""
        if self.ledger.limits:
            await self._provide(shard)

    async def ask(self, partition: int, wanted: Mapping[str, int]) -> None:
        """Give a partition more of what it is short of: of what is free, and of what others have to spare."""
        shard = self._shard_of(partition)
        if shard is None or not self.ledger.limits:
            return
        targets = {name: with_room(amount) for name, amount in wanted.items()}
        await self._increase(shard, partition, targets)
        if any(self.ledger.amounts(partition).get(name, 0) < amount for name, amount in wanted.items()):
            await self._all(lambda other: self._reclaim(other, partition))
            await self._increase(shard, partition, targets)

    def state(self) -> dict[str, Any]:
        """Return every limit that is handed out with what is set aside of it, as plain data."""
        ledger = self.ledger
        return {
            name: {
                "limit": limit,
                "free": ledger.free(name),
                "granted": {partition: ledger.amounts(partition).get(name, 0) for partition in ledger.partitions()},
                "reserved": {partition: ledger.reserved(partition, name) for partition in ledger.partitions()},
            }
            for name, limit in ledger.limits.items()
        }

    async def _all(self, work: Callable[[str], Awaitable[None]]) -> None:
        await asyncio.gather(*(work(shard) for shard in self._oms.clients))

    async def _provide(self, shard: str) -> None:
        uses = await self._uses(shard)
        known = sum(len(partitions) for partitions in self._oms.partitions.values())
        for partition, use in uses.items():
            present = self.ledger.amounts(partition)
            missing = {
                name: max(limit // (_HELD_BACK * known), with_room(use.get(name, 0)))
                for name, limit in self.ledger.limits.items()
                if name not in present
            }
            grant = self.ledger.increase(partition, missing)
            if grant is not None:
                self._take(grant)
        await self._deliver(shard)

    async def _increase(self, shard: str, partition: int, targets: Mapping[str, int]) -> None:
        grant = self.ledger.increase(partition, targets)
        if grant is not None:
            self._take(grant)
            await self._deliver(shard)

    async def _reclaim(self, shard: str, beneficiary: int) -> None:
        uses = await self._uses(shard)
        for partition, use in uses.items():
            if partition != beneficiary:
                grant = self.ledger.decrease(partition, {name: with_room(amount) for name, amount in use.items()})
                if grant is not None:
                    self._take(grant)
        await self._deliver(shard)

    async def _uses(self, shard: str) -> dict[int, Use]:
        """Return the use of a shard's partitions; nothing where it does not answer. Takes note of what they have."""
        answer = await self._request(shard, "budgets", b"")
        if answer is None:
            return {}
        found: dict[int, dict[str, Any]] = msgspec.msgpack.decode(answer, type=dict[int, dict[str, Any]])
        for partition, one in found.items():
            self._confirm(partition, one)
        return {partition: one["use"] for partition, one in found.items()}

    async def _deliver(self, shard: str) -> None:
        async with self._locks[shard]:
            for partition in sorted(self._oms.partitions[shard]):
                while (grant := self.ledger.unconfirmed(partition)) is not None:
                    answer = await self._request(shard, "set_budget", encode(_body(grant)))
                    if answer is None:
                        return
                    self._confirm(partition, msgspec.msgpack.decode(answer))

    async def _request(self, shard: str, method: str, body: bytes) -> bytes | None:
        try:
            return await asyncio.wait_for(self._oms.clients[shard].request(method, body), PATIENCE_SECONDS)
        except (AlphaMindError, asyncio.TimeoutError) as error:
            self._log.warning(
                "budgets not settled: what the shard has stays set aside", shard=shard, problem=repr(error)
            )
            return None

    def _confirm(self, partition: int, answer: Mapping[str, Any]) -> None:
        number, ledger = int(answer["number"]), self.ledger
        newest = ledger.newest(partition)
        if number > newest:
            self._log.error("a partition has a budget that is on no record here", partition=partition, number=number)
            grant = Grant(partition, number, dict(answer["amounts"]), str(answer["currency"]))
            self._record(grant)
            ledger.adopt(grant)
        if number and number > ledger.confirmed(partition):
            self._record(Confirmation(partition, number))
            ledger.confirm(partition, number)

    def _take(self, grant: Grant) -> None:
        self._record(grant)
        self.ledger.take(grant)
        self._log.info("budget granted", partition=grant.partition, number=grant.number, amounts=grant.amounts)

    def _shard_of(self, partition: int) -> str | None:
        return next((shard for shard, known in self._oms.partitions.items() if partition in known), None)


def _body(grant: Grant) -> dict[str, Any]:
    return {
        "partition": grant.partition,
        "number": grant.number,
        "amounts": grant.amounts,
        "currency": grant.currency,
    }
