"""How much of a history a covariance was reckoned from."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Rows:
    """Rows of changes.

    Attributes:
        used: Those on which everything that moves together has a change.
        dropped: Those of the same history on which something has none.
    """

    used: int
    dropped: int

    def text(self) -> str:
        """Return the numbers as a person reads them."""
        return f"{self.used:,} joint rows, {self.dropped:,} dropped"

    def plain(self) -> dict[str, int]:
        """Return what every figure of them is told with."""
        return {"rows_used": self.used, "rows_dropped": self.dropped}
