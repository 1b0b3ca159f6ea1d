"""The core of a partition: inputs go in, effects come out, and the same inputs always give the same effects."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from actors.oms import administration, canceling, following, lists, replacing, reports, submission, watching
from actors.oms.effects import Effects
from actors.oms.inputs import (
    AccountOpening,
    BudgetGrant,
    Cancellation,
    Deposit,
    Discrepancy,
    Input,
    LimitsChange,
    ListSubmission,
    MassCancellation,
    Observation,
    Replacement,
    StateChange,
    Submission,
    Terms,
    TimeReached,
    VenueReport,
)
from actors.oms.state import PartitionState

_HANDLERS: dict[type, Callable[[PartitionState, Any], Effects]] = {
    Terms: administration.adopt_terms,
    AccountOpening: administration.open_account,
    Submission: submission.submit,
    Cancellation: canceling.cancel,
    ListSubmission: lists.submit_list,
    Replacement: replacing.replace,
    MassCancellation: canceling.cancel_all,
    Observation: watching.observe,
    TimeReached: watching.reach,
    VenueReport: reports.take_report,
    Deposit: administration.deposit,
    LimitsChange: administration.change_limits,
    StateChange: administration.change_state,
    Discrepancy: administration.note_discrepancy,
    BudgetGrant: administration.take_budget,
}


class Partition(PartitionState):
    """A partition whose only writer is ``apply``."""

    def apply(self, record: Input) -> Effects:
        """Take one input and return what follows from it.

        Raises:
            NotFound: An unknown account or order; nothing was changed.
            Conflict: A client order id or deposit key that is used already, or terms that can't follow the present;
                nothing was changed.
            Unavailable: A report before this one is missing (code ``REPORT_GAP``); nothing was changed.
        """
        effects = _HANDLERS[type(record)](self, record)
        if record.time > self.time:
            self.time = record.time
        if effects.changed:
            following.follow(self, effects, record.time, getattr(record, "sessions", ()))
            if effects.order is not None:
                effects.order = self.orders[effects.order.order_id].order
        return effects
