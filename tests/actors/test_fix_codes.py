from __future__ import annotations

import enum
import pathlib
import sys
import xml.etree.ElementTree as ElementTree
from typing import Any

import pytest

from actors import fix_codes
from actors.errors import InputError
from actors.fix_codes import (
    CANCEL_REJECT_RESPONSE_TO,
    CONTINGENCY,
    EXECUTION_TYPE,
    FIELDS,
    ORDER_STATUS,
    ORDER_TYPE,
    PEG,
    SIDE,
    TIME_IN_FORCE,
    Field,
    read_order_type,
)
from actors.vocabulary import Contingency, OrderStatus, OrderType, PegReference, ReportType, Side, TimeInForce

TOTAL: list[tuple[Field[Any], type[enum.Enum]]] = [
    (SIDE, Side),
    (ORDER_STATUS, OrderStatus),
    (ORDER_TYPE, OrderType),
    (TIME_IN_FORCE, TimeInForce),
    (PEG, PegReference),
    (CONTINGENCY, Contingency),
]
SHARED = {
    OrderType.LIMIT_IF_TOUCHED: OrderType.MARKET_IF_TOUCHED,
    OrderType.TRAILING_STOP: OrderType.PEGGED,
    Contingency.BRACKET: Contingency.OTO,
}
"""Words that FIX tells apart by other fields, and the word that their value is read as."""


@pytest.mark.parametrize(("field", "words"), TOTAL, ids=[field.name for field, _ in TOTAL])
def test_every_word_has_a_value(field: Field[Any], words: type[enum.Enum]) -> None:
    assert set(field.codes) == set(words)


def test_every_report_is_an_execution_report_or_a_refused_cancel() -> None:
    assert set(EXECUTION_TYPE.codes) | set(CANCEL_REJECT_RESPONSE_TO.codes) == set(ReportType)
    assert not set(EXECUTION_TYPE.codes) & set(CANCEL_REJECT_RESPONSE_TO.codes)


@pytest.mark.parametrize("field", FIELDS, ids=[field.name for field in FIELDS])
def test_a_value_means_one_word(field: Field[Any]) -> None:
    for word in field.codes:
        assert field.word(field.code(word)) is SHARED.get(word, word)


@pytest.mark.parametrize(
    ("kind", "peg", "instructions", "priced"),
    [
        (OrderType.MARKET, None, "", False),
        (OrderType.LIMIT, None, "6", True),
        (OrderType.STOP, None, "", False),
        (OrderType.STOP_LIMIT, None, "", True),
        (OrderType.MARKET_IF_TOUCHED, None, "", False),
        (OrderType.LIMIT_IF_TOUCHED, None, "", True),
        (OrderType.TRAILING_STOP, None, "a", False),
        (OrderType.PEGGED, PegReference.MID, "6 M", False),
        (OrderType.PEGGED, PegReference.BEST, "R", True),
    ],
)
def test_every_order_type_is_read_back(
    kind: OrderType, peg: PegReference | None, instructions: str, priced: bool
) -> None:
    assert read_order_type(ORDER_TYPE.code(kind), instructions, priced) == (kind, peg)


@pytest.mark.parametrize(
    ("code", "instructions", "field"),
    [("Q", "", "OrdType(40)"), ("", "", "OrdType(40)"), ("P", "", "ExecInst(18)"), ("P", "M R", "ExecInst(18)")],
)
def test_what_is_not_taken_is_refused_with_what_is(code: str, instructions: str, field: str) -> None:
    with pytest.raises(InputError) as raised:
        read_order_type(code, instructions)
    assert raised.value.field == field and "one of" in str(raised.value.rule)


DICTIONARY = pathlib.Path(sys.prefix) / "share" / "quickfix" / "FIX44.xml"


@pytest.mark.skipif(not DICTIONARY.exists(), reason="the FIX library is not installed")
def test_every_value_is_in_the_dictionary_of_fix_4_4() -> None:
    fields = ElementTree.parse(DICTIONARY).getroot().find("fields")
    assert fields is not None
    known = {int(field.attrib["number"]): {value.attrib["enum"] for value in field} for field in fields}
    names = {int(field.attrib["number"]): field.attrib["name"] for field in fields}
    for field in FIELDS:
        if field.tag != CONTINGENCY.tag:  # of FIX 5.0
            assert field.name == names[field.tag]
            assert set(field.codes.values()) <= known[field.tag]
    assert {fix_codes.TRAILING_STOP_PEG, fix_codes.POST_ONLY} <= known[18]
    assert fix_codes.REDUCE_ONLY in known[77]
    reasons: dict[int, type[enum.Enum]] = {
        103: fix_codes.OrderReject,
        102: fix_codes.CancelReject,
        380: fix_codes.BusinessReject,
        127: fix_codes.DontKnowTrade,
    }
    for tag, kind in reasons.items():
        assert {str(reason.value) for reason in kind} <= known[tag]
