"""The core of a partition: inputs go in, effects come out, and the same inputs always give the same effects."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from actors.errors import JournalError
from actors.journal.journal import Record
from actors.journal.losses import Loss
from actors.oms import administration, canceling, following, lists, replacing, reports, submission, watching
from actors.oms.effects import Effects
from actors.oms.inputs import (
    AccountOpening,
    Booking,
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
    decode_input,
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
    Booking: administration.book,
    LimitsChange: administration.change_limits,
    StateChange: administration.change_state,
    Discrepancy: administration.note_discrepancy,
    BudgetGrant: administration.take_budget,
    Loss: administration.note_loss,
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

    def replay(self, record: Record) -> Effects:
        """Take the input of a record again; one that was left out has no effect but an alarm.

        Raises:
            JournalCorrupt: The record is not known to this version.
            JournalError: It can't be applied. Code ``RECORD_NOT_APPLICABLE``: what follows it can't be told.
        """
        if record.sequence in self.left_out:
            effects = Effects()
            text = f"record {record.sequence} is left out, as configured"
            self.raise_alarm(effects, "RECORD_LEFT_OUT", record.time, "", 0, text)
            return effects
        try:
            return self.apply(decode_input(record))
        except JournalError:
            raise
        except Exception as error:
            raise JournalError(
                f"a record of partition {self.name} can't be applied: {type(error).__name__}: {error}",
                field="record",
                value=record.sequence,
                rule="records that this version can apply",
                remedy="run the version that wrote it, or leave it out: "
                f"--set 'oms.left_out=[{self.name}:{record.sequence}]'",
                code="RECORD_NOT_APPLICABLE",
            ) from error
