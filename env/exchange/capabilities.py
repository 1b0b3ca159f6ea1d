"""What the paper exchange does natively; the OMS does the rest itself."""

from __future__ import annotations

from actors.messages import OrderType, TimeInForce
from actors.oms.venue import Capabilities

CAPABILITIES = Capabilities(
    order_types=(OrderType.MARKET, OrderType.LIMIT),
    times_in_force=tuple(TimeInForce),
    replaces=True,
    post_only=True,
    display_quantity=False,
)
"""What the paper exchange does natively."""
