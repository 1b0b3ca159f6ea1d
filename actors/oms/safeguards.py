"""What the gate looks at beside the order and the account: limits, trading states, recent activity, totals, budgets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from actors.messages import Instrument, Message, Order, SubmitOrder
from actors.oms.activity import MILLISECOND, Activity, ActivityView
from actors.oms.budgets import PartitionBudget
from actors.oms.exposure_totals import AccountState, ExposureTotals
from actors.oms.inputs import BudgetGrant, LimitsChange, Look, StateChange
from actors.oms.kill_switch import KillSwitch
from actors.oms.limit_tree import LimitTree
from actors.oms.limits import RULES
from actors.oms.resting_orders import RestingOrders, resting_price


class SafeguardsView(Message, frozen=True, kw_only=True):
    """What of the safeguards can't be made again from orders, positions, limits and states, as a snapshot keeps it."""

    activity: ActivityView
    marks: dict[int, int]
    grant: BudgetGrant


class Safeguards:
    """The gate's own state in one partition. All of it follows from the journal.

    Args:
        accounts: The partition's accounts by id; read as they are at the time.
        instruments: The instrument master, the same way.

    Attributes:
        limits: The tree of limits.
        switch: The kill switch.
        activity: How busy accounts and strategies are.
        resting: Where own orders rest.
        totals: What is held in all, where a limit asks for it.
        budget: The partition's share of the firm's limits.
    """

    def __init__(self, accounts: Mapping[str, AccountState], instruments: Sequence[Instrument]) -> None:
        self.limits = LimitTree()
        self.switch = KillSwitch()
        self.activity = Activity()
        self.resting = RestingOrders()
        self.totals = ExposureTotals(accounts, instruments)
        self.budget = PartitionBudget()

    def change_limits(self, change: LimitsChange) -> None:
        """Replace the limits of a scope."""
        limits = self.limits
        limits.set(change.scope, change.limits, change.version)
        self.totals.keep(
            limits.names("maximum_gross_exposure", "maximum_net_exposure", "maximum_concentration", "margin_rate")
        )
        windows = limits.values("duplicate_window") or [RULES["duplicate_window"].default or 0]
        self.activity.keep(
            rates=limits.names("maximum_order_rate", "maximum_cancel_rate", "maximum_message_rate"),
            window=max(windows) * MILLISECOND if limits.names("maximum_duplicates") else 0,
        )

    def change_state(self, change: StateChange) -> None:
        """Move the kill switch."""
        self.switch.set(change.scope, change.state)

    def looked(self, instrument: int, look: Look) -> None:
        """Take note of what is on record with an order or a replacement, before it is judged."""
        self.totals.mark(instrument, look.price)
        if look.received:
            self.activity.arrived(look.received)

    def order_sent(self, order: SubmitOrder, look: Look, time: int) -> None:
        """Take note of an order that was let through."""
        self.activity.order_sent(order, look.received, time)

    def filled(self, order: Order, time: int) -> None:
        """Take note of a fill that was booked."""
        self.activity.filled(order.account, order.strategy, time)

    def rests(self, order: Order, before: int) -> int:
        """Take note of where an order rests now, and return the price; ``before`` is what was returned for it last."""
        price = resting_price(order)
        if price != before:
            self.resting.move(order.account, order.instrument, order.side, before, price)
        return price

    def view(self) -> SafeguardsView:
        """Return what a snapshot has to keep."""
        budget = self.budget
        grant = BudgetGrant(time=0, number=budget.number, amounts=budget.amounts(), currency=budget.currency)
        return SafeguardsView(activity=self.activity.view(), marks=dict(self.totals.marks), grant=grant)

    def restore(self, view: SafeguardsView) -> None:
        """Take over what a snapshot kept, once limits and accounts are there."""
        self.activity.restore(view.activity)
        self.totals.marks.update(view.marks)
        self.budget.take(view.grant)
