"""Why the gate refuses an order."""

from __future__ import annotations

from typing import NamedTuple


class Refusal(NamedTuple):
    """Why the gate refuses an order.

    Attributes:
        code: Stable, ``CATEGORY_CONDITION``.
        sentence: What is wrong, for people.
        field: The part of the order at fault.
        value: What it holds, or what it leads to.
        limit: What it is held against.
        accepted: What would be accepted now.
    """

    code: str
    sentence: str
    field: str
    value: str
    limit: str
    accepted: str

    @property
    def text(self) -> str:
        """The refusal in words."""
        parts = ((name, getattr(self, name)) for name in ("field", "value", "limit", "accepted"))
        return f"{self.sentence} ({'; '.join(f'{name}: {part}' for name, part in parts)})"
