"""An order's life in words and in plain data: decimals as strings, times as RFC 3339."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Iterator
from typing import Any

from rich.markup import escape
from rich.table import Table

from actors.decimals import money_text, price_text, quantity_text, ratio_text
from actors.messages import (
    MONEY_UNIT,
    Conditions,
    ExecutionReport,
    Fill,
    Instrument,
    Message,
    ReplaceOrder,
    Side,
    SubmitOrder,
    VenueOrder,
    VenueReplace,
)
from actors.oms.inputs import (
    Cancellation,
    Discrepancy,
    ListSubmission,
    MassCancellation,
    Observation,
    Replacement,
    Submission,
    TimeReached,
    VenueReport,
)
from actors.oms.limits import RULES, Unit
from actors.oms.order_history import Chapter, OrderHistory, Verdict
from actors.oms.venue import VenueMessage
from serve_apps.api.times import time_text

_PRICES = frozenset(
    {"ask", "bid", "high", "last", "limit_price", "low", "peg_offset", "price", "reference_price", "stop_price",
     "trail_amount", "trigger_price"}
)  # fmt: skip
_QUANTITIES = frozenset(
    {"display_quantity", "filled_quantity", "open_buys", "open_sales", "order_quantity", "position", "quantity"}
)
_MONEY = frozenset({"cash", "fee", "reserved"})
_FRACTIONS = frozenset({"trail_rate", "volatility"})
_TIMES = frozenset({"expire_time", "received", "session_close", "session_open", "submitted_at", "time", "updated_at"})
_LEFT_OUT = frozenset({"cause", "filled_value", "instrument"})


def described(history: OrderHistory) -> dict[str, Any]:
    """Return an order's life as plain data."""
    return {
        "order": {"symbol": _symbol(history.instrument), **_plain(history.order, history.instrument)},
        "currency": history.currency,
        "records": [_described(chapter, history.instrument) for chapter in history.chapters],
    }


def _described(chapter: Chapter, instrument: Instrument | None) -> dict[str, Any]:
    order = chapter.order
    parts: dict[str, Any] = {
        "sequence": chapter.sequence,
        "time": time_text(chapter.time),
        "kind": chapter.kind,
        "who": chapter.principal,
        "via": chapter.via,
        "why": chapter.reason,
        "what": list(_story(chapter, instrument)),
        "status": str(order.status),
        "filled_quantity": _plain(order, instrument)["filled_quantity"],
        "gate": [_judged(verdict, instrument) for verdict in chapter.verdicts],
        "market": [_plain(price, instrument) for price in chapter.prices],
        "sent": [{"kind": type(message).__name__, **_plain(message, instrument)} for message in chapter.sent],
        "report": _plain(chapter.cause.report, instrument) if isinstance(chapter.cause, VenueReport) else None,
        "fills": [_plain(fill, instrument) for fill in chapter.fills],
        "alarms": [_plain(alarm, instrument) for alarm in chapter.alarms],
        "hash": chapter.hash,
    }
    return {name: part for name, part in parts.items() if part not in (None, "", [])}


def _judged(verdict: Verdict, instrument: Instrument | None) -> dict[str, Any]:
    limits = {
        whose: {name: limit_text(name, value) for name, value in named.items()}
        for whose, named in verdict.limits.items()
    }
    return {**_plain(verdict, instrument), "limits": limits, "passed": not verdict.refusal}


def limit_text(name: str, value: int) -> str:
    """Return the value of a limit as people write it."""
    rule = RULES.get(name)
    counted = rule is not None and rule.unit in (Unit.FLAG, Unit.COUNT, Unit.MILLISECONDS)
    return str(value) if counted else ratio_text(value, MONEY_UNIT) or str(value)


def _plain(message: Any, instrument: Instrument | None) -> dict[str, Any]:
    """Return a message as plain data, without what it leaves open."""
    names = message.__struct_fields__ if isinstance(message, Message) else [f.name for f in dataclasses.fields(message)]
    values = {name: _value(name, getattr(message, name), instrument) for name in names if name not in _LEFT_OUT}
    return {name: value for name, value in values.items() if value not in (None, "", (), [], {})}


def _value(name: str, value: Any, instrument: Instrument | None) -> Any:
    if isinstance(value, Message):
        return _plain(value, instrument)
    if isinstance(value, enum.Enum):
        return str(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return value
    if name in _TIMES:
        return time_text(value) if value else None
    if name in _MONEY:
        return money_text(value)
    if name in _FRACTIONS:
        return ratio_text(value, MONEY_UNIT) if value else None
    if instrument is not None and name in _PRICES:
        return price_text(instrument, value) if value else None
    if instrument is not None and name in _QUANTITIES:
        return quantity_text(instrument, value)
    return value


def shown(history: OrderHistory) -> Iterator[Table]:
    """Yield an order's life as tables: what happened, then what the gate looked at; under each record its hash."""
    order, instrument = history.order, history.instrument
    title = f"order {order.order_id} ({order.client_order_id}) of {order.account} by {order.strategy}: {order.status}"
    life = Table(title=escape(title), title_justify="left", show_lines=True)
    for name in ("record", "market time, who"):
        life.add_column(name, no_wrap=True)
    life.add_column("what and why", ratio=1, overflow="fold")
    life.add_column("status, filled", no_wrap=True)
    for chapter in history.chapters:
        lines = [*_story(chapter, instrument), *([f"why: {chapter.reason}"] if chapter.reason else [])]
        filled = _value("filled_quantity", chapter.order.filled_quantity, instrument)
        cells = (
            f"{chapter.sequence}\n{chapter.hash[:12]}",
            "\n".join([time_text(chapter.time), chapter.principal, *([f"via {chapter.via}"] if chapter.via else [])]),
            "\n".join(lines),
            f"{chapter.order.status}\n{filled}",
        )
        life.add_row(*map(escape, cells))
    yield life
    for chapter in history.chapters:
        for verdict in chapter.verdicts:
            yield _looked_at(chapter, verdict, instrument)


def _looked_at(chapter: Chapter, verdict: Verdict, instrument: Instrument | None) -> Table:
    table = Table(
        title=f"what the gate looked at for record {chapter.sequence}", title_justify="left", show_header=False
    )
    facts = _judged(verdict, instrument)
    look = facts.pop("look", {})
    limits = facts.pop("limits")
    version = facts.pop("limits_version", 0)
    facts.pop("passed")
    parts = [("", facts), ("market", look)]
    parts += [(f"limits of the {whose}, version {version}", named) for whose, named in limits.items()]
    for heading, part in parts:
        for name, value in part.items():
            text = ", ".join(map(str, value)) if isinstance(value, list | tuple) else value
            table.add_row(heading, name.replace("_", " "), escape(str(text)))
            heading = ""
    return table


def _story(chapter: Chapter, instrument: Instrument | None) -> Iterator[str]:
    """Yield what a record did to the order, a sentence each."""
    yield _caused(chapter, instrument)
    for verdict in chapter.verdicts:
        yield f"gate: {verdict.refusal or f'passed {len(verdict.checks)} checks'}"
    for message in chapter.sent:
        yield f"to the venue: {_sent(message, instrument)}"
    for fill in chapter.fills:
        yield _booked(fill, instrument)
    for alarm in chapter.alarms:
        yield f"alarm {alarm.code}: {alarm.text}"


def _caused(chapter: Chapter, instrument: Instrument | None) -> str:
    match chapter.cause:
        case Submission() as cause:
            return f"submitted: {_terms(cause.order, instrument)}"
        case ListSubmission() as cause:
            orders = cause.orders.orders
            place = next(n for n, one in enumerate(orders) if one.client_order_id == chapter.order.client_order_id)
            terms = _terms(orders[place], instrument)
            what = f"{place + 1} of {len(orders)} orders of list {cause.orders.list_id} ({cause.orders.contingency})"
            return f"submitted as {what}: {terms}"
        case Replacement() as cause:
            return f"change {cause.replace.replacement_id} asked for: {_changes(cause.replace, instrument)}"
        case Cancellation():
            return "cancel asked for"
        case MassCancellation():
            return "cancel of all orders that fit asked for"
        case VenueReport() as cause:
            return f"the venue reports {_report(cause.report, instrument)}"
        case Observation():
            prices = [_plain(price, instrument) for price in chapter.prices]
            return "the market moved: " + "; ".join(", ".join(f"{k} {v}" for k, v in one.items()) for one in prices)
        case TimeReached():
            return "its time came"
        case Discrepancy():
            return "the venue and the journal differ"
        case _:
            return chapter.kind.replace("_", " ")


def _terms(order: SubmitOrder, instrument: Instrument | None) -> str:
    parts = [
        order.side,
        _value("quantity", order.quantity, instrument),
        _symbol(instrument) or f"instrument {order.instrument}",
        str(order.type).replace("_", " "),
        *([f"at {_value('limit_price', order.limit_price, instrument)}"] if order.limit_price is not None else []),
        order.time_in_force,
        *(f"{name.replace('_', ' ')} {value}" for name, value in _conditions(order.conditions, instrument)),
    ]
    return " ".join(map(str, parts))


def _conditions(conditions: Conditions | None, instrument: Instrument | None) -> Iterator[tuple[str, Any]]:
    for name, value in _plain(conditions or Conditions(), instrument).items():
        if value is not False and value != 0:
            yield name, value


def _changes(wish: ReplaceOrder, instrument: Instrument | None) -> str:
    left_out = ("account", "client_order_id", "replacement_id", "principal")
    changes = {name: value for name, value in _plain(wish, instrument).items() if name not in left_out}
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in changes.items())


def _report(report: ExecutionReport, instrument: Instrument | None) -> str:
    text = str(report.type).replace("_", " ")
    if report.quantity:
        text += f" of {_value('quantity', report.quantity, instrument)} at {_value('price', report.price, instrument)}"
    return f"{text} (report {report.sequence})"


def _sent(message: VenueMessage, instrument: Instrument | None) -> str:
    if not isinstance(message, VenueOrder | VenueReplace):
        return f"cancel {message.order_id}"
    quantity = _value("quantity", message.quantity, instrument)
    price = _value("limit_price", message.limit_price, instrument)
    at = "" if price is None else f" at {price}"
    if isinstance(message, VenueReplace):
        return f"change {message.order_id} to {quantity}{at} (revision {message.revision})"
    return f"{message.order_id}, {message.side} {quantity} {message.type}{at} {message.time_in_force}"


def _booked(fill: Fill, instrument: Instrument | None) -> str:
    verb = "bought" if fill.side is Side.BUY else "sold"
    what = f"{_value('quantity', fill.quantity, instrument)} at {_value('price', fill.price, instrument)}"
    text = f"booked: {verb} {what}, fee {money_text(fill.fee)} ({fill.liquidity}, execution {fill.execution_id})"
    return f"{text}, which takes {fill.reverses} back" if fill.reverses else text


def _symbol(instrument: Instrument | None) -> str | None:
    return None if instrument is None else instrument.symbol
