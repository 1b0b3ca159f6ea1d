"""The partitions that one shard hosts, and which of them an account belongs to."""

from __future__ import annotations

from collections.abc import Callable

from actors.errors import NotFound, Unavailable
from actors.oms.host import PartitionHost
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
