"""When rules are held against measures: after each fill and each slice, and when the feed falls silent."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from actors.messages import OmsEvent, OrderEvent
from actors.risk.live.monitor import LiveRisk
from actors.risk.rules.engine import BreachEngine
from actors.risk.rules.keeper import BreachKeeper
from actors.risk.rules.readings import Moment


class RiskWatch:
    """Brings fills and slices to the live risk and then holds the rules.

    After a restart the OMS tells its whole history at once, and the market the slices since the last close once more:
    books are then ahead of prices. No rule is held before prices have caught up with the newest fill, and with what is
    on record of breaches; a slice that opened or closed one is not judged twice.

    Args:
        live: The live risk.
        engine: The breaches.
        keeper: Opens and closes them.
        moment: Returns what a measure refers to, given the nanoseconds of a clock that never goes back.

    Attributes:
        caught_up: Whether rules are held.
    """

    def __init__(
        self, live: LiveRisk, engine: BreachEngine, keeper: BreachKeeper, moment: Callable[[int | None], Moment]
    ) -> None:
        self.caught_up = False
        self._live = live
        self._engine = engine
        self._keeper = keeper
        self._moment = moment
        self._newest_fill = 0

    def take(self, event: OmsEvent, time: int) -> None:
        """Follow an event of the OMS at market time ``time``."""
        account = self._live.take(event, time)
        if not self.caught_up:
            if isinstance(event, OrderEvent) and event.fill is not None:
                self._newest_fill = max(self._newest_fill, event.time)
        elif account is not None:
            self._hold((account,), None)

    def slice(self, sequence: int, time: int, ticked: Sequence[int]) -> None:
        """Follow the prices of a slice; its fills are in already."""
        self._live.tick(ticked, time)
        if not self.caught_up:
            self.caught_up = sequence > self._engine.sequence and time >= self._newest_fill

    def judge(self, clock: int) -> None:
        """Hold the rules after a slice; ``clock`` in nanoseconds."""
        moment = self._moment(None)
        self._live.feed.heard(moment.time, clock)
        if self.caught_up:
            self._hold(self._live.touched, clock)
        self._live.settle()
        self._live.touched.clear()

    def listen(self, clock: int) -> None:
        """Hold the rules about silence; ``clock`` in nanoseconds."""
        self._keeper.evaluate_silence(self._moment(clock))

    def _hold(self, touched: Collection[str], clock: int | None) -> None:
        moment = self._moment(clock)
        whole = self._live.refresh(moment.time, moment.sequence)
        self._keeper.evaluate(moment, None if whole else touched)
