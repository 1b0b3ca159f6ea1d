"""What an order could make of the totals of its account, its strategy or the partition."""

from __future__ import annotations

from actors.messages import Side
from actors.oms.activity import Holder
from actors.oms.exposure_totals import NOTHING, value_of
from actors.oms.gate.candidate import Candidate

_BUY = Side.BUY


class Change:
    """What an order could do to the totals of a holder.

    Args:
        candidate: The order.
        holder: Account, or strategy in it, whose position the order changes.
        of: Whose totals are looked at: the holder's own, or the partition's.
        added: Lots that the order adds, by default the candidate's.

    Attributes:
        before: The totals without the order's instrument.
        part: What the instrument adds to them now.
        after: What it could add with the order.
        lots: Lots that count in the order's direction already.
        added: Lots that the order adds to them.
    """

    __slots__ = ("before", "part", "after", "lots", "added")

    def __init__(
        self, candidate: Candidate, holder: Holder, of: Holder | None = None, added: int | None = None
    ) -> None:
        added = candidate.added if added is None else added
        order, totals = candidate.order, candidate.safeguards.totals
        position, buys, sales = candidate.lots(holder)
        total = totals.of(of or holder)
        self.part = totals.part(holder, order.instrument)
        self.before = total.moved(self.part, NOTHING)
        self.added = added
        if order.side is _BUY:
            self.lots = position + buys
            buys += added
        else:
            self.lots = sales - position
            sales += added
        self.after = value_of(candidate.known_instrument, candidate.look.price, position, buys, sales)

    def outcome(self, side: Side, net: bool) -> int:
        """Return what the order could make of gross exposure, or of net exposure in the direction of ``side``."""
        if not net:
            return self.before.gross + self.after.gross
        return self.before.long + self.after.long if side is _BUY else -self.before.short - self.after.short

    def room(self, side: Side, net: bool, maximum: int) -> int:
        """Return how large the instrument's part may become: what is there already may stay."""
        if not net:
            return max(maximum - self.before.gross, self.part.gross)
        return maximum - (self.before.long if side is _BUY else -self.before.short)

    def grows(self, net: bool) -> bool:
        """Return whether the order could make the exposure larger than it may come to be without it."""
        return self.added > 0 and (net or self.after.gross > self.part.gross)


def equity_of(candidate: Candidate) -> int:
    """Return the account's cash and what its positions are worth, 1e-8 currency units."""
    held = candidate.safeguards.totals.of(candidate.holders[0]).held
    return candidate.books.cash(candidate.currency) + held
