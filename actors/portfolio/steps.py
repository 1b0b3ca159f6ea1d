"""What happened to one holding other than by fills, as its tape keeps it: enough to do it once more.

When an execution far back is taken back or changed, a holding is built again from its tape. What then comes out
differently further on follows from the steps themselves: a dividend is paid on what was held at that time.
"""

from __future__ import annotations

from actors.messages import Message


class Scaled(Message, tag="scaled", frozen=True):
    """A split; ``before`` lots became ``after``, and the rest was sold at ``price`` for one unit."""

    numerator: int
    denominator: int
    before: int
    after: int
    price: int


class Paid(Message, tag="paid", frozen=True):
    """``amount`` was paid for one unit held."""

    amount: int


class Charged(Message, tag="charged", frozen=True):
    """``amount`` came (or went, where negative) because of the position."""

    amount: int


class Ended(Message, tag="ended", frozen=True):
    """The whole position ended at ``price`` for one unit."""

    price: int


class Settled(Message, tag="settled", frozen=True):
    """The position was marked to ``price`` for one unit, and the difference paid."""

    price: int


class Left(Message, tag="left", frozen=True):
    """The whole position went elsewhere; ``transfer`` says with what."""

    transfer: int


class Came(Message, tag="came", frozen=True):
    """What ``transfer`` brought was added."""

    transfer: int


class Exercised(Message, tag="exercised", frozen=True):
    """``quantity`` lots (negative of a short position) ended without money, as ``transfer`` says.

    Their cost goes along where ``carries`` is set, else it is realised.
    """

    quantity: int
    transfer: int
    carries: bool


class Delivered(Message, tag="delivered", frozen=True):
    """What the exercise of ``asked`` lots brings: ``quantity`` lots (negative: given) for ``notional`` money."""

    quantity: int
    notional: int
    asked: int
    transfer: int


Step = Scaled | Paid | Charged | Ended | Settled | Left | Came | Exercised | Delivered


class Transfer(Message, frozen=True):
    """What moved from one holding to another.

    Attributes:
        strategy: Of the holding that takes it.
        instrument: Of the holding that takes it.
        cost: Cost that moved.
        exercised: Lots of an option that were exercised.
        lots: Lots, their cost and the execution that opened them; one row where they are kept at average cost, none
            where only cost moved.
    """

    strategy: str
    instrument: int
    cost: int = 0
    lots: tuple[tuple[int, int, str], ...] = ()
    exercised: int = 0
