"""Reading plain data field by field: what is wrong is told with the field that has it."""

from __future__ import annotations

import datetime
import enum
import math
from collections.abc import Mapping
from typing import Any, TypeVar

from actors.errors import InputError

E = TypeVar("E", bound=enum.Enum)


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
            raise InputError("unknown key", field=f"{field}{key}", value=key, rule=", ".join(keys))


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
