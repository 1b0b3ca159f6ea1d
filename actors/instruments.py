"""The instrument master: what can be traded, under which names, from when to when."""

from __future__ import annotations

import csv
import datetime
import decimal
import difflib
import pathlib
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

import msgspec
import numpy as np
import numpy.typing as npt
import yaml

from actors.calendars import sessions
from actors.errors import ConfigurationError, NotFound
from actors.messages import MONEY_UNIT, Instrument
from actors.option_terms import plain_money, plain_option, read_money, read_option, read_settlement
from configs.schema import InstrumentsSection

FOREVER = 2**63 - 1
PRICE_INCREMENTS = tuple(10**power for power in (6, 5, 4, 3, 2))
_SHARE_ON_INCREMENT = 0.99
_FIELDS = (
    "symbol",
    "exchange",
    "calendar",
    "currency",
    "price_increment",
    "quantity_increment",
    "multiplier",
    "valid_from",
    "valid_to",
    "identifiers",
    "settlement",
    "initial_margin",
    "maintenance_margin",
    "option",
)


class Priced(Protocol):
    """Whatever knows symbols and some of their prices."""

    def prices(self) -> Mapping[str, npt.NDArray[np.float64]]:
        """Return prices by symbol."""


class InstrumentMaster:
    """All instruments of a run, by dense id and by symbol at a time.

    Args:
        instruments: Instruments whose ids are 0, 1, 2 and so on, in order.

    Raises:
        ConfigurationError: The ids are not dense, or two instruments have the same symbol at the same time.
    """

    def __init__(self, instruments: Iterable[Instrument]) -> None:
        self.all = tuple(instruments)
        self._by_symbol: dict[str, list[Instrument]] = {}
        for index, instrument in enumerate(self.all):
            if instrument.id != index:
                raise ConfigurationError(
                    "instrument ids are not dense",
                    field=f"instruments[{index}].id",
                    value=instrument.id,
                    rule="0, 1, 2 ... in order",
                )
            if instrument.valid_from >= instrument.valid_to:
                raise ConfigurationError(
                    f"{instrument.symbol} is never valid",
                    field=f"instruments[{index}].valid_to",
                    value=instrument.valid_to,
                    rule="later than valid_from",
                )
            self._by_symbol.setdefault(instrument.symbol, []).append(instrument)
        for symbol, namesakes in self._by_symbol.items():
            namesakes.sort(key=lambda instrument: instrument.valid_from)
            for earlier, later in zip(namesakes, namesakes[1:]):
                if later.valid_from < earlier.valid_to:
                    raise ConfigurationError(
                        f"{symbol} names two instruments at the same time",
                        field=f"instruments[{later.id}].valid_from",
                        value=_iso(later.valid_from),
                        rule=f"not before {_iso(earlier.valid_to)}, when instrument {earlier.id} gives the symbol up",
                    )

    def __len__(self) -> int:
        """Return the number of instruments."""
        return len(self.all)

    def by_id(self, instrument: int) -> Instrument:
        """Return the instrument of an id.

        Raises:
            NotFound: There is none.
        """
        if 0 <= instrument < len(self.all):
            return self.all[instrument]
        raise NotFound(
            f"no instrument {instrument}",
            field="instrument",
            value=instrument,
            rule=f"0 to {len(self.all) - 1}",
            code="INSTRUMENT_UNKNOWN",
        )

    def by_symbol(self, symbol: str, at_time: int | None = None) -> Instrument:
        """Return the instrument that bears ``symbol``.

        Args:
            symbol: The ticker.
            at_time: When, UTC nanoseconds; the newest bearer where left out.

        Raises:
            NotFound: No instrument bears it then.
        """
        namesakes = self._by_symbol.get(symbol, [])
        for instrument in reversed(namesakes):
            if at_time is None or instrument.valid_from <= at_time < instrument.valid_to:
                return instrument
        near = difflib.get_close_matches(symbol, self._by_symbol, n=3)
        when = "" if at_time is None or not namesakes else f" at {_iso(at_time)}"
        raise NotFound(
            f"no instrument {symbol!r}{when}",
            field="symbol",
            value=symbol,
            code="INSTRUMENT_UNKNOWN",
            remedy=f"did you mean {', '.join(near)}?" if near and not namesakes else None,
        )

    def namesakes(self, symbol: str) -> list[Instrument]:
        """Return all instruments that ever bear ``symbol``, oldest first."""
        return list(self._by_symbol.get(symbol, ()))

    def save(self, path: pathlib.Path) -> None:
        """Write the master as JSON, whole or not at all."""
        temporary = path.with_suffix(".partial")
        temporary.write_bytes(msgspec.json.format(msgspec.json.encode([_plain(one) for one in self.all]), indent=1))
        temporary.replace(path)

    @classmethod
    def load(cls, path: pathlib.Path) -> InstrumentMaster:
        """Read back what ``save`` wrote."""
        return cls.from_file(path, InstrumentsSection())

    @classmethod
    def from_file(cls, path: pathlib.Path, section: InstrumentsSection) -> InstrumentMaster:
        """Read a master from JSON, YAML or CSV.

        Each entry has at least ``symbol``; what it leaves out comes from ``section``. Increments and margins are
        decimals, ``option`` is as ``option_terms`` tells, ``valid_from`` and ``valid_to`` are ISO dates or times
        (UTC), ``identifiers`` a mapping (in CSV ``isin=US0378331005;cusip=037833100``).

        Raises:
            ConfigurationError: Naming the file, the entry, the key and the rule.
        """
        entries = _entries(path)
        ids = {str(entry.get("symbol")): index for index, entry in enumerate(entries)}
        return cls(_instrument(index, entry, section, path, ids) for index, entry in enumerate(entries))

    @classmethod
    def from_source(cls, source: Priced, section: InstrumentsSection) -> InstrumentMaster:
        """Build a master of the symbols that a source of market data holds, in alphabetical order.

        Args:
            source: The source; its prices tell the price increment where ``section`` says ``auto``.
            section: What holds for all of them.

        Raises:
            ConfigurationError: An increment is finer than 1e-8.
            InputError: There is no such calendar.
        """
        sessions(section.calendar)
        lot = _units(section.quantity_increment, "instruments.quantity_increment")
        step = section.price_increment
        fixed = None if step == "auto" else _units(step, "instruments.price_increment")
        return cls(
            Instrument(
                id=index,
                symbol=symbol,
                exchange=section.exchange,
                calendar=section.calendar,
                currency=section.currency,
                price_increment=infer_price_increment(seen) if fixed is None else fixed,
                quantity_increment=lot,
            )
            for index, (symbol, seen) in enumerate(sorted(source.prices().items()))
        )


def infer_price_increment(prices: npt.NDArray[np.float64]) -> int:
    """Return the coarsest of .01, .001, .0001, .00001, .000001 that at least 99% of ``prices`` are multiples of.

    Where none is, as with dividend-adjusted prices, it is the finest. Prices that are missing or not positive do not
    count.

    Returns:
        The increment in 1e-8 currency units.
    """
    usable = prices[np.isfinite(prices) & (prices > 0)]
    for increment in PRICE_INCREMENTS:
        steps = usable * (MONEY_UNIT / increment)
        on_step = np.abs(steps - np.rint(steps)) <= 1e-6 + steps * 1e-15
        if np.count_nonzero(on_step) >= _SHARE_ON_INCREMENT * len(usable):
            return increment
    return PRICE_INCREMENTS[-1]


def _units(number: Any, field: str) -> int:
    try:
        units = decimal.Decimal(str(number)) * MONEY_UNIT
    except decimal.InvalidOperation:
        raise ConfigurationError(f"{field} is not a number", field=field, value=number, rule="a decimal") from None
    if not units.is_finite() or units <= 0 or units != units.to_integral_value():
        raise ConfigurationError(
            f"{field} is not usable", field=field, value=number, rule="a positive multiple of 0.00000001"
        )
    return int(units)


def _plain(instrument: Instrument) -> dict[str, Any]:
    entry: dict[str, Any] = {name: getattr(instrument, name) for name in _FIELDS}
    for name in ("price_increment", "quantity_increment", "initial_margin", "maintenance_margin"):
        entry[name] = plain_money(entry[name])
    entry["valid_from"] = _iso(instrument.valid_from) if instrument.valid_from else None
    entry["valid_to"] = _iso(instrument.valid_to) if instrument.valid_to < FOREVER else None
    entry["option"] = plain_option(instrument.option, _iso)
    return entry


def _entries(path: pathlib.Path) -> list[dict[str, Any]]:
    try:
        text = path.read_text("utf-8-sig")
        if path.suffix.lower() == ".csv":
            rows = list(csv.DictReader(text.splitlines(), restkey="too many fields", skipinitialspace=True))
            found: Any = [{key: value for key, value in row.items() if value} for row in rows]
        elif path.suffix.lower() == ".json":
            found = msgspec.json.decode(text)
        else:
            found = yaml.safe_load(text)
    except OSError as error:
        raise ConfigurationError(f"can't read {path}: {error.strerror}", field="instruments.file", value=path) from None
    except (yaml.YAMLError, msgspec.DecodeError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigurationError(
            f"{path} is neither YAML, JSON nor CSV: {error}", field="instruments.file", value=path
        ) from None
    if isinstance(found, dict):
        found = found.get("instruments")
    if not isinstance(found, list) or not found or not all(isinstance(entry, dict) for entry in found):
        raise ConfigurationError(
            f"{path} lists no instruments",
            field="instruments.file",
            value=path,
            rule="a list of mappings with at least symbol (or a CSV with a header)",
        )
    return found


def _instrument(
    index: int, entry: Mapping[str, Any], section: InstrumentsSection, path: pathlib.Path, ids: Mapping[str, int]
) -> Instrument:
    where = f"{path}: instruments[{index}]"
    for key in entry:
        if key not in _FIELDS:
            near = difflib.get_close_matches(str(key), _FIELDS, n=1)
            raise ConfigurationError(
                f"{where}: unknown key {key}",
                field=f"instruments[{index}].{key}",
                rule=f"one of {', '.join(_FIELDS)}",
                remedy=f"did you mean {near[0]}?" if near else None,
            )
    symbol = str(entry.get("symbol") or "")
    if not symbol:
        raise ConfigurationError(f"{where} has no symbol", field=f"instruments[{index}].symbol", rule="the ticker")
    auto = "0.01" if section.price_increment == "auto" else section.price_increment
    calendar = str(entry.get("calendar") or section.calendar)
    sessions(calendar)
    multiplier = str(entry.get("multiplier") or 1)
    if not multiplier.isdecimal() or int(multiplier) < 1:
        raise ConfigurationError(
            f"{where}: wrong multiplier",
            field=f"instruments[{index}].multiplier",
            value=multiplier,
            rule="a whole number of at least 1",
        )
    return Instrument(
        id=index,
        symbol=symbol,
        exchange=str(entry.get("exchange") or section.exchange),
        calendar=calendar,
        currency=str(entry.get("currency") or section.currency),
        price_increment=_units(entry.get("price_increment") or auto, f"instruments[{index}].price_increment"),
        quantity_increment=_units(
            entry.get("quantity_increment") or section.quantity_increment, f"instruments[{index}].quantity_increment"
        ),
        multiplier=int(multiplier),
        valid_from=_time(entry.get("valid_from"), 0, f"instruments[{index}].valid_from"),
        valid_to=_time(entry.get("valid_to"), FOREVER, f"instruments[{index}].valid_to"),
        identifiers=_identifiers(entry.get("identifiers"), f"instruments[{index}].identifiers"),
        settlement=read_settlement(entry.get("settlement"), f"instruments[{index}].settlement"),
        initial_margin=read_money(entry.get("initial_margin"), f"instruments[{index}].initial_margin"),
        maintenance_margin=read_money(entry.get("maintenance_margin"), f"instruments[{index}].maintenance_margin"),
        option=read_option(entry.get("option"), f"instruments[{index}].option", ids),
    )


def _time(value: Any, missing: int, field: str) -> int:
    if value is None or value == "":
        return missing
    try:
        nanoseconds = np.datetime64(str(value).removesuffix("Z").replace("+00:00", ""), "ns").astype(np.int64)
    except ValueError:
        raise ConfigurationError(
            f"{field} is not a time", field=field, value=value, rule="an ISO date or time in UTC"
        ) from None
    return int(nanoseconds)


def _identifiers(value: Any, field: str) -> dict[str, str]:
    if isinstance(value, str):
        parts = [part.partition("=") for part in value.split(";") if part]
        if all(name and equals and text for name, equals, text in parts):
            return {name.strip(): text.strip() for name, _, text in parts}
    elif value is None or isinstance(value, dict):
        return {str(name): str(text) for name, text in (value or {}).items()}
    raise ConfigurationError(
        f"{field} are unreadable", field=field, value=value, rule="a mapping, in CSV name=value;name=value"
    )


def _iso(time: int) -> str:
    if time >= FOREVER:
        return "the end of time"
    moment = datetime.datetime.fromtimestamp(time // 1_000_000_000, datetime.timezone.utc)
    fraction = f".{time % 1_000_000_000:09d}" if time % 1_000_000_000 else ""
    return f"{moment:%Y-%m-%dT%H:%M:%S}{fraction}Z"
