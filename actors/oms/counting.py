"""Orders of a list that passed the gate count for those behind them, until all of them were looked at."""

from __future__ import annotations

from actors.messages import Stage
from actors.oms import gate
from actors.oms.account import Account
from actors.oms.emulation import emulated, first_stage
from actors.oms.resting_orders import PASSING
from actors.oms.sharing import cost_of
from actors.oms.state import PartitionState


class Counting:
    """Lets orders that are no orders yet count: what they may trade and cost, where they rest, how many they are.

    Only orders that passed the gate may be added: what is wrong with the others may be their very instrument.
    """

    def __init__(self, state: PartitionState, account: Account) -> None:
        self._state = state
        self._account = account
        self._added: list[tuple[gate.Candidate, int, int]] = []

    def add(self, candidate: gate.Candidate) -> None:
        """Let an order count that passed the gate; of one that is held only that it is coming."""
        cost = cost_of(candidate, candidate.order.quantity) - candidate.released
        resting = 0 if candidate.moment is gate.Moment.HELD else self._resting_price(candidate)
        self._added.append((candidate, cost, resting))
        self._count(candidate, candidate.added, cost, 0, resting)
        self._state.safeguards.activity.expect(candidate.order)

    def end(self) -> None:
        """Let none of them count any more."""
        for candidate, cost, resting in self._added:
            self._count(candidate, -candidate.added, -cost, resting, 0)
        self._added.clear()
        self._state.safeguards.activity.expect_none()

    def _count(self, candidate: gate.Candidate, lots: int, cost: int, before: int, after: int) -> None:
        order, exposure = candidate.order, self._account.exposure
        exposure.add(order.strategy, order.instrument, order.side, lots)
        exposure.reserve(candidate.currency, cost)
        self._state.safeguards.resting.move(order.account, order.instrument, order.side, before, after)

    def _resting_price(self, candidate: gate.Candidate) -> int:
        order, price = candidate.order, candidate.resting_price
        if price is None or order.time_in_force in PASSING:
            return 0
        stage = first_stage(order, emulated(order, self._state.capabilities), candidate.look)
        return price if stage is Stage.WORKING else 0
