"""``alphamind audit show``: finds an order in a run's journals and tells its whole life."""

from __future__ import annotations

import contextlib
import pathlib
import re
import sys
from collections.abc import Iterator, Mapping

import orjson
from rich.console import Console

from actors.errors import Conflict, NotFound
from actors.journal import read_journal
from actors.journal.journal import Record
from actors.journal.opening import list_journals
from actors.oms.order_history import OrderHistory, OrderKey, order_numbered, orders_called, tell
from cluster.audit import AuditedRun
from cluster.order_story import described, shown
from configs.schema import JournalSection

_JOURNAL = re.compile(r"oms-p(\d{2,})")
_ORDER_ID = re.compile(r"(\d+)-(?:(\d+)-)?(\d+)")


def audit_show(
    audited: AuditedRun,
    order: str,
    *,
    account: str | None = None,
    as_json: bool = False,
    console: Console | None = None,
) -> None:
    """Print the whole life of an order: who, when, why, which limits were consulted, at which prices, what came of it.

    Works while the run trades, and after.

    Args:
        audited: The run.
        order: Order id, client order id, or the id of a replacement.
        account: Whose order it is; needed where several accounts have one that goes by that id.
        as_json: Whether to print everything as JSON, not as a table.
        console: Where tables go.

    Raises:
        NotFound: There is no such order.
        Conflict: Several orders go by that id.
        JournalError: A journal can't be read, or is not what was written.
    """
    history = find_order(audited.section, audited.directory, order, account)
    if as_json:
        sys.stdout.write(orjson.dumps(described(history), option=orjson.OPT_INDENT_2).decode() + "\n")
    else:
        for part in shown(history):
            (console or Console()).print(part)


def find_order(
    section: JournalSection, directory: pathlib.Path, wanted: str, account: str | None = None
) -> OrderHistory:
    """Return the life of an order.

    Args:
        section: Where the run's journals are.
        directory: The run's directory.
        wanted: Order id, client order id, or the id of a replacement.
        account: Whose order it is; needed where several accounts have one that goes by that id.

    Raises:
        NotFound: No partition has such an order.
        Conflict: Several orders go by that id, also one by its order id and one by a client's (code
            ``ORDER_AMBIGUOUS``).
    """
    journals = {
        int(match[1]): name for name in list_journals(section, directory) if (match := _JOURNAL.fullmatch(name))
    }
    numbered = _numbered(section, directory, wanted, journals)
    every = dict.fromkeys(numbered)
    for index, name in journals.items():
        with _records(section, directory, name) as records:
            every.update(dict.fromkeys((index, key) for key in orders_called(wanted, records)))
    found = [(index, key) for index, key in every if account in (None, key[0])]
    if not found:
        raise NotFound(
            "there is no such order in the run",
            field="order",
            value=wanted,
            rule=f"an order id, client order id or replacement id of one of {len(journals)} partitions",
            code="ORDER_UNKNOWN",
        )
    if len({key[0] for _, key in found}) < len(found):
        own = next((key for _, key in found if any(key == other for _, other in numbered)), None)
        raise Conflict(
            "several orders of one account go by that id: by their order id, client order id or a replacement's",
            field="order",
            value=wanted,
            rule=f"one of those that the client calls {', '.join(sorted(key[1] for _, key in found))}",
            remedy="name it by another of its ids" + (f"; {own[1]} is the one with that order id" if own else ""),
            code="ORDER_AMBIGUOUS",
        )
    if len(found) > 1:
        raise Conflict(
            "several accounts have an order of that id",
            field="order",
            value=wanted,
            rule=f"one of the accounts {', '.join(sorted(key[0] for _, key in found))}",
            remedy="name it with --account",
            code="ORDER_AMBIGUOUS",
        )
    index, key = found[0]
    with _records(section, directory, journals[index]) as records:
        return tell(index, journals[index], records, key)


def _numbered(
    section: JournalSection, directory: pathlib.Path, wanted: str, journals: Mapping[int, str]
) -> list[tuple[int, OrderKey]]:
    """Return the order whose own id ``wanted`` is, with its partition; nothing where it is none's."""
    match = _ORDER_ID.fullmatch(wanted)
    if match is None or int(match[1]) not in journals:
        return []
    index = int(match[1])
    with _records(section, directory, journals[index]) as records:
        key = order_numbered(int(match[3]), int(match[2] or 0), records)
    return [] if key is None else [(index, key)]


@contextlib.contextmanager
def _records(section: JournalSection, directory: pathlib.Path, name: str) -> Iterator[Iterator[Record]]:
    reader = read_journal(section, directory, name)
    try:
        yield reader.read(losses=True)
    finally:
        reader.close()
