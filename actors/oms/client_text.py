"""What a client may write into an order: text that every journal, log and FIX message can carry."""

from __future__ import annotations

import re

from actors.errors import InputError
from actors.messages import SubmitOrder

_CLIENT_ORDER_ID = re.compile(r"[\x20-\x7e]{1,48}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,47}")
_LONGEST_LINE = 200


def check_order_text(order: SubmitOrder) -> None:
    """Refuse an order whose text can't be carried; such an order is not journaled, as it has no usable key.

    Raises:
        InputError: Codes ``CLIENT_ORDER_ID_INVALID``, ``STRATEGY_INVALID``, ``TEXT_INVALID``.
    """
    check_client_order_id("client_order_id", order.client_order_id)
    if _NAME.fullmatch(order.strategy) is None:
        raise InputError(
            "the strategy's name can't be used",
            field="strategy",
            value=ascii(order.strategy),
            rule="1 to 48 letters, digits, '_', '.' or '-', beginning with a letter or digit",
            code="STRATEGY_INVALID",
        )
    check_line("principal", order.principal)


def check_client_order_id(field: str, text: str) -> None:
    """Refuse a key of an order, a list or a replacement that can't be carried.

    Raises:
        InputError: Code ``CLIENT_ORDER_ID_INVALID``.
    """
    if _CLIENT_ORDER_ID.fullmatch(text) is None:
        raise InputError(
            f"the {field.replace('_', ' ')} can't be used",
            field=field,
            value=ascii(text),
            rule="1 to 48 printable ASCII characters",
            code="CLIENT_ORDER_ID_INVALID",
        )


def check_line(field: str, text: str) -> None:
    """Refuse a principal, reason or key that no log could carry.

    Raises:
        InputError: Code ``TEXT_INVALID``.
    """
    if not (0 < len(text) <= _LONGEST_LINE and text.isprintable()):
        raise InputError(
            f"the {field} can't be used",
            field=field,
            value=ascii(text),
            rule="1 to 200 printable characters",
            code="TEXT_INVALID",
        )
