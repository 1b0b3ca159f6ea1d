"""What limits and trading states are said of: the firm, an account, a strategy, an instrument (in one account)."""

from __future__ import annotations

import re

from actors.errors import InputError

FIRM = "firm"
RULE = "firm, account:ID, strategy:NAME or instrument:SYMBOL"

_NAME = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,47}"
_SYMBOL = r"[!-~]{1,48}"
_SCOPE = re.compile(rf"firm|(?:account|strategy):{_NAME}|instrument:{_SYMBOL}")
_NARROW = re.compile(rf"account:{_NAME}/instrument:{_SYMBOL}")


def account_scope(account: str) -> str:
    """Return the scope of an account."""
    return f"account:{account}"


def strategy_scope(strategy: str) -> str:
    """Return the scope of a strategy."""
    return f"strategy:{strategy}"


def instrument_scope(symbol: str) -> str:
    """Return the scope of an instrument."""
    return f"instrument:{symbol}"


def narrow_scope(account: str, symbol: str) -> str:
    """Return the scope of an instrument within one account."""
    return f"account:{account}/instrument:{symbol}"


def account_of(scope: str) -> str | None:
    """Return the account that a scope lies in, ``None`` where it reaches further."""
    return scope.partition("/")[0].removeprefix("account:") if scope.startswith("account:") else None


def symbol_of(scope: str) -> str | None:
    """Return the symbol that a scope is about, ``None`` where it is about none."""
    _, found, symbol = scope.partition("instrument:")
    return symbol if found else None


def check_scope(scope: str, narrow: bool = False) -> None:
    """Refuse what is no scope.

    Args:
        scope: What may be one.
        narrow: Whether ``account:ID/instrument:SYMBOL`` is one, too.

    Raises:
        InputError: It is none (code ``SCOPE_INVALID``).
    """
    if _SCOPE.fullmatch(scope) is None and not (narrow and _NARROW.fullmatch(scope)):
        raise InputError(
            "there is no such scope",
            field="scope",
            value=scope,
            rule=f"{RULE}{', or account:ID/instrument:SYMBOL' if narrow else ''}",
            code="SCOPE_INVALID",
        )
