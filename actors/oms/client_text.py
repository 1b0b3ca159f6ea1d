"""What a client may write into an order: text that every journal, log and FIX message can carry."""

from __future__ import annotations

import re

from actors.errors import InputError
from actors.messages import SubmitOrder

_CLIENT_ORDER_ID = re.compile(r"[\x20-\x7e]{1,48}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,47}")
_PRINCIPAL = re.compile(r"[\x20-\x7e]{1,128}")


def check_text(order: SubmitOrder) -> None:
    """Refuse an order whose text can't be carried; such an order is not journaled, as it has no usable key.

    Raises:
        InputError: ``field`` names the text; codes ``CLIENT_ORDER_ID_INVALID``, ``STRATEGY_INVALID``, ``PRINCIPAL_INVALID``.
    """
    if _CLIENT_ORDER_ID.fullmatch(order.client_order_id) is None:
        raise InputError(
            "the client order id can't be used",
            field="client_order_id",
            value=ascii(order.client_order_id),
            rule="1 to 48 printable ASCII characters",
            code="CLIENT_ORDER_ID_INVALID",
        )
    if _NAME.fullmatch(order.strategy) is None:
        raise InputError(
            "the strategy's name can't be used",
            field="strategy",
            value=ascii(order.strategy),
            rule="1 to 48 letters, digits, '_', '.' or '-', beginning with a letter or digit",
            code="STRATEGY_INVALID",
        )
    check_principal(order.principal)


def check_principal(principal: str) -> None:
    """Refuse a principal (or a reason) that no log could carry.

    Raises:
        InputError: Code ``PRINCIPAL_INVALID``.
    """
    if _PRINCIPAL.fullmatch(principal) is None:
        raise InputError(
            "the principal's name can't be used",
            field="principal",
            value=ascii(principal),
            rule="1 to 128 printable ASCII characters",
            code="PRINCIPAL_INVALID",
        )
