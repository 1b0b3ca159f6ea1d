"""One input for several partitions, answered once all of them have taken it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from actors.errors import AlphaMindError
from actors.oms.effects import Effects
from actors.oms.host import PartitionHost
from actors.oms.inputs import Input


class Gathering:
    """Executes an input in each of several partitions, as many as take it.

    Args:
        done: Called with the effects of all, once all are let out.
    """

    def __init__(self, done: Callable[[Sequence[Effects]], None]) -> None:
        self._done = done
        self._left = 0
        self._effects: list[Effects] = []

    def execute(self, records: Sequence[tuple[PartitionHost, Input]]) -> None:
        """Execute; ``done`` is called at once where there is nothing to do.

        Raises:
            Unavailable: A partition could not take it; the same request again reaches those that are left.
        """
        self._left = len(records)
        first_error: AlphaMindError | None = None
        for host, record in records:
            try:
                host.execute(record, self._taken)
            except AlphaMindError as error:
                first_error = first_error or error
        if first_error is not None:
            raise first_error
        if not records:
            self._done(self._effects)

    def _taken(self, effects: Effects) -> None:
        self._effects.append(effects)
        self._left -= 1
        if not self._left:
            self._done(self._effects)
