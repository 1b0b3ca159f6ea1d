"""Which partition an account belongs to, and which actor hosts it: the same everywhere and for ever."""

from __future__ import annotations

import zlib


def partition_of(account: str, partitions: int) -> int:
    """Return the partition of an account among ``partitions``."""
    return zlib.crc32(account.encode()) % partitions


def shard_of(account: str, partitions: int, shards: int) -> int:
    """Return the index of the OMS actor that hosts an account's partition."""
    return partition_of(account, partitions) % shards
