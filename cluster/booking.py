"""What is booked from files: entries in words, corporate actions of the run's instruments, the cost of a night."""

from __future__ import annotations

import datetime
import pathlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec
import yaml

from actors.client import Client
from actors.clock import DAY
from actors.decimals import parse_money, parse_quantity
from actors.entries import Entry
from actors.errors import InputError, NotFound
from actors.ingest.corporate_actions import CorporateAction, between, entry_of, read_factor_file, read_map_file
from actors.instruments import InstrumentMaster
from actors.messages import Instrument, Message
from actors.portfolio.books import Books
from actors.portfolio.financing import FinancingTerms, accrue, key_of, rate

EVERYONE = ""
"""Instead of an account: all of them."""
_WORDS = {
    "split": ("symbol", "numerator", "denominator", "price"),
    "dividend": ("symbol", "amount"),
    "rename": ("symbol", "into"),
    "termination": ("symbol", "price", "kind"),
    "variation": ("symbol", "price"),
    "exercise": ("symbol", "strategy", "quantity"),
    "charge": ("kind", "currency", "amount", "strategy", "symbol"),
    "conversion": ("sold", "sold_amount", "bought", "bought_amount"),
    "rate": ("currency", "rate"),
    "lots": ("symbol", "strategy", "execution_id", "lots"),
}
_MAY_LACK = {"price", "strategy"}
_COMMON = ("entry", "account", "key", "reason")


class Wanted(Message, frozen=True):
    """One entry to be booked; ``account`` is empty for all accounts."""

    account: str
    entry: Entry
    reason: str
    key: str


class Booked(Message, frozen=True):
    """What became of it: the accounts that took it now; none where they all had it."""

    wanted: Wanted
    accounts: tuple[str, ...]


def read_entries(path: pathlib.Path, instruments: Mapping[str, Instrument]) -> list[Wanted]:
    """Read a YAML or JSON list of entries in words.

    Each is a mapping with ``entry`` (what it is), ``key``, ``reason``, ``account`` (left out: all), and what belongs to
    it: ``symbol`` for the instrument, prices, quantities and amounts as decimals.

    Raises:
        NotFound: No such file, or an instrument that the run does not have.
        InputError: Naming the entry, the field and the rule.
    """
    try:
        found = yaml.safe_load(path.read_text("utf-8"))
    except OSError as error:
        raise NotFound(f"can't read {path}: {error.strerror}", field="file", value=path) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is neither YAML nor JSON: {error}", field="file", value=path) from None
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise InputError(f"{path} lists no entries", field="file", value=path, rule="a list of mappings with entry")
    return [_wanted(f"entries[{number}]", one, instruments) for number, one in enumerate(found)]


def read_actions(folder: pathlib.Path, symbols: Iterable[str]) -> list[CorporateAction]:
    """Return the corporate actions of some symbols from a folder with ``factor_files`` and ``map_files``.

    Raises:
        NotFound: It has neither.
        InputError: A file is unreadable.
    """
    if not (folder / "factor_files").is_dir() and not (folder / "map_files").is_dir():
        raise NotFound(
            f"no corporate actions in {folder}",
            field="folder",
            value=folder,
            rule="a folder with factor_files or map_files",
        )
    found: list[CorporateAction] = []
    for symbol in sorted(set(symbols)):
        for name, read in (("factor_files", read_factor_file), ("map_files", read_map_file)):
            path = folder / name / f"{symbol.lower()}.csv"
            if path.is_file():
                found += read(path)
    return found


def actions_between(
    folder: pathlib.Path,
    master: InstrumentMaster,
    first: datetime.date,
    last: datetime.date,
    prices: Mapping[str, str],
) -> list[Wanted]:
    """Return what is to be booked for the sessions that follow the dates ``first`` to ``last``, oldest first.

    Renames into a symbol that is not in the run are left out: there the instrument goes on under its name.

    Args:
        folder: With ``factor_files`` and ``map_files``.
        master: The run's instruments.
        first: First date after which something happened.
        last: Last one.
        prices: Price by symbol: what is paid for a part of a lot, or at a delisting.

    Raises:
        InputError: A delisting without a price, or a price that is none.
        NotFound: The folder has no such files.
    """
    symbols = {instrument.symbol for instrument in master.all}
    wanted = []
    for action in between(read_actions(folder, symbols), first, last):
        if action.symbol not in symbols or (action.kind == "rename" and action.into not in symbols):
            continue
        text = prices.get(action.symbol)
        moment = (action.last - datetime.date(1970, 1, 1)).days * DAY
        price = None if text is None else parse_money(text, "price")
        entry = entry_of(action, master, moment, price)
        wanted.append(Wanted(EVERYONE, entry, f"{action.kind} of {action.symbol} after {action.last}", action.key))
    return wanted


def read_financing(path: pathlib.Path, instruments: Mapping[str, Instrument]) -> FinancingTerms:
    """Read the rates of a YAML file, decimals a year.

    ``credit``, ``debit`` and ``rebate`` are by currency, ``borrow`` and ``financing`` by symbol (``borrow`` with
    ``otherwise`` for all others), ``year`` has 360 or 365 days.

    Raises:
        NotFound: No such file or instrument.
        InputError: A rate is none, or a key is unknown.
    """
    try:
        found = yaml.safe_load(path.read_text("utf-8"))
    except OSError as error:
        raise NotFound(f"can't read {path}: {error.strerror}", field="rates", value=path) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not YAML: {error}", field="rates", value=path) from None
    known = ("credit", "debit", "rebate", "borrow", "financing", "year")
    if not isinstance(found, dict) or set(found) - set(known):
        raise InputError(f"{path} has no rates", field="rates", value=path, rule=f"a mapping of {', '.join(known)}")

    def rates(name: str) -> dict[str, int]:
        part = found.get(name) or {}
        if not isinstance(part, dict):
            raise InputError(f"{name} has no rates", field=name, value=part, rule="a mapping of decimals")
        return {str(key): rate(str(value), f"{name}.{key}") for key, value in part.items()}

    borrow = rates("borrow")
    year = found.get("year", 360)
    if year not in (360, 365):
        raise InputError("a year of other days", field="year", value=year, rule="360 or 365")
    otherwise = borrow.pop("otherwise", 0)
    return FinancingTerms(
        credit=rates("credit"),
        debit=rates("debit"),
        rebate=rates("rebate"),
        borrow={_instrument(symbol, instruments).id: value for symbol, value in borrow.items()},
        borrow_otherwise=otherwise,
        financing={_instrument(symbol, instruments).id: value for symbol, value in rates("financing").items()},
        year=year,
    )


def night(
    client: Client, account: str, prices: Mapping[int, int], terms: FinancingTerms, last: datetime.date, days: int
) -> list[Wanted]:
    """Return the charges of an account for ``days`` nights up to that of ``last``.

    Raises:
        InputError: A position that is charged has no price.
    """
    books = Books.from_view(client.books(account), client.master.all)
    nights = f"{days} night{'s' if days > 1 else ''} to {last}"
    return [
        Wanted(account, charge, f"{charge.kind} of {nights}", key_of(charge, last))
        for charge in accrue(books, prices, client.master.all, terms, days)
    ]


def book(client: Client, wanted: Sequence[Wanted], progress: Callable[[], None] = lambda: None) -> list[Booked]:
    """Book entries one after the other; what was booked under its key before is left as it is.

    Raises:
        AlphaMindError: The first entry that is refused is named; those before it are booked.
    """
    done = []
    for one in wanted:
        accounts = client.book(one.entry, key=one.key, reason=one.reason, account=one.account)
        done.append(Booked(one, tuple(accounts)))
        progress()
    return done


def _wanted(where: str, words: dict[str, Any], instruments: Mapping[str, Instrument]) -> Wanted:
    kind = words.get("entry")
    if not isinstance(kind, str) or kind not in _WORDS:
        raise InputError(f"{where} is unknown", field=f"{where}.entry", value=kind, rule=f"one of {', '.join(_WORDS)}")
    unknown = [name for name in words if name not in (*_COMMON, *_WORDS[kind])]
    missing = [name for name in ("key", *_WORDS[kind]) if name not in words and name not in _MAY_LACK]
    if kind == "charge" and "symbol" in missing:
        missing.remove("symbol")
    if unknown or missing:
        raise InputError(
            f"{where}: {'unknown' if unknown else 'missing'} {(unknown or missing)[0]}",
            field=f"{where}.{(unknown or missing)[0]}",
            rule=f"{', '.join(('key', *_WORDS[kind]))}; account and reason may be left out",
        )
    instrument = _instrument(str(words["symbol"]), instruments) if "symbol" in words else None
    plain = {
        name: _value(f"{where}.{name}", name, value, instrument, instruments)
        for name, value in words.items()
        if name in _WORDS[kind] and name != "symbol"
    }
    if instrument is not None:
        plain["instrument"] = instrument.id
    entry = _entry(where, kind, plain)
    reason = str(words.get("reason") or kind)
    return Wanted(str(words.get("account") or EVERYONE), entry, reason, str(words["key"]))


def _entry(where: str, kind: str, plain: dict[str, Any]) -> Entry:
    for one in Entry.__args__:
        if one.__struct_config__.tag == kind:
            try:
                built: Entry = one(**plain)
                checked: Entry = msgspec.convert(msgspec.to_builtins(built), one)
                return checked
            except (TypeError, msgspec.ValidationError) as error:
                raise InputError(
                    f"{where}: {error}", field=where, value=kind, rule="its fields, of their kinds"
                ) from None
    raise AssertionError(kind)


def _value(
    where: str, name: str, value: Any, instrument: Instrument | None, instruments: Mapping[str, Instrument]
) -> Any:
    if name == "into":
        return _instrument(str(value), instruments).id
    if name == "quantity":
        assert instrument is not None
        return parse_quantity(instrument, str(value), where)
    if name in ("price", "amount", "sold_amount", "bought_amount", "rate"):
        return parse_money(str(value), where)
    if name == "lots":
        if not isinstance(value, dict) or instrument is None:
            raise InputError(f"{where} are unreadable", field=where, value=value, rule="execution: quantity")
        return tuple((str(one), parse_quantity(instrument, str(lots), where)) for one, lots in value.items())
    return value


def _instrument(symbol: str, instruments: Mapping[str, Instrument]) -> Instrument:
    found = instruments.get(symbol)
    if found is None:
        raise NotFound(
            f"no instrument {symbol}", field="symbol", value=symbol, rule=f"one of the run's {len(instruments)}"
        )
    return found


def plain(value: object) -> object:
    """Return an entry as plain data, for JSON."""
    if isinstance(value, msgspec.Struct):
        return {"entry": value.__struct_config__.tag, **msgspec.structs.asdict(value)}
    raise TypeError(type(value).__name__)
