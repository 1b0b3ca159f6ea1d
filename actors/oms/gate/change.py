"""What an order could make of the totals of its account, its strategy or the partition."""

from __future__ import annotations

from actors.messages import Side
from actors.oms.activity import Holder
from actors.oms.exposure_totals import Value, value_of
from actors.oms.gate.candidate import Candidate

_BUY = Side.BUY


class Change:
    """What an order could do to the position of a holder, and so to totals that count it.

    Args:
        candidate: The order.
        holder: Account, or strategy in it, whose position the order changes.
        added: Lots that the order adds.

    Attributes:
        part: What the instrument adds to the holder's totals now.
        after: What it could add with the order.
        lots: Lots that count in the order's direction already.
    """

    __slots__ = ("part", "after", "lots", "_totals", "_buys", "_added")

    def __init__(self, candidate: Candidate, holder: Holder, added: int) -> None:
        order, totals = candidate.order, candidate.safeguards.totals
        position, buys, sales = candidate.lots(holder)
        totals.of(holder)
        self.part = totals.part(holder, order.instrument)
        self._totals, self._buys, self._added = totals, order.side is _BUY, added
        if self._buys:
            self.lots = position + buys
            buys += added
        else:
            self.lots = sales - position
            sales += added
        self.after = value_of(candidate.known_instrument, candidate.look.price, position, buys, sales)

    def outcome(self, of: Holder, net: bool) -> int:
        """Return what the order could make of the gross exposure of ``of``, or of the net one in its direction."""
        return self._without(of, net) + (self._directed(self.after) if net else self.after.gross)

    def room(self, of: Holder, net: bool, maximum: int) -> int:
        """Return how large the instrument's part may become: what is there already may stay."""
        room = maximum - self._without(of, net)
        return room if net or room > self.part.gross else self.part.gross

    def grows(self, net: bool) -> bool:
        """Return whether the order could make the exposure larger than it may come to be without it."""
        return self._added > 0 and (net or self.after.gross > self.part.gross)

    def _without(self, of: Holder, net: bool) -> int:
        total = self._totals.of(of)
        return self._directed(total) - self._directed(self.part) if net else total.gross - self.part.gross

    def _directed(self, value: Value) -> int:
        return value.long if self._buys else -value.short


def change_of(candidate: Candidate, holder: Holder) -> Change:
    """Return what an order could do to a holder's position, worked out once for all checks."""
    found: Change | None = candidate.changes.get(holder)
    if found is None:
        found = candidate.changes[holder] = Change(candidate, holder, candidate.added)
    return found


def equity_of(candidate: Candidate) -> int:
    """Return the account's cash and what its positions are worth, 1e-8 currency units."""
    held = candidate.safeguards.totals.of(candidate.holders[0]).held
    return candidate.books.cash(candidate.currency) + held - candidate.books.owed(candidate.currency)
