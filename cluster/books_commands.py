"""``alphamind books``: what is booked beside fills: entries from a file, corporate actions, the cost of a night."""

from __future__ import annotations

import datetime
import pathlib
import sys
from typing import TYPE_CHECKING, Annotated

import orjson
import typer

from actors.errors import InputError
from cluster.options import Run, messages

if TYPE_CHECKING:
    from actors.client import Client
    from cluster.booking import Wanted

books_app = typer.Typer(
    no_args_is_help=True, help="Book corporate actions, income, charges, exercises and rates in a run's accounts."
)
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only tell what would be booked.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print everything as JSON.")]


@books_app.command("enter")
def enter(
    file: Annotated[pathlib.Path, typer.Argument(help="YAML or JSON list of entries.")],
    dry_run: DryRun = False,
    as_json: AsJson = False,
    run: Run = None,
) -> None:
    """Book the entries of a file, each once for its key: the same file again books only what is new.

    An entry is a mapping: entry (split, dividend, rename, termination, variation, exercise, charge, conversion, rate or
    lots), key, reason, account (left out: all), symbol and what belongs to it, decimals as in orders.
    """
    from actors.client import connect
    from cluster import booking

    with connect(run) as client:
        _book(client, booking.read_entries(file, client.instruments), dry_run, as_json)


@books_app.command("corporate-actions")
def corporate_actions(
    folder: Annotated[pathlib.Path, typer.Argument(help="Folder with factor_files and map_files.")],
    first: Annotated[str, typer.Option("--from", help="First date after whose close something happened.")],
    last: Annotated[str | None, typer.Option("--to", help="Last one; by default the first.")] = None,
    price: Annotated[
        list[str] | None,
        typer.Option(help="SYMBOL=PRICE paid for a part of a share, or at a delisting; may be repeated."),
    ] = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
    run: Run = None,
) -> None:
    """Book splits, dividends, renames and delistings of the run's instruments in all accounts, each once."""
    from actors.client import connect
    from cluster import booking

    begin, prices = _date(first, "from"), dict(_pair(text) for text in price or ())
    with connect(run) as client:
        end = begin if last is None else _date(last, "to")
        wanted = booking.actions_between(folder, client.master, begin, end, prices)
        _book(client, wanted, dry_run, as_json)


@books_app.command("financing")
def financing(
    rates: Annotated[pathlib.Path, typer.Argument(help="YAML file of rates a year.")],
    date: Annotated[str, typer.Option(help="The night that is charged; of several the last.")],
    nights: Annotated[int, typer.Option(help="How many, for instance 3 over a weekend.")] = 1,
    account: Annotated[str | None, typer.Option(help="Only this account; by default all.")] = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
    run: Run = None,
) -> None:
    """Charge interest on cash, borrow on short positions and financing of margined ones, once for a night."""
    from actors.client import connect
    from cluster import booking

    night = _date(date, "date")
    with connect(run) as client:
        terms = booking.read_financing(rates, client.instruments)
        accounts = [account] if account is not None else [one.id for one in client.configuration.accounts]
        wanted = [
            one for name in accounts for one in booking.night(client, name, client.prices(name), terms, night, nights)
        ]
        _book(client, wanted, dry_run, as_json)


def _book(client: Client, wanted: list[Wanted], dry_run: bool, as_json: bool) -> None:
    from rich.console import Console
    from rich.progress import Progress
    from rich.table import Table

    from cluster import booking

    if dry_run:
        done = [booking.Booked(one, ()) for one in wanted]
    else:
        with Progress(console=messages, transient=True, disable=not messages.is_terminal) as progress:
            task = progress.add_task("booking", total=len(wanted))
            done = booking.book(client, wanted, lambda: progress.advance(task))
    if as_json:
        rows = [
            {"key": one.wanted.key, "entry": one.wanted.entry, "account": one.wanted.account, "booked": one.accounts}
            for one in done
        ]
        sys.stdout.write(orjson.dumps(rows, option=orjson.OPT_INDENT_2, default=booking.plain).decode() + "\n")
        return
    grid = Table("entry", "account", "key", "reason", "nothing was booked" if dry_run else "booked in")
    for one in done:
        kind = one.wanted.entry.__struct_config__.tag
        state = "" if dry_run else ", ".join(one.accounts) or "nowhere: it was before"
        grid.add_row(str(kind), one.wanted.account or "all", one.wanted.key, one.wanted.reason, state)
    Console(highlight=False).print(grid if done else "nothing to book")


def _date(text: str, field: str) -> datetime.date:
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        raise InputError(f"{field} is not a date", field=field, value=text, rule="YYYY-MM-DD") from None


def _pair(text: str) -> tuple[str, str]:
    symbol, equals, price = text.partition("=")
    if not symbol or not equals or not price:
        raise InputError("unreadable price", field="price", value=text, rule="SYMBOL=PRICE")
    return symbol, price
