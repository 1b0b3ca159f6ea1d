"""Times at the edge: RFC 3339 in UTC with ``Z``, as many decimals as they need."""

from __future__ import annotations

import datetime
from typing import Any

from actors.clock import SECOND
from actors.errors import InputError

_TIMES = frozenset(
    {
        "as_of",
        "time",
        "price_time",
        "sampled_at",
        "made_from",
        "known_time",
        "fitted_at",
        "fitted_until",
        "measured_at",
        "opened_at",
        "closed_at",
    }
)


def time_text(time: int) -> str:
    """Return UTC nanoseconds as RFC 3339 with 0, 3, 6 or 9 decimals, whichever is exact."""
    seconds, nanoseconds = divmod(time, SECOND)
    moment = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")
    fraction = f"{nanoseconds:09d}"
    while fraction.endswith("000"):
        fraction = fraction[:-3]
    return f"{moment}{'.' if fraction else ''}{fraction}Z"


def parse_time(text: str, field: str) -> int:
    """Return an RFC 3339 time in UTC (``Z``) as UTC nanoseconds, exactly.

    Raises:
        InputError: It is none.
    """
    moment, _, fraction = text.removesuffix("Z").partition(".")
    try:
        seconds = datetime.datetime.fromisoformat(f"{moment}+00:00").timestamp()
        return int(seconds) * SECOND + int(fraction.ljust(9, "0") or 0)
    except ValueError:
        raise InputError(
            "there is no such time", field=field, value=text, rule="RFC 3339 in UTC, for instance 2024-03-28T20:00:00Z"
        ) from None


def with_time_texts(answer: Any) -> Any:
    """Return plain data with every time in it as RFC 3339; a time of 0 stands for none yet and becomes ``None``."""
    if isinstance(answer, dict):
        return {
            name: (
                (time_text(value) if value else None)
                if name in _TIMES and type(value) is int
                else with_time_texts(value)
            )
            for name, value in answer.items()
        }
    if isinstance(answer, list | tuple):
        return [with_time_texts(part) for part in answer]
    return answer
