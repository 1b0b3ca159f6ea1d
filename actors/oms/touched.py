"""Which positions a fill changes: its own, and by a bust or a correction those to which its lots went on since."""

from __future__ import annotations

from actors.messages import Fill
from actors.portfolio.books import Books


def touched_by(books: Books, fill: Fill) -> list[tuple[str, int]]:
    """Return strategy and instrument of every position that a fill changed, its own first; no more may have changed.

    Args:
        books: The account's books, which have just booked it.
        fill: The fill, or one that takes another back or stands in its place.
    """
    own = (fill.strategy, fill.instrument)
    if not fill.reverses and not fill.corrects:
        return [own]
    return list(dict.fromkeys((own, *books.touched)))
