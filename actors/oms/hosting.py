"""The partitions that one shard hosts, and which of them an account belongs to."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from actors.errors import AlphaMindError, NotFound, Unavailable
from actors.oms.effects import Effects
from actors.oms.host import PartitionHost
from actors.oms.inputs import Input
from actors.oms.routing import partition_of


class HostedPartitions:
    """The partitions of one shard.

    Args:
        name: The shard's name.
        shard: Its index.
        shards: Number of shards.
        partitions: Number of partitions of the run.
        failure: Tells why the shard has ended, ``None`` while it has not.

    Attributes:
        hosts: The hosted partitions by number.
    """

    def __init__(self, name: str, shard: int, shards: int, partitions: int, failure: Callable[[], str | None]) -> None:
        self.name = name
        self.hosts: dict[int, PartitionHost] = {}
        self._shard = shard
        self._shards = shards
        self._partitions = partitions
        self._failure = failure

    def indices(self) -> range:
        """Return the numbers of the partitions that are this shard's to host."""
        return range(self._shard, self._partitions, self._shards)

    def partition_of(self, account: str) -> int:
        """Return the number of an account's partition."""
        return partition_of(account, self._partitions)

    def check_alive(self) -> None:
        """Refuse everything once the shard has ended.

        Raises:
            Unavailable: Code ``SERVICE_ENDED``.
        """
        failure = self._failure()
        if failure is not None:
            raise Unavailable("this OMS has ended", rule=failure, remedy="connect again", code="SERVICE_ENDED")

    def of_account(self, account: str) -> PartitionHost:
        """Return the partition that has an account.

        Raises:
            NotFound: No partition here has it (code ``ACCOUNT_UNKNOWN``).
            Unavailable: The shard has ended.
        """
        self.check_alive()
        index = self.partition_of(account)
        host = self.hosts.get(index)
        if host is None or account not in host.partition.accounts:
            owner = index % self._shards
            remedy = None if owner == self._shard else f"ask oms-{owner}, whose account it would be"
            raise NotFound(
                "there is no such account", field="account", value=account, remedy=remedy, code="ACCOUNT_UNKNOWN"
            )
        return host

    def concerned(self, account: str | None) -> list[PartitionHost]:
        """Return the partitions that what is said of an account concerns, or all where nothing is named.

        There is none where another shard would have the account.

        Raises:
            NotFound: It would be here, and there is no such account.
        """
        if account is None:
            return list(self.hosts.values())
        return [self.of_account(account)] if self.partition_of(account) in self.indices() else []

    def check_symbol(self, symbol: str) -> None:
        """Refuse what no instrument is called: a restriction of it would keep nobody from anything.

        Raises:
            NotFound: Code ``INSTRUMENT_UNKNOWN``.
        """
        hosts = self.hosts.values()
        if not any(one.symbol == symbol for host in hosts for one in host.partition.instruments):
            raise NotFound(
                "there is no such instrument",
                field="scope",
                value=symbol,
                rule="a symbol of the instrument master",
                code="INSTRUMENT_UNKNOWN",
            )


def execute_all(records: Sequence[tuple[PartitionHost, Input]], done: Callable[[], None]) -> None:
    """Execute an input in each of several partitions, as many as take it, and call ``done`` once all have.

    Raises:
        Unavailable: A partition could not take it; the same request again reaches those that are left.
    """
    left = len(records)
    first_error: AlphaMindError | None = None

    def taken(_: Effects) -> None:
        nonlocal left
        left -= 1
        if not left:
            done()

    for host, record in records:
        try:
            host.execute(record, taken)
        except AlphaMindError as error:
            first_error = first_error or error
    if first_error is not None:
        raise first_error
    if not records:
        done()
