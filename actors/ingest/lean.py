"""LEAN's zipped CSV files of US equities: bars of a day, an hour, a minute or a second, and quotes."""

from __future__ import annotations

import datetime
import pathlib
import re
import zipfile
import zoneinfo
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from actors.calendars import local_midnight
from actors.clock import DAY, HOUR, MINUTE, SECOND
from actors.errors import DataError
from actors.ingest.delimited import numbers, read_fields
from actors.ingest.stamps import read_stamps
from actors.ingest.table import MISSING_TIME, Integers, Table
from actors.market.ticks import Kind

PRICE_SCALE = 10_000
NEW_YORK = "America/New_York"

_INTRADAY = re.compile(r"^(?P<date>\d{8})_(?P<symbol>.+)_(?P<resolution>minute|second)_(?P<kind>trade|quote)\.csv$")
_LONG_LINE = re.compile(rb"^\d{8} \d{2}:\d{2},")
_PERIODS = {"minute": MINUTE, "second": SECOND}
_OTHER_SECURITIES = {"forex", "crypto", "cfd", "future", "futureoption", "option", "index", "cryptofuture"}
_LAST_BID, _BID_SIZE, _LAST_ASK, _ASK_SIZE = 4, 5, 9, 10


def choose(paths: Sequence[pathlib.Path]) -> tuple[list[pathlib.Path], list[str]]:
    """Return the zips to read of those in a folder, and notes: quotes are left aside where there are trades.

    Raises:
        DataError: The zips are of several resolutions.
    """
    resolutions = {_resolution(path): path for path in paths}
    if len(resolutions) > 1:
        raise DataError(
            f"several resolutions: {', '.join(sorted(resolutions))}",
            field="feed.data",
            value=", ".join(str(path) for path in resolutions.values()),
            rule="one resolution",
            remedy="name the folder of one of them",
        )
    trades = [path for path in paths if not path.stem.endswith("_quote")]
    quotes = len(paths) - len(trades)
    if trades and quotes:
        return trades, [f"{quotes} quote files left aside for the trades beside them; name a quote file to read it"]
    return list(paths), []


def read_lean(path: pathlib.Path) -> list[Table]:
    """Return the tables of one zip, one for each file in it.

    Prices are stored times 10,000 and times are New York's. Intraday rows carry milliseconds since midnight at the
    start of their interval; a quote bar becomes the quote with which it closed, at its end.

    Raises:
        DataError: Not a zip, not of US equities, or of a resolution that is not read (ticks).
    """
    other = _OTHER_SECURITIES & {part.lower() for part in path.parts[-5:-1]}
    if other:
        raise DataError(f"{path} holds LEAN's {other.pop()} data", field="feed.data", value=path, rule="LEAN equities")
    try:
        with zipfile.ZipFile(path) as archive:
            files = [(name, archive.read(name)) for name in archive.namelist() if name.lower().endswith(".csv")]
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError) as error:
        raise DataError(f"can't read {path}: {error}", field="feed.data", value=path, rule="a whole zip file") from None
    if not files:
        raise DataError(f"{path} holds no CSV file", field="feed.data", value=path, rule="a zip of LEAN's data folder")
    return [_table(name, content, f"{path}#{name}") for name, content in files]


def _table(name: str, content: bytes, where: str) -> Table:
    if not content.strip():
        raise DataError(f"{where} is empty", field="feed.data", value=where, rule="at least one row")
    match = _INTRADAY.match(pathlib.PurePath(name).name.lower())
    if match is None:
        if not _LONG_LINE.match(content):
            raise DataError(
                f"{where} is no LEAN file of bars",
                field="feed.data",
                value=content[:60].decode("utf-8", "replace").splitlines()[0],
                rule="lines like 20131001 00:00,6448000,6448000,6448000,6448000,90; ticks are not read",
                remedy="unpack it where it is an ordinary CSV file",
            )
        return _long_bars(name, content, where)
    period = _PERIODS[match["resolution"]]
    symbol, is_quote = match["symbol"].upper(), match["kind"] == "quote"
    columns, lines = read_fields(content, where, 11 if is_quote else 6, range(11 if is_quote else 6), header=False)
    fields = np.column_stack([numbers(columns[position]) for position in range(len(columns))])
    stamps = _since_midnight(fields[:, 0], match["date"], where)
    if not is_quote:
        return _bars(symbol, stamps, fields[:, 1:], lines, period)
    values = np.zeros((len(lines), 5))
    quoted = fields[:, [_LAST_BID, _LAST_ASK, _BID_SIZE, _ASK_SIZE]]
    values[:, :2], values[:, 2:4] = quoted[:, :2] / PRICE_SCALE, quoted[:, 2:]
    values[np.isnan(values)] = 0.0
    stamps = np.where(stamps == MISSING_TIME, MISSING_TIME, stamps + period)
    return Table(Kind.QUOTE, (symbol,), np.zeros(len(lines), np.int32), stamps, lines, values, np.zeros_like(lines))


def _long_bars(name: str, content: bytes, where: str) -> Table:
    columns, lines = read_fields(content, where, 6, range(6), texts={0}, header=False)
    stamps, daily = read_stamps(columns[0], zoneinfo.ZoneInfo(NEW_YORK), where)
    fields = np.column_stack([numbers(columns[position]) for position in range(1, 6)])
    return _bars(pathlib.PurePath(name).stem.upper(), stamps, fields, lines, DAY if daily else HOUR, daily)


def _bars(
    symbol: str, stamps: Integers, fields: npt.NDArray[np.float64], lines: Integers, period: int, daily: bool = False
) -> Table:
    values = fields.copy()
    values[:, :4] /= PRICE_SCALE
    codes = np.zeros(len(lines), np.int32)
    return Table(Kind.BAR, (symbol,), codes, stamps, lines, values, np.full(len(lines), period), daily)


def _since_midnight(milliseconds: npt.NDArray[np.float64], date: str, where: str) -> Integers:
    try:
        day = datetime.date(int(date[:4]), int(date[4:6]), int(date[6:]))
    except ValueError:
        raise DataError(f"{where} bears no date", field="feed.data", value=date, rule="YYYYMMDD in its name") from None
    midnight = local_midnight((day - datetime.date(1970, 1, 1)).days, zoneinfo.ZoneInfo(NEW_YORK))
    readable = np.isfinite(milliseconds) & (milliseconds >= 0) & (milliseconds < DAY // 1_000_000)
    since = np.rint(np.where(readable, milliseconds, 0) * 1e6).astype(np.int64)
    return np.where(readable, midnight + since, MISSING_TIME)


def _resolution(path: pathlib.Path) -> str:
    named = {"daily", "hour", "minute", "second", "tick"} & {part.lower() for part in path.parts[-4:-1]}
    return named.pop() if named else "unnamed"
