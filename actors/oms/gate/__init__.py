"""The pre-trade gate: a table of small checks, the first failure of which refuses the order.

Each check looks at one ``Candidate`` and returns a ``Refusal`` or nothing. Positions count what open orders may still
add to them (the worst case), and buying power is cash less what open buys may still cost.
"""

from __future__ import annotations

from actors.oms.gate.candidate import WAITING, Candidate, Moment
from actors.oms.gate.checks import CHECKS, Check, codes_of, look
from actors.oms.gate.refusal import Refusal

__all__ = ["CHECKS", "Candidate", "Check", "Moment", "Refusal", "WAITING", "codes_of", "look"]
