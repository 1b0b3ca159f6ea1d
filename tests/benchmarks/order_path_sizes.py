"""How much each figure of the order path is measured with."""

from __future__ import annotations

from typing import NamedTuple


class Sizes(NamedTuple):
    """Sizes of a run.

    Attributes:
        rounds: How often each figure is taken; medians are told.
        warm_up: Orders before each round that do not count.
        one_at_a_time: Orders sent one after the other.
        at_random: Orders sent at random times, ``a_second`` of them a second.
        in_flight: Numbers of unanswered orders that the rate is measured with.
        pipelined: Orders sent with that many unanswered.
        disk_one_at_a_time: Orders sent one after the other where each waits for the disk.
        disk_pipelined: Orders sent with 64 unanswered where they wait for the disk.
        flushes: Calls of ``fdatasync`` timed.
        peer_orders: Market orders traded by each side in one repetition.
        events: Records of the journal that is recovered.
    """

    rounds: int = 3
    warm_up: int = 2_000
    one_at_a_time: int = 5_000
    at_random: int = 5_000
    a_second: float = 1_000.0
    in_flight: tuple[int, ...] = (64, 128, 256)
    pipelined: int = 30_000
    disk_one_at_a_time: int = 1_000
    disk_pipelined: int = 10_000
    flushes: int = 500
    peer_orders: int = 10_000
    events: int = 1_000_000
