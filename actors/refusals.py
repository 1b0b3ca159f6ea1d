"""The one table of codes: what each refusal and alarm of the order path means, and what it is over HTTP and FIX.

``CATEGORY_CONDITION`` is stable; words around it may change. FIX has fewer reasons than there are codes: ``Text(58)``
begins with the code, so that nothing is lost. ``python -m actors.refusals`` prints the table for people.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from actors.fix_codes import FIELDS, BusinessReject, CancelReject, DontKnowTrade, OrderReject
from actors.refusal_codes import ALARM_ROWS, CATEGORIES, ENDINGS

__all__ = ["ALARMS", "ENDINGS", "REFUSALS", "RefusalCode", "RefusalText", "read_refusal_text", "refusal_code", "render"]

ALARMS = "Alarms"
"""The category of what must not happen and did."""


class RefusalCode(NamedTuple):
    """One code.

    Attributes:
        code: Stable.
        category: What is at fault, in words.
        http_status: Status of the answer over HTTP; of an alarm that of an order that was closed for it.
        order_reject: Reason where a new order is refused; ``None`` where that can't happen (so in all reasons).
        cancel_reject: Reason where a cancel or replacement is refused.
        business_reject: Reason where the message never became an order, cancel or replacement.
        dont_know: Reason where a trade that a venue reported is doubted.
        meaning: What is wrong.
        remedy: The way out.
    """

    code: str
    category: str
    http_status: int
    order_reject: OrderReject | None
    cancel_reject: CancelReject | None
    business_reject: BusinessReject | None
    dont_know: DontKnowTrade | None
    meaning: str
    remedy: str


def _codes() -> Iterator[RefusalCode]:
    for category, rows in CATEGORIES.items():
        for code, http_status, order, cancel, business, meaning, remedy in rows:
            yield RefusalCode(
                code,
                category,
                http_status,
                None if order is None else OrderReject(order),
                None if cancel is None else CancelReject(cancel),
                None if business is None else BusinessReject(business),
                None,
                meaning,
                remedy,
            )
    for code, http_status, doubt, meaning, remedy in ALARM_ROWS:
        trade = None if doubt is None else DontKnowTrade(doubt)
        yield RefusalCode(code, ALARMS, http_status, None, None, None, trade, meaning, remedy)


REFUSALS: Mapping[str, RefusalCode] = {row.code: row for row in _codes()}
"""Every code of the order path."""


def refusal_code(code: str) -> RefusalCode:
    """Return what a code means; one that a venue made up itself is an order refused for another reason."""
    known = REFUSALS.get(code)
    return known if known is not None else REFUSALS["ORDER_REJECTED"]._replace(code=code)


class RefusalText(NamedTuple):
    """A refusal in words, taken apart: the sentence, and what it says of the field at fault.

    Attributes:
        sentence: What is wrong, for people.
        field: The part of the order at fault; empty where the text names none (so in all that follows).
        value: What it holds, or what it leads to.
        limit: What it is held against.
        accepted: What would be accepted now.
    """

    sentence: str
    field: str = ""
    value: str = ""
    limit: str = ""
    accepted: str = ""

    @property
    def text(self) -> str:
        """The refusal in words, as ``Order.text`` carries it."""
        if not self.field:
            return self.sentence
        parts = ((name, getattr(self, name)) for name in ("field", "value", "limit", "accepted"))
        return f"{self.sentence} ({'; '.join(f'{name}: {part}' for name, part in parts)})"


_PARTS = re.compile(r"(.*) \(field: (.*?); value: (.*?); limit: (.*?); accepted: (.*)\)", re.DOTALL)


def read_refusal_text(text: str) -> RefusalText:
    """Return the parts of a refusal in words; a venue's own words are all sentence."""
    match = _PARTS.fullmatch(text)
    return RefusalText(text) if match is None else RefusalText(*match.groups())


def render() -> str:
    """Return the table, and the words of FIX, as Markdown."""
    parts = [_INTRODUCTION]
    for category in dict.fromkeys(row.category for row in REFUSALS.values()):
        head, line = (_ALARM_HEAD, _alarm_cells) if category == ALARMS else (_HEAD, _cells)
        rows = [line(row) for row in REFUSALS.values() if row.category == category]
        parts.append(f"## {category}\n\n{_table(head, rows)}")
    words = [(word, f"{field.name}({field.tag})", code) for field in FIELDS for word, code in field.codes.items()]
    parts.append(f"## Words in FIX\n\n{_table(('word', 'field', 'value'), words)}")
    return "\n".join(parts)


_INTRODUCTION = """\
# Codes of the order path

Made by `python -m actors.refusals` from `actors/refusal_codes.py`; a test fails where it is stale. A refused order is
an order: it is on record, and has the code as its `reason`. Over HTTP the code is the problem's `code`; over FIX
`Text(58)` begins with it. 103 is `OrdRejReason` (a new order is refused), 102 `CxlRejReason` (a cancel or replacement
is refused), 380 `BusinessRejectReason` (the message never became an order), 127 `DKReason` (a trade that a venue
reports is doubted).
"""
_HEAD = ("code", "what is wrong", "way out", "HTTP", "103", "102", "380")
_ALARM_HEAD = ("code", "what happened", "what to do", "HTTP", "127")


def _cells(row: RefusalCode) -> tuple[Any, ...]:
    reasons = (row.order_reject, row.cancel_reject, row.business_reject)
    return f"`{row.code}`", row.meaning, row.remedy, row.http_status, *map(_reason, reasons)


def _alarm_cells(row: RefusalCode) -> tuple[Any, ...]:
    return f"`{row.code}`", row.meaning, row.remedy, row.http_status, _reason(row.dont_know)


def _table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(map(str, cells))} |\n" for cells in lines)


def _reason(reason: Any) -> str:
    return "" if reason is None else f"{reason.value} {reason.name.lower().replace('_', ' ')}"


if __name__ == "__main__":
    sys.stdout.write(render())
