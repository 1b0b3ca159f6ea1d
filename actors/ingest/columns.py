"""Which column of a file is what: by the configured mapping, then by the names in common use."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence

from actors.errors import ConfigurationError, DataError

ROLES = ("time", "symbol", "open", "high", "low", "close", "volume")
NEEDED = ("time", "open", "high", "low", "close")

_SYNONYMS: dict[str, tuple[str, ...]] = {
    "time": (
        "datetime",
        "timestamp",
        "dateandtime",
        "date",
        "time",
        "timestamputc",
        "datetimeutc",
        "timeutc",
        "ts",
        "bartime",
        "starttime",
        "opentime",
        "tradingday",
        "tradedate",
        "day",
    ),
    "symbol": ("symbol", "ticker", "tic", "sym", "name", "instrument", "security"),
    "open": ("open", "o", "openprice", "priceopen", "px_open", "pxopen"),
    "high": ("high", "h", "highprice", "pricehigh", "pxhigh", "max"),
    "low": ("low", "l", "lowprice", "pricelow", "pxlow", "min"),
    "close": ("close", "c", "closeprice", "priceclose", "pxlast", "last"),
    "volume": ("volume", "v", "vol", "tradedvolume", "sharevolume", "qty", "quantity"),
}
_DATES = ("date", "day", "tradingday", "tradedate")
_ADJUSTED = re.compile(r"^(adj|adjusted)|(adj|adjusted|adjcp)$")


def recognise(names: Sequence[str], mapping: Mapping[str, str], where: str) -> dict[str, int]:
    """Return the position of each role's column.

    Case, blanks and punctuation of the names do not matter. Adjusted prices are on a scale of their own and are only
    taken where the mapping names them. A date and a time of day in two columns are found as ``time`` and ``clock``.

    Args:
        names: The file's column names.
        mapping: Own names by role (``feed.columns``); they win.
        where: The file, for errors.

    Returns:
        Positions by role; ``symbol``, ``volume`` and ``clock`` may be absent.

    Raises:
        ConfigurationError: The mapping has a role that does not exist.
        DataError: A column is missing; the error lists what was found and how to map it.
    """
    found: dict[str, int] = {}
    for role, own in mapping.items():
        if role not in ROLES:
            near = difflib.get_close_matches(role, ROLES, n=1)
            raise ConfigurationError(
                f"feed.columns maps {role!r}, which is no column of ours",
                field=f"feed.columns.{role}",
                value=own,
                rule=f"one of {', '.join(ROLES)}",
                remedy=f"did you mean {near[0]}?" if near else None,
            )
        if own not in names:
            near = difflib.get_close_matches(own, names, n=1, cutoff=0.5)
            raise DataError(
                f"{where} has no column {own!r}",
                field=f"feed.columns.{role}",
                value=own,
                rule=_columns(names),
                remedy=f"did you mean {near[0]!r}?" if near else "correct feed.columns",
            )
        found[role] = names.index(own)
    plain = [re.sub(r"[^a-z0-9]", "", name.lower()) for name in names]
    taken = set(found.values())
    for role in ROLES:
        if role not in found:
            position = next(
                (plain.index(word) for word in _SYNONYMS[role] if word in plain and plain.index(word) not in taken),
                None,
            )
            if position is not None:
                found[role] = position
                taken.add(position)
    if "time" not in mapping and "time" in found and plain[found["time"]] in _DATES and "time" in plain:
        found["clock"] = plain.index("time")
    missing = [role for role in NEEDED if role not in found]
    if missing:
        adjusted = [name for name, word in zip(names, plain) if _ADJUSTED.search(word)]
        hint = f"; adjusted columns ({', '.join(adjusted)}) are only taken where they are named" if adjusted else ""
        raise DataError(
            f"{where} has no column for {', '.join(missing)}",
            field="feed.columns",
            value=", ".join(missing),
            rule=_columns(names),
            remedy=f"name them: --set 'feed.columns={{{missing[0]}: NAME}}'{hint}",
        )
    return found


def _columns(names: Sequence[str]) -> str:
    shown = ", ".join(name or "''" for name in names[:20])
    return f"columns found: {shown[:400]}{' ...' if len(names) > 20 else ''}"
