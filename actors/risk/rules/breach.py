"""What goes on record of a breach: that it opened, on which evidence and to what effect, and that it closed."""

from __future__ import annotations

from actors.messages import Message
from actors.risk.controls import LimitsChange, StateChange


class Contribution(Message, frozen=True):
    """One position that a measure is made of: its symbol and its signed value, 1e-8 currency units."""

    symbol: str
    exposure: int


class Evidence(Message, frozen=True):
    """What was measured when.

    Attributes:
        measure: What was measured.
        unit: ``money``, ``fraction`` or ``seconds``.
        value: The measure, 1e-8 of its unit.
        threshold: The level that it is held against, in the same.
        time: Market time, UTC nanoseconds.
        measured_at: Market time of the measure itself, which is older where it is not measured with every price.
        market_sequence: Newest slice that is in it.
        oms_sequences: Newest event that is in it, by partition.
        positions: The largest positions of the scope, or those whose price is old.
        missing_share: Share of the gross exposure that the measure leaves out, or counts at cost for want of a price.
    """

    measure: str
    unit: str
    value: int
    threshold: int
    time: int
    measured_at: int
    market_sequence: int
    oms_sequences: dict[int, int]
    positions: list[Contribution]
    missing_share: float


class BreachOpened(Message, frozen=True):
    """A measure is over its threshold. The record carries what it does, so that one can't be there without the other.

    Attributes:
        number: Counts the breaches of a run from 1.
        rule: The rule's name.
        scope: ``firm`` or ``account:ID``.
        action: What the rule does.
        evidence: What was measured.
        state: The trading state that it sets; ``None`` where it sets none.
        limits: The limits that it sets; ``None`` where it sets none.
        note: Why it does nothing where its rule would, else empty.
        tightens: Which limit its rule tightens how far, empty where none; ``None`` in records from before that was
            kept.
    """

    number: int
    rule: str
    scope: str
    action: str
    evidence: Evidence
    state: StateChange | None = None
    limits: LimitsChange | None = None
    note: str = ""
    tightens: str | None = None


class BreachClosed(Message, frozen=True):
    """A measure is back at its clear level. What the breach has tightened or halted stays until a person lifts it.

    Attributes:
        number: The breach's number.
        evidence: What was measured; ``None`` where the rule is no longer there, or has been changed.
        time: Market time, UTC nanoseconds.
    """

    number: int
    evidence: Evidence | None
    time: int
