"""Time stamps of data files, in whatever form they are written, as UTC nanoseconds or as session dates."""

from __future__ import annotations

import re
import zoneinfo
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from actors.clock import DAY
from actors.errors import ConfigurationError, DataError
from actors.ingest.table import MISSING_TIME, Integers

_ZONED = r"[:\dT ](Z|z|UTC|[+-]\d{2}:?\d{2})$"
_SUFFIX = re.compile(r" ?(Z|z|UTC|[+-]\d{2}:?\d{2})$")
_FORMATS = (
    "ISO8601",
    "%Y/%m/%d",
    "%Y/%m/%d %H:%M:%S.%f",
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M",
    "%Y%m%d %H:%M",
    "%Y%m%d %H:%M:%S",
    "%d-%b-%Y",
    "%d %b %Y",
    "%b %d, %Y",
    "%d.%m.%Y",
    "%d.%m.%Y %H:%M",
    "%d.%m.%Y %H:%M:%S",
)
_MONTH_FIRST = ("%m/%d/%Y", "%m/%d/%Y %H:%M", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %I:%M:%S %p", "%m/%d/%y", "%m/%d/%y %H:%M")
_EPOCH_UNITS = ((1e11, 1_000_000_000), (1e14, 1_000_000), (1e17, 1_000), (float("inf"), 1))


def zone_of(name: str) -> zoneinfo.ZoneInfo:
    """Return the time zone of that name.

    Raises:
        ConfigurationError: There is none.
    """
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise ConfigurationError(
            f"unknown time zone {name!r}",
            field="feed.timezone",
            value=name,
            rule="a name of the IANA database, for instance America/New_York",
        ) from None


def read_stamps(column: Any, zone: zoneinfo.ZoneInfo, name: str) -> tuple[Integers, bool]:
    """Return a column's times, and whether all of them are dates.

    Dates, texts (ISO 8601 and the common others), numbers (seconds to nanoseconds since 1970, or YYYYMMDD) and the
    time types of Arrow are understood; a time without zone is one of ``zone``. What can't be read, and what its zone's
    clocks show twice, is ``MISSING_TIME``.

    Args:
        column: An Arrow array or chunked array.
        zone: Zone of times that name none.
        name: What the column is called, for errors.

    Returns:
        UTC nanoseconds (midnight UTC of the date, for dates), and True if they are dates.

    Raises:
        DataError: Nothing in the column is a time, or day and month can't be told apart.
    """
    if pa.types.is_dictionary(column.type):
        column = pc.cast(column, column.type.value_type)
    kind = column.type
    if pa.types.is_date(kind):
        column, kind = pc.cast(column, pa.timestamp("s")), pa.timestamp("s")
    if pa.types.is_timestamp(kind):
        index = pd.DatetimeIndex(
            pc.cast(column, pa.timestamp(kind.unit)).to_numpy(zero_copy_only=False)
            if isinstance(column, pa.Array)
            else pc.cast(column, pa.timestamp(kind.unit)).to_numpy()
        )
        stamps, is_daily = _settle(_integers(index), None if kind.tz else zone)
    elif pa.types.is_integer(kind) or pa.types.is_floating(kind):
        stamps, is_daily = _numbers(column, zone, name)
    elif pa.types.is_string(kind) or pa.types.is_large_string(kind):
        codes = pc.dictionary_encode(column)
        codes = codes.combine_chunks() if isinstance(codes, pa.ChunkedArray) else codes
        stamps, is_daily = _texts(codes.dictionary, zone, name)
        stamps = np.append(stamps, MISSING_TIME)[
            pc.fill_null(codes.indices, len(stamps)).to_numpy(zero_copy_only=False)
        ]
    else:
        stamps, is_daily = np.full(len(column), MISSING_TIME), False
    if len(stamps) and (stamps == MISSING_TIME).all():
        raise DataError(
            f"column {name!r} holds no readable time",
            field="feed.columns.time",
            value=column[0].as_py(),
            rule="dates or times, best as 2024-01-31 or 2024-01-31T09:30:00Z",
            remedy="map feed.columns.time",
        )
    return stamps, is_daily


def _numbers(column: Any, zone: zoneinfo.ZoneInfo, name: str) -> tuple[Integers, bool]:
    numbers = pc.cast(column, pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    typical = float(np.nanmedian(numbers)) if np.isfinite(numbers).any() else 0.0
    if 19_000_101 <= typical <= 29_991_231:
        return read_stamps(pc.cast(pc.cast(column, pa.int64(), safe=False), pa.string()), zone, name)
    unit = next(unit for bound, unit in _EPOCH_UNITS if typical < bound)
    readable = np.isfinite(numbers) & (numbers > 0) & (numbers * unit < 2**62)
    stamps = np.full(len(numbers), MISSING_TIME)
    if pa.types.is_integer(column.type):
        whole = pc.fill_null(pc.cast(column, pa.int64()), 0).to_numpy(zero_copy_only=False)
        stamps[readable] = whole[readable] * unit
    else:
        stamps[readable] = np.rint(numbers[readable] * unit).astype(np.int64)
    return _settle(stamps, None)


def _texts(texts: Any, zone: zoneinfo.ZoneInfo, name: str) -> tuple[Integers, bool]:
    trimmed = pc.utf8_trim_whitespace(texts)
    digits = pc.match_substring_regex(trimmed, r"^\d{9,19}(\.\d+)?$").to_numpy(zero_copy_only=False)
    if len(digits) and digits.mean() > 0.5:
        kept = pc.if_else(pa.array(digits), trimmed, None)
        fractional = pc.any(pc.match_substring(kept, ".")).as_py()
        return _numbers(pc.cast(kept, pa.float64() if fractional else pa.int64()), zone, name)
    zoned = pc.match_substring_regex(trimmed, _ZONED).to_numpy(zero_copy_only=False).astype(bool)
    plain = pd.Series(trimmed.to_pylist(), dtype=object)
    walls = _walls(plain.where(~zoned, plain.str.replace(_SUFFIX, "", regex=True)) if zoned.any() else plain, name)
    stamps, is_daily = _settle(walls, zone)
    if zoned.any() and not is_daily:
        exact = pd.to_datetime(plain[zoned], format="ISO8601", errors="coerce", utc=True)
        stamps[zoned] = _integers(pd.DatetimeIndex(exact).tz_localize(None))
    return stamps, is_daily


def _walls(texts: pd.Series[Any], name: str) -> Integers:
    best = np.full(len(texts), MISSING_TIME)
    for form in _FORMATS:
        best = _better(best, _parsed(texts, form))
        if (best != MISSING_TIME).all():
            return best
    slashes = texts.str.contains("/", na=False).to_numpy()
    if not slashes.any() or (best[slashes] != MISSING_TIME).any():
        return best
    for form in _MONTH_FIRST:
        month_first, day_first = _parsed(texts, form), _parsed(texts, form.replace("%m/%d", "%d/%m"))
        readable = np.count_nonzero(month_first != MISSING_TIME), np.count_nonzero(day_first != MISSING_TIME)
        if readable[0] == readable[1] > 0 and (month_first != day_first).any():
            raise DataError(
                f"day and month of column {name!r} can't be told apart",
                field="feed.columns.time",
                value=texts.iloc[0],
                rule="some day after the 12th, or dates as 2024-01-31",
            )
        best = _better(best, month_first if readable[0] >= readable[1] else day_first)
    return best


def _better(one: Integers, other: Integers) -> Integers:
    return other if np.count_nonzero(other != MISSING_TIME) > np.count_nonzero(one != MISSING_TIME) else one


def _parsed(texts: pd.Series[Any], form: str) -> Integers:
    return _integers(pd.DatetimeIndex(pd.to_datetime(texts, format=form, errors="coerce")))


def _integers(index: pd.DatetimeIndex) -> Integers:
    within = (index.year >= 1700) & (index.year <= 2250)
    return np.asarray(index.where(within).as_unit("ns").asi8, np.int64)


def _settle(stamps: Integers, zone: zoneinfo.ZoneInfo | None) -> tuple[Integers, bool]:
    """Tell dates from times and put times without zone (``zone`` given) on UTC."""
    readable: npt.NDArray[np.bool_] = stamps != MISSING_TIME
    if readable.any() and not (stamps[readable] % DAY).any():
        return stamps.copy(), True
    if zone is None or str(zone) == "UTC":
        return stamps.copy(), False
    local = pd.DatetimeIndex(stamps.view("datetime64[ns]")).tz_localize(zone, ambiguous="NaT", nonexistent="NaT")
    return np.asarray(local.asi8, np.int64).copy(), False
