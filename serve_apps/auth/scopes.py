"""The scopes: what a token may be used for. An endpoint asks for exactly one of them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from actors.errors import InputError

READ_PORTFOLIO = "read:portfolio"
WRITE_TRADE = "write:trade"
READ_RISK = "read:risk"
READ_MODEL = "read:model"

SCOPES: dict[str, str] = {
    READ_PORTFOLIO: "Read positions, cash and orders of portfolios.",
    WRITE_TRADE: "Submit and cancel orders.",
    READ_RISK: "Read risk measures and limits.",
    READ_MODEL: "Ask models for predictions.",
}
"""Every scope with what it allows, as the API's documentation shows it."""

_SYNTAX = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*")


def parse(text: str) -> frozenset[str]:
    """Return the scopes that a ``scope`` parameter lists (RFC 6749, section 3.3).

    Raises:
        InputError: Not a list of scope tokens separated by single spaces.
    """
    if not _SYNTAX.fullmatch(text):
        raise InputError("unreadable scope", field="scope", value=text, rule="scopes separated by single spaces")
    return frozenset(text.split(" "))


def render(scopes: Iterable[str]) -> str:
    """Return the scopes as a ``scope`` parameter, in a fixed order."""
    return " ".join(sorted(scopes))
