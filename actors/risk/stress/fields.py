"""Reading plain data field by field: what is wrong is told with the field that has it."""

from __future__ import annotations

import datetime
import difflib
import enum
import math
import re
from collections.abc import Collection, Mapping
from typing import Any, TypeVar

from actors.errors import InputError

E = TypeVar("E", bound=enum.Enum)
_TRUTHS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)


def number(content: Mapping[str, Any], key: str, field: str, default: float | None = None) -> float:
    """Return a finite number; ``default`` where the key is not there.

    Raises:
        InputError: It is none.
    """
    value = content.get(key, default)
    try:
        found = math.nan if isinstance(value, bool) or value is None else float(value)
    except (TypeError, ValueError):
        found = math.nan
    if not math.isfinite(found):
        raise InputError(f"no {key}", field=f"{field}.{key}", value=value, rule="a finite number")
    return found


def truth(content: Any, field: str) -> bool:
    """Return whether something is true, from a boolean or from a text.

    Raises:
        InputError: It is neither.
    """
    found = _TRUTHS.get(str(content).strip().lower())
    if found is None:
        raise InputError("neither true nor false", field=field, value=content, rule="true or false")
    return found


def date(content: Any, field: str) -> datetime.date:
    """Return a date, from one or from a text.

    Raises:
        InputError: It is none.
    """
    if isinstance(content, datetime.datetime):
        return content.date()
    if isinstance(content, datetime.date):
        return content
    try:
        return datetime.date.fromisoformat(str(content))
    except ValueError:
        raise InputError("no date", field=field, value=content, rule="YYYY-MM-DD") from None


def currency(content: Any, field: str) -> str:
    """Return the code of a currency.

    Raises:
        InputError: It is none.
    """
    if not isinstance(content, str) or not _CURRENCY.fullmatch(content):
        raise InputError("no currency", field=field, value=content, rule="three capital letters, such as USD")
    return content


def used(content: Mapping[str, Any], names: Collection[str], field: str) -> None:
    """Refuse entries of the market that nothing in the book uses: a name that is misspelt would go unnoticed.

    Raises:
        InputError: Naming the entry, and the name that comes near.
    """
    for name in content:
        if name not in names:
            near = difflib.get_close_matches(name, names, 1)
            raise InputError(
                "no position uses this", field=f"{field}.{name}", value=name,
                rule=f"one of {', '.join(sorted(names))}" if names else "nothing, of this book",
                remedy=f"did you mean {near[0]}?" if near else "correct the name, or leave it out",
            )  # fmt: skip


def only(content: Mapping[Any, Any], keys: tuple[str, ...], field: str) -> None:
    """Refuse keys that mean nothing.

    Args:
        content: What was written.
        keys: What it may have.
        field: What errors put before the key.

    Raises:
        InputError: Naming the key.
    """
    for key in content:
        if key not in keys:
            near = difflib.get_close_matches(str(key), keys, 1)
            raise InputError(
                "unknown key", field=f"{field}{key}", value=key, rule=", ".join(keys),
                remedy=f"did you mean {near[0]}?" if near else None,
            )  # fmt: skip


def word(kind: type[E], content: Mapping[str, Any], key: str, field: str) -> E:
    """Return a word of an enumeration.

    Raises:
        InputError: It is none.
    """
    try:
        return kind(str(content.get(key)))
    except ValueError:
        rule = ", ".join(str(one) for one in kind)
        raise InputError(f"no {key}", field=f"{field}.{key}", value=content.get(key), rule=rule) from None
